"""How tasks about airports and flights are drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from toolgrove.data.world import facts
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.pools import (
    AIRPORTS,
    COUNTRIES,
    big_cities,
    country,
    one,
    plain,
    said,
    some,
)

__all__ = ["DRAWINGS"]

DRAWINGS = Drawings()
CLEAR_KM = 8
"""By how much the nearest airport has to be nearer than the second."""


@cache
def _served() -> Mapping[tuple[str, str], int]:
    """How many airports serve a city, by folded name and country."""
    return Counter((facts.fold(a["city"]), a["country"]) for a in facts.airports().values())


@cache
def _of_one_city() -> Sequence[Mapping[str, Any]]:
    """Airports that are the only ones of the only city of that name."""
    found = [facts.airport(iata) for iata in AIRPORTS]
    named = Counter(facts.fold(a["city"]) for a in facts.airports().values())
    return [a for a in found if plain(a["city"]) and named[facts.fold(a["city"])] == 1]


def _icao() -> list[str]:
    return [facts.airport(iata)["icao"] for iata in AIRPORTS]


DRAWINGS.add(
    "g1-airport-elevation",
    [
        "How many feet above sea level does the airport {iata} lie?",
        "I need the elevation in feet of the airport with the IATA code {iata}.",
        "At what height, in feet, is {iata} airport?",
    ],
    one("iata", AIRPORTS),
    fits=lambda answers: answers[0]["elevation_ft"] >= 100,
)
DRAWINGS.add(
    "g1-airport-city",
    [
        "What city is served by the airport with the ICAO code {icao}?",
        "A pilot's chart shows {icao}. Name the city that this airport serves.",
        "{icao} is an ICAO airport code. Which city is it for?",
    ],
    one("icao", lambda: [a["icao"] for a in _of_one_city()]),
)
DRAWINGS.add(
    "g1-airport-higher",
    [
        "By how many feet is the airport {a} higher than the airport {b}?",
        "{a} lies higher than {b}. What is the difference in elevation of the two airports, "
        "in feet?",
        "How much higher above the sea is {a} airport than {b} airport? Answer in feet.",
    ],
    some("a b", AIRPORTS),
    fits=lambda found: found[0]["elevation_ft"] - found[1]["elevation_ft"] >= 100,
)


@cache
def _with_several() -> Sequence[Mapping[str, str]]:
    return [
        {"city": found.name, "country": found.country, "country_name": said(found.country)}
        for found in big_cities()
        if 2 <= _served().get((facts.fold(found.name), found.country), 0) <= 5
    ]


DRAWINGS.add(
    "g1-airports-of-city",
    [
        "Which IATA codes do the airports of {city}, {country_name} ({country}) have? Name all.",
        "Give me every IATA airport code for the city of {city} in {country_name} ({country}).",
        "I want all airports listed under {city} ({country_name}, {country}), by IATA code.",
    ],
    lambda rng: rng.choice(_with_several()),
)


DRAWINGS.add(
    "g1-airports-of-country",
    [
        "How many airports with an IATA code are listed for {country_name} ({country})?",
        "Tell me the number of airports in {country_name}, country code {country}.",
        "What is the total number of airports with IATA codes in {country_name} ({country})?",
    ],
    country(),
    fits=lambda answers: answers[0]["total"] >= 4,
)
DRAWINGS.add(
    "g1-airport-last",
    [
        "Sort the airports of {country_name} ({country}) by IATA code. Which code is the last one?",
        "Of all IATA codes of airports in {country_name} ({country}), which is last in the "
        "alphabet?",
        "Going through the airports of {country_name} ({country}) from A to Z by IATA code, "
        "with which code do I end?",
    ],
    country(),
    fits=lambda answers: 2 <= answers[0]["pages"] <= 12,
)


def _position(rng: Random) -> Mapping[str, Any]:
    """A position that has one airport clearly nearest, not far from a known one."""
    while True:
        start = facts.airport(rng.choice(AIRPORTS))
        latitude = round(start["lat"] + rng.uniform(-0.4, 0.4), 2)
        longitude = round(start["lon"] + rng.uniform(-0.4, 0.4), 2)
        near, second = sorted(
            facts.distance_km(latitude, longitude, a["lat"], a["lon"])
            for a in facts.airports().values()
        )[:2]
        if second - near >= CLEAR_KM:
            return {"latitude": latitude, "longitude": longitude}


DRAWINGS.add(
    "g1-airport-nearest",
    [
        "Which airport is nearest to latitude {latitude}, longitude {longitude}? The IATA code, "
        "please.",
        "My boat is at latitude {latitude} and longitude {longitude}. Give me the IATA code of the "
        "closest airport.",
        "Find the airport closest to the position {latitude}, {longitude} (latitude, longitude) "
        "and tell me its IATA code.",
    ],
    _position,
)
DRAWINGS.add(
    "g1-flight-distance",
    [
        "What is the distance from {origin} to {destination} in {unit_name}?",
        "How many {unit_name} is it by air from the airport {origin} to {destination}?",
        "Tell me how far apart the airports {origin} and {destination} are, in {unit_name}.",
    ],
    some("origin destination", AIRPORTS),
    lambda rng: rng.choice(
        [{"unit": "km", "unit_name": "kilometres"}, {"unit": "mi", "unit_name": "miles"}]
    ),
)
DRAWINGS.add(
    "g1-flight-time",
    [
        "About how many minutes is a flight from {origin} to {destination} in the air at the usual "
        "cruise speed?",
        "How long does it take to fly from {origin} to {destination} at 850 km/h, in minutes?",
        "Estimate the minutes of flight between the airports {origin} and {destination} at normal "
        "cruise speed.",
    ],
    some("origin destination", AIRPORTS),
)
DRAWINGS.add(
    "g1-flight-bearing",
    [
        "What is the initial bearing, in degrees, of a flight from {origin} to {destination}?",
        "A plane leaves {origin} for {destination} on a great circle. On which bearing, in "
        "degrees, does it set out?",
        "In degrees of the compass: which way does a flight from {origin} head for {destination} "
        "at first?",
    ],
    some("origin destination", AIRPORTS),
    fits=lambda answers: 20 <= answers[0]["bearing_degrees"] <= 340,
)
DRAWINGS.add(
    "g2-icao-distance",
    [
        "How far is it in kilometres from the airport {a} to {b}? Both are ICAO codes.",
        "Two ICAO codes: {a} and {b}. Give me the distance between these airports in km.",
        "What is the air distance, in kilometres, between ICAO {a} and ICAO {b}?",
    ],
    some("a b", _icao),
)
DRAWINGS.add(
    "g2-hike-to-airport",
    [
        "Find the airport nearest to latitude {latitude}, longitude {longitude}. How many "
        "kilometres is it from there to {goal}?",
        "I'm at {latitude}, {longitude} (latitude, longitude) and drive to the closest airport. "
        "How far, in km, is the flight from it to {goal}?",
        "How many km lie between {goal} and the airport that is closest to the position with "
        "latitude {latitude} and longitude {longitude}?",
    ],
    _position,
    one("goal", AIRPORTS),
    fits=lambda answers: answers[1]["distance"] >= 100,
)
DRAWINGS.add(
    "g2-flight-between-cities",
    [
        "At normal cruise speed, how many minutes does a flight from {a} to {b} take?",
        "How long, in minutes, am I in the air between the cities of {a} and {b} at the usual "
        "cruise speed?",
        "Give me the estimated flying time in minutes from {a}'s airport to that of {b}.",
    ],
    some("a b", lambda: [a["city"] for a in _of_one_city() if a["country"] in COUNTRIES]),
)
