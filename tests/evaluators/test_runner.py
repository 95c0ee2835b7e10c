"""The batch runner: killed, cancelled, shared and broken batches come to the same results."""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import batch
from support.random_script import timeless
from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import Node, NodeState, Reference, Score, Task
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import ROOT, Ending, SearchTree, child_id
from toolgrove.errors import ModelError, ReplayMiss, ResumeMismatch, UsageError
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.base import judged
from toolgrove.evaluators.graphs import GraphEvaluator
from toolgrove.evaluators.runner import run_batch
from toolgrove.evaluators.store import OWNERS, ResultRow, ResultStore

TASKS = [
    Task(f"q{i}", f"Question {i}?", group="G1", reference=Reference("number", i)) for i in range(6)
]
CONFIG = {"planner": "react"}


def results(out: Path) -> list[ResultRow]:
    """The rows without what differs between two runs of the same batch: dates and seconds."""
    with ResultStore(out, batch.CONFIG) as store:
        return [
            replace(
                row,
                figures=row.figures and replace(row.figures, seconds=0.0),
                scores=tuple(replace(score, date="") for score in row.scores),
            )
            for row in store.rows()
        ]


def answered(task: Task, answer: str, **meta: Any) -> SearchTree:
    ending = Ending(meta.pop("ended")) if "ended" in meta else None
    tree = SearchTree(task, meta=meta, ending=ending)
    tree.add(Node(ROOT, None))
    tree.add(Node(child_id(ROOT, 0), ROOT, state=NodeState.ANSWERED, answer=answer))
    return tree


class Solving:
    """A solve that counts, and breaks down where it is told to."""

    def __init__(self, **broken: Exception) -> None:
        self.broken, self.made = broken, Counter[str]()

    async def __call__(self, task: Task, run: Path) -> SearchTree:
        self.made[task.id] += 1
        await asyncio.sleep(0)
        if task.id in self.broken:
            raise self.broken[task.id]
        return answered(task, task.id.removeprefix("q"))


async def test_a_locked_results_file_keeps_no_healthy_query_waiting(tmp_path: Path) -> None:
    """The writer goes only when the second query has: one that blocked the loop would time out."""
    running, locked = asyncio.Event(), asyncio.Event()

    async def solve(task: Task, run: Path) -> SearchTree:
        if task.id == "q1":
            running.set()
            await locked.wait()
            taken.execute("ROLLBACK")
        else:
            await running.wait()
            taken.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(0.05, locked.set)
        return answered(task, "1")

    with ResultStore(tmp_path, CONFIG):  # so that there is a file
        taken = sqlite3.connect(tmp_path / "results.sqlite", isolation_level=None)
    with closing(taken):
        summary = await run_batch(TASKS[:2], solve, [], tmp_path, config=CONFIG, concurrency=2)
    assert summary.total.runs == 2


async def test_promise_9_a_batch_killed_20_times_gives_the_same_results(tmp_path: Path) -> None:
    """SIGKILL at random events of journals and rows; also promise 4: no call is paid twice."""
    await asyncio.to_thread(batch.run, tmp_path / "whole")
    draw = random.Random(9)
    deaths = 0
    for _ in range(20):
        deaths += await asyncio.to_thread(batch.killed, tmp_path / "killed", draw.randrange(1, 60))
    summary = await asyncio.to_thread(batch.run, tmp_path / "killed")

    assert deaths == 20, "the batch was over before it was killed 20 times: make it longer"
    assert summary.total.runs == len(batch.TASKS)
    whole, again = results(tmp_path / "whole"), results(tmp_path / "killed")
    assert again == whole
    assert {row.figures and row.figures.answer is None for row in whole} == {True, False}
    assert {score.value for row in whole for score in row.scores} == {0.0, 1.0}
    paid = 0
    assert sum(_calls(tmp_path / "whole" / row.run) for row in whole) > len(whole)
    for row in whole:
        assert timeless(read_tree(tmp_path / "killed" / row.run)) == timeless(
            read_tree(tmp_path / "whole" / row.run)
        )
        paid += _calls(tmp_path / "killed" / row.run) - _calls(tmp_path / "whole" / row.run)
    assert 0 <= paid <= 20 * 3 * 2, "more calls were paid again than were in flight"


def _calls(run: Path) -> int:
    notes = run / "calls"
    return len(notes.read_text().splitlines()) if notes.exists() else 0


async def test_two_runners_on_one_folder_share_the_work(tmp_path: Path) -> None:
    await asyncio.to_thread(batch.run, tmp_path / "alone")

    def together() -> None:
        children = [batch.started(tmp_path / "shared") for _ in range(2)]
        for child in children:
            child.join()
            assert child.exitcode == 0

    await asyncio.to_thread(together)
    assert results(tmp_path / "shared") == results(tmp_path / "alone")
    for row in results(tmp_path / "shared"):
        notes = tmp_path / "shared" / row.run / "calls"
        runners = (
            {line.split()[0] for line in notes.read_text().splitlines()}
            if notes.exists()
            else set()
        )
        assert len(runners) <= 1, f"{row.task} was run by two runners"


async def test_what_has_ended_is_not_run_again(tmp_path: Path) -> None:
    solve = Solving()
    for _ in range(2):
        summary = await run_batch(TASKS, solve, [AnswerEvaluator()], tmp_path, config=CONFIG)
    assert set(solve.made.values()) == {1}
    assert summary.total.rates["answer/2"].value == 1.0


async def test_promise_10_a_breakdown_is_never_a_wrong_answer_and_is_tried_again(
    tmp_path: Path,
) -> None:
    solve = Solving(q1=ModelError("engine down"), q2=ConnectionError("reset"))
    first = await run_batch(TASKS, solve, [AnswerEvaluator()], tmp_path, config=CONFIG)
    assert (first.total.infrastructure, first.total.runs) == (2, 4)
    assert (first.total.rates["answer/2"].n, first.total.rates["answer/2"].value) == (4, 1.0)

    solve.broken = {}
    second = await run_batch(TASKS, solve, [AnswerEvaluator()], tmp_path, config=CONFIG)
    assert (second.total.infrastructure, second.total.runs) == (0, 6)
    assert solve.made == Counter({"q1": 2, "q2": 2, "q0": 1, "q3": 1, "q4": 1, "q5": 1})


async def test_promise_10_a_run_cut_short_is_infrastructure(tmp_path: Path) -> None:
    async def cut(task: Task, run: Path) -> SearchTree:
        return answered(task, "0", ended=None)

    summary = await run_batch(TASKS, cut, [AnswerEvaluator()], tmp_path, config=CONFIG)
    assert (summary.total.infrastructure, summary.total.rates) == (6, {})


@pytest.mark.parametrize(
    "error", [UsageError("no"), ReplayMiss("not recorded"), ResumeMismatch("run", {})]
)
async def test_an_error_of_the_whole_batch_ends_it(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)):
        await run_batch(
            TASKS, Solving(q3=error), [AnswerEvaluator()], tmp_path, config=CONFIG, concurrency=2
        )
    summary = await run_batch(TASKS, Solving(), [AnswerEvaluator()], tmp_path, config=CONFIG)
    assert summary.total.runs == 6


async def test_cancelling_keeps_what_has_ended(tmp_path: Path) -> None:
    reached = asyncio.Event()
    solve = Solving()

    async def blocking(task: Task, run: Path) -> SearchTree:
        if task.id in ("q2", "q3"):
            reached.set()
            await asyncio.Event().wait()
        return await solve(task, run)

    batch_ = asyncio.create_task(
        run_batch(TASKS, blocking, [AnswerEvaluator()], tmp_path, config=CONFIG, concurrency=2)
    )
    await reached.wait()
    await asyncio.sleep(0)
    batch_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch_
    ended = sum(solve.made.values())
    assert 0 < ended < 6
    seen: list[tuple[int, int | None]] = []

    def tick(done: int, total: int | None = None) -> None:
        seen.append((done, total))

    summary = await run_batch(TASKS, solve, [AnswerEvaluator()], tmp_path, config=CONFIG, tick=tick)
    assert seen == [(done, 6) for done in range(ended, 7)]
    assert summary.total.runs == 6
    assert set(solve.made.values()) == {1}


async def test_no_more_than_so_many_at_once(tmp_path: Path) -> None:
    under_way = peak = 0
    full = asyncio.Event()

    async def counting(task: Task, run: Path) -> SearchTree:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        if under_way == 3:
            full.set()
        await full.wait()
        await asyncio.sleep(0)
        under_way -= 1
        return answered(task, "0")

    await run_batch(TASKS, counting, [], tmp_path, config=CONFIG, concurrency=3)
    assert peak == 3


async def test_another_configuration_keeps_its_own_rows(tmp_path: Path) -> None:
    wrong = Solving()
    await run_batch(TASKS, Solving(), [AnswerEvaluator()], tmp_path, config=CONFIG)
    other = await run_batch(
        TASKS[:2], wrong, [AnswerEvaluator()], tmp_path, config={**CONFIG, "model": "b"}
    )
    assert (other.total.runs, sum(wrong.made.values())) == (2, 2)
    again = await run_batch(TASKS, wrong, [AnswerEvaluator()], tmp_path, config=CONFIG)
    assert (again.total.runs, sum(wrong.made.values())) == (6, 2)


async def test_epochs_are_runs_of_their_own_and_a_task_counts_once(tmp_path: Path) -> None:
    solve = Solving()
    summary = await run_batch(TASKS, solve, [AnswerEvaluator()], tmp_path, config=CONFIG, epochs=3)
    assert (summary.total.runs, summary.total.rates["answer/2"].n) == (18, 6)
    assert set(solve.made.values()) == {3}


async def test_a_new_evaluator_scores_what_has_ended_without_running_it(tmp_path: Path) -> None:
    class Length:
        name = "length/1"

        async def score(self, tree: SearchTree) -> Score:
            return judged(tree, self.name, 0.5, "half")

    out = tmp_path / "out"
    await asyncio.to_thread(batch.run, out)
    solve = Solving()
    summary = await run_batch(
        batch.TASKS, solve, [AnswerEvaluator(), Length()], out, config=batch.CONFIG
    )
    assert not solve.made
    assert set(summary.total.rates) == {"answer/2", "length/1"}


async def test_scores_by_an_older_rule_are_made_anew_and_never_mixed(tmp_path: Path) -> None:
    class Older:
        name = "answer/1"

        async def score(self, tree: SearchTree) -> Score:
            return judged(tree, self.name, 0.5, "by the older rule")

    out = tmp_path / "out"
    await asyncio.to_thread(batch.run, out)
    await run_batch(batch.TASKS, Solving(), [Older()], out, config=batch.CONFIG)
    assert {s.evaluator for row in results(out) for s in row.scores} == {"answer/1"}
    solve = Solving()
    summary = await run_batch(batch.TASKS, solve, [AnswerEvaluator()], out, config=batch.CONFIG)
    assert not solve.made
    assert set(summary.total.rates) == {"answer/2"}
    scores = [score for row in results(out) for score in row.scores]
    assert {score.evaluator for score in scores} == {"answer/2"}
    assert all(score.value in (0, 1) for score in scores)


async def test_a_judge_that_broke_down_is_asked_again_the_next_time(tmp_path: Path) -> None:
    class Flaky:
        name = "flaky/1"
        down = True

        async def score(self, tree: SearchTree) -> Score:
            if self.down:
                raise ConnectionError("refused")
            return judged(tree, self.name, 1.0, "fine")

    flaky, solve = Flaky(), Solving()
    first = await run_batch(TASKS, solve, [flaky], tmp_path, config=CONFIG)
    assert (first.total.unscored, first.total.rates) == (6, {})
    flaky.down = False
    second = await run_batch(TASKS, solve, [flaky], tmp_path, config=CONFIG)
    assert (second.total.unscored, second.total.rates["flaky/1"].value) == (0, 1.0)


async def test_scores_carry_the_world_that_the_configuration_names(tmp_path: Path) -> None:
    await run_batch(
        TASKS, Solving(), [AnswerEvaluator()], tmp_path, config={**CONFIG, "world": "5"}
    )
    with ResultStore(tmp_path, {**CONFIG, "world": "5"}) as store:
        assert {score.world for row in store.rows() for score in row.scores} == {"5"}


async def test_a_changed_task_under_an_old_id_is_refused(tmp_path: Path) -> None:
    await run_batch(TASKS, Solving(), [AnswerEvaluator()], tmp_path, config=CONFIG)
    changed = [replace(TASKS[0], query="Something else?")]
    with pytest.raises(UsageError, match="another task with the id 'q0'"):
        await run_batch(changed, Solving(), [], tmp_path, config=CONFIG)


async def test_two_tasks_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'q0'"):
        await run_batch([*TASKS, TASKS[0]], Solving(), [], tmp_path, config=CONFIG)


async def test_a_task_whose_reference_cannot_be_scored_has_no_verdict_and_the_others_have(
    tmp_path: Path,
) -> None:
    circle = (ExpectedCall("a", needs=(7,)),)
    tasks = [
        replace(TASKS[0], reference=Reference("date", "2026-02-30")),
        replace(TASKS[1], reference=Reference("number", 1, call_sets=(circle,))),
        *TASKS[2:],
    ]
    scorers = [AnswerEvaluator(), GraphEvaluator()]
    found = await run_batch(tasks, Solving(), scorers, tmp_path, config=CONFIG)
    assert (found.total.runs, found.total.unscored) == (6, 0)
    assert (found.total.rates["answer/2"].value, found.total.rates["answer/2"].n) == (1.0, 5)
    with ResultStore(tmp_path, CONFIG) as store:
        [score, _] = store.row(("q0", 0)).scores
    assert score.reason == (
        "the reference cannot be scored: '2026-02-30' is not an ISO date, as the reference says"
    )


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text("{}")
    with pytest.raises(UsageError, match=r"one.json.* Name another folder"):
        await run_batch(TASKS, Solving(), [], tmp_path / "one.json", config=CONFIG)


async def test_a_hostile_task_id_is_no_path(tmp_path: Path) -> None:
    hostile = [Task(name, "?") for name in ("../../out", "/etc/x", "a/b", "..", "", "é" * 300)]
    runs: list[Path] = []

    async def noting(task: Task, run: Path) -> SearchTree:
        runs.append(run)
        return answered(task, "0")

    await run_batch(hostile, noting, [], tmp_path, config=CONFIG)
    assert len(set(runs)) == len(hostile)
    plain = re.compile(r"runs/[0-9a-f]{12}/[A-Za-z0-9_-]*(\.[0-9a-f]{12})?\.0")
    assert all(plain.fullmatch(run.relative_to(tmp_path).as_posix()) for run in runs)
    assert all(len(run.name) < 100 for run in runs)


def test_the_lock_of_a_killed_runner_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    with ResultStore(tmp_path, {"a": 1}) as living:
        (tmp_path / OWNERS / "killed.lock").touch()
        with ResultStore(tmp_path, {"b": 1}) as other:
            left = {path.stem for path in (tmp_path / OWNERS).iterdir()}
            assert left == {living.owner, other.owner}


async def test_a_journal_whose_header_was_cut_is_begun_anew(tmp_path: Path) -> None:
    await asyncio.to_thread(batch.run, tmp_path / "whole")
    [first, *_] = results(tmp_path / "whole")
    cut = tmp_path / "cut" / first.run
    cut.mkdir(parents=True)
    header = (tmp_path / "whole" / first.run / "journal.jsonl").read_bytes().split(b"\n")[0]
    (cut / "journal.jsonl").write_bytes(header[:40])
    await asyncio.to_thread(batch.run, tmp_path / "cut")
    assert results(tmp_path / "cut") == results(tmp_path / "whole")


async def test_a_batch_of_an_older_version_finds_its_folders(tmp_path: Path) -> None:
    seen: list[Path] = []

    async def solve(task: Task, run: Path) -> SearchTree:
        seen.append(run)
        return answered(task, "0")

    task = replace(TASKS[0], id="query 0/by hand")
    with ResultStore(tmp_path, CONFIG) as store:
        store.enter([task], 1, {(task.id, 0): "runs/older/named otherwise"})
    await run_batch([task], solve, [AnswerEvaluator()], tmp_path, config=CONFIG)
    assert seen == [tmp_path / "runs/older/named otherwise"]
