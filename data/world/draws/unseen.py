"""Families of single calls that no task to develop on belongs to; their tools are known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from toolgrove.data.records import Reference
from toolgrove.data.world import facts
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.pools import (
    AIRPORTS,
    city,
    country,
    day,
    some,
    span,
    whole,
)
from toolgrove.data.world.tasks.build import Ask, Families, count, number, text, yes

__all__ = ["DRAWINGS", "FAMILIES"]

FAMILIES = Families()
DRAWINGS = Drawings()


@FAMILIES.add("G1", "route-miles", tempting=["Distance Between Airports"])
def route_miles(ask: Ask, a: str, b: str) -> Reference:
    return number(ask("Route Distance", from_icao=a, to_icao=b)["distance"], "nautical_mile")


DRAWINGS.add(
    "g1-route-miles",
    [
        "How many nautical miles is the route from {a} to {b}? Both are ICAO codes.",
        "A pilot flies from ICAO {a} to ICAO {b}. How long is the route in nautical miles?",
        "Give me the distance of the route {a} to {b} (ICAO codes) in nautical miles.",
    ],
    some("a b", lambda: [facts.airport(iata)["icao"] for iata in AIRPORTS]),
)


@FAMILIES.add("G1", "leap-year", tempting=["Weekday Finder"])
def leap_year(ask: Ask, year: int) -> Reference:
    return yes(ask("Leap Year", year=year)["leap"])


DRAWINGS.add(
    "g1-leap-year",
    [
        "Is the year {year} a leap year? Yes or no.",
        "Does {year} have a 29 February, yes or no?",
        "Yes or no: does February have 29 days in {year}?",
    ],
    lambda rng: {"year": rng.choice([*range(1604, 2400, 4), 1700, 1800, 1900, 2100, 2200, 2300])
                 + rng.choice([0, 0, 1, 2])},
)  # fmt: skip


@FAMILIES.add("G1", "sun-height", tempting=["Daylight Hours"])
def sun_height(ask: Ask, latitude: float, longitude: float, day: str, hour: int) -> Reference:
    at = {"latitude": latitude, "longitude": longitude, "date": day, "hour_utc": hour}
    return number(ask("Sun Position", **at)["elevation_degrees"], "degree", 0.005)


DRAWINGS.add(
    "g1-sun-height",
    [
        "How many degrees above the horizon is the sun at latitude {latitude}, longitude "
        "{longitude} on {day} at {hour}:00 UTC?",
        "What is the sun's elevation in degrees on {day} at {hour}:00 UTC, seen from latitude "
        "{latitude}, longitude {longitude}?",
        "At {hour}:00 UTC on {day}, how high, in degrees, does the sun stand at latitude "
        "{latitude}, longitude {longitude}?",
    ],
    city(),
    day("day", 2025, 2030),
    whole("hour", 10, 16),
    fits=lambda answers: answers[0]["elevation_degrees"] >= 10,
)


@FAMILIES.add("G1", "is-prime", tempting=["Factorize"])
def is_prime(ask: Ask, value: int) -> Reference:
    return yes(ask("Is Prime", number=value)["prime"])


def _maybe_prime(rng: Random) -> Mapping[str, Any]:
    value = rng.randrange(10_001, 99_999, 2)
    if rng.random() < 0.5:
        while any(value % divisor == 0 for divisor in range(3, math.isqrt(value) + 1, 2)):
            value += 2
    return {"value": value}


DRAWINGS.add(
    "g1-is-prime",
    [
        "Is {value} a prime number? Yes or no.",
        "Yes or no: is {value} prime?",
        "Can {value} be divided only by 1 and itself, yes or no?",
    ],
    _maybe_prime,
)


@FAMILIES.add("G1", "arrangements", tempting=["Combinations"])
def arrangements(ask: Ask, n: int, k: int) -> Reference:
    return count(ask("Permutations", n=n, k=k)["permutations"])


DRAWINGS.add(
    "g1-arrangements",
    [
        "In how many orders can {k} of {n} runners reach the first {k} places?",
        "I put {k} of {n} books in a row, and the order counts. How many ways are there?",
        "How many sequences of {k} different letters can be made from {n} letters?",
    ],
    whole("n", 8, 20),
    whole("k", 3, 4),
)


def _numbers(rng: Random) -> Mapping[str, Any]:
    found = [str(rng.randint(12, 95)) for _ in range(rng.randint(5, 7))]
    return {"numbers": ",".join(found), "listed": ", ".join(found[:-1]) + f" and {found[-1]}"}


@FAMILIES.add("G1", "whole-deviation", tempting=["Sample Deviation"])
def whole_deviation(ask: Ask, numbers: str) -> Reference:
    found = ask("Population Deviation", numbers=numbers)["standard_deviation"]
    return number(found, tolerance=0.005)


DRAWINGS.add(
    "g1-whole-deviation",
    [
        "The whole population is {listed}. What is its standard deviation? Divide by n.",
        "Give me the population standard deviation (divided by n, not n - 1) of {listed}.",
        "These are all values there are: {listed}. Compute their population standard deviation.",
    ],
    _numbers,
)


@FAMILIES.add("G1", "geometric-mean")
def geometric_mean(ask: Ask, numbers: str) -> Reference:
    found = ask("Geometric Mean", numbers=numbers)["geometric_mean"]
    return number(found, tolerance=0.005)


DRAWINGS.add(
    "g1-geometric-mean",
    [
        "What is the geometric mean of {listed}?",
        "Compute the geometric mean of the numbers {listed}.",
        "I need the geometric, not the arithmetic, mean of {listed}.",
    ],
    _numbers,
)


@FAMILIES.add("G1", "larger-root")
def larger_root(ask: Ask, b: int, c: int) -> Reference:
    return number(ask("Quadratic Roots", a=1, b=-b, c=-c)["roots"][-1], tolerance=0.005)


DRAWINGS.add(
    "g1-larger-root",
    [
        "What is the larger root of x^2 - {b}x - {c} = 0? Give it to two decimals.",
        "Solve x^2 - {b}x - {c} = 0 and tell me the greater solution, to two decimals.",
        "Of the two real solutions of x^2 - {b}x - {c} = 0, which is the larger one, to two "
        "decimals?",
    ],
    whole("b", 3, 60),
    whole("c", 7, 900),
)


@FAMILIES.add("G1", "least-multiple", tempting=["Factorize"])
def least_multiple(ask: Ask, a: int, b: int) -> Reference:
    return count(ask("GCD and LCM", a=a, b=b)["lcm"])


DRAWINGS.add(
    "g1-least-multiple",
    [
        "What is the least common multiple of {a} and {b}?",
        "Find the smallest number that both {a} and {b} divide.",
        "Give me the LCM of {a} and {b}.",
    ],
    some("a b", range(84, 990, 6)),
)


@FAMILIES.add("G1", "color-value", tempting=["Color Code"])
def color_value(ask: Ask, color: str) -> Reference:
    return number(ask("Hex to HSV", color=color)["value"], "percent")


DRAWINGS.add(
    "g1-color-value",
    [
        "In the HSV model, what is the value (V) of {color}, in percent?",
        "What is V, in percent, of the color {color} in HSV?",
        "Give me the brightness value of {color} in HSV, in percent.",
    ],
    lambda rng: {"color": f"#{rng.randrange(16**6):06x}"},
)


@FAMILIES.add("G1", "negative-color")
def negative(ask: Ask, color: str) -> Reference:
    return text(ask("Invert Color", color=color)["hex"])


DRAWINGS.add(
    "g1-negative-color",
    [
        "What is the negative of the color {color}, as a hex code?",
        "Invert the color {color} and give me the hex code.",
        "What is the hex code of the color whose parts are 255 minus those of {color}?",
    ],
    lambda rng: {"color": f"#{rng.randrange(16**6):06x}"},
)


@FAMILIES.add("G1", "weekdays-only", tempting=["Working Days Between"])
def weekdays_only(ask: Ask, start: str, end: str) -> Reference:
    return count(ask("Business Days", start=start, end=end)["business_days"])


DRAWINGS.add(
    "g1-weekdays-only",
    [
        "How many days from Monday to Friday are there from {start} to {end}, both included? "
        "Holidays do not matter.",
        "Count the Mondays to Fridays between {start} and {end}, both days included, whatever "
        "holidays there are.",
        "From {start} up to and including {end}, how many days are not on a weekend, holidays "
        "counted too?",
    ],
    span("start", "end", 30, 300),
)


@FAMILIES.add("G1", "people-per-area", tempting=["Capital of Country"])
def people_per_area(ask: Ask, code: str) -> Reference:
    return number(ask("Population Density", code=code)["people_per_km2"])


DRAWINGS.add(
    "g1-people-per-area",
    [
        "How many people live on a square kilometre of {code_name} ({code}) on average?",
        "What is the population density of {code_name} ({code}) in people per square kilometre?",
        "Give me the number of people per square kilometre for the country {code_name}, code "
        "{code}.",
    ],
    country("code"),
)


@FAMILIES.add("G1", "url-encoded")
def url_encoded(ask: Ask, words: str) -> Reference:
    return text(ask("Encode URL", text=words)["encoded"])


DRAWINGS.add(
    "g1-url-encoded",
    [
        "Percent-encode '{words}' for a web address.",
        "How do I write '{words}' in a URL, percent-encoded?",
        "Give me the URL encoding of '{words}', with %20 for blanks.",
    ],
    lambda rng: {
        "words": f"{rng.choice(['tea', 'salt', 'fish', 'rock'])} & "
        f"{rng.choice(['milk', 'pepper', 'chips', 'roll'])} {rng.randint(10, 99)}%"
    },
)
