"""How tasks about clocks, dates, sun and moon are drawn."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from random import Random
from typing import Any

from toolgrove.data.world.apis.sky import moon_phase
from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.pools import SUMMER_TIME, ZONES, city, day, one, some, span, whole

__all__ = ["DRAWINGS", "minute"]

DRAWINGS = Drawings()
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = listed(
    "January February March April May June July August September October November December"
)
_NTH = ("first", "second", "third", "fourth")


def minute(rng: Random) -> Mapping[str, Any]:
    """A date and a time of day by daylight, when no clock is put forward or back."""
    date = day("date", 2025, 2030)(rng)["date"]
    return {"time": f"{date} {rng.randint(6, 22):02}:{rng.randrange(0, 60, 5):02}"}


DRAWINGS.add(
    "g1-convert-time",
    [
        "It is {time} in {source}. What time is it in {target}? Answer as HH:MM.",
        "Convert {time} from the time zone {source} to {target} and give me the time as HH:MM.",
        "A meeting begins at {time}, {source} time. At what time (HH:MM, 24 hours) is that in "
        "{target}?",
    ],
    minute,
    some("source target", ZONES),
)
DRAWINGS.add(
    "g1-utc-offset",
    [
        "By how many hours is {zone} ahead of UTC on {day}?",
        "On {day}, how many hours is the time zone {zone} ahead of UTC?",
        "How many hours does one have to add to UTC to get the time of {zone} on {day}?",
    ],
    one("zone", [zone for zone in ZONES if zone.startswith(("Asia", "Australia", "Africa"))]),
    day("day", 2025, 2030),
)
DRAWINGS.add(
    "g1-clock-change",
    [
        "When, on which date, does summer time begin in {zone} in {year}?",
        "Give me the date in {year} on which clocks are put forward in {zone}.",
        "In {zone}, on what date of {year} do the clocks go forward?",
    ],
    one("zone", SUMMER_TIME),
    whole("year", 2024, 2036),
)
DRAWINGS.add(
    "g1-weekday",
    [
        "What day of the week is {day}?",
        "Which weekday does {day} fall on?",
        "Tell me the day of the week of {day}.",
    ],
    day("day", 1920, 2060),
)
DRAWINGS.add(
    "g1-days-between",
    [
        "How many days lie between {start} and {end}, counted from the first date to the second?",
        "Count the days from {start} to {end}.",
        "If today were {start}, how many days would it be until {end}?",
    ],
    span("start", "end", 40, 900),
)
DRAWINGS.add(
    "g1-week-after-days",
    [
        "{days} days after {day}, which ISO week number is it?",
        "Take the date {days} days after {day}. In which ISO week does it lie?",
        "What is the ISO number of the week one reaches {days} days after {day}?",
    ],
    day("day", 2024, 2031),
    whole("days", 30, 300),
)


def _nth(rng: Random) -> Mapping[str, Any]:
    month, weekday, nth = rng.randint(1, 12), rng.randint(0, 6), rng.randint(1, 4)
    return {
        "month": month, "month_name": _MONTHS[month - 1], "weekday": weekday,
        "weekday_name": _WEEKDAYS[weekday], "nth": nth, "nth_name": _NTH[nth - 1],
    }  # fmt: skip


DRAWINGS.add(
    "g1-nth-weekday",
    [
        "Which date is the {nth_name} {weekday_name} of {month_name} {year}?",
        "We meet on the {nth_name} {weekday_name} in {month_name} {year}. What date is that?",
        "Give me the date of the {nth_name} {weekday_name} in {month_name} of the year {year}.",
    ],
    _nth,
    whole("year", 2024, 2040),
)
DRAWINGS.add(
    "g1-sunset",
    [
        "When does the sun set on {day} at latitude {latitude}, longitude {longitude}? Give the "
        "time in {zone} as HH:MM.",
        "Sunset at latitude {latitude}, longitude {longitude} on {day}: what time is that in the "
        "zone {zone} (HH:MM)?",
        "I'm at latitude {latitude}, longitude {longitude}, where the time zone is {zone}. At what "
        "local time (HH:MM) is sunset on {day}?",
    ],
    city(),
    day("day", 2025, 2030),
)
DRAWINGS.add(
    "g1-daylight",
    [
        "From sunrise to sunset, how many minutes long is {day} at latitude {latitude}, longitude "
        "{longitude}?",
        "How many minutes of daylight are there on {day} at latitude {latitude}, longitude "
        "{longitude}?",
        "What is the length of the day in minutes, sunrise to sunset, at the position {latitude}, "
        "{longitude} (latitude, longitude) on {day}?",
    ],
    city(),
    day("day", 2025, 2030),
)
DRAWINGS.add(
    "g1-moon",
    [
        "What is the phase of the moon on {day}?",
        "Name the moon's phase on {day}.",
        "I plan a night hike on {day}. Which phase of the moon is it then?",
    ],
    day("day", 2024, 2032),
    fits=lambda answers: abs(answers[0]["days"] / 3.5 - round(answers[0]["days"] / 3.5)) < 0.3,
)
DRAWINGS.add(
    "g2-local-week",
    [
        "When it is {time} in {source}, which ISO week number do they have in {target}?",
        "A clock in {source} shows {time}. What is the ISO week number at that moment in {target}?",
        "Convert {time} from {source} to the time zone {target} and tell me in which ISO week "
        "that local date is.",
    ],
    minute,
    some("source target", ZONES),
)
DRAWINGS.add(
    "g2-summer-time-length",
    [
        "How many days are there between the two clock changes of {year} in {zone}?",
        "Summer time in {zone}: how many days is it in {year} from the first clock change to the "
        "second?",
        "Count the days from the clock change in spring to that in autumn for {zone} in {year}.",
    ],
    one("zone", SUMMER_TIME),
    whole("year", 2024, 2036),
)


def _phase(date: str) -> str:
    return str(moon_phase(datetime.date.fromisoformat(date))["phase"])


def _moons(rng: Random) -> Mapping[str, Any]:
    """Four dates; on two of them the moon is full."""
    full: list[str] = []
    other: list[str] = []
    while len(full) < 2 or len(other) < 2:
        found = str(day("day", 2025, 2030)(rng)["day"])
        phase = _phase(found)
        if phase == "full moon":
            full.append(found)
        elif "gibbous" not in phase:
            other.append(found)
    days = [*full[:2], *other[:2]]
    rng.shuffle(days)
    return {"days": days, "listed": ", ".join(days[:-1]) + f" and {days[-1]}"}


DRAWINGS.add(
    "g1-full-moons",
    [
        "Which of the dates {listed} have a full moon?",
        "Of these dates, on which is the moon full: {listed}?",
        "Look at {listed}. On which of these days is it full moon?",
    ],
    _moons,
    in_query=True,
)
