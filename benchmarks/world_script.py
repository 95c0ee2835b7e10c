"""A script in a model's place: it answers the world's tasks by their references."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from toolgrove.agent import call, finish, give_up
from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import Script, ScriptedModel
from toolgrove.data.records import Task, ToolCall, ToolSpec
from toolgrove.data.world import specs
from toolgrove.planners.budget import Budget
from toolgrove.tools.registry import Registry

__all__ = ["reference_script", "scripted"]

_PASSING = ("429", "503")
_UNTOLD = "I cannot tell: none of the tools gives that."
_TEMPTED, _OTHER_FORM, _LEFT_OUT = 0.7, 0.3, 0.15
"""How often a mistake is made where it can be."""


async def scripted(known: Sequence[Task], out: Path, *, errs: bool, thinks: bool = False) -> Path:
    """Run tasks of the world once each by a script (:func:`reference_script`)."""
    agent = Agent(
        model=ScriptedModel(script=reference_script(known, specs(), errs=errs, thinks=thinks)),
        tools=specs(),
        planner="react:depth=20",
        budget=Budget(model_calls=20),
        timeout=600.0,  # no server is that slow: a busy machine would teach what is not so
    )
    await Evaluation(agent).run(known, out, concurrency=8)  # they mostly wait for servers
    return out


def reference_script(
    known: Sequence[Task], tools: Sequence[ToolSpec], *, errs: bool = False, thinks: bool = False
) -> Script:
    """Make the calls of each task's reference in their order, and give its answer.

    A call that fails as a busy server does is made again.

    Parameters
    ----------
    known : sequence of Task
    tools : sequence of ToolSpec
        All tools; they have to be offered under the names that a registry of these gives.
    errs : bool
        Whether to make mistakes beside them, drawn by the task's id: a tempting tool first, a date
        or a code in other words, an argument left out.
    thinks : bool
        Whether to say before each call what it is for, in the words of the tool's description, and
        to decline in words where a task is unsolvable.
    """
    by_id, registry = {spec.id: spec for spec in tools}, Registry()
    registry.add(tools)

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        said = "".join(str(one.content) for one in messages if one.type == "human")
        task = next(one for one in known if one.query in said)
        assert task.reference is not None
        calls = [one.tool_calls[0] for one in messages if isinstance(one, AIMessage)]
        asked = [list(same) for _, same in groupby(calls, lambda one: (one["name"], one["args"]))]
        if asked and _busy(messages[-1]):
            return call(asked[-1][0]["name"], **asked[-1][0]["args"])
        steps = list(_with_mistakes(task, by_id)) if errs else list(task.reference.calls)
        steps = [next(same) for _, same in groupby(steps, lambda one: (one.name, one.arguments))]
        if len(asked) < len(steps):
            step = steps[len(asked)]
            thought = _needs(by_id[step.name]) if thinks else ""
            return call(registry.alias(step.name), thought, **step.arguments)
        if task.reference.kind == "unsolvable":
            return finish(_UNTOLD, "No tool gives that.") if thinks else give_up()
        return finish(_answer(task), "I have what is asked for." if thinks else "")

    return reply


def _needs(spec: ToolSpec) -> str:
    """What a call is made for: the beginning of the tool's description, which is a noun's."""
    what = re.split(r"[.;:(]", spec.description)[0].strip()
    return f"I need {what[:1].lower()}{what[1:]}."


def _busy(message: BaseMessage) -> bool:
    said = str(message.content) if message.type == "tool" else ""
    return any(status in said for status in _PASSING)


def _answer(task: Task) -> str:
    assert task.reference is not None
    value = task.reference.value
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"It is {text} {task.reference.unit}.".replace(" .", ".")


def _with_mistakes(task: Task, by_id: Mapping[str, ToolSpec]) -> Iterator[ToolCall]:
    draw, reference = random.Random(task.id), task.reference
    assert reference is not None
    values = [value for one in reference.calls for value in one.arguments.values()]
    for tempting in task.meta.get("tempting", ()):
        if reference.calls and draw.random() < _TEMPTED:
            yield ToolCall("", tempting, dict(_filled(by_id[tempting], values)))
    for one in reference.calls:
        worse = {name: _in_other_words(value, draw) for name, value in one.arguments.items()}
        worse = {name: value for name, value in worse.items() if value is not None}
        needed = [name for name in by_id[one.name].parameters.get("required", ())
                  if name in one.arguments]  # fmt: skip
        if worse and draw.random() < _OTHER_FORM:
            yield ToolCall("", one.name, {**one.arguments, **dict([next(iter(worse.items()))])})
        elif len(needed) > 1 and draw.random() < _LEFT_OUT:
            left_out = draw.choice(needed)
            kept = {name: value for name, value in one.arguments.items() if name != left_out}
            yield ToolCall("", one.name, kept)
        yield one


def _filled(spec: ToolSpec, values: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """What somebody gives a tool's required parameters who knows these values."""
    for name in spec.parameters.get("required", ()):
        text = spec.parameters["properties"][name].get("type") == "string"
        fitting = [value for value in values if isinstance(value, str) == text]
        yield name, fitting[0] if fitting else "x" if text else 1


def _in_other_words(value: Any, draw: random.Random) -> str | None:
    if not isinstance(value, str):
        return None
    with suppress(ValueError):
        return date.fromisoformat(value).strftime("%d %B %Y")
    if value.isupper() and len(value) in (2, 3):
        return draw.choice([value.lower(), "Somewhere"])
    return None
