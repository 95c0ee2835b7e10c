"""Families of several tools that no task to develop on belongs to; the tools are known."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.figures import deposit
from toolgrove.data.world.draws.nets_and_colors import colors
from toolgrove.data.world.draws.pools import (
    AIRPORTS,
    COUNTRIES,
    LANGUAGES,
    SUMMER_TIME,
    city,
    country,
    day,
    holiday,
    one,
    whole,
)
from toolgrove.data.world.draws.substances import element, numeral
from toolgrove.data.world.tasks.build import Ask, Families, count, name, number, text, yes

__all__ = ["DRAWINGS", "FAMILIES"]

FAMILIES = Families()
DRAWINGS = Drawings()


@FAMILIES.add(
    "G2",
    "inverted-name",
    offer=["Hex to HSL", "Complementary Color", "Mix Colors"],
    tempting=["Color Code"],
)
def inverted_name(ask: Ask, color: str) -> Reference:
    code = ask("Name to Hex", name=color)["hex"]
    negative = ask("Invert Color", color=code)["hex"]
    return name(ask("Closest Color", color=negative)["name"])


DRAWINGS.add(
    "g2-inverted-name",
    [
        "Which named CSS color is closest to the negative of the CSS color {color}?",
        "Invert the CSS color {color}. To which CSS color name does the result come nearest?",
        "Take 255 minus each part of the CSS color {color} and name the closest CSS color.",
    ],
    colors("color"),
)


@FAMILIES.add("G2", "mean-of-factors", offer=["Divisors", "Geometric Mean"], tempting=["Factorize"])
def mean_of_factors(ask: Ask, value: int) -> Reference:
    factors = ask("Prime Factors", number=value)["factors"]
    return number(ask("Average", numbers=",".join(map(str, factors)))["mean"], tolerance=0.001)


DRAWINGS.add(
    "g2-mean-of-factors",
    [
        "What is the mean of the prime factors of {value}, each counted as often as it occurs?",
        "Factorize {value} and average its prime factors; a factor that occurs twice counts twice.",
        "Take the prime factors of {value}, repeated ones as often as they occur, and give me "
        "their average.",
    ],
    whole("value", 300, 6000),
    fits=lambda answers: len(answers[0]["factors"]) >= 3,
)


@FAMILIES.add(
    "G2",
    "capital-by-position",
    offer=["Largest Cities", "Population Density"],
    tempting=["Capital of Country", "City Population"],
)
def capital_by_position(ask: Ask, latitude: float, longitude: float) -> Reference:
    code = ask("Nearest City", latitude=latitude, longitude=longitude)["country"]
    return name(ask("Country Profile", code=code)["capital"])


DRAWINGS.add(
    "g2-capital-by-position",
    [
        "Take the city nearest to latitude {latitude}, longitude {longitude}. What is the capital "
        "of its country?",
        "What is the capital of the country whose city is closest to the position {latitude}, "
        "{longitude} (latitude, longitude)?",
        "My map shows latitude {latitude}, longitude {longitude}. Find the nearest city and name "
        "the capital of the country it lies in.",
    ],
    city(),
    fits=lambda found: found[0]["distance_km"] <= 25 and found[0]["name"] != found[1]["capital"],
)


@FAMILIES.add(
    "G2",
    "change-day-of-year",
    offer=["Add Days", "Days Between", "UTC Offset"],
    tempting=["Weekday Finder", "Time Converter Lite"],
)
def change_day_of_year(ask: Ask, zone: str, year: int) -> Reference:
    first = ask("Clock Changes", zone=zone, year=year)["changes"][0]["date"]
    return count(ask("Week Number", date=first)["day_of_year"])


DRAWINGS.add(
    "g2-change-day-of-year",
    [
        "Which day of the year (1 to 366) is the first clock change of {year} in {zone}?",
        "In {zone}, the clocks change for the first time in {year} on which day of the year, "
        "counted from 1 January as day 1?",
        "Find the first clock change in {zone} in {year} and tell me the number of that day within "
        "the year.",
    ],
    one("zone", SUMMER_TIME),
    whole("year", 2024, 2036),
)


@FAMILIES.add(
    "G3",
    "holiday-moon",
    offer=["Holiday on Date", "Next Holiday", "Sunrise and Sunset"],
    tempting=["Check Holiday", "Daylight Hours"],
)
def holiday_moon(ask: Ask, country: str, year: int, holiday: str) -> Reference:
    when = ask("Find Holiday", country=country, year=year, name=holiday)["holidays"][0]["date"]
    return name(ask("Moon Phase", date=when)["phase"])


DRAWINGS.add(
    "g3-holiday-moon",
    [
        "In which phase is the moon on {holiday} {year} in {country_name} ({country})?",
        "What is the moon's phase on the day of {holiday} {year}, as {country_name} ({country}) "
        "celebrates it?",
        "Name the phase of the moon on {holiday} of {year} in {country_name} ({country}).",
    ],
    holiday(),
    fits=lambda found: abs(found[1]["days"] / 3.5 - round(found[1]["days"] / 3.5)) < 0.3,
)


@FAMILIES.add(
    "G3",
    "area-in-unit",
    offer=["Find Country", "Population Density", "Base Units"],
    tempting=["Capital of Country", "Unit Convert"],
)
def area_in_unit(ask: Ask, code: str, unit: str) -> Reference:
    area = ask("Country Profile", code=code)["area_km2"]
    found = ask("Convert Units", value=area, from_unit="kilometer**2", to_unit=unit)
    return number(found["result"], found["unit"])


DRAWINGS.add(
    "g3-area-in-unit",
    [
        "What is the area of {code_name} ({code}) in {unit_name}?",
        "How many {unit_name} does the territory of {code_name} ({code}) measure?",
        "Give me the area of {code_name}, country code {code}, converted to {unit_name}.",
    ],
    country("code"),
    lambda rng: rng.choice(
        [
            {"unit": "mile**2", "unit_name": "square miles"},
            {"unit": "acre", "unit_name": "acres"},
            {"unit": "hectare", "unit_name": "hectares"},
        ]
    ),
)


@FAMILIES.add(
    "G3", "roman-leap-year", offer=["To Roman", "Convert Base"], tempting=["Weekday Finder"]
)
def roman_leap_year(ask: Ask, numeral: str) -> Reference:
    year = ask("From Roman", numeral=numeral)["number"]
    return yes(ask("Leap Year", year=year)["leap"])


DRAWINGS.add(
    "g3-roman-leap-year",
    [
        "A house bears the year {numeral}. Was that a leap year? Yes or no.",
        "Is {numeral}, a year in Roman numerals, a leap year, yes or no?",
        "Yes or no: does the year {numeral} (a Roman numeral) have a 29 February?",
    ],
    numeral(low=1604, high=2098),
)


@FAMILIES.add("G3", "prime-in-base", offer=["To Roman", "Is Prime"], tempting=["Factorize"])
def prime_in_base(ask: Ask, value: int, base: int) -> Reference:
    prime = ask("Next Prime", number=value)["next_prime"]
    return text(ask("Convert Base", number=str(prime), from_base=10, to_base=base)["result"])


DRAWINGS.add(
    "g3-prime-in-base",
    [
        "Write the smallest prime above {value} in base {base}.",
        "What is the first prime after {value}, written in base {base}?",
        "Find the next prime number after {value} and convert it to base {base}.",
    ],
    whole("value", 1500, 60_000),
    one("base", [2, 5, 7, 8, 12, 16]),
)


@FAMILIES.add(
    "G3",
    "capital-of-airport",
    offer=["Airport by ICAO", "Search City", "Nearest City"],
    tempting=["Airport Info", "Capital of Country"],
)
def airport_capital(ask: Ask, iata: str) -> Reference:
    code = ask("Airport by IATA", iata=iata)["country"]
    return name(ask("Country Profile", code=code)["capital"])


DRAWINGS.add(
    "g3-capital-of-airport",
    [
        "What is the capital of the country where the airport {iata} lies?",
        "I land at {iata}. Which city is the capital of that country?",
        "Name the capital of the country of {iata} airport.",
    ],
    one("iata", AIRPORTS),
    fits=lambda answers: answers[1]["code"] in COUNTRIES,
)


@FAMILIES.add(
    "G3",
    "savings-in-language",
    offer=["Language Name", "Format Date"],
    tempting=["Simple Interest", "Translate Text"],
)
def savings_in_language(
    ask: Ask, principal: float, annual_rate: float, years: float, language: str
) -> Reference:
    found = ask("Compound Interest", principal=principal, annual_rate=annual_rate, years=years)
    amount = found["final_amount"]
    written = ask("Format Number", number=amount, language=language)["text"]
    return name(written, f"{amount:,.2f}", f"{amount:.2f}")


DRAWINGS.add(
    "g3-savings-in-language",
    [
        "Write what {principal} grow to in {years} years at {annual_rate} percent compound "
        "interest (once a year) with the separators of the language {language_name} ({language}).",
        "{principal} lie for {years} years at {annual_rate} percent, compounded yearly. How does "
        "one write the final amount in {language_name} ({language})?",
        "At {annual_rate} percent a year with interest on interest, {principal} are saved for "
        "{years} years. Give the result as numbers are written in {language_name} ({language}).",
    ],
    deposit,
    lambda rng: _language(rng.choice(listed("de fr es it nl da pt"))),
    fits=lambda answers: round(100 * answers[0]["final_amount"]) % 10 != 0,
)


def _language(code: str) -> dict[str, str]:
    return {"language": code, "language_name": LANGUAGES[code]}


@FAMILIES.add(
    "G3",
    "density-in-unit",
    offer=["Element by Symbol", "Compatible Units", "Base Units"],
    tempting=["Atomic Weight", "Unit Convert"],
)
def density_in_unit(ask: Ask, element: str) -> Reference:
    dense = ask("Element by Name", name=element)["density_g_cm3"]
    found = ask("Convert Units", value=dense, from_unit="g/cm^3", to_unit="pound/foot^3")
    return number(found["result"], found["unit"])


DRAWINGS.add(
    "g3-density-in-unit",
    [
        "How many pounds does a cubic foot of {element} weigh?",
        "What is the density of {element} in pounds per cubic foot?",
        "Give me the density of the element {element}, converted to pounds per cubic foot.",
    ],
    element,
)


@FAMILIES.add(
    "G3",
    "age-in-days-prime",
    offer=["Add Days", "Prime Factors", "Divisors"],
    tempting=["Weekday Finder", "Factorize"],
)
def days_prime(ask: Ask, start: str, end: str) -> Reference:
    days = ask("Days Between", start=start, end=end)["days"]
    return yes(ask("Is Prime", number=days)["prime"])


DRAWINGS.add(
    "g3-age-in-days-prime",
    [
        "Is the number of days from {start} to {end} a prime number? Yes or no.",
        "Count the days from {start} to {end}. Yes or no: is that number prime?",
        "I was born on {start}. Is my age in days on {end} a prime number, yes or no?",
    ],
    day("start", 1950, 2005),
    day("end", 2026, 2032),
)
