"""Checks a final answer against the reference, by code and not by a judge.

The answer is a sentence that a model wrote, the reference a fact. Each kind of reference has one
rule, told in ``docs/evaluation.md``. What they share: the answer has to claim the reference, and
nothing else of its kind; where several candidates stand side by side and only one is right, the
answer is wrong, because listing candidates is not answering.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from toolgrove.data.records import Reference, Score
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UnscorableReference
from toolgrove.evaluators.answers.check_dates import is_date, is_time, moment, several_dates
from toolgrove.evaluators.answers.check_names import named, several_names
from toolgrove.evaluators.answers.check_numbers import number, numbers
from toolgrove.evaluators.answers.declines import asks, declines
from toolgrove.evaluators.answers.polarity import yes_or_no
from toolgrove.evaluators.answers.verdicts import Verdict
from toolgrove.evaluators.base import (
    breakdown,
    gave_up,
    infrastructure,
    judged,
    only_shown,
    unanswered,
)

__all__ = ["AnswerEvaluator", "check_answer"]

_THOUSANDS = re.compile(r"(?<=[A-Z]{3} )\d{4,9}(?=\.\d+\b)|\b\d{4,9}(?=\.\d+ [A-Z]{3}\b)")
"""In a sum of money with its code; without one the form may be what was asked for."""


@dataclass(frozen=True, slots=True)
class AnswerEvaluator:
    """Score a run 1 where its final answer is right, 0 where it is wrong or missing.

    A task without a reference gets no opinion (``value`` None), a run that was cut short counts as
    infrastructure.
    """

    name: ClassVar[str] = "answer/2"

    async def score(self, tree: SearchTree) -> Score:
        reference = tree.task.reference
        if reference is None:
            return judged(tree, self.name, None, "the task has no reference answer")
        broken = breakdown(tree)
        if broken is not None:
            return infrastructure(tree, self.name, broken)
        shown = only_shown(tree)
        if shown is not None:
            return judged(tree, self.name, None, shown)
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
    UnscorableReference
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
        raise UnscorableReference(
            f"no rule checks a reference of kind {reference.kind!r}. Known: {', '.join(_CHECKS)}."
        )
    return check(answer, reference, query)


def _name(answer: str, reference: Reference, query: str) -> Verdict:
    value = str(reference.value)
    if is_time(value):
        return moment(answer, reference, query)
    if re.fullmatch(r"[1-9]\d{0,7}", value) and not reference.aliases:  # longer ones are codes
        return number(answer, Reference("number", value, tolerance=0.0), query)
    if value.lower() in ("yes", "no"):
        return yes_or_no(answer, value.lower(), query)
    grouped = (_THOUSANDS.sub(lambda whole: f"{int(whole[0]):,}", a) for a in reference.aliases)
    return named(answer, [*dict.fromkeys([value, *reference.aliases, *grouped])], query)


def _set(answer: str, reference: Reference, query: str) -> Verdict:
    items = [str(item) for item in reference.value or ()]
    if not items:
        raise UnscorableReference(
            "a set that is the reference has no items; use 'unsolvable' or a number"
        )
    if all(is_date(item) for item in items):
        return several_dates(answer, [date.fromisoformat(item) for item in items], query)
    if all(re.fullmatch(r"-?\d+(\.\d+)?", item) for item in items):
        return numbers(answer, [float(item) for item in items], reference.tolerance, query)
    return several_names(answer, items, query)


def _unsolvable(answer: str, reference: Reference, query: str) -> Verdict:
    said = declines(answer, query)
    if said is not None:
        return Verdict(True, f"says so: {said!r}")
    if reference.value:  # what the request leaves out
        asked = asks(answer, query, [str(reference.value), *reference.aliases])
        if asked is not None:
            return Verdict(True, f"asks for it: {asked!r}")
    return Verdict(False, "answers what cannot be answered")


_CHECKS: dict[str, Callable[[str, Reference, str], Verdict]] = {
    "number": number,
    "date": moment,
    "name": _name,
    "set": _set,
    "text": _name,
    "unsolvable": _unsolvable,
}
