"""Run a batch of tasks and judge them, so that it can be stopped and killed at any moment.

The unit is the query. What has ended is a committed row and is never run again; what was under
way goes on from its journal; what broke down for reasons that are not the agent's is tried again
the next time. Runners of several processes may work on one folder at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from toolgrove.data.records import JsonObject, Score, Task
from toolgrove.data.runs import JOURNAL, has_begun, read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.errors import JournalError, ReplayMiss, ResumeMismatch, UsageError
from toolgrove.evaluators.base import Evaluator, breakdown, gave_up, infrastructure
from toolgrove.evaluators.report import Summary, summarise
from toolgrove.evaluators.store import DONE, ResultKey, ResultRow, ResultStore, RunFigures
from toolgrove.machine.files import safe_name
from toolgrove.machine.progress import Tick, silent

__all__ = ["Solve", "run_batch"]

T = TypeVar("T")
RUNS = "runs"
_LOUD = (ReplayMiss, ResumeMismatch, UsageError)
"""Errors of the whole batch, not of one query: they end it."""

Solve: TypeAlias = Callable[[Task, Path], Awaitable[SearchTree]]
"""Solves a task in a run's folder, going on with the journal that it finds there."""

Scored: TypeAlias = Callable[[Path, Score], Awaitable[None]]
"""Told of a score, and the folder of the run that it judges."""


async def run_batch(
    tasks: Sequence[Task],
    solve: Solve,
    evaluators: Sequence[Evaluator],
    out: str | Path,
    *,
    config: JsonObject,
    concurrency: int = 1,
    epochs: int = 1,
    tick: Tick | None = None,
    scored: Scored | None = None,
) -> Summary:
    """Solve and judge every task that has no result in ``out`` yet.

    Parameters
    ----------
    tasks : sequence of Task
        Ids must be unique.
    solve : callable
        ``await solve(task, run)``: what it raises counts as infrastructure, never as a wrong
        answer, and the query is tried again by the next batch.
    evaluators : sequence of Evaluator
        Each scores every run. A run that has ended and lacks one's score is scored, not run.
    out : path
        Keeps ``results.sqlite`` and the runs' folders.
    config : JsonObject
        Everything that decides a result, the task apart: planner, model, budget, tools, world.
    concurrency : int
        How many queries are under way at once.
    epochs : int
        How often each task is run.
    tick : callable or None
        Told of progress.
    scored : callable or None
        Told of each new score, with the folder of the run that it judges.

    Returns
    -------
    Summary
        Of all results under this configuration, also those of other runners.

    Raises
    ------
    UsageError
        Where ids repeat, or ``out`` holds another task under one of them.
    ResumeMismatch, ReplayMiss
        As ``solve`` raises them: they concern the whole batch.
    """
    by_id = {task.id: task for task in tasks}
    if len(by_id) < len(tasks):
        twice = next(t.id for i, t in enumerate(tasks) if t.id in {x.id for x in tasks[:i]})
        raise UsageError(f"two tasks have the id {twice!r}: results are kept by task id.")
    with ResultStore(out, config) as store:
        keys = [(task.id, epoch) for task in tasks for epoch in range(epochs)]
        store.enter(tasks, epochs, {key: _folder(store.hash, key) for key in keys})
        with ThreadPoolExecutor(1, "toolgrove results") as asking:
            batch = _Batch(
                store, by_id, keys, solve, evaluators, config, tick or silent, scored, asking
            )
            await batch.run(concurrency)
        rows = {row.key: row for row in store.rows()}
        return summarise([rows[key] for key in keys], config)


def _folder(config: str, key: ResultKey) -> str:
    """A run's folder below ``out``; what a row has once stays, under an older rule too."""
    task, epoch = key
    return f"{RUNS}/{config[:12]}/{safe_name(task)}.{epoch}"


@dataclass
class _Batch:
    store: ResultStore
    tasks: dict[str, Task]
    keys: Sequence[ResultKey]
    solve: Solve
    evaluators: Sequence[Evaluator]
    config: JsonObject
    tick: Tick
    scored: Scored | None
    asking: Executor
    _names: list[str] = field(init=False)
    _ended: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._names = [evaluator.name for evaluator in self.evaluators]

    async def run(self, concurrency: int) -> None:
        """Work off what is left, and look once more at what other runners had and dropped."""
        rows = {row.key: row for row in await self._kept(self.store.rows)}
        left = [key for key in self.keys if rows[key].lacks(self._names)]
        self._count(len(self.keys) - len(left))
        while left:
            skipped: list[ResultKey] = []
            queue = iter(left)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(concurrency, len(left))):
                        group.create_task(self._worker(queue, skipped))
            except BaseExceptionGroup as group_:
                raise _first(group_) from None
            left = skipped if len(skipped) < len(left) else []

    def _count(self, ended: int) -> None:
        self._ended += ended
        self.tick(self._ended, len(self.keys))

    async def _worker(self, queue: Iterator[ResultKey], skipped: list[ResultKey]) -> None:
        for key in queue:
            if not await self._kept(self.store.claim, key, self._names):
                if (await self._kept(self.store.row, key)).lacks(self._names):
                    skipped.append(key)
                else:
                    self._count(1)  # another runner has ended it
                continue
            await self._work(key)
            self._count(1)

    async def _kept(self, ask: Callable[..., T], *arguments: Any) -> T:
        """What the store says, without keeping other queries waiting where its file is locked."""
        return await asyncio.get_running_loop().run_in_executor(self.asking, ask, *arguments)

    async def _work(self, key: ResultKey) -> None:
        row = await self._kept(self.store.row, key)
        run = self.store.out / row.run
        try:
            tree = await self._tree(row, run)
        except _LOUD:
            raise
        except Exception as error:
            await self._kept(self.store.failed, key, f"{type(error).__name__}: {error}")
            return
        if tree.ended == "waiting":
            await self._kept(self.store.waits, key)
            return
        broken = breakdown(tree)
        if broken is not None:
            await self._kept(self.store.failed, key, broken)
            return
        scores = [await self._score(evaluator, tree, row) for evaluator in self.evaluators]
        for score in scores:
            if self.scored is not None and score not in row.scores:
                await self.scored(run, score)
        anew = {_unversioned(name) for name in self._names}
        kept = [score for score in row.scores if _unversioned(score.evaluator) not in anew]
        await self._kept(self.store.finish, key, _figures(tree), [*kept, *scores])

    async def _tree(self, row: ResultRow, run: Path) -> SearchTree:
        if row.state == DONE:
            try:
                return read_tree(run)
            except JournalError:
                pass  # a solve that keeps no journal has to be asked again
        _forget_unbegun(run)
        return await self.solve(self.tasks[row.task], run)

    async def _score(self, evaluator: Evaluator, tree: SearchTree, row: ResultRow) -> Score:
        for score in row.scores:
            if score.evaluator == evaluator.name and not score.infrastructure:
                return score
        try:
            score = await evaluator.score(tree)
        except _LOUD:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            score = infrastructure(tree, evaluator.name, reason)
        return score if score.world else replace(score, world=str(self.config.get("world", "")))


def _unversioned(evaluator: str) -> str:
    """An evaluator's name without its version: a score by an older rule does not stay beside."""
    name, _, version = evaluator.partition("/")
    return name + "".join(version.partition("@")[1:])


def _forget_unbegun(run: Path) -> None:
    """Remove a journal whose header was cut off: nothing had been asked or paid for yet."""
    if (run / JOURNAL).is_file() and not has_begun(run):
        (run / JOURNAL).unlink()


def _figures(tree: SearchTree) -> RunFigures:
    tools = sum(observation.seconds for node in tree for observation in node.observations)
    return RunFigures(
        answer=tree.answer,
        ended=tree.ended or "",
        gave_up=gave_up(tree),
        model_calls=tree.model_calls,
        tool_calls=tree.tool_calls,
        input_tokens=tree.usage.input_tokens,
        output_tokens=tree.usage.output_tokens,
        seconds=round(tools + sum(node.seconds for node in tree), 3),
        cost=tree.cost,
    )


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
