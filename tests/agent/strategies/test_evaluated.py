"""Strategies in an evaluation: what is judged, what is counted, and under which key it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.approved import TASK, Desk
from support.erring import Erring, sums
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.view.batch import runs_in
from toolgrove.agent.view.data import read_view
from toolgrove.data.decisions import Pause
from toolgrove.data.formats.sources import TREES, load_sources
from toolgrove.data.runs import read_tree
from toolgrove.errors import UsageError
from toolgrove.evaluators.judgements import Judgements
from toolgrove.evaluators.regrading import regrade
from toolgrove.evaluators.report import labels
from toolgrove.evaluators.store import WAITING
from toolgrove.evaluators.stored import read_results

VOTE = "sample(3) | vote"


async def test_the_answer_that_is_taken_is_judged_and_all_runs_are_counted(tmp_path: Path) -> None:
    model = Erring([7, 0, 0])
    summary = await Evaluation(model.agent, strategy=VOTE).run(sums(2), tmp_path)
    assert summary.total.rates["answer/2"].value == 1.0
    assert (summary.total.model_calls, summary.total.tool_calls) == (6.0, 3.0)
    assert model.asked == 12
    for row in read_results(tmp_path):
        assert row.run.endswith("/sample-2")  # the first of those that agree
        assert row.figures is not None
        assert read_tree(tmp_path / row.run).answer == row.figures.answer
    [shown, _] = runs_in(tmp_path)
    assert shown.path is not None
    assert read_view(shown.path).judgement.value == 1.0


async def test_its_results_are_mined_and_learnt_from_as_others_are(tmp_path: Path) -> None:
    judged = Judgements()
    await Evaluation(Erring([7, 0, 0]).agent, strategy=VOTE).run(sums(2), tmp_path)
    read = [
        (judged.of(tree, loaded.path).value, tree.answer)
        for loaded in load_sources([tmp_path], TREES)
        for tree in loaded.trees
    ]
    assert len(read) == 6
    assert sum(value == 1.0 for value, _ in read) == 2  # the runs that were taken


async def test_results_come_back_under_the_same_strategy_only(tmp_path: Path) -> None:
    model, tasks = Erring([7, 0, 0]), sums(1)
    once = await Evaluation(model.agent).run(tasks, tmp_path)
    assert once.total.rates["answer/2"].value == 0.0
    assert "strategy" not in once.config
    voted = await Evaluation(model.agent, strategy=VOTE).run(tasks, tmp_path)
    asked = model.asked
    for same in (VOTE, "sample(3)|vote(answer)"):
        again = await Evaluation(model.agent, strategy=same).run(tasks, tmp_path)
        assert (again.config, again.total) == (voted.config, voted.total)
    assert model.asked == asked
    assert labels([once.config, voted.config])[1] == {"strategy": "sample(3) | vote(answer)"}
    await Evaluation(model.agent, strategy="sample(3) | rank").run(tasks, tmp_path)
    assert model.asked > asked
    with pytest.raises(UsageError, match="none of the steps"):
        await Evaluation(model.agent, strategy="dream").run(tasks, tmp_path)


async def test_scoring_again_and_regrading_keep_what_all_runs_took(tmp_path: Path) -> None:
    model = Erring([7, 0, 0])
    first = await Evaluation(model.agent, strategy=VOTE).run(sums(1), tmp_path)
    asked = model.asked
    more = ("answer", "calls", "trace")
    again = await Evaluation(model.agent, evaluators=more, strategy=VOTE).run(sums(1), tmp_path)
    assert model.asked == asked
    assert again.total.model_calls == first.total.model_calls == 6.0
    await regrade(tmp_path, Evaluation(model.agent).scorers)
    [row] = read_results(tmp_path)
    assert row.figures is not None
    assert (row.figures.model_calls, row.run.rsplit("/", 1)[1]) == (6, "sample-2")


async def test_a_batch_that_was_cut_short_pays_for_no_run_twice(tmp_path: Path) -> None:
    whole = Erring([0])
    await Evaluation(whole.agent, strategy=VOTE).run(sums(2), tmp_path / "whole")
    asked = 0
    for dies_after in (3, 4, None):
        model = Erring([0], dies_after)
        summary = await Evaluation(model.agent, strategy=VOTE).run(sums(2), tmp_path / "cut")
        asked += model.asked
    assert summary.total.runs == 2
    assert asked == whole.asked


async def test_a_strategy_that_waits_is_a_row_that_waits(tmp_path: Path) -> None:
    agent = Desk(tmp_path).agent(approve=lambda spec, call: Pause())
    await Evaluation(agent, strategy="sample(2)").run([TASK], tmp_path / "out")
    [row] = read_results(tmp_path / "out")
    assert row.state == WAITING
