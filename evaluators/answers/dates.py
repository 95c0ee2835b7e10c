"""Dates and times of day as a sentence writes them (English)."""

from __future__ import annotations

import re
from calendar import day_name
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

__all__ = [
    "DateMention",
    "TimeMention",
    "dates",
    "months_repeated",
    "times",
    "weekdays_spelt_out",
]

MOST = 200
"""Dates and times of a text that are looked at, from the last one."""

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTH = rf"(?P<month>(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b|{_MONTHS})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_WEEKDAY = rf"(?:(?P<weekday>{_DAYS}|(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)\.?)(?:,\s*|\s+))?"
_AFTER = rf"(?:,?\s*\(\s*(?:a\s+)?(?P<after>{_DAYS})\s*\))?"
_FORMS = [
    re.compile(rf"(?<![\w.,/-]){_WEEKDAY}{form}{_AFTER}(?![\w/]|-\d|[.,]\d)", re.IGNORECASE)
    for form in (
        rf"{_YEAR}-(?P<month>\d{{1,2}})-{_DAY}(?=[T ]?\b|T\d)",
        rf"{_YEAR}/(?P<month>\d{{1,2}})/{_DAY}",
        rf"{_MONTH}\s+(?:the\s+)?{_DAY},?\s+(?:in\s+|of\s+)?{_YEAR}",
        rf"(?:the\s+)?{_DAY}[\s-]+(?:of\s+)?{_MONTH}[,\s-]+{_YEAR}",
        rf"(?P<month>\d{{1,2}})/{_DAY}/{_YEAR}",
        rf"{_DAY}\.\s?(?P<month>\d{{1,2}})\.\s?{_YEAR}",
        rf"{_MONTH}\s+(?:the\s+)?{_DAY}",
        rf"(?:the\s+)?{_DAY}\s+(?:of\s+)?{_MONTH}",
    )
]
_DAY_NAME = rf"\b({_DAYS}|(?-i:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun))s?\b"
_ONE_DAY = re.compile(_DAY_NAME, re.IGNORECASE)
_DAYS_BETWEEN = re.compile(
    rf"{_DAY_NAME}\s*(?:to|through|thru|until|till|[-–—])\s*{_DAY_NAME}", re.IGNORECASE
)
_DAY_LIST = (
    r"\d{1,2}(?:st|nd|rd|th)?(?:(?:,\s*|,?\s+(?:and|&)\s+)(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?)+"
)
_MONTH_LAST = re.compile(
    rf"(?<![\d.,/-])(?P<days>{_DAY_LIST})(?P<rest>\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?)\b", re.I
)
_MONTH_FIRST = re.compile(
    rf"\b{_MONTH}\s+(?P<days>{_DAY_LIST})(?!\d|:)(?P<year>,?\s+\d{{4}})?\b(?!\s+[A-Za-z]{{3}})",
    re.I,
)
_ISO_TIME = re.compile(r"(?<=\d)T(?=\d{1,2}:\d{2})")
_CLOCK = re.compile(
    r"(?<![\w:.,+])(?<!UTC-)(?<!GMT-)(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<seco"
    r"nd>\d{2})(?:\.\d+)?)?)?"
    r"\s?(?P<half>[ap]\.?\s?m\b\.?|in\s+the\s+(?:morning|afternoon|evening))|(?P<h24>\d{1,2}):(?P<m24>\d{2})(?::(?P<s24>\d{2})(?:\.\d+)?)?"
    r"|(?P<spoken>\d{4})(?=\s?(?:hours|hrs?)\b)|(?P<word>noon|midnight)\b)(?:Z\b)?(?![\w:])",
    re.IGNORECASE,
)

_BEFORE_NOON = re.compile(r"a|in\s+the\s+morning", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DateMention:
    """A date in a text; ``year`` is None where only month and day are named.

    ``weekday`` is the day of the week written beside it, 0 for Monday.
    """

    year: int | None
    month: int
    day: int
    weekday: int | None
    start: int
    end: int

    def means(self, when: date, years: frozenset[int] = frozenset()) -> bool:
        """Whether this says ``when``.

        A weekday that contradicts the date spoils it. Without a year it does only where the
        year of ``when`` is among ``years``, the ones that the question names.
        """
        if (self.month, self.day) != (when.month, when.day):
            return False
        if self.weekday is not None and self.weekday != when.weekday():
            return False
        return when.year in years if self.year is None else self.year == when.year


@dataclass(frozen=True, slots=True)
class TimeMention:
    """A time of day in a text; seconds are 0 where none are named."""

    time: time
    start: int
    end: int


def without_iso_t(text: str) -> str:
    """The text with the ``T`` of ISO datetimes as a space, at the same length."""
    return _ISO_TIME.sub(" ", text)


def dates(text: str) -> list[DateMention]:
    """Every date of a text, in order; what is no calendar day (31 June) is left out.

    Read are ``2026-07-04``, ``2026/07/04``, ``July 4, 2026``, ``4th of July 2026``,
    ``04-Jul-2026``, ``04.07.2026``, and month and day without a year; each with a weekday before
    it, or after it in parentheses. ``07/04/2026`` is month first, unless that is no date and day
    first is.

    Examples
    --------
    >>> [(d.year, d.month, d.day) for d in dates("on Saturday, 4 July 2026, not 2026-07-05")]
    [(2026, 7, 4), (2026, 7, 5)]
    """
    text = without_iso_t(text)
    found: list[DateMention] = []
    taken: set[int] = set()
    for form in _FORMS:
        for mention in _mentions(form, text):
            place = range(mention.start, mention.end)
            if taken.isdisjoint(place):
                taken.update(place)
                found.append(mention)
    return sorted(found, key=lambda mention: mention.start)[-MOST:]


def _mentions(form: re.Pattern[str], text: str) -> Iterator[DateMention]:
    for match in form.finditer(text):
        parts = match.groupdict()
        year = int(parts["year"]) if parts.get("year") else None
        month, day = _month(parts["month"]), int(parts["day"])
        if month > 12 and "/" in match[0]:
            month, day = day, month
        try:
            date(year or 2024, month, day)  # a leap year where none is named
        except ValueError:
            continue
        weekday = _weekday(parts.get("weekday") or parts.get("after"))
        yield DateMention(year, month, day, weekday, match.start(), match.end())


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    return 1 + [name[:3] for name in _MONTHS.split("|")].index(text[:3].lower())


def _weekday(text: str | None) -> int | None:
    return None if text is None else [name[:3] for name in _DAYS.split("|")].index(text[:3].lower())


def times(text: str) -> list[TimeMention]:
    """Every time of day of a text, in order: ``14:35``, ``2:35 PM``, ``2 p.m.``, ``noon``.

    Examples
    --------
    >>> [str(t.time) for t in times("between 2:35 p.m. and 18:00")]
    ['14:35:00', '18:00:00']
    """
    found = []
    for match in _CLOCK.finditer(without_iso_t(text)):
        parsed = _time(match)
        if parsed is not None:
            found.append(TimeMention(parsed, match.start(), match.end()))
    return found[-MOST:]


def _time(match: re.Match[str]) -> time | None:
    if match["word"]:
        return time(12 if match["word"].lower() == "noon" else 0)
    if match["half"]:
        hour = int(match["hour"])
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (0 if _BEFORE_NOON.match(match["half"]) else 12)
        minute, second = match["minute"], match["second"]
    elif match["spoken"]:
        hour, minute, second = int(match["spoken"][:2]), match["spoken"][2:], None
    else:
        hour, minute, second = int(match["h24"]), match["m24"], match["s24"]
    try:
        return time(hour, int(minute or 0), int(second or 0))
    except ValueError:
        return None


def weekdays_spelt_out(text: str) -> str:
    """A text whose weekdays stand one by one, in full: ``Mon-Wed`` are three.

    Examples
    --------
    >>> weekdays_spelt_out("Mondays, and Wed to Fri.")
    'Monday, and Wednesday, Thursday, Friday.'
    """

    def between(match: re.Match[str]) -> str:
        first, last = _weekday(match[1]) or 0, _weekday(match[2]) or 0
        days = range(first, last + 1 + (7 if last < first else 0))
        return ", ".join(day_name[day % 7] for day in days)

    text = _DAYS_BETWEEN.sub(between, text)
    return _ONE_DAY.sub(lambda match: day_name[_weekday(match[1]) or 0], text)


def months_repeated(text: str) -> str:
    """A text where each day has its month: ``4 and 11 July`` as ``4 July and 11 July``.

    Examples
    --------
    >>> months_repeated("on 4 and 11 July 2026")
    'on 4 July 2026 and 11 July 2026'
    """

    def each(days: str, before: str, behind: str) -> str:
        return re.sub(r"\d+(?:st|nd|rd|th)?", lambda day: f"{before}{day[0]}{behind}", days)

    text = _MONTH_LAST.sub(lambda m: each(m["days"], "", m["rest"]), text)
    return _MONTH_FIRST.sub(lambda m: each(m["days"], f"{m['month']} ", m["year"] or ""), text)
