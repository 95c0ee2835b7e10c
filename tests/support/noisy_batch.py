"""Batches of the bundled world by a model that knows what to call, and errs by a seed.

What it says is a function of the conversation and the seed. It errs as small models do: another
value for an argument, another tool, a call left out, giving up, a wrong answer.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.data.records import Task, ToolCall
from toolgrove.data.world import specs, tasks
from toolgrove.planners.budget import Budget
from toolgrove.tools.registry import Registry

__all__ = ["NoisyModel", "noisy_batches"]

_WORDS = (
    "I look that up with {tool}.",
    "The request needs {tool}.",
    "",
    "Next I call {tool} to get the value.",
)


class NoisyModel:
    """A script: the reference's calls in turn, then its answer, and errors in between."""

    def __init__(self, asked: Sequence[Task], seed: int, errors: float) -> None:
        self.tasks = {task.query: task for task in asked}
        self.seed, self.errors = seed, errors
        registry = Registry()
        registry.add(specs())
        self.alias = registry.alias

    def __call__(self, messages: Sequence[BaseMessage]) -> AIMessage:
        said = "\n".join(f"{m.type}:{m.content}:{getattr(m, 'tool_calls', '')}" for m in messages)
        draw = random.Random(f"{self.seed}:{said}")
        query = next(str(m.content) for m in messages if isinstance(m, HumanMessage))
        task = next(task for words, task in self.tasks.items() if words in query)
        assert task.reference is not None
        done = self._done(messages, task.reference.calls)
        left = task.reference.calls[done:]
        errs = draw.random() < self.errors
        if errs and draw.random() < 0.2:
            return give_up("This leads nowhere.")
        if not left or (errs and draw.random() < 0.2):
            return finish(_answer(task, wrong=errs or bool(left)))
        return self._call(left[0], draw, task, errs)

    def _done(self, messages: Sequence[BaseMessage], calls: Sequence[ToolCall]) -> int:
        """How many of the calls have come back, in their order."""
        made = [
            (one["name"], one["args"])
            for message in messages
            if isinstance(message, AIMessage)
            for one in message.tool_calls
        ]
        came = sum(isinstance(message, ToolMessage) for message in messages)
        wanted = [(self.alias(one.name), dict(one.arguments)) for one in calls]
        return next((n for n, one in enumerate(wanted) if one not in made[:came]), len(wanted))

    def _call(self, right: ToolCall, draw: random.Random, task: Task, errs: bool) -> AIMessage:
        name, arguments = self.alias(right.name), dict(right.arguments)
        if errs and draw.random() < 0.4 and task.tools:
            name = self.alias(draw.choice(task.tools))
        elif errs and arguments:
            key = draw.choice(sorted(arguments))
            arguments[key] = _other(arguments[key], draw)
        return call(name, draw.choice(_WORDS).format(tool=name), **arguments)


def _other(value: Any, draw: random.Random) -> Any:
    if isinstance(value, str):
        return draw.choice([f"the {value}", value[:-1], value.swapcase(), "unknown"])
    return value + 1 if isinstance(value, int) else value


def _answer(task: Task, *, wrong: bool) -> str:
    assert task.reference is not None
    value = task.reference.value
    if isinstance(value, list):
        return "It is " + ", ".join(map(str, value[:1] if wrong else value)) + "."
    if wrong:
        return "It is 987654321." if isinstance(value, int | float) else "It is Nowhere."
    return f"It is {value} {task.reference.unit}".strip() + "."


def noisy_batches(
    out: Path, *, count: int, planners: Sequence[str], seeds: Sequence[int], errors: float = 0.35
) -> list[Path]:
    """A batch for each planner and seed over the world's first tasks; their folders."""
    asked = [one for one in tasks("train") if one.reference is not None][:count]
    folders = []
    for planner in planners:
        for seed in seeds:
            model = ScriptedModel(script=NoisyModel(asked, seed, errors))
            agent = Agent(
                model=model, tools=specs(), planner=planner, budget=Budget(model_calls=14)
            )
            folders.append(out / f"{planner.partition(':')[0]}-{seed}")
            asyncio.run(Evaluation(agent).run(asked, folders[-1], concurrency=4))
    return folders
