"""The rules for dates, times of day, and sets of dates."""

from __future__ import annotations

import re
from calendar import day_name
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import partial
from typing import TypeVar

from toolgrove.data.records import Reference
from toolgrove.errors import UnscorableReference
from toolgrove.evaluators.answers.clauses import Span
from toolgrove.evaluators.answers.dates import (
    DateMention,
    TimeMention,
    dates,
    months_repeated,
    times,
)
from toolgrove.evaluators.answers.mentions import Mentions, mentions
from toolgrove.evaluators.answers.sets import claimed
from toolgrove.evaluators.answers.text import Text, read
from toolgrove.evaluators.answers.verdicts import Said, Verdict, decided, members, unless_chosen

__all__ = ["is_date", "is_time", "moment", "several_dates"]

M = TypeVar("M", bound=DateMention | TimeMention)
_LIST = re.compile(r"\s*(?:,|;|/|[-–]|,?\s*\b(?:and|or|to)\b)\s*(?:on\s+|at\s+|the\s+)?")
_OR = re.compile(r".*(?:\bor\b|\bto\b|[-–/]).*", re.DOTALL)
_OR_DAY = re.compile(r"\s+or\s+(?:on\s+)?(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?\b(?![:\d])")
_DAY_OR = re.compile(r"\b\d{1,2}(?:st|nd|rd|th)?\s+or\s+(?:on\s+)?(?:the\s+)?\Z")
_TO = re.compile(r"\s*(?:,?\s*\b(?:to|until|till|through)\b|[-–—])\s*(?:the\s+)?", re.IGNORECASE)
_MOVED = re.compile(r"\b(?:moved|changed|postponed|rescheduled|shifted|delayed)\b", re.IGNORECASE)
_ASKS_FIRST = re.compile(
    r"\b(?:open(?:s|ing)?|start(?:s|ing)?|begin(?:s|ning)?|from\s+(?:when|what|which)|depart\w*|leaves?)\b",
    re.IGNORECASE,
)
_ASKS_LAST = re.compile(
    r"\b(?:clos(?:e|es|ed|ing)|ends?|finish(?:es)?|until|till|how\s+late|arriv\w+|expires?)\b",
    re.IGNORECASE,
)
_IN_UTC = re.compile(r"\s*\(?(?:UTC|GMT|Z)\b(?!\s?[-+−±]\s?\d)")
_ASKS_UTC = re.compile(r"\b(?:UTC|GMT)\b")
_YEAR = re.compile(r"\b(?:1[5-9]|2[0-4])\d\d\b")
_ROW = re.compile(r"^[ \t]*(?:\||[-*•][ \t]).*$", re.MULTILINE)
_WORD = re.compile(r"\b[a-z]{4,}\b")


@dataclass(frozen=True, slots=True)
class _Joined:
    """Where dates are offered side by side, and where three and more are listed."""

    offered: set[int]
    listed: list[Span]


def is_date(text: str) -> bool:
    """Whether a text is an ISO date and nothing else."""
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None and _exists(date, text)


def is_time(text: str) -> bool:
    """Whether a text is a time of day, ``14:35`` or ``14:35:00``, and nothing else."""
    return re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", text) is not None and _exists(time, text)


def _exists(kind: type[date] | type[time], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False  # 31 June, 25:70
    return True


def moment(answer: str, reference: Reference, query: str) -> Verdict:
    """A date, a time of day, or both, by what the reference is; the clock on the wall counts.

    Raises
    ------
    UnscorableReference
        Where the reference's value is no ISO date or time.
    """
    value, text = str(reference.value), read(answer)
    if is_time(value):
        return _at(text, time.fromisoformat(value), query)
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        raise UnscorableReference(f"{value!r} is not an ISO date, as the reference says") from None
    if is_date(value):
        return _on(text, when.date(), query)
    clock = _at(text, when.time(), query)
    asked = any(mention.means(when.date()) for mention in dates(query))
    if not clock.right or (asked and not dates(text.words)):
        return clock
    return _on(text, when.date(), query)


def _on(text: Text, day: date, query: str) -> Verdict:
    years = _years(query)

    def right(mention: DateMention) -> bool:
        return mention.means(day, years)

    asked = unless_chosen(dates(query), right)
    found = [m for m in dates(text.words) if right(m) or not _in(m, asked)]
    if not found:
        return Verdict(False, "names no date")
    return _unhedged(text, found, right, partial(_say, of=day), day.isoformat(), query)


def _unhedged(
    text: Text,
    found: Sequence[M],
    right: Callable[[M], bool],
    say: Callable[[M], str],
    truth: str,
    query: str,
) -> Verdict:
    """As :func:`decided`; dates joined by ``or`` are offered, and listed ones not claimed."""
    joined = _joined(text.words, found, right, query)
    weighed = mentions(text.words, of_names=False, query=query)
    weighed = Mentions(weighed.ruled_out, (*weighed.mentioned, *joined.listed))

    def claimed(mention: M) -> bool:
        return right(mention) and mention.start not in joined.offered

    verdict, _ = decided(text, found, weighed, claimed, say, truth, query)
    hedged = not verdict.right and any(right(m) and m.start in joined.offered for m in found)
    return replace(verdict, ambiguous=True) if hedged else verdict


def _joined(text: str, found: Sequence[M], right: Callable[[M], bool], query: str) -> _Joined:
    """Where dates or times are offered side by side, and where three and more are listed."""
    offered: set[int] = set()
    listed: list[Span] = []
    run: list[Span] = []
    for i, one in enumerate(found):
        gap = text[found[i - 1].end : one.start] if i else ""
        end = _end_meant(text, found[i - 1].start, gap, query) if i else None
        if not i or end or not _LIST.fullmatch(gap):
            listed += run if len(run) > 2 else []
            run = []
        if end:
            other = one if end == "first" else found[i - 1]
            listed.append((other.start, other.end))
        elif run and _OR.fullmatch(gap) and right(one) != right(found[i - 1]):
            offered |= {one.start, found[i - 1].start}
        if _OR_DAY.match(text, one.end) or _DAY_OR.search(text[max(0, one.start - 20) : one.start]):
            offered.add(one.start)
        run.append((one.start, one.end))
    return _Joined(offered, [*listed, *(run if len(run) > 2 else [])])


def _end_meant(text: str, start: int, gap: str, query: str) -> str | None:
    """Which end of a span is meant: what something was moved to, or what the question asks for."""
    if not _TO.fullmatch(gap):
        return None
    if _MOVED.search(text[max(0, start - 60) : start]) or _ASKS_LAST.search(query):
        return "last"
    return "first" if _ASKS_FIRST.search(query) else None


def _years(query: str) -> frozenset[int]:
    return frozenset(int(year) for year in _YEAR.findall(query))


def _in(mention: DateMention, asked: Sequence[DateMention]) -> bool:
    """Whether the question names this date."""
    return any(
        (m.month, m.day) == (mention.month, mention.day)
        and (mention.year is None or m.year == mention.year)
        for m in asked
    )


def _say(mention: DateMention, of: date | None = None) -> str:
    """How a date reads; with the weekday that stands beside it where that one spoils ``of``."""
    year = "" if mention.year is None else f"{mention.year:04}-"
    said = f"{year}{mention.month:02}-{mention.day:02}"
    if of is None or mention.weekday in (None, of.weekday()) or mention.day != of.day:
        return said
    return f"{said} as a {day_name[mention.weekday]}"


def _at(text: Text, clock: time, query: str) -> Verdict:
    truth = clock.replace(microsecond=0, tzinfo=None)

    def right(mention: TimeMention) -> bool:
        return mention.time == truth

    asked = unless_chosen([t.time for t in times(query)], truth.__eq__)
    found = [t for t in times(text.words) if t.time not in asked]
    if not found:
        return Verdict(False, "names no time of day")
    if not _ASKS_UTC.search(query):
        local = [t for t in found if not _IN_UTC.match(text.words, t.end)]
        if not local:
            return Verdict(False, f"says {found[0].time} in UTC, where local time is asked for")
        found = local
    return _unhedged(text, found, right, lambda t: t.time.isoformat(), truth.isoformat(), query)


def several_dates(answer: str, days: Sequence[date], query: str) -> Verdict:
    """A set of dates: all named, and no other that is not the question's."""
    years = _years(query)

    def item(mention: DateMention) -> int | None:
        return next((i for i, day in enumerate(days) if mention.means(day, years)), None)

    asked = unless_chosen(dates(query), lambda mention: item(mention) is not None)

    def said(text: str) -> list[Said]:
        noted = mentions(text, of_names=True)
        found = [m for m in dates(text) if noted.standing(m.start) == 0]
        return [Said(_say(m), item(m), _in(m, asked)) for m in found]

    wanted, text = [day.isoformat() for day in days], claimed(read(answer).words)
    text = months_repeated(text)
    verdict = members(text, wanted, said)
    return verdict if verdict.right else members(_fitting(text, query), wanted, said)


def _fitting(text: str, query: str) -> str:
    r"""A text without the rows that lack the question's words where others have them.

    >>> _fitting("| 1 May | crescent |\n| 9 May | full moon |", "When is the moon full?")
    '\n| 9 May | full moon |'
    """
    rows = list(_ROW.finditer(text))
    words = {w for w in _WORD.findall(query.lower()) if any(w in r[0].lower() for r in rows)}
    unfit = [r for r in rows if words and not any(w in r[0].lower() for w in words)]
    for row in reversed(unfit):
        text = text[: row.start()] + text[row.end() :]
    return text
