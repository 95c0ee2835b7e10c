"""Tasks of one category: clocks, dates, sun and moon."""

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
)

__all__ = ["FAMILIES"]

FAMILIES = Families()


@FAMILIES.add("G1", "convert-time", tempting=["Time Converter Lite"])
def convert_time(ask: Ask, time: str, source: str, target: str) -> Reference:
    found = ask("Convert Time", time=time, from_zone=source, to_zone=target)
    return date(found["time"].split()[1])


convert_time.case(
    "When it is 2026-07-01 09:00 in Europe/Oslo, what time is it in Asia/Tokyo? Answer as HH:MM.",
    time="2026-07-01 09:00",
    source="Europe/Oslo",
    target="Asia/Tokyo",
)
convert_time.case(
    "A call starts at 2026-03-20 15:00 America/New_York time. What time (24-hour HH:MM) is that "
    "in Europe/Berlin?",
    time="2026-03-20 15:00",
    source="America/New_York",
    target="Europe/Berlin",
)


@FAMILIES.add("G1", "utc-offset")
def utc_offset(ask: Ask, zone: str, day: str) -> Reference:
    return number(ask("UTC Offset", zone=zone, date=day)["utc_offset_hours"], "hour", 0.0)


utc_offset.case(
    "How many hours is Asia/Kathmandu ahead of UTC on 2026-02-01?",
    zone="Asia/Kathmandu",
    day="2026-02-01",
)


@FAMILIES.add("G1", "clock-change")
def clock_change(ask: Ask, zone: str, year: int) -> Reference:
    found = ask("Clock Changes", zone=zone, year=year)["changes"]
    return date(next(change["date"] for change in found if change["minutes"] > 0))


clock_change.case(
    "On which date in 2026 do clocks go forward to summer time in America/Chicago?",
    zone="America/Chicago",
    year=2026,
)


@FAMILIES.add("G1", "weekday", tempting=["Weekday Finder"])
def weekday(ask: Ask, day: str) -> Reference:
    return name(ask("Day of Week", date=day)["weekday"])


weekday.case("What weekday was 1969-07-20?", day="1969-07-20")
weekday.case("On which day of the week does 2030-01-01 fall?", day="2030-01-01")


@FAMILIES.add("G1", "days-between", tempting=["Weekday Finder"])
def days_between(ask: Ask, start: str, end: str) -> Reference:
    return count(ask("Days Between", start=start, end=end)["days"], "day")


days_between.case(
    "How many days are there from 2026-02-10 to 2026-11-05?", start="2026-02-10", end="2026-11-05"
)


@FAMILIES.add("G1", "week-after-days", tempting=["Weekday Finder"])
def add_then_week(ask: Ask, day: str, days: int) -> Reference:
    later = ask("Add Days", date=day, days=days)["date"]
    return count(ask("Week Number", date=later)["week"])


add_then_week.case(
    "Which ISO week number is it 100 days after 2026-09-01?", day="2026-09-01", days=100
)


@FAMILIES.add("G1", "nth-weekday")
def nth_weekday(ask: Ask, year: int, month: int, weekday: int, nth: int) -> Reference:
    return date(ask("Nth Weekday", year=year, month=month, weekday=weekday, nth=nth)["date"])


nth_weekday.case(
    "What is the date of the third Friday of August 2027?", year=2027, month=8, weekday=4, nth=3
)


@FAMILIES.add("G1", "sunset")
def sunset(ask: Ask, latitude: float, longitude: float, day: str, zone: str) -> Reference:
    found = ask("Sunrise and Sunset", latitude=latitude, longitude=longitude, date=day, zone=zone)
    return date(found["sunset"])


sunset.case(
    "At what local time (HH:MM, zone Europe/Paris) does the sun set at 48.85 N, 2.35 E "
    "on 2026-08-15?",
    latitude=48.85,
    longitude=2.35,
    day="2026-08-15",
    zone="Europe/Paris",
)


@FAMILIES.add("G1", "daylight", tempting=["Daylight Hours"])
def daylight(ask: Ask, latitude: float, longitude: float, day: str) -> Reference:
    found = ask("Day Length", latitude=latitude, longitude=longitude, date=day)
    return number(found["daylight_minutes"], "minute")


daylight.case(
    "How long is the day, from sunrise to sunset, at latitude 64.13, longitude -21.9 "
    "on 2026-12-21? In minutes.",
    latitude=64.13,
    longitude=-21.9,
    day="2026-12-21",
)
daylight.case(
    "Give me the minutes of daylight at latitude -33.87, longitude 151.21 on 2026-06-21.",
    latitude=-33.87,
    longitude=151.21,
    day="2026-06-21",
)


@FAMILIES.add("G1", "moon")
def moon(ask: Ask, day: str) -> Reference:
    return name(ask("Moon Phase", date=day)["phase"])


moon.case("In which phase is the moon on 2026-08-28?", day="2026-08-28")


@FAMILIES.add(
    "G2",
    "local-week",
    offer=["UTC Offset", "Add Days", "Days Between"],
    tempting=["Time Converter Lite", "Weekday Finder"],
)
def local_week(ask: Ask, time: str, source: str, target: str) -> Reference:
    local = ask("Convert Time", time=time, from_zone=source, to_zone=target)["time"]
    return count(ask("Week Number", date=local.split()[0])["week"])


local_week.case(
    "It is 2026-12-31 22:00 in America/Los_Angeles. "
    "Which ISO week number does the calendar show in Pacific/Auckland?",
    time="2026-12-31 22:00",
    source="America/Los_Angeles",
    target="Pacific/Auckland",
)


@FAMILIES.add(
    "G2",
    "summer-time-length",
    offer=["UTC Offset", "Add Days", "Week Number"],
    tempting=["Weekday Finder"],
)
def summer_time(ask: Ask, zone: str, year: int) -> Reference:
    first, last = (one["date"] for one in ask("Clock Changes", zone=zone, year=year)["changes"])
    return count(ask("Days Between", start=first, end=last)["days"], "day")


summer_time.case(
    "How many days lie between the two clock changes of 2026 in Europe/Madrid?",
    zone="Europe/Madrid",
    year=2026,
)
summer_time.case(
    "In 2027, how many days pass from the spring clock change to the autumn one in America/Denver?",
    zone="America/Denver",
    year=2027,
)


@FAMILIES.add("G1", "full-moons")
def equal_phase(ask: Ask, days: list[str]) -> Reference:
    full = [day for day in days if ask("Moon Phase", date=day)["phase"] == "full moon"]
    return names(full)


equal_phase.case(
    "On which of these dates is the moon full: 2026-10-12, 2026-10-26, 2026-11-24?",
    days=["2026-10-12", "2026-10-26", "2026-11-24"],
)
