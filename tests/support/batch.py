"""A batch of scripted runs, also in a process that kills itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.dying import processes
from support.random_script import RandomScript
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel
from toolgrove.data.journal import Journal
from toolgrove.data.records import Reference, Task
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.report import Summary
from toolgrove.evaluators.runner import run_batch
from toolgrove.evaluators.store import ResultStore
from toolgrove.planners.budget import Budget
from toolgrove.tools.python.effect import tool

__all__ = ["CONFIG", "TASKS", "killed", "run", "started"]

processes.set_forkserver_preload(
    # Before the first child: what all of them import, so that each starts in milliseconds.
    [
        "filelock",
        "pydantic",
        "toolgrove.agent.agent",
        "toolgrove.agent.models.scripted",
        "toolgrove.data.world",
        "toolgrove.evaluators.answer",
        "toolgrove.evaluators.runner",
        "toolgrove.tools.http.backend",
    ]
)
CONFIG = {"planner": "dfsdt", "model": "scripted"}
TASKS = [
    Task(
        f"t{i}",
        f"What is number {i}?",
        group=f"G{1 + i % 3}",
        reference=Reference("number", 50, tolerance=0.6),
    )
    for i in range(9)
]


async def solve(task: Task, folder: Path) -> SearchTree:
    """A scripted run that notes, in its folder, every call it really makes."""

    @tool(effect="read")
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        with (folder / "calls").open("a") as stream:
            stream.write(f"{os.getpid()} {a} {b}\n")
        return a + b

    @tool(effect="read")
    def fail(why: str) -> str:
        """Fail always."""
        raise ValueError(why)

    model = ScriptedModel(script=RandomScript(7, answers=0.12))
    agent = Agent(model=model, tools=[add, fail], budget=Budget(model_calls=9))
    return await agent.solve(task, folder)


def run(out: Path, concurrency: int = 3) -> Summary:
    """Run the batch, or what is left of it."""
    return asyncio.run(
        run_batch(TASKS, solve, [AnswerEvaluator()], out, config=CONFIG, concurrency=concurrency)
    )


def _dies(function: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    """The function, killing the process before or after it has done its work, by turns."""

    def dying(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        done = function(*args, **kwargs)
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    return dying


def _run_and_die(out: Path, events: int) -> None:
    left = [events]
    Journal._write = _dies(Journal._write, left)  # type: ignore[method-assign]  # in this child only
    ResultStore._update = _dies(ResultStore._update, left)  # type: ignore[method-assign]  # in this child only
    run(out)


def killed(out: Path, events: int) -> bool:
    """Run the batch in a process that kills itself at an event; whether it came to that."""
    child = processes.Process(target=_run_and_die, args=(out, events))
    child.start()
    child.join()
    return child.exitcode == -signal.SIGKILL


def started(out: Path) -> Any:
    """Run the batch in a process of its own."""
    child = processes.Process(target=run, args=(out,))
    child.start()
    return child
