"""How tasks of several categories that begin at an airport, a city or a country are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from toolgrove.data.world import facts
from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.days import holiday_or_not
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.figures import OWN_CURRENCY
from toolgrove.data.world.draws.hours import minute
from toolgrove.data.world.draws.pools import (
    AIRPORTS,
    COUNTRIES,
    cities,
    city,
    country,
    day,
    language,
    named_country,
    one,
    some,
)

__all__ = ["DRAWINGS"]

DRAWINGS = Drawings()

DRAWINGS.add(
    "g3-landing-time",
    [
        "It is {time} at the airport {origin}. What time is it at {destination}? Answer as HH:MM.",
        "A flight leaves {origin} at {time} local time. What do the clocks at {destination} show "
        "at that moment (HH:MM)?",
        "Local time at {origin} is {time}. Tell me the local time at {destination} then, as HH:MM.",
    ],
    minute,
    some("origin destination", AIRPORTS),
)
DRAWINGS.add(
    "g3-sunset-at-airport",
    [
        "When does the sun go down at {iata} airport on {day}? Local time as HH:MM.",
        "I want to photograph the sunset at the airport {iata} on {day}. At what local time "
        "(HH:MM) is it?",
        "Local time of sunset on {day} at the airport with the IATA code {iata}, as HH:MM?",
    ],
    one("iata", AIRPORTS),
    day("day", 2025, 2030),
)
DRAWINGS.add(
    "g3-daylight-in-city",
    [
        "How long is {day} in {city}, {country_name} ({country}), from sunrise to sunset, in "
        "minutes?",
        "How many minutes of daylight does {city} ({country_name}, {country}) have on {day}?",
        "In {city} in {country_name} ({country}), how many minutes pass between sunrise and sunset "
        "on {day}?",
    ],
    city(),
    day("day", 2025, 2030),
)


def _landing(rng: Random) -> Mapping[str, Any]:
    """An airport and a day, which is a holiday there in half of all cases."""
    found = holiday_or_not(rng)
    here = [iata for iata in AIRPORTS if facts.airport(iata)["country"] == found["country"]]
    return {"iata": rng.choice(here), "day": found["day"]}


DRAWINGS.add(
    "g3-airport-holiday",
    [
        "Is {day} a public holiday in the country of the airport {iata}? Yes or no.",
        "I fly to {iata} on {day}. Yes or no: does the country there have a public holiday that "
        "day?",
        "Answer yes or no: in the country where {iata} airport lies, is {day} a public holiday?",
    ],
    _landing,
)


def _money(rng: Random) -> Mapping[str, Any]:
    return {
        "iata": rng.choice([a for a in AIRPORTS if facts.airport(a)["country"] in OWN_CURRENCY])
    }


DRAWINGS.add(
    "g3-airport-currency",
    [
        "I fly to {iata}. Which currency is used in that country?",
        "What is the currency of the country in which the airport {iata} lies? Its ISO code is "
        "enough.",
        "Name the currency one pays with in the country of {iata} airport.",
    ],
    _money,
)


def _several_languages(rng: Random) -> Mapping[str, Any]:
    codes = listed("BE FI KE MG NZ PH CA IE PY LU")
    here = [iata for iata in AIRPORTS if facts.airport(iata)["country"] in codes]
    return {"iata": rng.choice(here)}


DRAWINGS.add(
    "g3-airport-languages",
    [
        "Which official languages does the country of the airport {iata} have? In English, please.",
        "I land at {iata}. Name all official languages of that country.",
        "List the languages that are official in the country where {iata} is.",
    ],
    _several_languages,
)
DRAWINGS.add(
    "g3-elevation-in-metres",
    [
        "At what elevation, in metres, does the airport {iata} lie?",
        "How high above the sea is {iata} airport in metres?",
        "Give me the elevation of the airport with the IATA code {iata} in metres, not in feet.",
    ],
    one("iata", AIRPORTS),
    fits=lambda answers: answers[0]["elevation_ft"] >= 300,
)
DRAWINGS.add(
    "g3-distance-in-unit",
    [
        "How many {unit_name} is it from the airport {origin} to {destination}?",
        "Give me the distance between {origin} and {destination} in {unit_name}.",
        "Express the flight distance from {origin} to {destination} in {unit_name}.",
    ],
    some("origin destination", AIRPORTS),
    lambda rng: rng.choice(
        [
            {"unit": "furlong", "unit_name": "furlongs"},
            {"unit": "nautical_league", "unit_name": "nautical leagues"},
            {"unit": "fathom", "unit_name": "fathoms"},
            {"unit": "yard", "unit_name": "yards"},
            {"unit": "rod", "unit_name": "rods"},
        ]
    ),
)
_EAST = listed("NO SE FI DK DE FR AT CH BE PL CZ HU BG GR LV EG KE UG ZM JP KR IN TH VN MN NP")
DRAWINGS.add(
    "g3-capital-time-zone",
    [
        "On {day}, how many hours is the capital of {code_name} ({code}) ahead of UTC?",
        "By how many hours is the time in the capital of {code_name} ({code}) ahead of UTC on "
        "{day}?",
        "How far ahead of UTC, in hours, are the clocks in the capital of {code_name} ({code}) on "
        "{day}?",
    ],
    country("code", _EAST),
    day("day", 2025, 2030),
)
DRAWINGS.add(
    "g3-city-time-difference",
    [
        "How many hours is {b} ahead of {a} on {day}?",
        "On {day}, by how many hours are the clocks in {b} ahead of those in {a}?",
        "It is later in {b} than in {a}. By how many hours on {day}?",
    ],
    cities("a b"),
    day("day", 2025, 2030),
    fits=lambda answers: answers[2]["hours"] >= 1,
)
DRAWINGS.add(
    "g3-country-in-language",
    [
        "What is {country} called in {language_name} (language code {language})?",
        "Give me the {language_name} ({language}) name of {country}.",
        "How would somebody who speaks {language_name} ({language}) write {country}?",
    ],
    named_country(),
    language(),
    fits=lambda answers: answers[0]["count"] == 1,
)
DRAWINGS.add(
    "g3-neighbours-in-language",
    [
        "What are the countries that border {code_name} ({code}) called in {language_name} "
        "({language})?",
        "Give me the {language_name} ({language}) names of all countries bordering {code_name} "
        "({code}).",
        "List the neighbouring countries of {code_name} ({code}), by their {language_name} "
        "({language}) names only.",
    ],
    country("code", COUNTRIES),
    language(),
    fits=lambda answers: 2 <= answers[0]["count"] <= 4,
)
