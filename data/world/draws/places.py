"""How tasks about countries and cities are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.pools import (
    big_cities,
    cities,
    city,
    countries,
    country,
    named_country,
    one,
)

__all__ = ["CONTINENTS", "DRAWINGS", "apart"]

DRAWINGS = Drawings()


def apart(values: Sequence[float], share: float = 0.05) -> bool:
    """Whether the largest value leads by a share of itself."""
    first, second = sorted(values, reverse=True)[:2]
    return first - second >= share * abs(first)


def _one_found(answers: Sequence[JsonObject]) -> bool:
    return bool(answers[0]["count"] == 1)


DRAWINGS.add(
    "g1-capital",
    [
        "Which city is the capital of {country}?",
        "I need the name of the capital of {country}.",
        "What is the capital city of {country} called?",
    ],
    named_country(),
    fits=_one_found,
)
DRAWINGS.add(
    "g1-borders",
    [
        "Which countries have a land border with {code_name} ({code})?",
        "List all neighbouring countries of {code_name} ({code}).",
        "I want to leave {code_name} ({code}) by land. Into which countries can I go?",
    ],
    country("code"),
    fits=lambda answers: 2 <= answers[0]["count"] <= 6,
)


def _three(rng: Random) -> Mapping[str, Any]:
    found = countries("a b c")(rng)
    codes = [found[name] for name in ("a", "b", "c")]
    return {**found, "codes": codes}


DRAWINGS.add(
    "g1-densest",
    [
        "Which of these is the most densely populated: {a_name} ({a}), {b_name} ({b}) or "
        "{c_name} ({c})?",
        "Where are there most people per square kilometre: in {a_name} ({a}), in {b_name} ({b}) or "
        "in {c_name} ({c})?",
        "Compare the population densities of {a_name} ({a}), {b_name} ({b}) and {c_name} ({c}). "
        "Which one is the highest?",
    ],
    _three,
    fits=lambda found: apart([one["people_per_km2"] for one in found]),
    in_query=True,
)

CONTINENTS = [
    {"continent": code, "called": called}
    for code, called in {
        "AF": "Africa", "AS": "Asia", "EU": "Europe", "NA": "North America", "OC": "Oceania",
        "SA": "South America", "AN": "Antarctica",
    }.items()
]  # fmt: skip

DRAWINGS.add(
    "g1-continent-size",
    [
        "How many countries and territories does the list for {called} ({continent}) have?",
        "Count the countries and territories of {called}, continent code {continent}.",
        "What is the total number of countries and territories listed for {called} ({continent})?",
    ],
    lambda rng: rng.choice(CONTINENTS),
)
DRAWINGS.add(
    "g1-continent-last",
    [
        "In the list of countries and territories of {called} ({continent}), sorted by name, "
        "which one comes last?",
        "Which country or territory of {called} ({continent}) is the last by name?",
        "Going through the countries and territories of {called} ({continent}) by name, "
        "with which one does the list end?",
    ],
    lambda rng: rng.choice(CONTINENTS),
)
DRAWINGS.add(
    "g1-currency-users",
    [
        "In which countries and territories is {currency} the currency?",
        "List all countries and territories whose currency has the code {currency}.",
        "The ISO code is {currency}. Which countries and territories use this currency?",
    ],
    one(
        "currency",
        listed("AUD CHF DKK GBP ILS MAD NOK NZD XAF XCD XPF ZAR INR TRY RUB ANG"),
    ),
)
DRAWINGS.add(
    "g1-city-population",
    [
        "How large is the population of {city}, {country_name} ({country})?",
        "Tell me how many people live in {city} in {country_name} ({country}).",
        "How many inhabitants does {city} ({country_name}, {country}) have?",
    ],
    city(),
)
DRAWINGS.add(
    "g1-largest-city",
    [
        "Rank the cities of {country_name} ({country}) by population. Which one is third?",
        "Which city of {country_name} ({country}) is the third most populous?",
        "Name the third largest city in {country_name} ({country}) by number of people.",
    ],
    country(),
    fits=lambda answers: all(
        a["population"] - b["population"] >= 0.03 * a["population"]
        for a, b in zip(answers[0]["cities"][1:], answers[0]["cities"][2:], strict=False)
    ),
)
DRAWINGS.add(
    "g1-city-distance",
    [
        "What is the distance in a straight line between {a} and {b}, in kilometres?",
        "How many kilometres are the cities of {a} and {b} apart, as the crow flies?",
        "Tell me the great-circle distance from {a} to {b} in km.",
    ],
    cities("a b"),
)
DRAWINGS.add(
    "g1-city-detour",
    [
        "A bird flies straight from {a} to {via} and then straight to {b}. How many kilometres "
        "is the whole way?",
        "What is the total distance in km, in straight lines, from {a} by way of {via} to {b}?",
        "I go from {a} to {via} and from there to {b}. As the crow flies, how many kilometres "
        "does that add up to?",
    ],
    cities("a via b"),
)
DRAWINGS.add(
    "g1-city-time-zone",
    [
        "What is the IANA time zone of {city}?",
        "In which time zone does the city of {city} lie? Give the IANA name.",
        "Tell me the IANA name of the time zone used in {city}.",
    ],
    one("city", lambda: [one.name for one in big_cities() if "/" in one.time_zone]),
)
DRAWINGS.add(
    "g2-capital-population",
    [
        "What is the population of the capital of {country_name} ({country})?",
        "How many inhabitants has the capital city of {country_name} (code {country})?",
        "Tell me how many people live in the capital of {country_name}, country code {country}.",
    ],
    country(),
    fits=lambda answers: answers[1]["cities"][0]["population"] >= 100_000,
)
_KNOWN_CAPITALS = listed(
    "NO SE FI DK DE FR PT AT CH BE PL CZ HU BG GR LV EG KE UG ZM ZW MG JP KR CN IN TH VN MN "
    "NP PE UY AU NZ IQ IR"
)
"""Countries whose capital is the largest city of its name."""

DRAWINGS.add(
    "g2-capitals-apart",
    [
        "How many kilometres apart are the capitals of {a_name} ({a}) and {b_name} ({b})?",
        "What is the straight-line distance, in km, from the capital of {a_name} ({a}) to the "
        "capital of {b_name} ({b})?",
        "From the capital of {a_name} ({a}) to that of {b_name} ({b}): how far is it in "
        "kilometres?",
    ],
    countries("a b", _KNOWN_CAPITALS),
)


def _leading(answers: Sequence[JsonObject]) -> bool:
    return apart([one["cities"][0]["population"] for one in answers[1:]], 0.1)


DRAWINGS.add(
    "g2-city-of-neighbour",
    [
        "Look at all countries that border {code_name} ({code}). What is the largest city in "
        "any of them?",
        "Which city has the most people in all the neighbouring countries of {code_name} ({code})?",
        "Among the cities of the countries bordering {code_name} ({code}), which is the most "
        "populous one?",
    ],
    country("code"),
    fits=lambda answers: 2 <= answers[0]["count"] <= 5 and _leading(answers),
)
DRAWINGS.add(
    "g2-area-by-position",
    [
        "Which country has the city nearest to latitude {latitude}, longitude {longitude}? Tell me "
        "only the area of that country, in square kilometres.",
        "Find the city closest to {latitude}, {longitude} (latitude, longitude). How many square "
        "kilometres is the area of its country?",
        "How large, in square kilometres, is the country of the city that is nearest to the "
        "position with latitude {latitude} and longitude {longitude}?",
    ],
    city(),
    fits=lambda answers: answers[0]["distance_km"] <= 25,
)
