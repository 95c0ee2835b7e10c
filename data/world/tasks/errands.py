"""Tasks of several categories: holidays, figures, notes and names."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.tasks.build import (
    Ask,
    Families,
    count,
    date,
    name,
    names,
    number,
    text,
)

__all__ = ["FAMILIES"]

FAMILIES = Families()


@FAMILIES.add(
    "G3",
    "days-to-holiday",
    offer=["Holidays in Year", "Week Number", "Add Days"],
    tempting=["Weekday Finder", "Check Holiday"],
)
def days_to_holiday(ask: Ask, country: str, year: int, holiday: str, start: str) -> Reference:
    found = ask("Find Holiday", country=country, year=year, name=holiday)["holidays"][0]["date"]
    return count(ask("Days Between", start=start, end=found)["days"], "day")


days_to_holiday.case(
    "How many days is it from 2026-03-01 to Easter Sunday 2026 as celebrated in Poland (PL)?",
    country="PL",
    year=2026,
    holiday="Easter Sunday",
    start="2026-03-01",
)
days_to_holiday.case(
    "Count the days from 2027-01-10 to the United States' (US) Memorial Day of 2027.",
    country="US",
    year=2027,
    holiday="Memorial Day",
    start="2027-01-10",
)


@FAMILIES.add(
    "G3",
    "holiday-week",
    offer=["Find Holiday", "Holiday on Date", "Day of Week"],
    tempting=["Weekday Finder", "Check Holiday"],
)
def holiday_week(ask: Ask, country: str, after: str) -> Reference:
    found = ask("Next Holiday", country=country, after=after)["date"]
    return count(ask("Week Number", date=found)["week"])


holiday_week.case(
    "In which ISO week is the first public holiday in Denmark (DK) after 2026-06-30?",
    country="DK",
    after="2026-06-30",
)


@FAMILIES.add(
    "G3",
    "continent-factors",
    offer=["Country Profile", "Is Prime", "GCD and LCM"],
    tempting=["City Population", "Factorize"],
)
def continent_factors(ask: Ask, continent: str) -> Reference:
    total = ask("Countries by Continent", continent=continent)["total"]
    return names({str(factor) for factor in ask("Prime Factors", number=total)["factors"]})


continent_factors.case(
    "Take the number of countries and territories listed for Africa (AF). "
    "What are its different prime factors?",
    continent="AF",
)


@FAMILIES.add(
    "G3",
    "density-mean",
    offer=["Country Profile", "Sample Deviation", "Geometric Mean"],
    tempting=["Capital of Country"],
)
def density_mean(ask: Ask, codes: list[str]) -> Reference:
    found = [ask("Population Density", code=code)["people_per_km2"] for code in codes]
    return number(ask("Average", numbers=",".join(map(str, found)))["mean"])


density_mean.case(
    "What is the average of the population densities of Norway (NO), Sweden (SE) and Finland (FI), "
    "in people per square kilometre?",
    codes=["NO", "SE", "FI"],
)


@FAMILIES.add(
    "G3",
    "holiday-mean",
    offer=["Next Holiday", "Population Deviation"],
    tempting=["Check Holiday"],
)
def holiday_mean(ask: Ask, codes: list[str], year: int) -> Reference:
    found = [ask("Holidays in Year", country=code, year=year)["count"] for code in codes]
    return number(ask("Average", numbers=",".join(map(str, found)))["mean"])


holiday_mean.case(
    "On average, how many public holidays do Iceland (IS), Austria (AT) and Chile (CL) have "
    "in 2026?",
    codes=["IS", "AT", "CL"],
    year=2026,
)


@FAMILIES.add(
    "G3",
    "moles-in-unit",
    offer=["Molar Mass", "Grams to Moles", "Element by Symbol"],
    tempting=["Molecular Weight", "Unit Convert"],
)
def moles_in_unit(ask: Ask, formula: str, moles: float, unit: str) -> Reference:
    grams = ask("Moles to Grams", formula=formula, moles=moles)["grams"]
    found = ask("Convert Units", value=grams, from_unit="gram", to_unit=unit)
    return number(found["result"], found["unit"])


moles_in_unit.case(
    "How many pounds do 100 moles of calcium carbonate, CaCO3, weigh?",
    formula="CaCO3",
    moles=100,
    unit="pound",
)
moles_in_unit.case(
    "What is the weight of 40 moles of sulfuric acid (H2SO4) in ounces?",
    formula="H2SO4",
    moles=40,
    unit="ounce",
)


@FAMILIES.add(
    "G3",
    "roman-atomic-number",
    offer=["Element by Number", "To Roman", "Isotopes"],
    tempting=["Atomic Weight", "Mass Number"],
)
def roman_element(ask: Ask, element: str) -> Reference:
    found = ask("Element by Name", name=element)["number"]
    return text(ask("To Roman", number=found)["roman"])


roman_element.case("Write the atomic number of mercury as a Roman numeral.", element="mercury")
roman_element.case("What is lead's atomic number in Roman numerals?", element="lead")


@FAMILIES.add("G3", "code-point-decimal", offer=["Character Info", "Code Point", "To Roman"])
def code_point_decimal(ask: Ask, character: str) -> Reference:
    found = ask("Find Character", name=character)["code_point"]
    digits = found.removeprefix("U+")
    return count(ask("Convert Base", number=digits, from_base=16, to_base=10)["result"])


code_point_decimal.case(
    "What is the Unicode code point of the character named EURO SIGN as a decimal number?",
    character="EURO SIGN",
)


@FAMILIES.add(
    "G3",
    "event-on-holiday",
    offer=["Holidays in Year", "Next Holiday", "List Events"],
    tempting=["Check Holiday"],
)
def event_on_holiday(ask: Ask, title: str, country: str, year: int, holiday: str) -> Reference:
    day = ask("Find Holiday", country=country, year=year, name=holiday)["holidays"][0]["date"]
    ask("Add Event", title=title, date=day)
    return date(day)


event_on_holiday.case(
    "Put the all-day event 'Office closed' into my calendar on Ascension Day 2026 in Germany (DE), "
    "and tell me which date that is.",
    title="Office closed",
    country="DE",
    year=2026,
    holiday="Ascension",
)
event_on_holiday.case(
    "Add 'Family picnic' as an all-day event on Labor Day 2026 in the United States (US). "
    "Which date did you use?",
    title="Family picnic",
    country="US",
    year=2026,
    holiday="Labor Day",
)


@FAMILIES.add(
    "G3",
    "deadline-event",
    offer=["Add Days", "Working Days Between", "Find Event"],
    tempting=["Business Days"],
)
def deadline(ask: Ask, title: str, country: str, start: str, days: int) -> Reference:
    day = ask("Add Working Days", country=country, start=start, days=days)["date"]
    ask("Add Event", title=title, date=day)
    return date(day)


deadline.case(
    "An invoice of 2026-04-28 is due 10 working days later in the Netherlands (NL). Enter an "
    "all-day event 'Invoice due' on that date and tell me the date.",
    title="Invoice due",
    country="NL",
    start="2026-04-28",
    days=10,
)


@FAMILIES.add(
    "G3",
    "note-a-conversion",
    offer=["Compatible Units", "Read Note", "Search Notes"],
    tempting=["Unit Convert"],
)
def note_conversion(ask: Ask, value: float, source: str, target: str, title: str) -> Reference:
    found = ask("Convert Units", value=value, from_unit=source, to_unit=target)
    ask("Add Note", title=title, text=f"{found['result']} {found['unit']}")
    return number(found["result"], found["unit"])


note_conversion.case(
    "Convert 5.5 US gallons to litres, save the result as a note titled 'Paint', and tell me "
    "the number of litres.",
    value=5.5,
    source="gallon",
    target="liter",
    title="Paint",
)


@FAMILIES.add(
    "G3",
    "currency-in-language",
    offer=["Country Profile", "Currency Details", "Country Name"],
    tempting=["Currency Lookup", "Translate Text"],
)
def currency_in_language(ask: Ask, country: str, language: str) -> Reference:
    code = ask("Currency of Country", country=country)["code"]
    return name(ask("Currency Name", currency=code, language=language)["name"])


currency_in_language.case(
    "What is the currency of Japan (JP) called in Polish (pl)?", country="JP", language="pl"
)
currency_in_language.case(
    "Name the currency of Thailand (TH) in French (fr).", country="TH", language="fr"
)


@FAMILIES.add(
    "G3",
    "weekday-in-language",
    offer=["Week Number", "Add Days", "Format Number"],
    tempting=["Weekday Finder", "Translate Text"],
)
def weekday_in_language(ask: Ask, day: str, language: str) -> Reference:
    weekday = ask("Day of Week", date=day)["weekday"]
    english = ask("Weekday Names", language="en")["weekdays"]
    return name(ask("Weekday Names", language=language)["weekdays"][english.index(weekday)])


weekday_in_language.case(
    "On which weekday was 1989-11-09? Answer with the Portuguese (pt) word.",
    day="1989-11-09",
    language="pt",
)
