"""Tasks of one category: chemistry, units and numerals."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.tasks.build import (
    Ask,
    Families,
    count,
    name,
    number,
    text,
)

__all__ = ["FAMILIES"]

FAMILIES = Families()


@FAMILIES.add("G1", "atomic-mass", tempting=["Atomic Weight", "Mass Number"])
def atomic_mass(ask: Ask, symbol: str) -> Reference:
    return number(ask("Element by Symbol", symbol=symbol)["atomic_mass"], "dalton", 0.001)


atomic_mass.case("What is the atomic mass of gold (symbol Au), in u?", symbol="Au")
atomic_mass.case("Look up the atomic weight of titanium, Ti, to two decimals.", symbol="Ti")


@FAMILIES.add("G1", "element-density")
def density_of(ask: Ask, element: str) -> Reference:
    found = ask("Element by Name", name=element)
    return number(found["density_g_cm3"], "gram/centimeter**3")


density_of.case("What's the density of osmium in g/cm3?", element="osmium")


@FAMILIES.add("G1", "element-number")
def element_number(ask: Ask, atomic_number: int) -> Reference:
    return name(ask("Element by Number", number=atomic_number)["name"])


element_number.case("Which chemical element has the atomic number 74?", atomic_number=74)


@FAMILIES.add("G1", "isotopes")
def isotope_count(ask: Ask, symbol: str) -> Reference:
    return count(ask("Isotopes", symbol=symbol)["count"])


isotope_count.case("How many isotopes of tin (Sn) occur in nature?", symbol="Sn")


@FAMILIES.add("G1", "common-isotope", tempting=["Atomic Weight", "Element by Symbol"])
def common_isotope(ask: Ask, symbol: str) -> Reference:
    return count(ask("Mass Number", symbol=symbol)["mass_number"])


common_isotope.case(
    "What is the mass number of the most common isotope of nickel (Ni) in nature?", symbol="Ni"
)


@FAMILIES.add("G1", "densest-element")
def densest_between(ask: Ask, first: int, last: int) -> Reference:
    page = ask("Elements Between", first=first, last=last)
    found = list(page["results"])
    for following in range(2, page["pages"] + 1):
        found += ask("Elements Between", first=first, last=last, page=following)["results"]
    return name(max(found, key=lambda one: float(one["density_g_cm3"]))["name"])


densest_between.case(
    "Of the elements with atomic numbers 72 to 80, which one has the highest density?",
    first=72,
    last=80,
)


@FAMILIES.add("G1", "molar-mass", tempting=["Molecular Weight"])
def molar_mass(ask: Ask, formula: str) -> Reference:
    return number(ask("Molar Mass", formula=formula)["molar_mass"], "gram/mole", 0.001)


molar_mass.case("What is the molar mass of caffeine, C8H10N4O2, in g/mol?", formula="C8H10N4O2")
molar_mass.case("Molecular weight of Ca(OH)2, please (g/mol).", formula="Ca(OH)2")


@FAMILIES.add("G1", "mass-share", tempting=["Molecular Weight"])
def share(ask: Ask, formula: str, element: str) -> Reference:
    return number(ask("Mass Percent", formula=formula, element=element)["percent"], "percent")


share.case("What percentage of the mass of Fe2O3 is iron (Fe)?", formula="Fe2O3", element="Fe")


@FAMILIES.add("G1", "moles", tempting=["Molecular Weight"])
def moles(ask: Ask, formula: str, grams: float) -> Reference:
    return number(ask("Grams to Moles", formula=formula, grams=grams)["moles"], "mole")


moles.case("How many moles are 250 grams of table salt, NaCl?", formula="NaCl", grams=250)


@FAMILIES.add("G1", "atoms")
def atoms(ask: Ask, formula: str) -> Reference:
    return count(ask("Count Atoms", formula=formula)["total"])


atoms.case(
    "How many atoms does one molecule of sucrose, C12H22O11, have in all?", formula="C12H22O11"
)


@FAMILIES.add("G1", "convert-units", tempting=["Unit Convert"])
def convert(ask: Ask, value: float, source: str, target: str) -> Reference:
    found = ask("Convert Units", value=value, from_unit=source, to_unit=target)
    return number(found["result"], found["unit"])


convert.case("How many kilometres are 26.2 miles?", value=26.2, source="mile", target="kilometer")
convert.case("Convert 180 pounds to kilograms.", value=180, source="pound", target="kilogram")
convert.case(
    "A ship does 22 knots. What is that in km/h?",
    value=22,
    source="knot",
    target="kilometer/hour",
)


@FAMILIES.add("G1", "temperature", tempting=["Unit Convert"])
def temperature(ask: Ask, value: float) -> Reference:
    found = ask("Convert Temperature", value=value, from_scale="fahrenheit", to_scale="celsius")
    return number(found["result"], "degree_Celsius", 0.005)


temperature.case("An oven recipe says 425 degrees Fahrenheit. What is that in Celsius?", value=425)


@FAMILIES.add("G1", "british-gallons", tempting=["Convert Units", "Unit Convert"])
def gallons(ask: Ask, value: float) -> Reference:
    found = ask("Convert Volume (UK)", value=value, from_unit="gallon", to_unit="litre")
    return number(found["result"], "liter", 0.001)


gallons.case("How many litres are 12 imperial (British) gallons?", value=12)


@FAMILIES.add("G1", "base")
def other_base(ask: Ask, digits: str, source: int, target: int) -> Reference:
    found = ask("Convert Base", number=digits, from_base=source, to_base=target)
    return text(found["result"])


other_base.case("Write the hexadecimal number 3e8 in base 10.", digits="3e8", source=16, target=10)


@FAMILIES.add("G1", "roman")
def roman(ask: Ask, numeral: str, plus: int) -> Reference:
    value = ask("From Roman", numeral=numeral)["number"]
    return text(ask("To Roman", number=value + plus)["roman"])


roman.case(
    "Add 15 to the Roman numeral MCMXC and give the result as a Roman numeral.",
    numeral="MCMXC",
    plus=15,
)


@FAMILIES.add(
    "G2",
    "element-share",
    offer=["Element by Symbol", "Molar Mass", "Count Atoms", "Grams to Moles"],
    tempting=["Atomic Weight", "Molecular Weight"],
)
def element_share(ask: Ask, atomic_number: int, formula: str) -> Reference:
    symbol = ask("Element by Number", number=atomic_number)["symbol"]
    return number(ask("Mass Percent", formula=formula, element=symbol)["percent"], "percent")


element_share.case(
    "What share of the mass of KMnO4, in percent, is the element with atomic number 25?",
    atomic_number=25,
    formula="KMnO4",
)
element_share.case(
    "In C8H9NO2, what percentage by mass is the element whose atomic number is 7?",
    atomic_number=7,
    formula="C8H9NO2",
)


@FAMILIES.add(
    "G2",
    "heavier-molecule",
    offer=["Element by Symbol", "Mass Percent", "Mass Number"],
    tempting=["Atomic Weight", "Molecular Weight"],
)
def heavier(ask: Ask, element: str, formula: str) -> Reference:
    atom = ask("Element by Name", name=element)["atomic_mass"]
    molecule = ask("Molar Mass", formula=formula)["molar_mass"]
    return number(round(molecule / atom, 3))


heavier.case(
    "How many times as heavy as one atom of helium is one molecule of methane, CH4?",
    element="helium",
    formula="CH4",
)
heavier.case(
    "Divide the molar mass of uranium hexafluoride, UF6, by the atomic mass of hydrogen.",
    element="hydrogen",
    formula="UF6",
)


@FAMILIES.add(
    "G2",
    "roman-miles",
    offer=["Compatible Units", "Base Units", "To Roman"],
    tempting=["Unit Convert"],
)
def roman_miles(ask: Ask, numeral: str, source: str, target: str) -> Reference:
    value = ask("From Roman", numeral=numeral)["number"]
    found = ask("Convert Units", value=value, from_unit=source, to_unit=target)
    return number(found["result"], found["unit"])


roman_miles.case(
    "An old stone says LXXIV miles to Rome. How many km are that, in today's miles?",
    numeral="LXXIV",
    source="mile",
    target="kilometer",
)
roman_miles.case(
    "The label reads CCL feet. How many metres is that?",
    numeral="CCL",
    source="foot",
    target="meter",
)
