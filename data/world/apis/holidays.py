"""Category Events: public holidays and working days (holidays)."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world import facts
from toolgrove.data.world.declare import IsoDate, Refusal, Tool
from toolgrove.data.world.trouble import Throttled

__all__ = ["TOOLS"]

HOLIDAYS = Tool("Events", "Public Holidays", "Public holidays of 200 countries, 1990 to 2050.")
WORKDAYS = Tool("Events", "Workday Planner", "Count and add working days around holidays.")
TOOLS = (HOLIDAYS, WORKDAYS)

FIRST, LAST = 1990, 2050

Country = Annotated[str, Field(description="Two-letter country code", max_length=40)]
Year = Annotated[int, Field(description="1990 to 2050", ge=FIRST, le=LAST)]
Day = Annotated[IsoDate, Field(description="YYYY-MM-DD")]


def _covered(day: date) -> date:
    if not FIRST <= day.year <= LAST:
        raise Refusal(400, f"{day} is outside the years {FIRST} to {LAST}.")
    return day


def _span(start: date, end: date) -> tuple[date, date]:
    if end < start:
        raise Refusal(400, "Parameter 'end' must not be before 'start'.")
    return _covered(start), _covered(end)


def _listed(name: str, day: date) -> JsonObject:
    return {"date": day.isoformat(), "weekday": f"{day:%A}", "name": name}


def _works(day: date) -> bool:
    return day.weekday() < 5


@HOLIDAYS.get("Holidays in Year", "/year", example={"country": "NO", "year": 2026})
def holidays_in_year(country: Country, year: Year) -> JsonObject:
    """All public holidays of a country in a year, with their number."""
    found = facts.holiday_calendar(country, year)
    return {"count": len(found), "holidays": [_listed(name, day) for day, name in found.items()]}


@HOLIDAYS.get("Holiday on Date", "/date", example={"country": "NO", "date": "2026-05-17"})
def holiday_on_date(country: Country, date: Day) -> JsonObject:
    """Whether a date is a public holiday in a country, and which. Date as YYYY-MM-DD."""
    name = facts.holiday_calendar(country, _covered(date).year).get(date)
    return {"date": date.isoformat(), "is_holiday": name is not None, "name": name}


@HOLIDAYS.get("Next Holiday", "/next", example={"country": "NO", "after": "2026-05-17"})
def next_holiday(country: Country, after: Day) -> JsonObject:
    """The first public holiday of a country after a date."""
    for year in (_covered(after).year, after.year + 1):
        for day, name in facts.holiday_calendar(country, year).items():
            if day > after:
                return {**_listed(name, day), "days_until": (day - after).days}
    raise Refusal(404, f"No holiday of {country} is known in the year after {after}.")


@HOLIDAYS.get(
    "Find Holiday", "/find", example={"country": "NO", "year": 2026, "name": "Easter Monday"}
)
def find_holiday(
    country: Country,
    year: Year,
    name: Annotated[str, Field(description="English name or part of it", max_length=80)],
) -> JsonObject:
    """The dates of a country's holidays in a year whose name holds the given words."""
    wanted = name.strip().casefold()
    listed = facts.holiday_calendar(country, year).items()
    found = [_listed(called, day) for day, called in listed if wanted in called.casefold()]
    if not wanted or not found:
        raise Refusal(404, f"No holiday of {country} in {year} is called '{name}'.")
    return {"count": len(found), "holidays": found}


@HOLIDAYS.get("Check Holiday", "/eu/check", example={"country": "NO", "day": "17/05/2026"})
def check_holiday(
    country: Country,
    day: Annotated[str, Field(description="Date as DD/MM/YYYY", max_length=40)],
) -> JsonObject:
    """Quick yes or no: is a day a public holiday in a country? European date format."""
    found = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", day.strip(), re.ASCII)
    if found is None:
        raise Refusal(400, f"Parameter 'day': expected DD/MM/YYYY, got '{day}'.")
    try:
        checked = _covered(date(int(found[3]), int(found[2]), int(found[1])))
    except ValueError:
        raise Refusal(400, f"Parameter 'day': '{day}' is not a date (DD/MM/YYYY).") from None
    holiday = checked in facts.holiday_calendar(country, checked.year)
    return {"day": day.strip(), "holiday": "yes" if holiday else "no"}


@WORKDAYS.get(
    "Working Days Between",
    "/between",
    example={"country": "NO", "start": "2026-05-11", "end": "2026-05-31"},
)
def working_days_between(country: Country, start: Day, end: Day) -> JsonObject:
    """Days from start to end, both included, that are neither weekend nor public holiday."""
    first, last = _span(start, end)
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    counted = sum(
        1 for day in days if _works(day) and day not in facts.holiday_calendar(country, day.year)
    )
    return {"working_days": counted, "country": country.strip().upper()}


@WORKDAYS.get("Business Days", "/business", example={"start": "2026-05-11", "end": "2026-05-31"})
def business_days(start: Day, end: Day) -> JsonObject:
    """Mondays to Fridays from start to end, both included. Knows no holidays."""
    first, last = _span(start, end)
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    return {"business_days": sum(1 for day in days if _works(day))}


@WORKDAYS.get(
    "Add Working Days", "/add", example={"country": "NO", "start": "2026-04-01", "days": 3}
)
def add_working_days(
    country: Country,
    start: Day,
    days: Annotated[int, Field(description="How many, 1 to 500", ge=1, le=500)],
) -> JsonObject:
    """The date that is so many working days of a country after a date."""
    day, left = _covered(start), days
    while left:
        day += timedelta(1)
        left -= _works(day) and _covered(day) not in facts.holiday_calendar(country, day.year)
    return {"date": day.isoformat(), "weekday": f"{day:%A}"}


@WORKDAYS.get(
    "Long Weekends",
    "/long-weekends",
    example={"country": "NO", "year": 2026},
    trouble=Throttled(),
)
def long_weekends(country: Country, year: Year) -> JsonObject:
    """Public holidays of a country in a year that fall on a Monday or Friday."""
    found = facts.holiday_calendar(country, year).items()
    listed = [_listed(name, day) for day, name in found if day.weekday() in (0, 4)]
    return {"count": len(listed), "holidays": listed}
