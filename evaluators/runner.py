"""Run a batch of tasks and judge them, so that it can be stopped and killed at any moment.

The unit is the query. What has ended is a committed row and is never run again; what was under
way goes on from its journal; what broke down for reasons that are not the agent's is tried again
the next time. Runners of several processes may work on one folder at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from toolgrove.data.records import JsonObject, Score, Task
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.errors import JournalError, ReplayMiss, ResumeMismatch, UsageError
from toolgrove.evaluators.base import (
    Evaluator,
    breakdown,
    gave_up,
    infrastructure,
    scored,
    unversioned,
)
from toolgrove.evaluators.report import Summary, summarise
from toolgrove.evaluators.standing import Standing, Watch
from toolgrove.evaluators.store import (
    DONE,
    INFRASTRUCTURE,
    ResultKey,
    ResultRow,
    ResultStore,
    RunFigures,
)
from toolgrove.machine.files import safe_name
from toolgrove.machine.progress import Tick

__all__ = ["Batch", "Solve", "Solved", "run_batch", "run_batches"]

T = TypeVar("T")
RUNS = "runs"
_TOLD = ("planner", "model", "k")
_LOUD = (ReplayMiss, ResumeMismatch, UsageError)
"""Errors of the whole batch, not of one query: they end it."""


@dataclass(frozen=True, slots=True)
class Solved:
    """What a task came to where several runs were made for one answer.

    Parameters
    ----------
    tree : SearchTree
        Of the run that is judged.
    run : Path
        Its folder, below the one that was given.
    others : sequence of SearchTree
        Of the other runs: what they took is counted, too.
    """

    tree: SearchTree
    run: Path
    others: Sequence[SearchTree] = ()


Solve: TypeAlias = Callable[[Task, Path], Awaitable[SearchTree | Solved]]
"""Solves a task in a run's folder, going on with the journals that it finds there."""

Scored: TypeAlias = Callable[[Path, Score], Awaitable[None]]
"""Told of a score, and the folder of the run that it judges."""


@dataclass(frozen=True)
class Batch:
    """Tasks under one configuration: who solves them, and who judges that.

    Parameters
    ----------
    tasks : sequence of Task
        Ids must be unique.
    solve : callable
        ``await solve(task, run)``: what it raises counts as infrastructure, never as a wrong
        answer, and the query is tried again by the next batch.
    evaluators : sequence of Evaluator
        Each scores every run. A run that has ended and lacks one's score is scored, not run.
    config : JsonObject
        Everything that decides a result, the task apart: planner, model, budget, tools, world.
    scored : callable or None
        Told of each new score, with the folder of the run that it judges.
    """

    tasks: Sequence[Task]
    solve: Solve
    evaluators: Sequence[Evaluator]
    config: JsonObject
    scored: Scored | None = None


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
) -> Summary:
    """Solve and judge every task that has no result in ``out`` yet: one :class:`Batch`.

    Parameters
    ----------
    tick : callable or None
        Told of progress. For the others see :class:`Batch` and :func:`run_batches`.
    """
    batch = Batch(tasks, solve, evaluators, config)
    watch = None if tick is None else lambda standing: tick(standing.done, standing.total)
    [summary] = await run_batches([batch], out, concurrency=concurrency, epochs=epochs, watch=watch)
    return summary


async def run_batches(
    batches: Sequence[Batch],
    out: str | Path,
    *,
    concurrency: int = 1,
    epochs: int = 1,
    retry_failed: bool = True,
    watch: Watch | None = None,
) -> list[Summary]:
    """Solve and judge what has no result in ``out`` yet, of several configurations.

    They take turns, task by task, so that what is there can be compared at any moment.

    Parameters
    ----------
    batches : sequence of Batch
        Of different configurations.
    out : path
        Keeps ``results.sqlite`` and the runs' folders.
    concurrency : int
        How many queries are under way at once, of all batches together.
    epochs : int
        How often each task is run.
    retry_failed : bool
        Whether what broke down before, for no fault of the agent's, is tried again.
    watch : callable or None
        Told how far it is, at the start and at the end of each query.

    Returns
    -------
    list of Summary
        For each batch, of all results under its configuration, also those of other runners.

    Raises
    ------
    UsageError
        Where ids or configurations repeat, or ``out`` holds another task under one of the ids.
    ResumeMismatch, ReplayMiss
        As a batch's ``solve`` raises them: they concern the whole batch.
    """
    for batch in batches:
        _check_ids(batch.tasks)
    with ExitStack() as opened:
        stores = [opened.enter_context(ResultStore(out, batch.config)) for batch in batches]
        _check_distinct(stores, batches)
        asking = opened.enter_context(ThreadPoolExecutor(1, "toolgrove results"))
        work = [
            _Rows(store, batch, epochs, asking)
            for store, batch in zip(stores, batches, strict=True)
        ]
        await _Run(work, watch or _unwatched, retry_failed).run(concurrency)
        return [rows.summary() for rows in work]


def _check_distinct(stores: Sequence[ResultStore], batches: Sequence[Batch]) -> None:
    known: set[str] = set()
    for store, batch in zip(stores, batches, strict=True):
        if store.hash in known:
            told = ", ".join(f"{n} {batch.config[n]!r}" for n in _TOLD if batch.config.get(n))
            raise UsageError(f"two configurations come to the same ({told}): leave one out.")
        known.add(store.hash)


def _check_ids(tasks: Sequence[Task]) -> None:
    known: set[str] = set()
    for task in tasks:
        if task.id in known:
            raise UsageError(f"two tasks have the id {task.id!r}: results are kept by task id.")
        known.add(task.id)


def _unwatched(standing: Standing) -> None:
    """Tell nobody."""


def _folder(config: str, key: ResultKey) -> str:
    """A run's folder below ``out``; what a row has once stays, under an older rule too."""
    task, epoch = key
    return f"{RUNS}/{config[:12]}/{safe_name(task)}.{epoch}"


@dataclass
class _Run:
    """One sitting: works off what is left of several batches."""

    batches: Sequence[_Rows]
    watch: Watch
    retry_failed: bool
    _standing: Standing = field(default_factory=Standing)

    async def run(self, concurrency: int) -> None:
        """Work off what is left, and look once more at what other runners had and dropped."""
        left: list[_Query] = []
        for rows in self.batches:
            for row in await rows.kept(rows.store.rows):
                if row.key in rows.keys:
                    self._standing.total += 1
                    if rows.lacks(row, self.retry_failed):
                        left.append((rows, row.key))
                    else:
                        self._standing.found(row)
        order = {key: place for rows in self.batches for place, key in enumerate(rows.keys)}
        left.sort(key=lambda query: order[query[1]])  # stable: the batches take turns
        self.watch(self._standing)
        while left:
            skipped: list[_Query] = []
            queue = iter(left)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(concurrency, len(left))):
                        group.create_task(self._worker(queue, skipped))
            except BaseExceptionGroup as group_:
                raise _first(group_) from None
            left = skipped if len(skipped) < len(left) else []

    async def _worker(self, queue: Iterator[_Query], skipped: list[_Query]) -> None:
        for rows, key in queue:
            taken = await rows.kept(rows.store.claim, key, rows.names)
            if taken:
                await rows.work(key)
            row = await rows.kept(rows.store.row, key)
            if not taken and row.lacks(rows.names):
                skipped.append((rows, key))
                continue
            if taken:
                self._standing.ended(row)
            else:
                self._standing.found(row)  # another runner has ended it
            self.watch(self._standing)


class _Rows:
    """A batch's rows in the store."""

    def __init__(self, store: ResultStore, batch: Batch, epochs: int, asking: Executor) -> None:
        self.store, self.batch, self._asking = store, batch, asking
        self.names = [evaluator.name for evaluator in batch.evaluators]
        self._tasks = {task.id: task for task in batch.tasks}
        self.keys = dict.fromkeys(
            (task.id, epoch) for task in batch.tasks for epoch in range(epochs)
        )
        store.enter(batch.tasks, epochs, {key: _folder(store.hash, key) for key in self.keys})

    def lacks(self, row: ResultRow, retry_failed: bool) -> bool:
        """Whether there is work left on a row."""
        return row.lacks(self.names) and (retry_failed or row.state != INFRASTRUCTURE)

    def summary(self) -> Summary:
        """What the rows come to."""
        rows = {row.key: row for row in self.store.rows()}
        return summarise([rows[key] for key in self.keys], self.batch.config)

    async def kept(self, ask: Callable[..., T], *arguments: Any) -> T:
        """What the store says, without keeping other queries waiting where its file is locked."""
        return await asyncio.get_running_loop().run_in_executor(self._asking, ask, *arguments)

    async def work(self, key: ResultKey) -> None:
        """Run a query that is claimed, or score its run, and commit what came of it."""
        row = await self.kept(self.store.row, key)
        run = self.store.out / row.run
        try:
            came = _read(row, run)
            figures = row.figures if came is not None else None
            if came is None:
                came = await self._solved(row, run)
        except _LOUD:
            raise
        except Exception as error:
            await self.kept(self.store.failed, key, f"{type(error).__name__}: {error}")
            return
        tree = came.tree  # whose journal may hold the reference of before it was mended
        tree.task = replace(tree.task, reference=self._tasks[row.task].reference)
        if tree.ended == "waiting":
            await self.kept(self.store.waits, key)
            return
        broken = breakdown(tree)
        if broken is not None:
            await self.kept(self.store.failed, key, broken)
            return
        scores = [await self._score(evaluator, tree, row) for evaluator in self.batch.evaluators]
        for score in scores:
            if self.batch.scored is not None and score not in row.scores:
                await self.batch.scored(came.run, score)
        anew = {unversioned(name) for name in self.names}
        kept = [score for score in row.scores if unversioned(score.evaluator) not in anew]
        where = came.run.relative_to(self.store.out).as_posix()
        figures = figures or _figures(came)
        await self.kept(self.store.finish, key, figures, [*kept, *scores], where)

    async def _solved(self, row: ResultRow, run: Path) -> Solved:
        came = await self.batch.solve(self._tasks[row.task], run)
        return came if isinstance(came, Solved) else Solved(came, run)

    async def _score(self, evaluator: Evaluator, tree: SearchTree, row: ResultRow) -> Score:
        for score in row.scores:
            if score.evaluator == evaluator.name and not score.infrastructure:
                return score
        try:
            score = await scored(evaluator, tree)
        except _LOUD:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            score = infrastructure(tree, evaluator.name, reason)
        return (
            score if score.world else replace(score, world=str(self.batch.config.get("world", "")))
        )


_Query: TypeAlias = tuple[_Rows, ResultKey]


def _read(row: ResultRow, run: Path) -> Solved | None:
    """What a run that has ended came to; None where it has not, or has to be made again."""
    if row.state != DONE:
        return None
    try:
        return Solved(read_tree(run), run)
    except JournalError:  # a solve that keeps no journal has to be asked again
        return None


def _figures(came: Solved) -> RunFigures:
    trees = [came.tree, *came.others]
    nodes = [node for tree in trees for node in tree]
    tools = sum(observation.seconds for node in nodes for observation in node.observations)
    costs = [tree.cost for tree in trees]
    known = [cost for cost in costs if cost is not None]
    return RunFigures(
        answer=came.tree.answer,
        ended=came.tree.ended or "",
        gave_up=gave_up(came.tree),
        model_calls=sum(tree.model_calls for tree in trees),
        tool_calls=sum(tree.tool_calls for tree in trees),
        input_tokens=sum(tree.usage.input_tokens for tree in trees),
        output_tokens=sum(tree.usage.output_tokens for tree in trees),
        seconds=round(tools + sum(node.seconds for node in nodes), 3),
        cost=sum(known) if len(known) == len(costs) else None,
    )


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
