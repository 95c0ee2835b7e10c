"""The rules for dates, times of day, and sets of dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time

from toolgrove.data.records import Reference
from toolgrove.errors import UsageError
from toolgrove.evaluators.claims import places
from toolgrove.evaluators.dates import DateMention, dates, times
from toolgrove.evaluators.verdicts import Said, Verdict, agree, members, unless_chosen

__all__ = ["is_date", "is_time", "moment", "several_dates"]

_YEAR = re.compile(r"\b(?:1[5-9]|2[0-4])\d\d\b")


def is_date(text: str) -> bool:
    """Whether a text is an ISO date and nothing else."""
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None


def is_time(text: str) -> bool:
    """Whether a text is a time of day, ``14:35`` or ``14:35:00``, and nothing else."""
    return re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", text) is not None


def moment(answer: str, reference: Reference, query: str) -> Verdict:
    """A date, a time of day, or both, by what the reference is; the clock on the wall counts.

    Raises
    ------
    UsageError
        Where the reference's value is no ISO date or time.
    """
    text = str(reference.value)
    try:
        if is_time(text):
            return _at(answer, time.fromisoformat(text), query)
        when = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an ISO date, as the reference says") from None
    if is_date(text):
        return _on(answer, when.date(), query)
    clock = _at(answer, when.time(), query)
    asked = any(mention.means(when.date()) for mention in dates(query))
    if not clock.right or (asked and not dates(answer)):
        return clock
    return _on(answer, when.date(), query)


def _on(answer: str, day: date, query: str) -> Verdict:
    years = _years(query)

    def right(mention: DateMention) -> bool:
        return mention.means(day, years)

    asked = unless_chosen(dates(query), right)
    for place in places(answer):
        found = [m for m in dates(place) if right(m) or not _in(m, asked)]
        if found:
            return agree(found, right, _say, day.isoformat())
    return Verdict(False, "names no date")


def _years(query: str) -> frozenset[int]:
    return frozenset(int(year) for year in _YEAR.findall(query))


def _in(mention: DateMention, asked: Sequence[DateMention]) -> bool:
    """Whether the question names this date."""
    return any(
        (m.month, m.day) == (mention.month, mention.day)
        and (mention.year is None or m.year == mention.year)
        for m in asked
    )


def _say(mention: DateMention) -> str:
    year = "" if mention.year is None else f"{mention.year:04}-"
    return f"{year}{mention.month:02}-{mention.day:02}"


def _at(answer: str, clock: time, query: str) -> Verdict:
    truth = clock.replace(microsecond=0, tzinfo=None)
    asked = unless_chosen([t.time for t in times(query)], truth.__eq__)
    for place in places(answer):
        said = [t.time for t in times(place) if t.time not in asked]
        if said:
            return agree(said, truth.__eq__, time.isoformat, truth.isoformat())
    return Verdict(False, "names no time of day")


def several_dates(answer: str, days: Sequence[date], query: str) -> Verdict:
    """A set of dates: all named, and no other that is not the question's."""
    years = _years(query)

    def item(mention: DateMention) -> int | None:
        return next((i for i, day in enumerate(days) if mention.means(day, years)), None)

    asked = unless_chosen(dates(query), lambda mention: item(mention) is not None)

    def read(text: str) -> list[Said]:
        return [Said(_say(m), item(m), _in(m, asked)) for m in dates(text)]

    return members(answer, [day.isoformat() for day in days], read)
