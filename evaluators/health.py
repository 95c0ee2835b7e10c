"""Whether tasks tell anything: those that nothing passed or failed, and wrong references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolgrove.data.records import FINISH, Reference, Task
from toolgrove.data.runs import read_run
from toolgrove.errors import FormatError, JournalError, UsageError
from toolgrove.evaluators.answer import check_answer
from toolgrove.evaluators.sides import Side

__all__ = ["ItemHealth", "TaskHealth", "item_health", "wrong_reference"]


@dataclass(frozen=True, slots=True)
class TaskHealth:
    """What became of a task, whoever ran it.

    ``unreachable`` says why nothing can match its reference; empty where nothing is known
    against it.
    """

    task: str
    query: str
    runs: int
    passed: int
    unreachable: str = ""


@dataclass(frozen=True, slots=True)
class ItemHealth:
    """The tasks of a comparison that say nothing about either side.

    Parameters
    ----------
    tasks : int
        How many tasks were scored at all.
    never_passed, never_failed : tuple of TaskHealth
        Those that no run passed, and those that no run failed.
    unreachable : tuple of TaskHealth
        Those whose reference nothing can match: said as the answer it does not pass its own check,
        or it wants a call of a tool that was not on offer.
    """

    tasks: int
    never_passed: tuple[TaskHealth, ...]
    never_failed: tuple[TaskHealth, ...]
    unreachable: tuple[TaskHealth, ...]


def item_health(sides: Sequence[Side], evaluator: str) -> ItemHealth:
    """Look at the tasks that these settings were scored on by one evaluator."""
    found = sorted(_tasks(sides, evaluator), key=lambda task: task.task)
    return ItemHealth(
        len(found),
        tuple(task for task in found if not task.passed),
        tuple(task for task in found if task.passed == task.runs),
        tuple(task for task in found if task.unreachable),
    )


def _tasks(sides: Sequence[Side], evaluator: str) -> Iterator[TaskHealth]:
    passes: dict[str, list[bool]] = {}
    runs: dict[str, tuple[str, list[str]]] = {}
    for side in sides:
        for key, value in side.values(evaluator).items():
            passes.setdefault(key[0], []).append(value >= 1)
            runs.setdefault(key[0], (side.rows[key].query, []))[1].append(side.run(key))
    for task, passed in passes.items():
        query, places = runs[task]
        yield TaskHealth(task, query, len(passed), sum(passed), _unreachable(places))


def _unreachable(runs: Sequence[str]) -> str:
    """What is wrong with the reference of the task that these runs began with."""
    for run in filter(None, runs):
        try:
            task, offered = read_run(Path(run)).began
        except (JournalError, FormatError, ValueError, KeyError):
            continue
        return wrong_reference(task, {spec.id for spec in offered})
    return ""


def wrong_reference(task: Task, offered: set[str]) -> str:
    """Why nothing can match a task's reference, given the ids of the tools on offer, or nothing.

    Examples
    --------
    >>> wrong_reference(Task("1", "How far?", reference=Reference("date", "soon")), set())
    "'soon' is not an ISO date, as the reference says"
    """
    reference = task.reference
    if reference is None:
        return ""
    wanted = reference.call_sets or (reference.calls,)
    missing = [
        next((call.name for call in calls if call.name not in offered | {FINISH}), "")
        for calls in wanted
    ]
    if all(missing):
        return f"it calls {missing[0]}, which was not on offer"
    if reference.value is None or reference.kind == "unsolvable":  # no answer to look for
        return ""
    said = _said(reference)
    try:
        verdict = check_answer(said, reference, task.query)
    except UsageError as error:
        return str(error)
    return "" if verdict.right else f"its own words do not pass: {verdict.reason}"


def _said(reference: Reference) -> str:
    """The reference as an answer in words."""
    if isinstance(reference.value, list | tuple):
        return ", ".join(map(str, reference.value))
    unit = (reference.unit or "").replace(" ** ", "^").replace(" / ", "/")  # as people write it
    return f"{reference.value} {unit}".strip()
