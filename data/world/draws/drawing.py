"""Tasks drawn by a seed: a family's wordings, and what draws the values that go into them.

Values are drawn again until the answer is clear: the APIs give one, it has digits enough, it does
not stand in the question, and what the family asks for besides (no ties, no rounding to nothing).
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeAlias

from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Reference, Task
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.declare import Refusal
from toolgrove.data.world.tasks.build import Family, Recorder

__all__ = ["Draw", "Drawing", "Drawings", "Seen", "draw"]

Draw: TypeAlias = Callable[[Random], Mapping[str, Any]]
"""Draws values by name: some are the family's own, the others only stand in the wording."""

_TRIES = 200
_MOST_ITEMS = 8


@dataclass(frozen=True)
class Drawing:
    """How tasks of a family are drawn.

    Parameters
    ----------
    wordings : sequence of str
        Ways to ask, with the values' names in braces.
    draws : sequence of callable
        What draws the values.
    fits : callable or None
        Whether the answers of the reference calls make a fair question.
    in_query : bool
        The answer may stand in the question, because it offers a choice or tells what to write.
    """

    wordings: Sequence[str]
    draws: Sequence[Draw]
    fits: Callable[[Sequence[JsonObject]], bool] | None = None
    in_query: bool = False

    def values(self, rng: Random) -> dict[str, Any]:
        return {name: value for one in self.draws for name, value in one(rng).items()}


class Drawings(dict[str, Drawing]):
    """How the families of a module are drawn, by :attr:`Family.id`."""

    def add(
        self,
        family: str,
        wordings: Sequence[str],
        *draws: Draw,
        fits: Callable[[Sequence[JsonObject]], bool] | None = None,
        in_query: bool = False,
    ) -> None:
        """Say how a family is drawn."""
        if family in self:
            raise ValueError(f"{family} is drawn in two ways")
        self[family] = Drawing(wordings, draws, fits, in_query)


@dataclass
class Seen:
    """Queries, and facts, that tasks to be drawn must keep clear of.

    The fact of a task is its last reference call, the one that gives the answer: API and arguments.
    Where that reads what the task has written, the writing belongs to it. A task without calls has
    none.
    """

    queries: set[str] = field(default_factory=set)
    facts: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> Seen:
        """What tasks ask and use."""
        seen = cls()
        for task in tasks:
            seen.add(task)
            seen.facts |= _fact(task)
        return seen

    def add(self, task: Task) -> None:
        """Take note of what a task asks, not of its fact."""
        self.queries.add(task.query)

    def has(self, task: Task) -> bool:
        """Whether the task asks, or its answer comes from, what was there before."""
        return task.query in self.queries or bool(_fact(task) & self.facts)


def _fact(task: Task) -> set[str]:
    calls = task.reference.calls if task.reference else ()
    if not calls:
        return set()
    deciding = calls if endpoints()[calls[-1].name].takes_world else calls[-1:]
    return {codec.digest([[call.name, call.arguments] for call in deciding])}


def draw(family: Family, drawing: Drawing, id_: str, seed: str, seen: Seen) -> Task | None:
    """A task of a family, the same for the same seed; None where nothing new can be drawn."""
    wanted = set(inspect.signature(family.solve).parameters)
    for attempt in range(_TRIES):
        rng = Random(f"{seed} {family.id} {attempt}")
        values = drawing.values(rng)
        query = rng.choice(drawing.wordings).format(**values)
        query = query[0].upper() + query[1:]
        ask = Recorder()
        try:
            given = {name: value for name, value in values.items() if name in wanted}
            task = family.task(id_, query, given, ask)
        except (Refusal, LookupError, ValueError, StopIteration):  # facts that do not fit
            continue
        if drawing.fits is not None and not drawing.fits(ask.answers):
            continue
        if _clear(task, drawing.in_query) and not seen.has(task):
            return replace(task, meta={**task.meta, "family": family.id, "values": given})
    return None


def _clear(task: Task, in_query: bool) -> bool:
    """Whether the reference is one that an answer can be told right or wrong by."""
    reference = task.reference
    if reference is None or reference.kind == "unsolvable":
        return True
    if reference.kind == "number":
        return _clear_number(reference, "" if in_query else task.query)
    items = reference.value if reference.kind == "set" else [reference.value]
    folded = [str(item).casefold() for item in items]
    if reference.kind == "set" and not 2 <= len(items) <= _MOST_ITEMS:
        return False
    if any(a in b for a in folded for b in folded if a != b) or not all(folded):
        return False
    yes_or_no = reference.value in ("yes", "no")
    return in_query or yes_or_no or not any(item in task.query.casefold() for item in folded)


def _clear_number(reference: Reference, query: str) -> bool:
    value = abs(float(reference.value))
    asked = {float(found) for found in re.findall(r"\d+(?:\.\d+)?", query)}
    if not math.isfinite(value) or value == 0 or value in asked:
        return False
    return reference.tolerance == 0 or len(f"{value:.6g}".replace(".", "").strip("0")) >= 3
