"""The search for a strategy: what it drops, what it reports on, and that it can be gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.erring import Erring, sums
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.strategies import tuning
from toolgrove.agent.strategies.text import Strategy
from toolgrove.agent.strategies.tuning import CANDIDATES, PLAIN, tune_strategy
from toolgrove.data.records import Task
from toolgrove.errors import UsageError

VOTE, FIRST, MANY = "sample(3) | vote(answer)", "first(code, 3)", "sample(5) | rank(1)"


async def test_what_others_beat_is_dropped_and_the_front_is_shown_on_held_out_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "_FIRST", 2)
    model, told = Erring([7, 0, 0]), list[str]()
    tuned = await tune_strategy(
        Evaluation(model.agent),
        sums(3),
        other(2),
        tmp_path,
        budget=1000,
        candidates=[VOTE, FIRST, MANY],
        tell=told.append,
    )
    tried = {one.strategy: (one.tasks, one.rate, one.model_calls) for one in tuned.development}
    assert tried == {
        PLAIN: (3, 0.0, 2.0),
        VOTE: (3, 1.0, 4.0),
        FIRST: (3, 1.0, 4.0),
        MANY: (2, 1.0, 10.0),
    }
    assert tuned.spent == 3 * (4 + 4 + 2) + 2 * 10
    assert tuned.held_out[0].strategy == PLAIN
    assert {one.strategy: one.gain for one in tuned.held_out} == {
        PLAIN: (0.0, 0.0, 0.0),
        VOTE: (1.0, 1.0, 1.0),
        FIRST: (1.0, 1.0, 1.0),
    }
    assert told == [
        "2 tasks: 4 strategies, 40 of 1000 model calls",
        "3 tasks: 3 strategies, 50 of 1000 model calls",
    ]


async def test_no_task_begins_once_the_budget_is_spent(tmp_path: Path) -> None:
    model = Erring([0])
    tuned = await tune_strategy(
        Evaluation(model.agent), sums(9), other(1), tmp_path, budget=5, candidates=[VOTE]
    )
    assert (tuned.spent, {one.tasks for one in tuned.development}) == (6, {1})


async def test_a_search_that_dies_goes_on_and_pays_for_nothing_twice(tmp_path: Path) -> None:
    async def searched(model: Erring, out: Path) -> object:
        return await tune_strategy(
            Evaluation(model.agent), sums(2), other(1), out, budget=99, candidates=[VOTE]
        )

    whole = Erring([0])
    found = await searched(whole, tmp_path / "whole")
    asked = 0
    for dies_after in (1, 4, 5):
        model = Erring([0], dies_after)
        with pytest.raises(UsageError, match="the model is gone"):
            await searched(model, tmp_path / "cut")
        asked += model.asked
    model = Erring([0])
    assert await searched(model, tmp_path / "cut") == found
    assert asked + model.asked == whole.asked


async def test_a_held_out_task_is_none_that_was_chosen_by(tmp_path: Path) -> None:
    evaluation, same = Evaluation(Erring([0]).agent), sums(2)
    with pytest.raises(UsageError, match="is a development task"):
        await tune_strategy(evaluation, same, same[1:], tmp_path, budget=9)
    with pytest.raises(UsageError, match="and a budget"):
        await tune_strategy(evaluation, same, other(1), tmp_path, budget=0)


async def test_what_nobody_can_judge_decides_nothing(tmp_path: Path) -> None:
    evaluation, unknown = Evaluation(Erring([0]).agent), [Task("u", "What is 1 plus 1?")]
    with pytest.raises(UsageError, match="nobody could judge"):
        await tune_strategy(evaluation, unknown, other(1), tmp_path, budget=9)


def test_every_usual_candidate_is_a_strategy_and_none_is_there_twice() -> None:
    assert len({str(Strategy.parse(one)) for one in CANDIDATES}) == len(CANDIDATES)


def other(n: int) -> list[Task]:
    """Tasks that nothing was chosen by."""
    return sums(n, start=50)
