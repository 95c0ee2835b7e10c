"""Drafts from calls: the way to a right answer, where what one call gave goes into the next."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from typing import Any

from toolgrove.agent.flows import CallStep, Flow, Origin, PathCall, quotes, steps_of
from toolgrove.agent.making.drafts import Draft, DraftTrial, free_name, function_names, schema_of
from toolgrove.data import codec
from toolgrove.data.functions import shown_parameters
from toolgrove.data.records import MADE, Effect, JsonObject, Task

__all__ = ["chain_drafts"]

_STEPS = 6
_NOTHING = object()


def chain_drafts(
    task: Task, way: Sequence[PathCall], answer: str, run: str
) -> list[tuple[Draft, DraftTrial]]:
    """The chains on the way to a right answer as functions, and the task that speaks for each.

    A chain is a call with all that flowed into it. None is made of fewer than two calls or of more
    than six, nor with a write, or a value that stands where the declared fields do not lead.

    Parameters
    ----------
    task : Task
    way : sequence of PathCall
        The calls that the answer rests on (:func:`toolgrove.agent.lesson_mining.solved_way`).
    answer : str
    run : str
        Where the run lies.

    Returns
    -------
    list of (Draft, DraftTrial)
        Each draft once.
    """
    feeds: list[set[int]] = []
    found: dict[str, tuple[Draft, DraftTrial]] = {}
    for place, step in enumerate(steps_of(way, task.query)):
        fed = {flow.step for flow in step.flows if flow.origin is Origin.RESULT}
        feeds.append(fed.union({place}, *(feeds[one] for one in fed)))
        made = _draft(task, [way[one] for one in sorted(feeds[place])], answer, run)
        if made is not None:
            found.setdefault(made[0].digest, made)
    return list(found.values())


def _draft(
    task: Task, way: Sequence[PathCall], answer: str, run: str
) -> tuple[Draft, DraftTrial] | None:
    harmless = all(o.spec.effect is Effect.READ and o.spec.source != MADE for o in way)
    if not 1 < len(way) <= _STEPS or not harmless:
        return None
    body, last = _Body(way, steps_of(way, task.query)), way[-1]
    lines = [body.line(place) for place in range(len(way))]
    if None in lines or not body.parameters:
        return None
    named = f"{body.names[last.call.name]}_by_{'_and_'.join(list(body.parameters)[:2])}"
    name = free_name(named, {*body.names.values(), *body.parameters})
    lines = [f"def {name}({', '.join(body.parameters)}):", *lines, f"return step_{len(way)}"]
    calls = tuple(sorted((function, tool) for tool, function in body.names.items()))
    draft = Draft(name, "\n    ".join(map(str, lines)), tuple(body.parameters.items()), calls)
    wanted = tuple(sorted(quotes(answer, last.seen.content, task.query)))
    gave = codec.digest(_shown(last.seen.content).strip())
    return draft, DraftTrial(run, task.id, task.query[:500], dict(body.values), wanted, gave)


class _Body:
    """The lines of a function that makes the calls again with other values."""

    def __init__(self, way: Sequence[PathCall], steps: Sequence[CallStep]) -> None:
        self._way, self._steps = way, steps
        self.names = function_names(one.spec for one in way)
        self.parameters: dict[str, JsonObject] = {}
        self.values: dict[str, Any] = {}

    def line(self, place: int) -> str | None:
        """One call; None where an argument has no name or no value that Python could say."""
        made = self._way[place]
        shown = shown_parameters(made.spec)[1]
        given = []
        for flow in self._steps[place].flows:
            name, value = shown.get(flow.parameter, flow.parameter), self._value(place, flow)
            if value is None or not name.isidentifier() or keyword.iskeyword(name):
                return None
            given.append(f"{name}={value}")
        return f"step_{place + 1} = {self.names[made.call.name]}({', '.join(given)})"

    def _value(self, place: int, flow: Flow) -> str | None:
        """What an argument is in the source: a parameter, or a place in an earlier result."""
        made = self._way[place]
        value = made.call.arguments[flow.parameter]
        if flow.origin is Origin.RESULT:
            path = _path(self._way[flow.step], flow, value)
            return None if path is None else f"step_{flow.step + 1}{path}"
        for name, known in self.values.items():
            alike = name.startswith(free_name(flow.parameter, ()))
            if known == value and (alike or (isinstance(value, str) and len(value) > 1)):
                return name
        taken = {*self.parameters, *self.names.values()}
        name = free_name(flow.parameter, taken)
        self.parameters[name] = schema_of(made.spec, flow.parameter)
        self.values[name] = value
        return name


def _path(gave: PathCall, flow: Flow, value: Any) -> str | None:
    """Where in a result a value stands, by its field; of lists that hold one thing, in that."""
    try:
        found = codec.loads(gave.seen.content)
    except ValueError:
        found = gave.seen.content
    path = ""
    for name in flow.field.split(".") if flow.field else ():
        while isinstance(found, list) and len(found) == 1:
            found, path = found[0], f"{path}[0]"
        found = found.get(name, _NOTHING) if isinstance(found, dict) else _NOTHING
        path += f"[{name!r}]"
    while isinstance(found, list) and len(found) == 1 and not isinstance(value, list):
        found, path = found[0], f"{path}[0]"
    return path if found == value else None


def _shown(content: str) -> str:
    """A result as it is shown once code has given it on."""
    try:
        value = codec.loads(content)
    except ValueError:
        return content
    return value if isinstance(value, str) else codec.dumps(value).decode()
