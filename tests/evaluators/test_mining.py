"""Mining a batch never prefers an answer that the batch scored 0."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from support import batch
from support.judged_batch import (
    MADE_UP,
    MODES,
    RIGHT,
    WRONG,
    Says,
    batch_of,
    chosen,
    edit,
    evaluate,
    journalled,
    mined,
    row_of,
    step,
    tasks,
)
from toolgrove.data.journal import Journal
from toolgrove.data.pairs.modes import Rule
from toolgrove.data.records import (
    Message,
    Node,
    NodeState,
    Reference,
    Role,
    Score,
    Task,
)
from toolgrove.data.runs import JOURNAL, read_tree
from toolgrove.data.tree import ROOT, SearchTree
from toolgrove.errors import ModelError, UsageError
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.mining import mine_files
from toolgrove.evaluators.runner import run_batch

# ---- what a batch says


@pytest.mark.parametrize("success", MODES)
@pytest.mark.parametrize("rule", [Rule.STEP, Rule.PATH])
async def test_a_batch_never_prefers_an_answer_that_it_scored_0(
    tmp_path: Path, success: str, rule: Rule
) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG, RIGHT, WRONG)
    answers, rows, mining = mined(tmp_path / "R", success=success, rule=rule)
    assert answers == [RIGHT, RIGHT]
    assert [(row.pairs, row.judged, row.why) for row in rows.values()] == [
        (1, "answer/2", ""),
        (0, "answer/2", "the answer was judged wrong"),
    ] * 2
    assert mining.report.totals()["not_judged"] == 0
    assert rows["t1.0"].successes == 0


async def test_the_old_rule_can_be_asked_for_and_says_that_nobody_judged(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    answers, rows, mining = mined(tmp_path / "R", success="answered")
    assert answers == [RIGHT, WRONG]
    assert {row.judged for row in rows.values()} == {""}
    assert mining.report.totals()["not_judged"] == 2


async def test_a_pair_says_which_evaluator_vouches_for_it(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT)
    [pair] = mine_files([tmp_path / "R"])
    assert pair.origin["judged"] == "answer/2"
    [pair] = mine_files([tmp_path / "R"], success="answered", keep=MADE_UP)
    assert pair.origin["judged"] == ""


@pytest.mark.parametrize("where", ["R", "R/runs", "R/runs/config", "R/runs/config/t1.0", "journal"])
async def test_scores_are_found_from_any_folder_of_the_batch(tmp_path: Path, where: str) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    run = tmp_path / "R" / row_of(tmp_path / "R", "t1").run
    path = {"journal": run / JOURNAL, "R/runs/config/t1.0": run, "R/runs/config": run.parent}
    answers, rows, _ = mined(path.get(where, tmp_path / where))
    assert WRONG not in answers
    assert rows["t1.0"].why == "the answer was judged wrong"


async def test_a_relative_path_finds_the_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await evaluate(tmp_path / "R", WRONG)
    run = tmp_path / "R" / row_of(tmp_path / "R", "t0").run
    for inside, name in ((run.parent, "t0.0"), (run, "."), (tmp_path / "R", "runs/../runs")):
        monkeypatch.chdir(inside)
        assert mined(Path(name))[0] == []


async def test_two_configurations_are_judged_each_by_its_own_scores(tmp_path: Path) -> None:
    """One task, right under the first settings and wrong under the second."""
    [asked] = tasks(RIGHT)
    await evaluate(tmp_path / "R", asked=[asked])
    right = row_of(tmp_path / "R", "t0").run

    async def wrong(task: Task, run: Path) -> SearchTree:
        journalled(run, task, {WRONG: 0.0})
        return read_tree(run)

    await run_batch([asked], wrong, [AnswerEvaluator()], tmp_path / "R", config={"of": "another"})
    mining = mine_files([tmp_path / "R"])
    assert chosen(list(mining)) == [RIGHT]
    why = {row.tree: row.why for row in mining.report.rows}
    assert why.pop(f"R/{right}") == ""
    assert list(why.values()) == ["the answer was judged wrong"]


async def test_epochs_are_judged_each_by_its_own_score(tmp_path: Path) -> None:
    turn = iter([WRONG, RIGHT, WRONG])

    async def solve(task: Task, run: Path) -> SearchTree:
        journalled(run, task, {next(turn): 0.0})
        return read_tree(run)

    await run_batch(tasks("")[:1], solve, [AnswerEvaluator()], tmp_path / "R", config={}, epochs=3)
    answers, rows, _ = mined(tmp_path / "R")
    assert answers == [RIGHT]
    assert {name: row.pairs for name, row in rows.items()} == {"t0.0": 0, "t0.1": 1, "t0.2": 0}


async def test_a_killed_batch_gives_pairs_of_what_it_has_judged(tmp_path: Path) -> None:
    """SIGKILL at some event of journals and rows: what has no score yet is not judged."""
    await asyncio.to_thread(batch.run, tmp_path / "whole")
    scores = {row.task: row.scores[0].value for row in _rows(tmp_path / "whole")}
    for events in (40, 250):
        out = tmp_path / str(events)
        assert await asyncio.to_thread(batch.killed, out, events)
        done = {row.task for row in _rows(out) if row.state == "done"}
        assert not done or events == 250  # whose rows come first differs from run to run
        assert len(done) < len(scores)
        mining = mine_files([out])
        assert {pair.origin["task"] for pair in mining} <= {t for t in done if scores[t] == 1.0}
        for row in mining.report.rows:
            assert bool(row.judged) == (row.task in done)
            assert row.judged or (row.pairs, row.why[:11]) == (0, "not judged:")


def _rows(out: Path) -> list[Any]:
    from toolgrove.evaluators.stored import read_results

    return list(read_results(out))


@pytest.mark.parametrize("cut", [0, 40])
async def test_a_run_that_a_kill_left_unbegun_is_passed_over(tmp_path: Path, cut: int) -> None:
    await evaluate(tmp_path / "R", RIGHT, RIGHT)
    journal = tmp_path / "R" / row_of(tmp_path / "R", "t0").run / JOURNAL
    journal.write_bytes(journal.read_bytes()[:cut])
    answers, rows, _ = mined(tmp_path / "R")
    assert (answers, list(rows)) == ([RIGHT], ["t1.0"])


async def test_a_run_that_broke_down_has_no_verdict(tmp_path: Path) -> None:
    """Also where the row still holds a score from before."""

    async def solve(task: Task, run: Path) -> SearchTree:
        journalled(run, task, {RIGHT: 0.0})
        raise ModelError("engine down")

    await run_batch(tasks("")[:1], solve, [AnswerEvaluator()], tmp_path / "R", config={})
    answers, rows, _ = mined(tmp_path / "R")
    assert (answers, rows["t0.0"].why) == ([], "not judged: the run broke down")

    await batch_of(tmp_path / "S", {RIGHT: 0.0})
    edit(tmp_path / "S", "UPDATE result SET state = 'infrastructure'")
    answers, rows, _ = mined(tmp_path / "S")
    assert (answers, rows["t.0"].why) == ([], "not judged: the run broke down")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "not judged: no evaluator had an opinion on the answer"),
        (None, "not judged: mine/1 had no opinion on the answer"),
        (0.5, "the answer was judged neither right nor wrong (0.5)"),
        (0.0, "the answer was judged wrong"),
    ],
)
async def test_only_a_full_score_is_a_success(
    tmp_path: Path, value: float | None, why: str
) -> None:
    await batch_of(tmp_path / "R", {RIGHT: 0.0}, Says("mine/1", value))
    found = [mined(tmp_path / "R", success=success) for success in ("auto", "mine/1")]
    assert [answers for answers, _, _ in found] == [[], []]
    assert why in {rows["t.0"].why for _, rows, _ in found}


async def test_an_evaluator_that_broke_down_gives_no_verdict(tmp_path: Path) -> None:
    class Broken:
        name = "answer/2"

        async def score(self, tree: SearchTree) -> Score:
            raise ConnectionError("refused")

    await batch_of(tmp_path / "R", {RIGHT: 0.0}, Broken())
    answers, rows, _ = mined(tmp_path / "R")
    assert (answers, rows["t.0"].judged) == ([], "")


# ---- which evaluator decides


async def test_code_decides_before_a_judge_and_a_judge_where_code_has_no_opinion(
    tmp_path: Path,
) -> None:
    await evaluate(tmp_path / "code", RIGHT, judge=["Solved"])
    assert mined(tmp_path / "code")[1]["t0.0"].judged == "answer/2"
    unknown = [Task("t0", f"Say: {RIGHT}")]
    await evaluate(tmp_path / "judge", asked=unknown, judge=["Solved"])
    answers, rows, _ = mined(tmp_path / "judge")
    assert answers == [RIGHT]
    assert rows["t0.0"].judged.startswith("tooleval-pass/1@")
    assert mined(tmp_path / "judge", success="tooleval-pass")[0] == [RIGHT]
    assert mined(tmp_path / "judge", success="tooleval-pass/1")[0] == [RIGHT]


@pytest.mark.parametrize("success", ["auto", "answer/2", "calls/1", "other/1"])
@pytest.mark.parametrize("wrong", ["answer/2", "tooleval-pass/1@judgex3", "other/1"])
async def test_whichever_decides_an_answer_that_any_scored_0_is_not_preferred(
    tmp_path: Path, success: str, wrong: str
) -> None:
    names = ["answer/2", "calls/1", "tooleval-pass/1@judgex3", "other/1"]
    says = [Says(name, 0.0 if name == wrong else 1.0) for name in names]
    await batch_of(tmp_path / "R", {RIGHT: 0.0}, *says)
    answers, rows, _ = mined(tmp_path / "R", success=success)
    assert (answers, rows["t.0"].why) == ([], "the answer was judged wrong")
    assert rows["t.0"].judged == wrong


@pytest.mark.parametrize("way", ["calls/1", "calls/2", "graph/1"])
async def test_what_judges_the_way_decides_only_where_it_is_named(tmp_path: Path, way: str) -> None:
    """They judge the way: right calls make no answer right, nor do other calls make it wrong."""
    await batch_of(tmp_path / "R", {RIGHT: 0.0}, Says(way, 1.0))
    assert mined(tmp_path / "R")[1]["t.0"].why.startswith("not judged: no evaluator")
    assert mined(tmp_path / "R", success=way)[0] == [RIGHT]
    await batch_of(tmp_path / "S", {RIGHT: 0.0}, Says("answer/2", 1.0), Says(way, 0.0))
    assert mined(tmp_path / "S")[0] == [RIGHT]
    assert mined(tmp_path / "S", success=way)[0] == []


async def test_an_evaluator_that_nobody_used_is_told_with_those_that_were(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT)
    with pytest.raises(UsageError, match=r"'anser/1'.*answer/2, calls/2"):
        list(mine_files([tmp_path / "R"], success="anser/1"))


# ---- several answers in a tree


async def test_another_answer_of_the_tree_is_neither_success_nor_failure(tmp_path: Path) -> None:
    await batch_of(tmp_path / "R", {RIGHT: 0.9, WRONG: 0.1})
    for rule in (Rule.STEP, Rule.PATH):
        pairs = list(mine_files([tmp_path / "R"], rule=rule))
        assert chosen(pairs) == [RIGHT]
        assert [pair.rejected[0].content for pair in pairs] == ["Try 0."], "the one that gave up"


async def test_a_wrong_answer_makes_no_other_answer_right(tmp_path: Path) -> None:
    await batch_of(tmp_path / "R", {WRONG: 0.9, RIGHT: 0.1})
    answers, rows, _ = mined(tmp_path / "R")
    assert (answers, rows["t.0"].why) == ([], "the answer was judged wrong")


async def test_the_same_answer_on_another_path_shares_the_score(tmp_path: Path) -> None:
    task = Task("t", "What?", reference=Reference("number", 4))

    async def solve(task: Task, run: Path) -> SearchTree:
        with Journal.create(run, task=task, tools=[], aliases={}, config={}) as journal:
            journal.node(Node(ROOT, None, messages=(Message(Role.USER, task.query),)))
            journal.node(step(0, NodeState.ANSWERED, RIGHT, 0.2))
            journal.node(step(1, NodeState.GAVE_UP, "", None))
            journal.node(step(2, NodeState.ANSWERED, RIGHT, 0.9))
            journal.end("answered")
        return read_tree(run)

    await run_batch([task], solve, [AnswerEvaluator()], tmp_path / "R", config={})
    answers, rows, _ = mined(tmp_path / "R")
    assert (answers, rows["t.0"].successes) == ([RIGHT, RIGHT], 2)


async def test_where_only_unjudged_answers_stand_beside_it_that_is_said(tmp_path: Path) -> None:
    await batch_of(tmp_path / "R", {RIGHT: 0.9, WRONG: 0.1}, failed=0)
    _, rows, _ = mined(tmp_path / "R")
    assert rows["t.0"].why == "every branch led to a success or to an answer that nobody judged"


async def test_a_run_that_changed_after_it_was_judged_has_no_verdict(tmp_path: Path) -> None:
    run = await batch_of(tmp_path / "R", {RIGHT: 0.0})
    shutil.rmtree(run)
    journalled(run, Task("t", "What?"), {WRONG: 0.0})
    answers, rows, _ = mined(tmp_path / "R")
    assert (answers, rows["t.0"].judged) == ([], "")
    assert rows["t.0"].why == "not judged: the run has changed since it was scored"


async def test_a_run_that_went_on_after_it_was_judged_keeps_the_score_of_that_answer(
    tmp_path: Path,
) -> None:
    run = await batch_of(tmp_path / "R", {WRONG: 0.5})
    with Journal.resume(run) as journal:
        journal.node(step(2, NodeState.ANSWERED, RIGHT, 0.9))
        journal.end("answered")
    assert read_tree(run).answer == RIGHT
    answers, rows, _ = mined(tmp_path / "R")
    assert (answers, rows["t.0"].why) == ([], "the answer was judged wrong")


@pytest.mark.parametrize(
    ("value", "why"), [(0.0, "no success"), (1.0, "never branched on the way to its success")]
)
async def test_a_run_without_an_answer_succeeds_where_it_gave_up_and_that_was_judged_right(
    tmp_path: Path, value: float, why: str
) -> None:
    await batch_of(tmp_path / "R", {}, Says("answer/2", value))
    answers, rows, _ = mined(tmp_path / "R")
    assert (answers, rows["t.0"].why, rows["t.0"].successes) == ([], why, int(value))
