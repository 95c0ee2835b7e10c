"""How far a matrix is: rates of what can be rated, time and cost of this sitting only."""

from __future__ import annotations

from time import monotonic

import pytest

from toolgrove.data.records import Score
from toolgrove.evaluators.report import labels
from toolgrove.evaluators.standing import Standing
from toolgrove.evaluators.store import DONE, INFRASTRUCTURE, ResultRow, RunFigures


def row(value: float | None, cost: float | None = 0.5, state: str = DONE) -> ResultRow:
    figures = RunFigures("4", "answered", False, 1, 1, 10, 1, 1.0, cost)
    scores = (Score(None, "no reference", "answer/2"), Score(value, "voted", "pass/1@m"))
    return ResultRow("t", 0, "G1", "runs/t", state, "", figures, scores)


def test_the_rate_is_of_each_runs_first_opinion_and_never_of_what_broke_down() -> None:
    standing = Standing(total=5)
    for one in (row(1.0), row(0.0), row(None), row(1.0, state=INFRASTRUCTURE)):
        standing.ended(one)
    assert (standing.rate, standing.done, standing.broke_down) == (0.5, 4, 1)
    assert Standing(total=3).rate is None


def test_time_and_cost_left_are_at_the_pace_of_this_sitting() -> None:
    standing = Standing(total=10, _began=monotonic() - 1000)
    assert (standing.seconds_left, standing.cost_left) == (None, None)
    for _ in range(4):
        standing.found(row(1.0, cost=100.0))
    for _ in range(2):
        standing.ended(row(1.0))
    assert standing.cost_left == 2.0
    assert standing.seconds_left == pytest.approx(2000, rel=0.5)
    standing.ended(row(1.0, cost=None))
    assert standing.cost_left is None


def test_a_configurations_label_is_what_tells_it_from_the_others() -> None:
    one = {"planner": "react", "sampling": [{"seed": 0}], "prompt": "x", "k": 5}
    assert labels([one]) == [{}]
    assert labels([one, {**one, "sampling": [{"seed": 1}]}, {**one, "sampling": [{}]}]) == [
        {"seed": "0"}, {"seed": "1"}, {"seed": ""}
    ]  # fmt: skip
    other = {**one, "planner": "dag", "prompt": "y"}
    assert labels([one, other]) == [{"planner": "react"}, {"planner": "dag"}]
    assert labels([one, {**one, "prompt": "y"}]) == [{"prompt": "x"}, {"prompt": "y"}]
    nested = [{"a": {"n": 1}, "b": {"n": 1}}, {"a": {"n": 2}, "b": {"n": 3}}]
    assert labels(nested) == [{"a.n": "1", "b.n": "1"}, {"a.n": "2", "b.n": "3"}]
