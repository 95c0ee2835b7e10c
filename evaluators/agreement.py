"""Whether two answers to one question say the same, where nobody knows the right one.

The rules are those of the answer check (:mod:`toolgrove.evaluators.answer`), without a reference
that says what kind of answer is wanted: an answer claims the numbers, dates and times of its most
telling place, and where that holds none, its words less those of the question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from math import isclose

from toolgrove.evaluators.answers import units
from toolgrove.evaluators.answers.dates import dates, times
from toolgrove.evaluators.answers.declines import declines
from toolgrove.evaluators.answers.places import conclusion
from toolgrove.evaluators.answers.quantities import Quantity, quantities
from toolgrove.evaluators.answers.spelling import plain
from toolgrove.evaluators.answers.text import read

__all__ = ["Claim", "agree", "claim"]

_TOLERANCE = 0.01
_WORD = re.compile(r"[^\W_]+(?:['.-][^\W_]+)*")
_ANY_UNIT = "dimensionless"
_YES_NO = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)
_EMPTY = (
    "a an the is are was were be it its this that these those there here of in on at to for from by"
    " with and as has have had do does did will would can you your i my answer final result"
)
_MONEY = "$€£¥₹"


@dataclass(frozen=True, slots=True)
class Claim:
    """What an answer comes to.

    Parameters
    ----------
    numbers : tuple of (float, str or None)
        In the order they are said, with pint's name of the unit behind each, or the currency sign.
    days : frozenset of (year or None, month, day)
        Its dates.
    times : frozenset of time
        Its times of day.
    words : frozenset of str
        Its words, where it claims none of the above; ``yes``, ``no``, or nothing where it says
        that it cannot be answered.
    declined : bool
        Whether it says that.
    """

    numbers: tuple[tuple[float, str | None], ...] = ()
    days: frozenset[tuple[int | None, int, int]] = frozenset()
    times: frozenset[time] = frozenset()
    words: frozenset[str] = frozenset()
    declined: bool = False


def claim(answer: str, query: str = "") -> Claim:
    """What an answer claims.

    Parameters
    ----------
    answer : str
        The final answer, in words.
    query : str
        What was asked: what the answer only repeats from it is no claim.

    Examples
    --------
    >>> claim("The distance is 12.4 miles.").numbers
    ((12.4, 'mile'),)
    >>> sorted(claim("The capital of Norway is Oslo.", "What is the capital of Norway?").words)
    ['oslo']
    """
    text = read(answer).words
    if declines(answer, query):
        return Claim(declined=True)
    said = _YES_NO.match(text)
    if said:
        return Claim(words=frozenset({said[1].lower()}))
    place = conclusion(text)
    numbers = tuple((q.value, q.unit or q.money or None) for q in _quantities(place, query))
    asked = {(d.year, d.month, d.day) for d in dates(query)}
    days = frozenset((d.year, d.month, d.day) for d in dates(place)) - asked
    clock = frozenset(t.time for t in times(place)) - {t.time for t in times(query)}
    if numbers or days or clock:
        return Claim(numbers, days, clock)
    return Claim(words=_words(text, query))


def _quantities(text: str, query: str) -> list[Quantity]:
    """The numbers that are not the question's, each with whatever unit stands behind it."""
    asked = {(q.value, q.unit) for q in quantities(query, _ANY_UNIT)}
    found = [q for q in quantities(text, _ANY_UNIT) if not q.in_name]
    found = [q for q in found if not q.in_words] or found
    return [q for q in found if (q.value, q.unit) not in asked]


def _words(answer: str, query: str) -> frozenset[str]:
    """The words that an answer adds to the question, or those of its names that it picks there."""
    words = [w.casefold() for w in _WORD.findall(plain(answer))]
    asked = _WORD.findall(plain(query))
    known = {w.casefold() for w in asked} | set(_EMPTY.split())
    added = frozenset(w for w in words if w not in known)
    if added:
        return added
    names = {w.casefold() for w in asked[1:] if w[:1].isupper() or w[:1].isdigit()}
    return frozenset(w for w in words if w in names) or frozenset(words)


def agree(one: Claim, other: Claim) -> bool:
    """Whether two claims are the same: numbers within 1 %, units converted, the rest equal.

    A date without a year agrees with one of any year, a number without a unit with one of any.

    Examples
    --------
    >>> agree(claim("It is 20 km."), claim("About 12.43 miles."))
    True
    >>> agree(claim("On 4 July 2026"), claim("July 4")), agree(claim("Oslo."), claim("Bergen"))
    (True, False)
    """
    if (one.declined, one.times, one.words) != (other.declined, other.times, other.words):
        return False
    if len(one.numbers) != len(other.numbers) or len(one.days) != len(other.days):
        return False
    same_days = all(any(_same_day(a, b) for b in other.days) for a in one.days)
    pairs = zip(one.numbers, other.numbers, strict=True)
    return same_days and all(_same_number(a, b) for a, b in pairs)


def _same_day(one: tuple[int | None, int, int], other: tuple[int | None, int, int]) -> bool:
    return one[1:] == other[1:] and (None in (one[0], other[0]) or one[0] == other[0])


def _same_number(one: tuple[float, str | None], other: tuple[float, str | None]) -> bool:
    (value, unit), (second, second_unit) = one, other
    if unit and second_unit and unit != second_unit:
        if unit in _MONEY or second_unit in _MONEY or not units.same_kind(unit, second_unit):
            return False
        second = units.convert(second, second_unit, unit)
    whole = value.is_integer() and second.is_integer() and not (unit or second_unit)
    return value == second if whole else isclose(value, second, rel_tol=_TOLERANCE)
