"""A small registry of Python tools, and a way to solve a task with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import Script, ScriptedModel
from toolgrove.agent.settings import RunOptions
from toolgrove.data.records import Task
from toolgrove.data.tree import SearchTree
from toolgrove.planners.budget import Budget
from toolgrove.tools.python.effect import tool
from toolgrove.tools.registry import Registry


class Bench:
    """Tools that count their calls: ``add`` and ``fail`` read, ``append`` writes."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        if file is not None:
            file.touch()
        self.made: list[tuple[str, Any]] = []
        self.notes: list[str] = []
        self.registry = Registry()
        self.registry.add_function(self.add)
        self.registry.add_function(self.fail)
        self.registry.add_function(self.append)

    @tool(effect="read")
    def add(self, a: int, b: int) -> int:
        """Add two numbers."""
        self.made.append(("add", (a, b)))
        return a + b

    @tool(effect="read")
    def fail(self, why: str) -> str:
        """Fail always."""
        self.made.append(("fail", why))
        raise ValueError(why)

    def append(self, text: str) -> int:
        """Append a note and say how many there are."""
        self.made.append(("append", text))
        self.notes.append(text)
        if self.file is not None:
            with self.file.open("a") as stream:
                stream.write(text + "\n")
        return len(self.notes)

    async def solve(
        self,
        run: Path,
        model: ScriptedModel | Script | list[Any],
        planner: str = "dfsdt",
        budget: Budget | None = None,
        query: str = "What is it?",
        **options: Unpack[RunOptions],
    ) -> SearchTree:
        if isinstance(model, list):
            model = ScriptedModel(replies=model)
        elif not isinstance(model, ScriptedModel):
            model = ScriptedModel(script=model)
        agent = Agent(model=model, planner=planner, budget=budget or Budget(), **options)
        agent.registry = self.registry
        return await agent.solve(Task("t", query), run)
