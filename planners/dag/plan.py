"""A plan: numbered calls, what each needs of the others, and what of the text was no call.

Two notations are read into it (:mod:`toolgrove.planners.dag.reading`). The lines of LLMCompiler
(Kim et al., 2023, "An LLM Compiler for Parallel Function Calling", arXiv:2312.04511), with
arguments by name::

    1. find_station(city="Lisbon")
    2. first_train(station_id=$1.id, date="2026-05-05")
    3. join()

and JSON::

    {"tasks": [{"id": 1, "tool": "find_station", "arguments": {"city": "Lisbon"}, "after": []}]}
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from toolgrove.data.records import Effect, JsonObject
from toolgrove.planners.dag.references import mentioned
from toolgrove.planners.dag.values import write_value

__all__ = ["Entry", "Join", "Note", "PlanTask", "Problem", "plan_to_json", "plan_to_lines"]


@dataclass(frozen=True, slots=True)
class PlanTask:
    """One call of a plan.

    Parameters
    ----------
    number : int
        What the plan calls it by; a plan may begin at any.
    tool : str
        The tool's name as the model was shown it.
    arguments : JsonObject
        By parameter name, references still in them.
    after : tuple of int
        Tasks that have to be done before, though nothing of theirs is used.
    effect : Effect
        What the call does to the world, as the offer says; the model has no say in it.
    resource : str
        What a write may change and a read may see: the tool's family. Empty where unknown.
    line : int
        The line that it begins on, from 1.
    text : str
        As it was written.
    """

    number: int
    tool: str
    arguments: JsonObject = field(default_factory=dict)
    after: tuple[int, ...] = ()
    effect: Effect = Effect.READ
    resource: str = ""
    line: int = 0
    text: str = ""

    @property
    def mentions(self) -> frozenset[int]:
        """Numbers behind a ``$`` in the arguments: references, if there are such tasks."""
        return mentioned(self.arguments)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a model wrote for a call and could not be read as one.

    Parameters
    ----------
    line : int
        The line that it begins on, from 1.
    text : str
        As it was written.
    wrong : str
        What is wrong with it, and how to mend it.
    number : int or None
        The task's number, where that much was readable and is not another's: what refers to it
        is skipped.
    tool : str
        The tool's name, where that much was readable.
    unfinished : bool
        Whether the text ends in the middle of it.
    """

    line: int
    text: str
    wrong: str
    number: int | None = None
    tool: str = ""
    unfinished: bool = False

    def __str__(self) -> str:
        said = self.text if len(self.text) <= _SHOWN else self.text[:_SHOWN] + "…"
        return f"Line {self.line} was not run: {self.wrong}. It reads: {said}"


_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Note:
    """Words of a plan that ask for nothing: thoughts, comments, fences."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Join:
    """The plan's end: look at all results."""

    line: int
    text: str


Entry: TypeAlias = PlanTask | Problem | Note | Join
"""Whatever stands in a plan; together they hold all of its words."""


def plan_to_json(tasks: Iterable[PlanTask]) -> dict[str, Any]:
    """Tasks in the JSON notation.

    Examples
    --------
    >>> plan_to_json([PlanTask(4, "now", {"zone": "$3.zone"}, after=(2,))])["tasks"]
    [{'id': 4, 'tool': 'now', 'arguments': {'zone': '$3.zone'}, 'after': [2]}]
    """
    return {
        "tasks": [
            {
                "id": task.number,
                "tool": task.tool,
                "arguments": dict(task.arguments),
                "after": list(task.after),
            }
            for task in tasks
        ]
    }


_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")


def plan_to_lines(tasks: Iterable[PlanTask]) -> str:
    """Tasks as numbered lines, which end in ``join()``.

    Examples
    --------
    >>> print(plan_to_lines([PlanTask(4, "now", {"zone": "$3.zone", "at-all": True}, after=(2,))]))
    4. now(zone="$3.zone", "at-all"=true) after: 2
    join()
    """
    lines = [_line(task) for task in tasks]
    return "\n".join([*lines, "join()"])


def _line(task: PlanTask) -> str:
    arguments = ", ".join(
        f"{name if _PLAIN_NAME.fullmatch(name) else write_value(name)}={write_value(value)}"
        for name, value in task.arguments.items()
    )
    after = f" after: {', '.join(map(str, task.after))}" if task.after else ""
    return f"{task.number}. {task.tool}({arguments}){after}"
