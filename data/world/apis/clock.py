"""Category Time: time zones (tzdata) and calendar arithmetic."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world import facts
from toolgrove.data.world.declare import IsoDate, Refusal, Tool
from toolgrove.data.world.trouble import Gone, Throttled

__all__ = ["TOOLS"]

CLOCK = Tool("Time", "World Clock", "Convert times between time zones; offsets and clock changes.")
DATES = Tool("Time", "Date Calculator", "Weekdays, differences and sums of dates.")
TOOLS = (CLOCK, DATES)

STAMP = "%Y-%m-%d %H:%M"


def _minute(value: object) -> datetime:
    if isinstance(value, str):
        found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})", value.strip(), re.ASCII)
        if found is not None:
            return datetime.strptime(f"{found[1]} {found[2]}", STAMP)
    raise ValueError("expected a time as YYYY-MM-DD HH:MM")


Minute = Annotated[
    datetime,
    BeforeValidator(_minute, json_schema_input_type=str),
    Field(description="Local time as YYYY-MM-DD HH:MM"),
]
Zone = Annotated[str, Field(description="IANA name, e.g. Asia/Tokyo", max_length=60)]
Day = Annotated[IsoDate, Field(description="YYYY-MM-DD")]


def _within(moment: date) -> None:
    """Keep clear of both ends of Python's calendar, where adding an offset overflows."""
    if not 1800 <= moment.year <= 2200:
        raise Refusal(400, f"{moment} is outside the years 1800 to 2200.")


def _convert(time: datetime, from_zone: str, to_zone: str) -> datetime:
    _within(time)
    return time.replace(tzinfo=facts.zone(from_zone)).astimezone(facts.zone(to_zone))


def _offset(zone: str, day: date) -> float:
    """Hours from UTC at noon of a day."""
    _within(day)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=facts.zone(zone))
    offset = noon.utcoffset()
    return offset.total_seconds() / 3600 if offset is not None else 0.0


@CLOCK.get(
    "Convert Time",
    "/convert",
    example={
        "time": "2026-07-01 09:00",
        "from_zone": "Europe/Oslo",
        "to_zone": "Asia/Tokyo",
    },
)
def convert_time(time: Minute, from_zone: Zone, to_zone: Zone) -> JsonObject:
    """A local time of one time zone in another, summer time taken into account."""
    found = _convert(time, from_zone, to_zone)
    return {"time": f"{found:{STAMP}}", "zone": found.tzname(), "weekday": f"{found:%A}"}


@CLOCK.get("UTC Offset", "/offset", example={"zone": "Asia/Kolkata", "date": "2026-07-01"})
def utc_offset(zone: Zone, date: Day) -> JsonObject:
    """Hours that a time zone is ahead of UTC on a date."""
    return {"zone": zone.strip(), "utc_offset_hours": _offset(zone, date)}


@CLOCK.get(
    "Time Difference",
    "/difference",
    example={"zone_a": "Europe/Oslo", "zone_b": "America/New_York", "date": "2026-07-01"},
)
def time_difference(zone_a: Zone, zone_b: Zone, date: Day) -> JsonObject:
    """Hours that zone_b is ahead of zone_a on a date; negative where it is behind."""
    return {"hours": _offset(zone_b, date) - _offset(zone_a, date)}


@CLOCK.get("Clock Changes", "/changes", example={"zone": "Europe/Oslo", "year": 2026})
def clock_changes(
    zone: Zone, year: Annotated[int, Field(description="1990 to 2037", ge=1990, le=2037)]
) -> JsonObject:
    """Dates in a year on which a time zone changes to or from summer time."""
    info = facts.zone(zone)
    found = []
    start = datetime(year - 1, 12, 31, tzinfo=UTC)
    before = start.astimezone(info).utcoffset() or timedelta()
    for hour in (start + timedelta(hours=n) for n in range(1, 24 * 368)):
        after = hour.astimezone(info).utcoffset() or timedelta()
        local = hour + before  # what clocks showed when they were put forward or back
        if after != before and local.year == year:
            minutes = round((after - before).total_seconds() / 60)
            found.append({"date": f"{local:%Y-%m-%d}", "minutes": minutes})
        before = after
    return {"zone": info.key, "count": len(found), "changes": found}


@CLOCK.get(
    "Time Converter Lite",
    "/lite/convert",
    example={"time": "2026-07-01 09:00", "from_zone": "Europe/Oslo", "to_zone": "Asia/Tokyo"},
    trouble=Throttled(),
)
def time_converter_lite(time: Minute, from_zone: Zone, to_zone: Zone) -> JsonObject:
    """Convert a time between zones. Free plan."""
    return {"time": f"{_convert(time, from_zone, to_zone):{STAMP}}"}


@DATES.get("Day of Week", "/weekday", example={"date": "2026-05-17"})
def day_of_week(date: Day) -> JsonObject:
    """Weekday of a date."""
    return {"date": date.isoformat(), "weekday": f"{date:%A}"}


@DATES.get("Days Between", "/between", example={"start": "2026-01-01", "end": "2026-05-17"})
def days_between(start: Day, end: Day) -> JsonObject:
    """Days from one date to another; negative where the second is earlier."""
    return {"days": (end - start).days}


@DATES.get("Add Days", "/add", example={"date": "2026-01-01", "days": 100})
def add_days(
    date: Day,
    days: Annotated[int, Field(description="May be negative", ge=-100_000, le=100_000)],
) -> JsonObject:
    """The date so many days after a date."""
    try:
        found = date + timedelta(days)
    except OverflowError:
        raise Refusal(400, "The result is outside the years 1 to 9999.") from None
    return {"date": found.isoformat(), "weekday": f"{found:%A}"}


@DATES.get("Week Number", "/week", example={"date": "2026-05-17"})
def week_number(date: Day) -> JsonObject:
    """ISO 8601 week number and week year of a date, and its day of the year."""
    iso = date.isocalendar()
    return {"week": iso.week, "week_year": iso.year, "day_of_year": date.timetuple().tm_yday}


@DATES.get("Nth Weekday", "/nth", example={"year": 2026, "month": 11, "weekday": 3, "nth": 4})
def nth_weekday(
    year: Annotated[int, Field(ge=1600, le=3000)],
    month: Annotated[int, Field(description="1 to 12", ge=1, le=12)],
    weekday: Annotated[int, Field(description="0 Monday to 6 Sunday", ge=0, le=6)],
    nth: Annotated[int, Field(description="1 to 5", ge=1, le=5)],
) -> JsonObject:
    """The date of, for instance, the fourth Thursday of a month."""
    weeks = calendar.Calendar().monthdatescalendar(year, month)
    days = [day for week in weeks for day in week if day.month == month]
    found = [day for day in days if day.weekday() == weekday]
    if nth > len(found):
        raise Refusal(404, f"{year}-{month:02} has that weekday only {len(found)} times.")
    return {"date": found[nth - 1].isoformat()}


@DATES.get("Leap Year", "/leap/{year}", example={"year": 2028})
def leap_year(year: Annotated[int, Field(description="1 to 9999", ge=1, le=9999)]) -> JsonObject:
    """Whether a year has a 29 February."""
    return {"year": year, "leap": calendar.isleap(year)}


@DATES.get(
    "Weekday Finder",
    "/v1/weekday",
    example={"date": "2026-05-17"},
    trouble=Gone("Day of Week"),
)
def weekday_finder(date: Day) -> JsonObject:
    """Find out which weekday a date is."""
    return {"weekday": f"{date:%A}"}
