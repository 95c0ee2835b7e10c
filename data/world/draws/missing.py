"""Families whose requests leave out what an API needs: the right thing is to say so, or to ask.

ShortcutsBench calls these parameters "to be asked for". The reference is ``unsolvable``; its value
names what is missing, its aliases are words by which one may ask for it.
"""

from __future__ import annotations

from collections.abc import Callable

from toolgrove.data.records import Reference
from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.figures import deposit
from toolgrove.data.world.draws.pools import (
    AIRPORTS,
    HOLIDAYS_OF,
    ZONES,
    country,
    day,
    one,
    whole,
)
from toolgrove.data.world.draws.substances import element
from toolgrove.data.world.draws.words import titled
from toolgrove.data.world.tasks.build import Ask, Families

__all__ = ["DRAWINGS", "KNOWN", "UNSEEN"]

KNOWN = Families()
"""For the split ``dev``."""

UNSEEN = Families()
"""For the split ``test-families``."""

DRAWINGS = Drawings()


def _lacks(value: str, *words: str) -> Callable[[Ask], Reference]:
    def solve(ask: Ask) -> Reference:
        return Reference("unsolvable", value, aliases=words)

    return solve


KNOWN.add("G1", "missing-term", offer=["Monthly Payment"])(
    _lacks("months", "month", "term", "how long", "duration", "years", "period")
)
DRAWINGS.add(
    "g1-missing-term",
    [
        "What is the monthly payment on a loan of {principal} at {annual_rate} percent a year?",
        "I borrow {principal} at a yearly rate of {annual_rate} percent. What do I pay each month?",
        "Tell me the monthly instalment for {principal} at {annual_rate} percent a year.",
    ],
    deposit,
)

KNOWN.add("G1", "missing-destination", offer=["Distance Between Airports"])(
    _lacks(
        "destination", "where to", "to which", "other airport", "second airport", "which airport"
    )
)
DRAWINGS.add(
    "g1-missing-destination",
    [
        "I fly from {origin} to the airport that my sister lives near. How far is it in "
        "kilometres?",
        "How many kilometres is my flight if it starts at {origin}?",
        "What is the distance in km from {origin} to where I am going?",
    ],
    one("origin", AIRPORTS),
)

KNOWN.add("G1", "missing-event-date", offer=["Add Event", "List Events"])(
    _lacks("date", "day", "when")
)
DRAWINGS.add(
    "g1-missing-event-date",
    [
        'Put "{title}" into my calendar at {time} and tell me on which weekday it is.',
        'Add an event "{title}" at {time}. Which day of the week will that be?',
        'My calendar needs an entry "{title}", {time}. On what weekday does it fall?',
    ],
    titled,
)

KNOWN.add(
    "G2",
    "missing-country",
    offer=["Holiday on Date", "Next Holiday", "Working Days Between"],
    tempting=["Business Days", "Check Holiday"],
)(_lacks("country", "where", "which calendar", "location"))
DRAWINGS.add(
    "g2-missing-country",
    [
        "How many working days, public holidays left out, are there from {start} to {end} where my "
        "cousin works?",
        "Leaving out weekends and the public holidays of that country, how many working days does "
        "our branch abroad have from {start} to {end}?",
        "Count the working days of my colleague abroad from {start} to {end}, without the public "
        "holidays there.",
    ],
    lambda rng: {
        "start": f"2027-0{rng.randint(1, 5)}-{rng.randint(1, 28):02}",
        "end": f"2027-0{rng.randint(6, 9)}-{rng.randint(1, 28):02}",
    },
)

KNOWN.add(
    "G3",
    "missing-landing-day",
    offer=["Airport by IATA", "Holiday on Date", "Holidays in Year"],
    tempting=["Airport Info", "Check Holiday"],
)(_lacks("date", "day", "when"))
DRAWINGS.add(
    "g3-missing-landing-day",
    [
        "Do I land on a public holiday when I fly to {iata}? Yes or no.",
        "Yes or no: is it a public holiday in that country when I arrive at {iata}?",
        "I have a ticket to {iata}. Will it be a public holiday there when I land, yes or no?",
    ],
    one("iata", AIRPORTS),
)

UNSEEN.add("G1", "missing-birthday", offer=["Day of Week"], tempting=["Weekday Finder"])(
    _lacks("date", "day", "when", "born", "birthday")
)
DRAWINGS.add(
    "g1-missing-birthday",
    [
        "My {who} is {age} years old. On which weekday was that person born?",
        "On what day of the week was my {who}, who is {age} now, born?",
        "Tell me the weekday on which my {who} came into the world, {age} years ago.",
    ],
    one("who", listed("brother sister aunt uncle neighbour teacher niece boss")),
    whole("age", 18, 80),
)

UNSEEN.add("G1", "missing-compound", offer=["Moles to Grams", "Molar Mass"])(
    _lacks("formula", "substance", "compound", "what is it", "chemical", "powder")
)
DRAWINGS.add(
    "g1-missing-compound",
    [
        "How many grams do {moles} moles weigh of what is in my flask?",
        "I have {moles} moles of a substance. What is its mass in grams?",
        "What do {moles} moles of the white powder on my table weigh, in grams?",
    ],
    whole("moles", 2, 90),
)

UNSEEN.add("G1", "missing-zone", offer=["Convert Time"], tempting=["Time Converter Lite"])(
    _lacks("time zone", "zone", "where", "location", "city", "which place")
)
DRAWINGS.add(
    "g1-missing-zone",
    [
        "It is {day} 09:30 where I sit. What time is that in {zone}? Answer as HH:MM.",
        "Our call is on {day} at 16:00 my time. When is that in {zone} (HH:MM)?",
        "My clock shows {day} 11:15. What does a clock in {zone} show (HH:MM)?",
    ],
    day("day", 2025, 2030),
    one("zone", ZONES),
)

UNSEEN.add("G1", "missing-holiday-year", offer=["Find Holiday", "Holidays in Year"])(
    _lacks("year", "when")
)
DRAWINGS.add(
    "g1-missing-holiday-year",
    [
        "On which date was Easter Monday in {country_name} ({country}) in the year I was born?",
        "How many public holidays did {country_name} ({country}) have in the year my parents "
        "married?",
        "In the year we moved house, on what date was the first public holiday after the summer in "
        "{country_name} ({country})?",
    ],
    country(codes=HOLIDAYS_OF),
)

UNSEEN.add(
    "G3",
    "missing-element-mass",
    offer=["Element by Name", "Convert Units", "Base Units"],
    tempting=["Atomic Weight", "Unit Convert"],
)(_lacks("size", "volume", "edge", "dimensions", "how large", "how big", "measure", "length"))
DRAWINGS.add(
    "g3-missing-element-mass",
    [
        "How many pounds does my cube of {element} weigh?",
        "I have a block of pure {element}. What is its weight in pounds?",
        "What do I have to lift, in pounds, with this solid ball of {element}?",
    ],
    element,
)
