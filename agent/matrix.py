"""Evaluate several configurations on the same tasks: planners × models × seeds × retrieval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from toolgrove.agent.evaluation import Evaluation
from toolgrove.data import options
from toolgrove.data.records import Task
from toolgrove.evaluators.report import Summary
from toolgrove.evaluators.runner import Solve, run_batches
from toolgrove.evaluators.standing import Watch
from toolgrove.plugins import Plugins

__all__ = ["LocalEngine", "MatrixEngine", "Solving", "parse_engine", "run_matrix"]

Solving: TypeAlias = Callable[[Evaluation], Solve]
"""Gives what solves tasks as an evaluation's agent does, wherever that is."""


class MatrixEngine(Protocol):
    """Where the runs of a matrix are made; their results are always kept and scored here."""

    def opened(self) -> AbstractContextManager[Solving]:
        """Make ready what the runs need, for as long as the block lasts."""
        ...


@dataclass(frozen=True)
class LocalEngine:
    """Makes the runs in this process."""

    @contextmanager
    def opened(self) -> Iterator[Solving]:
        """See :class:`MatrixEngine`."""
        yield lambda evaluation: evaluation.solve


_ENGINES: Plugins[Callable[[], MatrixEngine]] = Plugins(
    "engines", {"local": LocalEngine, "ray": "toolgrove.agent.ray_engine:RayEngine"}
)


def parse_engine(text: str) -> MatrixEngine:
    """An engine from ``name`` or ``name:option=value,…``.

    Raises
    ------
    UsageError
        For an unknown name or option.

    Examples
    --------
    >>> parse_engine("ray:cpus=0.5")
    RayEngine(address='', cpus=0.5)
    """
    return options.parse(text, _ENGINES, "engine")


async def run_matrix(
    evaluations: Sequence[Evaluation],
    tasks: Sequence[Task],
    out: str | Path,
    *,
    engine: MatrixEngine = LocalEngine(),
    concurrency: int = 1,
    epochs: int = 1,
    retry_failed: bool = True,
    watch: Watch | None = None,
) -> list[Summary]:
    """Evaluate each configuration on the tasks, going on with what ``out`` holds.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        One for each configuration; no two may come to the same settings.
    engine : MatrixEngine
        Where the runs are made.

    The rest is as in :func:`toolgrove.evaluators.runner.run_batches`.

    Examples
    --------
    >>> import asyncio, tempfile
    >>> from toolgrove import Agent, ScriptedModel, Task
    >>> from toolgrove.agent import Evaluation, finish
    >>> def says(messages):
    ...     return finish("It is 4.")
    >>> made = [
    ...     Evaluation(Agent(model=ScriptedModel(script=says), planner=planner))
    ...     for planner in ("react", "dfsdt")
    ... ]
    >>> with tempfile.TemporaryDirectory() as out:
    ...     found = asyncio.run(run_matrix(made, [Task("1", "What is 2 + 2?", ())], out, epochs=3))
    >>> [summary.total.runs for summary in found]
    [3, 3]
    """
    with engine.opened() as solving:
        batches = [one.batch(tasks, solving(one)) for one in evaluations]
        return await run_batches(
            batches,
            out,
            concurrency=concurrency,
            epochs=epochs,
            retry_failed=retry_failed,
            watch=watch,
        )
