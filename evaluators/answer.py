"""Checks a final answer against the reference, by code and not by a judge.

The answer is a sentence that a model wrote, the reference a fact. Each kind of reference has one
rule, told in ``docs/evaluation.md``. What they share: the answer has to claim the reference, and
nothing else of its kind; where several candidates stand side by side and only one is right, the
answer is wrong, because listing candidates is not answering.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import ClassVar, TypeVar

from toolgrove.data.records import Reference, Score
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UsageError
from toolgrove.evaluators import dates, names, sets, units
from toolgrove.evaluators.base import breakdown, gave_up, infrastructure, judged, unanswered
from toolgrove.evaluators.claims import clean, places
from toolgrove.evaluators.declines import declines
from toolgrove.evaluators.quantities import Quantity, number_words, quantities

__all__ = ["AnswerEvaluator", "Verdict", "check_answer"]

T = TypeVar("T")
_YEAR = re.compile(r"\b(?:1[5-9]|2[0-4])\d\d\b")
_EXACT = 1e-9
"""Relative difference that is only floating point's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is right, why, and whether it named several candidates."""

    right: bool
    reason: str
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class AnswerEvaluator:
    """1 where the final answer is right, 0 where it is wrong or missing.

    A task without a reference gets no opinion (``value`` None), a run that was cut short counts as
    infrastructure.
    """

    name: ClassVar[str] = "answer/1"

    async def score(self, tree: SearchTree) -> Score:
        reference = tree.task.reference
        if reference is None:
            return judged(tree, self.name, None, "the task has no reference answer")
        broken = breakdown(tree)
        if broken is not None:
            return infrastructure(tree, self.name, broken)
        answer = tree.answer
        if answer is None:
            right = reference.kind == "unsolvable" and gave_up(tree)
            return judged(tree, self.name, float(right), unanswered(tree), kind=reference.kind)
        verdict = check_answer(answer, reference, tree.task.query)
        return judged(
            tree,
            self.name,
            float(verdict.right),
            verdict.reason,
            kind=reference.kind,
            ambiguous=verdict.ambiguous,
        )


def check_answer(answer: str, reference: Reference, query: str = "") -> Verdict:
    """Whether an answer says what the reference says.

    Parameters
    ----------
    answer : str
        The final answer, in words.
    reference : Reference
        The truth.
    query : str
        What was asked: numbers and dates that the answer only repeats from it are no claims.

    Raises
    ------
    UsageError
        Where the reference is malformed.

    Examples
    --------
    >>> check_answer("About 12.4 miles.", Reference("number", 20, "km")).right
    True
    >>> check_answer("It is 20 km or 25 km.", Reference("number", 20, "km")).reason
    'names several: 20 kilometer, 25 kilometer'
    """
    check = _CHECKS.get(reference.kind)
    if check is None:
        raise UsageError(
            f"no rule checks a reference of kind {reference.kind!r}. Known: {', '.join(_CHECKS)}."
        )
    return check(clean(answer), reference, query)


def _number(answer: str, reference: Reference, query: str) -> Verdict:
    try:
        value = float(reference.value)
    except (TypeError, ValueError):
        raise UsageError(f"{reference.value!r} is not the number that the reference says") from None
    verdict = _quantified(answer, reference, value, query)
    if verdict is None:
        verdict = _quantified(number_words(answer), reference, value, query)
    return verdict or Verdict(False, f"names no number in {reference.unit or 'figures'}")


def _quantified(answer: str, reference: Reference, value: float, query: str) -> Verdict | None:
    wanted = units.known(reference.unit) if reference.unit else None
    asked = quantities(query, wanted)
    years = {float(d.year) for d in dates.dates(query) if d.year}

    def right(quantity: Quantity) -> bool:
        return _near(_measured(quantity, wanted, reference.unit), value, reference.tolerance)

    def candidates(place: str, of_kind: bool) -> list[Quantity]:
        return [
            q
            for q in quantities(place, wanted)
            if _comparable(q, wanted, reference.unit, of_kind)
            and (right(q) or not (q.value in years or any(_echoes(q, a) for a in asked)))
        ]

    for of_kind in (True, False) if wanted else (False,):
        for place in places(answer):
            found = candidates(place, of_kind)
            if found:
                return _verdict(found, right, _say, f"{value:g} {reference.unit}".strip())
    return None


def _comparable(quantity: Quantity, wanted: str | None, unit: str, of_kind: bool) -> bool:
    """Whether a quantity can be meant as the answer: of the right kind, or without a unit."""
    if quantity.money and quantity.money != _SIGNS.get(unit.upper(), quantity.money):
        return False
    if wanted is None:
        return True
    if quantity.unit is None:
        return not of_kind
    return of_kind and units.same_kind(quantity.unit, wanted)


_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "INR": "₹"}


def _measured(quantity: Quantity, wanted: str | None, unit: str) -> float:
    if wanted is None:
        return quantity.value / 100 if quantity.unit == "percent" and not unit else quantity.value
    return units.convert(quantity.value, quantity.unit or wanted, wanted)


def _near(value: float, truth: float, tolerance: float) -> bool:
    return abs(value - truth) <= max(tolerance, _EXACT) * abs(truth) + 1e-12


def _echoes(quantity: Quantity, asked: Quantity) -> bool:
    units_agree = None in (quantity.unit, asked.unit) or quantity.unit == asked.unit
    return units_agree and quantity.value == asked.value


def _say(quantity: Quantity) -> str:
    return f"{quantity.value:g} {quantity.unit or ''}".strip()


def _verdict(
    found: Sequence[T], right: Callable[[T], bool], say: Callable[[T], str], truth: str
) -> Verdict:
    """All candidates have to agree with the truth."""
    said = ", ".join(dict.fromkeys(say(candidate) for candidate in found))
    agree = [right(candidate) for candidate in found]
    if all(agree):
        return Verdict(True, f"says {said}")
    if any(agree):
        return Verdict(False, f"names several: {said}", ambiguous=True)
    return Verdict(False, f"says {said}, not {truth}")


def _date(answer: str, reference: Reference, query: str) -> Verdict:
    text = str(reference.value)
    if _is_time(text):
        return _at(answer, time.fromisoformat(text), query)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an ISO date, as the reference says") from None
    day = when.date()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return _on(answer, day, query)
    clock = _at(answer, when.time(), query)
    asked = any(d.means(day) for d in dates.dates(query))
    if not clock.right or (asked and not dates.dates(answer)):
        return clock
    return _on(answer, day, query)


def _on(answer: str, day: date, query: str) -> Verdict:
    years = frozenset(int(year) for year in _YEAR.findall(query))
    asked = dates.dates(query)

    def right(mention: dates.DateMention) -> bool:
        return mention.means(day, years)

    for place in places(answer):
        found = [m for m in dates.dates(place) if right(m) or not _asked_for(m, asked)]
        if found:
            return _verdict(found, right, _say_date, day.isoformat())
    return Verdict(False, "names no date")


def _asked_for(mention: dates.DateMention, asked: Sequence[dates.DateMention]) -> bool:
    return any(
        (m.month, m.day) == (mention.month, mention.day)
        and (mention.year is None or m.year == mention.year)
        for m in asked
    )


def _say_date(mention: dates.DateMention) -> str:
    year = "" if mention.year is None else f"{mention.year:04}-"
    return f"{year}{mention.month:02}-{mention.day:02}"


def _is_time(text: str) -> bool:
    return re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", text) is not None


def _at(answer: str, clock: time, query: str) -> Verdict:
    truth = clock.replace(microsecond=0, tzinfo=None)
    asked = {t.time for t in dates.times(query)}
    for place in places(answer):
        said = [t.time for t in dates.times(place) if t.time == truth or t.time not in asked]
        if said:
            return _verdict(said, lambda t: t == truth, time.isoformat, truth.isoformat())
    return Verdict(False, "names no time of day")


def _name(answer: str, reference: Reference, query: str) -> Verdict:
    value = str(reference.value)
    if _is_time(value):
        return _at(answer, time.fromisoformat(value), query)
    if value.lower() in ("yes", "no"):
        return _yes_or_no(answer, value.lower())
    variants = [value, *reference.aliases]
    if any(names.same(variant, answer) for variant in variants):
        return Verdict(True, f"says {value}")
    text = names.marked(answer, variants)
    trouble = names.claimed(text, value)
    if trouble is not None:
        return Verdict(False, f"{value!r} {trouble}", ambiguous=names.HERE in text)
    rival = _first_choice(answer, variants, names.alternatives(query, variants))
    if rival is not None:
        return Verdict(False, f"names {rival!r} before {value!r}", ambiguous=True)
    return Verdict(True, f"names {value}")


def _first_choice(answer: str, variants: Sequence[str], others: Sequence[str]) -> str | None:
    """The question's other choice that the answer names first, if it does."""
    for place in places(answer):
        text = names.marked(place, variants)
        at = text.find(names.HERE)
        if at >= 0:
            before = text[:at]
            return next((o for o in others if names.HERE in names.marked(before, [o])), None)
    return None


def _yes_or_no(answer: str, truth: str) -> Verdict:
    """The word that opens the answer, else the last one that ends a clause."""
    opening = re.match(r"\W*(yes|no)\b", answer, re.IGNORECASE)
    closing = re.findall(r"\b(yes|no)\b(?=\s*(?:[.,;!\n]|$))", answer, re.IGNORECASE)
    said = opening[1] if opening else closing[-1] if closing else None
    if said is None:
        return Verdict(False, "says neither yes nor no")
    return Verdict(said.lower() == truth, f"says {said.lower()}")


def _set(answer: str, reference: Reference, query: str) -> Verdict:
    items = [str(item) for item in reference.value or ()]
    if not items:
        raise UsageError("a set that is the reference has no items; use 'unsolvable' or a number")
    if all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", item) for item in items):
        return _dates(answer, [date.fromisoformat(item) for item in items], query)
    if all(re.fullmatch(r"-?\d+(\.\d+)?", item) for item in items):
        return _numbers(answer, [float(item) for item in items], reference.tolerance, query)
    return _verdict_of_set(sets.missing(answer, items), sets.extras(answer, items), len(items))


def _verdict_of_set(absent: Sequence[str], extra: Sequence[str], of: int) -> Verdict:
    if absent:
        return Verdict(False, f"{len(absent)} of {of} missing: {', '.join(absent)}")
    if extra:
        return Verdict(False, f"lists besides: {', '.join(extra)}", ambiguous=True)
    return Verdict(True, f"names all {of}")


def _dates(answer: str, days: Sequence[date], query: str) -> Verdict:
    years = frozenset(int(year) for year in _YEAR.findall(query))
    asked, said = dates.dates(query), dates.dates(answer)
    absent = [d.isoformat() for d in days if not any(m.means(d, years) for m in said)]
    extra = [
        _say_date(m)
        for m in said
        if not any(m.means(d, years) for d in days) and not _asked_for(m, asked)
    ]
    return _verdict_of_set(absent, extra, len(days))


def _numbers(answer: str, values: Sequence[float], tolerance: float, query: str) -> Verdict:
    asked = {q.value for q in quantities(query)}
    said = [q.value for q in quantities(answer)]
    absent = [f"{v:g}" for v in values if not any(_near(s, v, tolerance) for s in said)]
    extra = [
        f"{s:g}" for s in said if s not in asked and not any(_near(s, v, tolerance) for v in values)
    ]
    return _verdict_of_set(absent, extra, len(values))


def _unsolvable(answer: str, reference: Reference, query: str) -> Verdict:
    said = declines(answer, query)
    if said is None:
        return Verdict(False, "answers what cannot be answered")
    return Verdict(True, f"says so: {said!r}")


_CHECKS: dict[str, Callable[[str, Reference, str], Verdict]] = {
    "number": _number,
    "date": _date,
    "name": _name,
    "set": _set,
    "text": _name,
    "unsolvable": _unsolvable,
}
