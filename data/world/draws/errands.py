"""How tasks of several categories about holidays, figures, notes and names are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

from toolgrove.data.world.draws.drawing import Draw, Drawings
from toolgrove.data.world.draws.figures import OWN_CURRENCY
from toolgrove.data.world.draws.places import CONTINENTS
from toolgrove.data.world.draws.pools import (
    HOLIDAYS_OF,
    countries,
    country,
    day,
    decimal,
    holiday,
    language,
    whole,
)
from toolgrove.data.world.draws.substances import conversion, element, formula
from toolgrove.data.world.draws.words import CHARACTERS, titled

__all__ = ["DRAWINGS"]

DRAWINGS = Drawings()
_COUNTRY = country(codes=HOLIDAYS_OF)


def _before(rng: Random) -> Mapping[str, Any]:
    found = holiday()(rng)
    start = date.fromisoformat(found["day"]) - timedelta(rng.randint(25, 300))
    return {**found, "start": start.isoformat()}


DRAWINGS.add(
    "g3-days-to-holiday",
    [
        "How many days are there from {start} to {holiday} {year} in {country_name} ({country})?",
        "It is {start}. In how many days is {holiday} {year} in {country_name} ({country})?",
        "Count the days from {start} until {holiday} of {year} as {country_name} ({country}) "
        "keeps it.",
    ],
    _before,
)
DRAWINGS.add(
    "g3-holiday-week",
    [
        "Which ISO week does the first public holiday in {country_name} ({country}) after {after} "
        "fall in?",
        "Find the next public holiday of {country_name} ({country}) after {after}. What is its ISO "
        "week number?",
        "After {after}, in which ISO week does {country_name} ({country}) have its next public "
        "holiday?",
    ],
    _COUNTRY,
    day("after", 2025, 2031),
)
DRAWINGS.add(
    "g3-continent-factors",
    [
        "How many countries and territories are listed for {called} ({continent})? Give me the "
        "different prime factors of that number.",
        "Factorize the number of countries and territories of {called} ({continent}): which "
        "different primes divide it?",
        "Which different prime factors has the number of countries and territories that are listed "
        "for {called} ({continent})?",
    ],
    lambda rng: rng.choice(CONTINENTS),
)


def _three(codes: tuple[str, ...]) -> Draw:
    def drawn(rng: Random) -> Mapping[str, Any]:
        found = countries("a b c", codes)(rng)
        return {**found, "codes": [found["a"], found["b"], found["c"]]}

    return drawn


DRAWINGS.add(
    "g3-density-mean",
    [
        "Average the population densities of {a_name} ({a}), {b_name} ({b}) and {c_name} ({c}): "
        "how many people per square kilometre is that?",
        "What is the mean of the population densities, in people per square kilometre, of "
        "{a_name} ({a}), {b_name} ({b}) and {c_name} ({c})?",
        "Give me the mean population density of {a_name} ({a}), {b_name} ({b}) and {c_name} "
        "({c}), each country counting the same, in people per square kilometre.",
    ],
    _three(HOLIDAYS_OF),
)
DRAWINGS.add(
    "g3-holiday-mean",
    [
        "What is the mean number of public holidays in {year} of {a_name} ({a}), {b_name} ({b}) "
        "and {c_name} ({c})?",
        "In {year}, how many public holidays do {a_name} ({a}), {b_name} ({b}) and {c_name} ({c}) "
        "have on average?",
        "Average the numbers of public holidays that {a_name} ({a}), {b_name} ({b}) and {c_name} "
        "({c}) have in {year}.",
    ],
    _three(HOLIDAYS_OF),
    whole("year", 2024, 2032),
)
DRAWINGS.add(
    "g3-moles-in-unit",
    [
        "How many {unit_name} do {moles} moles of {called} ({formula}) weigh?",
        "What do {moles} moles of {formula} weigh in {unit_name}?",
        "Give me the mass of {moles} moles of {called}, {formula}, in {unit_name}.",
    ],
    formula,
    whole("moles", 15, 400),
    lambda rng: rng.choice(
        [
            {"unit": "pound", "unit_name": "pounds"},
            {"unit": "ounce", "unit_name": "ounces"},
            {"unit": "kilogram", "unit_name": "kilograms"},
        ]
    ),
)
DRAWINGS.add(
    "g3-roman-atomic-number",
    [
        "What is the atomic number of {element} in Roman numerals?",
        "Give the atomic number of {element} as a Roman numeral.",
        "In Roman numerals, which atomic number does {element} have?",
    ],
    element,
    fits=lambda answers: len(answers[1]["roman"]) >= 2,
)
DRAWINGS.add(
    "g3-code-point-decimal",
    [
        "Write the Unicode code point of the character {character} as a decimal number.",
        "Which decimal number is the code point of the character that Unicode names {character}?",
        "What is the code point of {character}, a Unicode character, in decimal?",
    ],
    lambda rng: {"character": rng.choice(CHARACTERS)},
)
DRAWINGS.add(
    "g3-event-on-holiday",
    [
        'Enter "{title}" as an all-day event on {holiday} {year} in {country_name} ({country}) '
        "and tell me the date.",
        'Add the all-day event "{title}" to my calendar on the day of {holiday} {year} in '
        "{country_name} ({country}). Which date is it?",
        'I am free on {holiday} {year} in {country_name} ({country}). Put "{title}" there for the '
        "whole day and say which date you entered.",
    ],
    holiday(),
    titled,
)
DRAWINGS.add(
    "g3-deadline-event",
    [
        "A reply is due {days} working days after {start} in {country_name} ({country}). Enter "
        '"{title}" as an all-day event on that date and tell me the date.',
        "Find the date {days} working days after {start} in {country_name} ({country}), public "
        'holidays left out, add the all-day event "{title}" there and name the date.',
        'Put "{title}" into the calendar as an all-day event {days} working days (of '
        "{country_name}, {country}) after {start}. Which date is that?",
    ],
    _COUNTRY,
    titled,
    day("start", 2025, 2031),
    whole("days", 4, 40),
)
DRAWINGS.add(
    "g3-note-a-conversion",
    [
        "How many {target_name} are {value} {source_name}? Save the result as a note titled "
        '"{title}" and tell me.',
        "Convert {value} {source_name} to {target_name}, write the result into a note with the "
        'title "{title}", and give me the number of {target_name}.',
        'I want a note "{title}" with {value} {source_name} in {target_name}. Save it and tell me '
        "how many {target_name} it is.",
    ],
    conversion,
    decimal("value", 11, 480, 1),
    titled,
)
DRAWINGS.add(
    "g3-currency-in-language",
    [
        "What do they call the currency of {country_name} ({country}) in {language_name} "
        "({language})?",
        "What is the {language_name} ({language}) name of the money used in {country_name} "
        "({country})?",
        "Give me the name of the currency of {country_name} ({country}) in {language_name}, "
        "language code {language}.",
    ],
    country(codes=OWN_CURRENCY),
    language(),
)
DRAWINGS.add(
    "g3-weekday-in-language",
    [
        "Which weekday is {day}? Say it in {language_name} ({language}).",
        "On what day of the week does {day} fall? I need the {language_name} ({language}) word.",
        "Tell me the weekday of {day} in {language_name}, language code {language}.",
    ],
    day("day", 1950, 2045),
    language(),
)
