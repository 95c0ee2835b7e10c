"""Runs in a child process that kills itself with SIGKILL at a chosen byte of its journal."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

from support.bench import Bench
from support.random_script import RandomScript
from toolgrove.data.journal import Journal
from toolgrove.data.tree import SearchTree
from toolgrove.planners.budget import Budget

BUDGET = Budget(model_calls=25)
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(
    # What can be imported without pytest's path: a child then starts in milliseconds.
    [
        "toolgrove.agent.agent",
        "toolgrove.agent.models.scripted",
        "toolgrove.tools.http.backend",
        "pydantic",
    ]
)


class Dying:
    """A file that kills its process once so many bytes are written: at any byte of any event."""

    def __init__(self, stream: Any, left: int) -> None:
        self._stream, self._left = stream, left

    def write(self, data: bytes) -> int:
        self._stream.write(data[: self._left])
        self._stream.flush()
        self._left -= len(data)
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def solve(run: Path, seed: int, planner: str, *, writes: bool = False) -> SearchTree:
    bench = Bench(run.parent / "notes.txt")
    script = RandomScript(seed, writes=writes)
    return asyncio.run(bench.solve(run, script, planner, BUDGET))


def die(run: Path, seed: int, planner: str, writes: bool, left: int) -> None:
    real = Journal.create.__func__  # type: ignore[attr-defined]  # the function below classmethod

    def create(cls: type[Journal], *args: Any, **kwargs: Any) -> Journal:
        journal: Journal = real(cls, *args, **kwargs)
        journal._stream = Dying(journal._stream, left)  # type: ignore[assignment]  # a file that dies
        return journal

    Journal.create = classmethod(create)  # type: ignore[method-assign,assignment]  # in this child only
    solve(run, seed, planner, writes=writes)


def killed(run: Path, seed: int, planner: str, *, writes: bool, left: int) -> None:
    child = processes.Process(target=die, args=(run, seed, planner, writes, left))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
