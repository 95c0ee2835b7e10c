"""How tasks about holidays and working days are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.pools import (
    HOLIDAYS_OF,
    countries,
    country,
    day,
    holiday,
    span,
    whole,
)

__all__ = ["DRAWINGS", "holiday_or_not"]

DRAWINGS = Drawings()
_COUNTRY = country(codes=HOLIDAYS_OF)
_START = day("start", 2025, 2031)
_AFTER = day("after", 2025, 2031)


def holiday_or_not(rng: Random) -> Mapping[str, Any]:
    """A country and a day, which is a holiday there in half of all cases."""
    if rng.random() < 0.5:
        return holiday()(rng)
    return {**_COUNTRY(rng), **day("day")(rng)}


DRAWINGS.add(
    "g1-is-holiday",
    [
        "Is {day} a public holiday in {country_name} ({country}), yes or no?",
        "Yes or no: do they have a public holiday in {country_name} ({country}) on {day}?",
        "I want to know whether {day} is a public holiday in {country_name} ({country}). Answer "
        "with yes or no.",
    ],
    holiday_or_not,
)
DRAWINGS.add(
    "g1-which-holiday",
    [
        "{day} is a public holiday in {country_name} ({country}). Which one?",
        "What is the public holiday called that {country_name} ({country}) has on {day}?",
        "Name the public holiday of {country_name} ({country}) on {day}.",
    ],
    holiday(),
)
DRAWINGS.add(
    "g1-holiday-count",
    [
        "How many public holidays are there in {country_name} ({country}) in {year}?",
        "Tell me the number of public holidays that {country_name} ({country}) has in {year}.",
        "In {year}, how many public holidays are listed for {country_name} ({country})?",
    ],
    _COUNTRY,
    whole("year", 2023, 2032),
)
DRAWINGS.add(
    "g1-holiday-date",
    [
        "On what date does {country_name} ({country}) celebrate {holiday} in {year}?",
        "Give me the date of {holiday} {year} in {country_name} ({country}).",
        "When is {holiday} in {country_name} ({country}) in the year {year}? I need the date.",
    ],
    holiday(),
)
DRAWINGS.add(
    "g1-next-holiday",
    [
        "Which date is the next public holiday in {country_name} ({country}) after {after}?",
        "After {after}, when is the first public holiday of {country_name} ({country})? The date, "
        "please.",
        "Tell me the date of the public holiday in {country_name} ({country}) that comes first "
        "after {after}.",
    ],
    _COUNTRY,
    _AFTER,
)


def _two(rng: Random) -> Mapping[str, Any]:
    bare = [code for code in HOLIDAYS_OF if code not in ("NL", "US")]
    found = countries("a b", bare)(rng)
    return {**found, "names_": [found["a_name"], found["b_name"]]}


DRAWINGS.add(
    "g1-more-holidays",
    [
        "In 2026, which has more public holidays: {a_name} ({a}) or {b_name} ({b})?",
        "Do people in {a_name} ({a}) or in {b_name} ({b}) have more public holidays in 2026? Name "
        "the country.",
        "{a_name} ({a}) and {b_name} ({b}): which of the two countries has the larger number of "
        "public holidays in 2026?",
    ],
    _two,
    fits=lambda answers: abs(answers[0]["count"] - answers[1]["count"]) >= 2,
    in_query=True,
)
DRAWINGS.add(
    "g1-working-days",
    [
        "How many working days, without weekends and public holidays, does {country_name} "
        "({country}) have from {start} to {end}, both days included?",
        "Count the days from {start} to {end} (both included) that are neither weekend nor public "
        "holiday in {country_name} ({country}).",
        "From {start} up to and including {end}: how many working days is that in {country_name} "
        "({country}), public holidays left out?",
    ],
    _COUNTRY,
    span("start", "end", 20, 120),
)
DRAWINGS.add(
    "g1-delivery-date",
    [
        "A parcel leaves on {start} and takes {days} working days in {country_name} ({country}), "
        "public holidays not counted. On what date does it come?",
        "Which date is {days} working days after {start} in {country_name} ({country}), leaving "
        "out weekends and public holidays?",
        "I start on {start} and need {days} working days in {country_name} ({country}), where "
        "weekends and public holidays do not count. At what date do I end?",
    ],
    _COUNTRY,
    _START,
    whole("days", 4, 60),
)
DRAWINGS.add(
    "g1-long-weekends",
    [
        "In {year}, how many public holidays of {country_name} ({country}) are on a Monday or a "
        "Friday?",
        "How often does a public holiday in {country_name} ({country}) fall on a Friday or Monday "
        "in {year}?",
        "Count the public holidays that give {country_name} ({country}) a long weekend in {year}, "
        "those on a Monday or a Friday.",
    ],
    _COUNTRY,
    whole("year", 2023, 2032),
    fits=lambda answers: answers[0]["count"] >= 2,
)


def _before_a_holiday(rng: Random) -> Mapping[str, Any]:
    found = holiday()(rng)
    month = int(found["day"][5:7])
    start = f"{found['year']}-{max(1, month - rng.randint(1, 3)):02}-{rng.randint(1, 15):02}"
    return {**found, "start": start}


DRAWINGS.add(
    "g2-holiday-then-workdays",
    [
        "From {start} to {holiday} {year}, both included, how many working days are there in "
        "{country_name} ({country})? Public holidays do not count.",
        "Count the working days (no weekends, no public holidays) in {country_name} ({country}) "
        "from {start} up to and including {holiday} {year}.",
        "How many days from {start} to {holiday} of {year}, both counted, are working days in "
        "{country_name} ({country}) when weekends and public holidays are left out?",
    ],
    _before_a_holiday,
    fits=lambda answers: answers[1]["working_days"] >= 5,
)
DRAWINGS.add(
    "g2-delivery-holiday",
    [
        "A job in {country_name} ({country}) begins after {start} and takes {days} working days. "
        "What is the date of the first public holiday after its end?",
        "Take the date {days} working days after {start} in {country_name} ({country}). On which "
        "date is the next public holiday there after that?",
        "In {country_name} ({country}) a delivery arrives {days} working days after {start}. "
        "Give me the date of the next public holiday after the arrival.",
    ],
    _COUNTRY,
    _START,
    whole("days", 4, 60),
)


def _into_the_year(rng: Random) -> Mapping[str, Any]:
    found = span("after", "until", 90, 200)(rng)
    return {**_COUNTRY(rng), **found}


DRAWINGS.add(
    "g2-workdays-from-holiday",
    [
        "Find the first public holiday in {country_name} ({country}) after {after}. How many "
        "working days, without public holidays, are there from that day to {until}?",
        "From the next public holiday after {after} in {country_name} ({country}) until {until}: "
        "count the working days, leaving out weekends and public holidays.",
        "How many working days (no weekends, no public holidays) does {country_name} ({country}) "
        "have between its first public holiday after {after} and {until}, both included?",
    ],
    _into_the_year,
    fits=lambda answers: answers[1]["working_days"] >= 3,
)
