"""How tasks about chemistry, units and numerals are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from toolgrove.data.world.apis.conversion import DIGITS, to_roman
from toolgrove.data.world.draws.drawing import Draw, Drawings
from toolgrove.data.world.draws.places import apart
from toolgrove.data.world.draws.pools import decimal, one, whole

__all__ = ["DRAWINGS", "conversion", "element", "formula", "numeral"]

DRAWINGS = Drawings()

_ELEMENTS = {
    "Li": "lithium", "Be": "beryllium", "Mg": "magnesium", "Si": "silicon", "Ca": "calcium",
    "Sc": "scandium", "Ti": "titanium", "V": "vanadium", "Cr": "chromium", "Mn": "manganese",
    "Fe": "iron", "Co": "cobalt", "Ni": "nickel", "Cu": "copper", "Zn": "zinc", "Ga": "gallium",
    "Ge": "germanium", "Se": "selenium", "Sr": "strontium", "Y": "yttrium", "Zr": "zirconium",
    "Nb": "niobium", "Mo": "molybdenum", "Ru": "ruthenium", "Rh": "rhodium", "Pd": "palladium",
    "Ag": "silver", "Cd": "cadmium", "In": "indium", "Sn": "tin", "Te": "tellurium",
    "Ba": "barium", "La": "lanthanum", "Ce": "cerium", "Nd": "neodymium", "Sm": "samarium",
    "Gd": "gadolinium", "Dy": "dysprosium", "Er": "erbium", "Yb": "ytterbium", "Hf": "hafnium",
    "Ta": "tantalum", "Re": "rhenium", "Os": "osmium", "Ir": "iridium", "Pt": "platinum",
    "Hg": "mercury", "Pb": "lead",
}  # fmt: skip

_FORMULAS = {
    "H2SO4": "sulfuric acid", "HNO3": "nitric acid", "NaOH": "sodium hydroxide", "NH3": "ammonia",
    "CaCO3": "calcium carbonate", "NaHCO3": "sodium bicarbonate", "C6H12O6": "glucose",
    "C2H6O": "ethanol", "C3H6O": "acetone", "C6H6": "benzene", "C7H8": "toluene",
    "C9H8O4": "aspirin", "C8H9NO2": "paracetamol", "C7H6O2": "benzoic acid",
    "C6H8O7": "citric acid", "C6H8O6": "vitamin C", "CO2": "carbon dioxide",
    "SiO2": "silicon dioxide", "TiO2": "titanium dioxide", "KMnO4": "potassium permanganate",
    "K2Cr2O7": "potassium dichromate", "CuSO4": "copper sulfate", "MgSO4": "magnesium sulfate",
    "NH4NO3": "ammonium nitrate", "H3PO4": "phosphoric acid", "KCl": "potassium chloride",
    "NaClO": "sodium hypochlorite", "ZnO": "zinc oxide", "Al2O3": "aluminium oxide",
    "PbO2": "lead dioxide", "AgNO3": "silver nitrate", "C10H16O": "camphor", "C10H8": "naphthalene",
    "C3H8O3": "glycerol", "C5H8NO4Na": "monosodium glutamate", "CH4N2O": "urea",
}  # fmt: skip


def element(rng: Random) -> Mapping[str, Any]:
    """An element: its symbol and its name."""
    symbol, called = rng.choice(list(_ELEMENTS.items()))
    return {"symbol": symbol, "element": called}


def formula(rng: Random) -> Mapping[str, Any]:
    """A compound: its formula and its name."""
    written, called = rng.choice(list(_FORMULAS.items()))
    return {"formula": written, "called": called}


def numeral(name: str = "numeral", low: int = 12, high: int = 999) -> Draw:
    """A Roman numeral."""
    return lambda rng: {name: to_roman(rng.randint(low, high))["roman"]}


DRAWINGS.add(
    "g1-atomic-mass",
    [
        "What is the atomic mass of {element} ({symbol}) in u?",
        "How heavy is an atom of {element}, symbol {symbol}, on average? Give the atomic mass in "
        "u with two decimals.",
        "Tell me the atomic weight of {symbol} ({element}) in unified atomic mass units.",
    ],
    element,
)
DRAWINGS.add(
    "g1-element-density",
    [
        "How dense is {element}? In g/cm3, please.",
        "What is the density of the element {element} in grams per cubic centimetre?",
        "Give me the density of {element} in g/cm3.",
    ],
    element,
)
DRAWINGS.add(
    "g1-element-number",
    [
        "Name the element with the atomic number {atomic_number}.",
        "Which element has {atomic_number} protons in its nucleus, that is the atomic number "
        "{atomic_number}?",
        "What is the element called that stands at number {atomic_number} in the periodic table?",
    ],
    whole("atomic_number", 18, 103),
)
DRAWINGS.add(
    "g1-isotopes",
    [
        "How many natural isotopes does {element} ({symbol}) have?",
        "Count the isotopes of {element} ({symbol}) that are found in nature.",
        "Of {element}, symbol {symbol}, how many isotopes occur naturally?",
    ],
    element,
    fits=lambda answers: answers[0]["count"] >= 2,
)
DRAWINGS.add(
    "g1-common-isotope",
    [
        "Which mass number does the most abundant natural isotope of {element} ({symbol}) have?",
        "Give me the mass number of the isotope of {symbol} ({element}) that is most common in "
        "nature.",
        "In nature, one isotope of {element} ({symbol}) is the most frequent. What is its mass "
        "number?",
    ],
    element,
    fits=lambda answers: answers[0]["mass_number"] > 0,
)


def _range(rng: Random) -> Mapping[str, Any]:
    first = rng.randint(19, 72)
    return {"first": first, "last": first + rng.randint(6, 12)}


DRAWINGS.add(
    "g1-densest-element",
    [
        "Which element with an atomic number from {first} to {last} is the densest?",
        "Compare the elements with the atomic numbers {first} to {last}: which one has the "
        "greatest density?",
        "Of all elements between the atomic numbers {first} and {last}, both included, name the "
        "one with the highest density.",
    ],
    _range,
    fits=lambda pages: apart([e["density_g_cm3"] for p in pages for e in p["results"]], 0.02),
)
DRAWINGS.add(
    "g1-molar-mass",
    [
        "What is the molar mass of {called} ({formula}) in g/mol?",
        "How many grams does one mole of {formula} weigh? Give the molar mass in g/mol.",
        "I need the molecular weight of {called}, {formula}, in g/mol.",
    ],
    formula,
)


def _part(rng: Random) -> Mapping[str, Any]:
    """A compound and an element in it, by symbol, name and number."""
    parts = {"H": ("hydrogen", 1), "C": ("carbon", 6), "N": ("nitrogen", 7), "O": ("oxygen", 8)}
    found = formula(rng)
    atoms = [symbol for symbol in parts if _holds(found["formula"], symbol)]
    symbol = rng.choice(atoms or ["O"])
    called, number = parts[symbol]
    return {**found, "element": symbol, "element_name": called, "atomic_number": number}


def _holds(written: str, symbol: str) -> bool:
    after = [written[at + 1 : at + 2] for at, char in enumerate(written) if char == symbol]
    return any(not following.islower() for following in after)


DRAWINGS.add(
    "g1-mass-share",
    [
        "How much of the mass of {called} ({formula}) is {element_name} ({element})? In percent.",
        "What is the mass percentage of {element_name} ({element}) in {formula}?",
        "In {called}, {formula}, which percentage of the mass comes from {element_name} "
        "({element})?",
    ],
    _part,
    fits=lambda answers: answers[0]["percent"] > 0,
)
DRAWINGS.add(
    "g1-moles",
    [
        "How many moles are {grams} grams of {called} ({formula})?",
        "I have {grams} g of {formula}. How many moles is that?",
        "Convert {grams} grams of {called}, {formula}, to moles.",
    ],
    formula,
    whole("grams", 20, 900, 5),
)
DRAWINGS.add(
    "g1-atoms",
    [
        "How many atoms are in one formula unit of {called}, {formula}, all told?",
        "Count all atoms in the formula {formula}.",
        "What is the total number of atoms in {formula} ({called})?",
    ],
    formula,
    fits=lambda answers: answers[0]["total"] >= 5,
)

_CONVERSIONS = [
    ("mile", "miles", "kilometer", "kilometres"),
    ("kilometer", "kilometres", "mile", "miles"),
    ("pound", "pounds", "kilogram", "kilograms"),
    ("kilogram", "kilograms", "pound", "pounds"),
    ("foot", "feet", "meter", "metres"),
    ("meter", "metres", "foot", "feet"),
    ("inch", "inches", "centimeter", "centimetres"),
    ("gallon", "US gallons", "liter", "litres"),
    ("knot", "knots", "kilometer/hour", "km/h"),
    ("mile/hour", "miles per hour", "kilometer/hour", "km/h"),
    ("acre", "acres", "hectare", "hectares"),
    ("ounce", "ounces", "gram", "grams"),
    ("horsepower", "horsepower", "kilowatt", "kilowatts"),
]


def conversion(rng: Random) -> Mapping[str, Any]:
    """Two units of one kind, by pint's names and in words."""
    source, source_name, target, target_name = rng.choice(_CONVERSIONS)
    return {
        "source": source, "source_name": source_name,
        "target": target, "target_name": target_name,
    }  # fmt: skip


DRAWINGS.add(
    "g1-convert-units",
    [
        "How many {target_name} are {value} {source_name}?",
        "Convert {value} {source_name} to {target_name}, please.",
        "What is {value} {source_name} in {target_name}?",
    ],
    conversion,
    decimal("value", 11, 480, 1),
)
DRAWINGS.add(
    "g1-temperature",
    [
        "How many degrees Celsius are {value} degrees Fahrenheit?",
        "The thermometer shows {value} degrees Fahrenheit. What is that in degrees Celsius?",
        "Convert {value} degrees Fahrenheit to Celsius.",
    ],
    whole("value", 60, 480),
)
DRAWINGS.add(
    "g1-british-gallons",
    [
        "How many litres do {value} British (imperial) gallons make?",
        "A tank holds {value} imperial gallons. How many litres is that?",
        "Convert {value} imperial gallons, the British ones, to litres.",
    ],
    decimal("value", 3, 90, 1),
)


def _digits(rng: Random) -> Mapping[str, Any]:
    source, target = rng.sample([2, 5, 7, 8, 10, 12, 16], 2)
    rest, digits = rng.randint(300, 5000), ""
    while rest:
        rest, digit = divmod(rest, source)
        digits = DIGITS[digit] + digits
    return {"digits": digits, "source": source, "target": target}


DRAWINGS.add(
    "g1-base",
    [
        "The number {digits} is in base {source}. Write it in base {target}.",
        "Convert {digits} from base {source} to base {target}.",
        "What is {digits} (base {source}) in base {target}?",
    ],
    _digits,
)
DRAWINGS.add(
    "g1-roman",
    [
        "What is {numeral} plus {plus}, as a Roman numeral?",
        "Add {plus} to {numeral} and write the sum as a Roman numeral.",
        "Which Roman numeral comes {plus} after {numeral}?",
    ],
    numeral(low=120, high=2900),
    whole("plus", 11, 90),
)
DRAWINGS.add(
    "g2-element-share",
    [
        "What percentage of the mass of {formula} is the element with the atomic number "
        "{atomic_number}?",
        "In {called} ({formula}), what percentage of the mass is the element number "
        "{atomic_number} of the periodic table?",
        "Take the element whose atomic number is {atomic_number}. What is its share of the mass "
        "of {formula}, in percent?",
    ],
    _part,
    fits=lambda answers: answers[1]["percent"] > 0,
)
DRAWINGS.add(
    "g2-heavier-molecule",
    [
        "How many times the atomic mass of {element} is the molar mass of {called}, {formula}?",
        "Divide the molar mass of {formula} by the atomic mass of {element}. What do you get?",
        "By which factor is one molecule of {called} ({formula}) heavier than one atom of "
        "{element}?",
    ],
    formula,
    one("element", ["helium", "hydrogen", "lithium", "beryllium", "boron", "carbon"]),
    fits=lambda answers: answers[1]["molar_mass"] > 3 * answers[0]["atomic_mass"],
)


def _lengths(rng: Random) -> Mapping[str, Any]:
    while True:
        found = conversion(rng)
        if found["source"] in ("mile", "kilometer", "foot", "meter", "inch"):
            return found


DRAWINGS.add(
    "g2-roman-miles",
    [
        "An inscription gives a length of {numeral} {source_name}. How many {target_name} is that?",
        "Convert {numeral} {source_name} to {target_name}; the number is a Roman numeral.",
        "How many {target_name} are {numeral} (a Roman numeral) {source_name}?",
    ],
    numeral(),
    _lengths,
)
