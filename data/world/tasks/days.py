"""Tasks of one category: holidays and working days."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.tasks.build import (
    Ask,
    Families,
    count,
    date,
    name,
    yes,
)

__all__ = ["FAMILIES"]

FAMILIES = Families()


@FAMILIES.add("G1", "is-holiday", tempting=["Check Holiday"])
def is_holiday(ask: Ask, country: str, day: str) -> Reference:
    return yes(ask("Holiday on Date", country=country, date=day)["is_holiday"])


is_holiday.case(
    "Is 2026-05-01 a public holiday in Norway (NO)? Yes or no.", country="NO", day="2026-05-01"
)
is_holiday.case(
    "Do people in Japan (JP) have 2026-12-25 off as a public holiday? Yes or no.",
    country="JP",
    day="2026-12-25",
)
is_holiday.case(
    "Is 2026-06-24 a nationwide public holiday in Portugal (PT), yes or no?",
    country="PT",
    day="2026-06-24",
)


@FAMILIES.add("G1", "which-holiday", tempting=["Check Holiday"])
def which_holiday(ask: Ask, country: str, day: str) -> Reference:
    return name(ask("Holiday on Date", country=country, date=day)["name"])


which_holiday.case(
    "Which public holiday is celebrated in Japan (JP) on 2026-02-11?",
    country="JP",
    day="2026-02-11",
)


@FAMILIES.add("G1", "holiday-count", tempting=["Check Holiday"])
def holiday_count(ask: Ask, country: str, year: int) -> Reference:
    return count(ask("Holidays in Year", country=country, year=year)["count"])


holiday_count.case(
    "How many public holidays does Norway (NO) have in 2026?", country="NO", year=2026
)
holiday_count.case("Count the public holidays of Italy (IT) in 2028.", country="IT", year=2028)


@FAMILIES.add("G1", "holiday-date")
def holiday_date(ask: Ask, country: str, year: int, holiday: str) -> Reference:
    found = ask("Find Holiday", country=country, year=year, name=holiday)
    return date(found["holidays"][0]["date"])


holiday_date.case(
    "On which date is Easter Monday in Germany (DE) in 2027?",
    country="DE",
    year=2027,
    holiday="Easter Monday",
)
holiday_date.case(
    "When is Thanksgiving in the United States (US) in 2029? Give the date.",
    country="US",
    year=2029,
    holiday="Thanksgiving",
)


@FAMILIES.add("G1", "next-holiday")
def next_holiday(ask: Ask, country: str, after: str) -> Reference:
    return date(ask("Next Holiday", country=country, after=after)["date"])


next_holiday.case(
    "What is the date of the first public holiday in France (FR) after 2026-07-20?",
    country="FR",
    after="2026-07-20",
)


@FAMILIES.add("G1", "more-holidays")
def more_holidays(ask: Ask, a: str, b: str, names_: list[str]) -> Reference:
    first, second = (ask("Holidays in Year", country=code, year=2026)["count"] for code in (a, b))
    return name(names_[0] if first > second else names_[1])


more_holidays.case(
    "Which country has more public holidays in 2026, Japan (JP) or the Netherlands (NL)?",
    a="JP",
    b="NL",
    names_=["Japan", "Netherlands"],
)


@FAMILIES.add("G1", "working-days", tempting=["Business Days"])
def working_days(ask: Ask, country: str, start: str, end: str) -> Reference:
    found = ask("Working Days Between", country=country, start=start, end=end)
    return count(found["working_days"])


working_days.case(
    "How many working days, public holidays excluded, are there in Norway (NO) "
    "from 2026-05-01 to 2026-05-31?",
    country="NO",
    start="2026-05-01",
    end="2026-05-31",
)
working_days.case(
    "Leaving out weekends and public holidays, how many working days has December 2026 "
    "in Germany (DE)?",
    country="DE",
    start="2026-12-01",
    end="2026-12-31",
)


@FAMILIES.add("G1", "delivery-date", tempting=["Business Days"])
def delivery(ask: Ask, country: str, start: str, days: int) -> Reference:
    return date(ask("Add Working Days", country=country, start=start, days=days)["date"])


delivery.case(
    "An order is placed in Norway (NO) on 2026-03-31 and takes 5 working days. "
    "On which date does it arrive?",
    country="NO",
    start="2026-03-31",
    days=5,
)


@FAMILIES.add("G1", "long-weekends")
def long_weekends(ask: Ask, country: str, year: int) -> Reference:
    return count(ask("Long Weekends", country=country, year=year)["count"])


long_weekends.case(
    "How many public holidays of Ireland (IE) fall on a Monday or Friday in 2026?",
    country="IE",
    year=2026,
)


@FAMILIES.add(
    "G2",
    "holiday-then-workdays",
    offer=["Holidays in Year", "Next Holiday", "Add Working Days"],
    tempting=["Check Holiday", "Business Days"],
)
def until_holiday(ask: Ask, country: str, start: str, year: int, holiday: str) -> Reference:
    found = ask("Find Holiday", country=country, year=year, name=holiday)["holidays"][0]["date"]
    days = ask("Working Days Between", country=country, start=start, end=found)
    return count(days["working_days"])


until_holiday.case(
    "How many working days, public holidays left out, are there in Sweden (SE) from 2026-04-01 "
    "to Midsummer Day 2026, both included?",
    country="SE",
    start="2026-04-01",
    year=2026,
    holiday="Midsummer Day",
)
until_holiday.case(
    "In Poland (PL), count the working days (no weekends, no public holidays) from 2027-10-01 "
    "to Independence Day that year, both days included.",
    country="PL",
    start="2027-10-01",
    year=2027,
    holiday="Independence Day",
)


@FAMILIES.add(
    "G2",
    "delivery-holiday",
    offer=["Holidays in Year", "Find Holiday", "Working Days Between"],
    tempting=["Check Holiday", "Business Days"],
)
def after_delivery(ask: Ask, country: str, start: str, days: int) -> Reference:
    arrival = ask("Add Working Days", country=country, start=start, days=days)["date"]
    return date(ask("Next Holiday", country=country, after=arrival)["date"])


after_delivery.case(
    "Work in Finland (FI) starts on 2026-05-04 and takes 20 working days. When is the first public "
    "holiday after it is done?",
    country="FI",
    start="2026-05-04",
    days=20,
)
after_delivery.case(
    "From 2026-10-05 a repair in Austria (AT) needs 12 working days. "
    "Date of the next public holiday after that?",
    country="AT",
    start="2026-10-05",
    days=12,
)


@FAMILIES.add(
    "G2",
    "workdays-from-holiday",
    offer=["Holiday on Date", "Find Holiday", "Business Days"],
    tempting=["Check Holiday"],
)
def first_and_count(ask: Ask, country: str, after: str, until: str) -> Reference:
    first = ask("Next Holiday", country=country, after=after)["date"]
    found = ask("Working Days Between", country=country, start=first, end=until)
    return count(found["working_days"])


first_and_count.case(
    "Start counting at the first public holiday in Belgium (BE) after 2026-07-01. How many working "
    "days, public holidays excluded, are there from then to 2026-08-31?",
    country="BE",
    after="2026-07-01",
    until="2026-08-31",
)
