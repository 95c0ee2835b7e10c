"""The searches that go by a value, by themselves: beam, A*, UCT, and DFSDT with filter."""

from __future__ import annotations

import doctest
import random
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.growing import Growth, grow, random_outcome, random_score
from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.errors import UsageError
from toolgrove.planners.beam import Beam
from toolgrove.planners.best_first import AStar
from toolgrove.planners.filtered import FilteredDFSDT
from toolgrove.planners.frontier import Frontier
from toolgrove.planners.registry import PLANNERS, parse_planner, planner_text
from toolgrove.planners.tally import Tally
from toolgrove.planners.uct import UCT

MAKERS: dict[str, Callable[[int, int], Frontier]] = {
    "beam": lambda w, d: Beam(width=2, breadth=w, depth=d),
    "beam-observed": lambda w, d: Beam(width=3, breadth=w, depth=d, value="observed"),
    "astar": lambda w, d: AStar(width=w, depth=d),
    "astar-model": lambda w, d: AStar(width=w, depth=d, value="model"),
    "astar-none": lambda w, d: AStar(width=w, depth=d, value="none"),
    "uct": lambda w, d: UCT(width=w, depth=d, rounds=300),
    "uct-observed": lambda w, d: UCT(width=w, depth=d, rounds=300, value="observed"),
    "dfs_filter": lambda w, d: FilteredDFSDT(width=w, depth=d),
}


@pytest.mark.parametrize("name", MAKERS)
@given(seed=st.integers(0, 10**6), width=st.integers(1, 3), depth=st.integers(1, 4))
@settings(max_examples=40)
def test_every_search_ends_within_width_and_depth_and_comes_to_the_same_twice(
    name: str, seed: int, width: int, depth: int
) -> None:
    """``grow`` checks each step: only open nodes grow, no child twice, no more than ``width``."""
    first, second = (
        grow(MAKERS[name](width, depth), random_outcome(seed), random_score(seed), width=width)
        for _ in range(2)
    )
    assert first.ended
    assert (first.nodes, first.rates) == (second.nodes, second.rates)
    calls = [node.depth for node in first.nodes.values()]
    assert max(calls) <= depth
    assert all(
        node.state is not NodeState.OPEN or node.depth < depth for node in first.nodes.values()
    )


@pytest.mark.parametrize("name", ["astar-none", "uct", "dfs_filter"])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=40)
def test_what_drops_nothing_tries_everything_before_it_ends_without_an_answer(
    name: str, seed: int
) -> None:
    search = MAKERS[name](2, 3)
    if isinstance(search, UCT):
        search.drop = 0.0
    found = grow(search, random_outcome(seed, answers=0.0), random_score(seed))
    for path, node in found.nodes.items():
        if node.state is NodeState.OPEN:
            assert {path + "0", path + "1"} <= set(found.nodes)


# --- A*


class Weighed(AStar):
    """Steps of any cost, and nothing estimated."""

    seed = 0

    def cost(self, node: Node) -> float:
        return random.Random(f"{self.seed}{node.id}").randrange(4)

    def left(self, node: Node, tally: Tally) -> float:
        return 0.0


def cost_of(search: AStar, found: Growth, path: str) -> float:
    ways = [path[: i + 1] for i in range(len(path))]
    return sum(search.cost(found.nodes[p]) + int(p[-1]) for p in ways)


@given(seed=st.integers(0, 10**6), width=st.integers(1, 3))
@settings(max_examples=100)
def test_astar_without_an_estimate_finds_the_cheapest_answer_there_is(
    seed: int, width: int
) -> None:
    outcome = random_outcome(seed, answers=0.15)
    search = Weighed(width=width, depth=4)
    search.seed = seed
    found = grow(search, outcome)
    everything = grow(FilteredDFSDT(width=width, depth=4), lambda p: _unanswered(outcome(p)))
    answers = [p for p in everything.order if outcome(p) == "answered"]
    if not answers:
        assert found.answer is None
        return
    cheapest = min(cost_of(search, everything, p) for p in answers)
    assert found.answer is not None
    assert cost_of(search, found, found.answer) == cheapest


def _unanswered(said: str) -> str:
    """So that a search sees the whole tree: an answer is one more leaf."""
    return "gave_up" if said == "answered" else said


@given(seed=st.integers(0, 10**6))
def test_astar_without_an_estimate_goes_by_cost(seed: int) -> None:
    popped: list[float] = []

    class Watched(Weighed):
        def next(self) -> Any:
            if self._heap:
                popped.append(self._heap[0][0])
            return super().next()

    search = Watched(width=2, depth=4)
    search.seed = seed
    grow(search, random_outcome(seed, answers=0.02))
    assert popped == sorted(popped)


def test_astar_follows_a_path_that_goes_well_like_a_chain() -> None:
    ends = {"0000": "answered"}
    assert grow(AStar(), lambda p: ends.get(p, "open")).order == ["0", "00", "000", "0000"]


def test_astar_tries_another_way_after_a_failed_call_and_keeps_the_failed_one() -> None:
    ends = {"00": "fail", "010": "answered"}
    assert grow(AStar(), lambda p: ends.get(p, "open")).order == ["0", "00", "01", "010"]
    ends = {"0": "fail", "1": "fail", "2": "fail", "00": "answered"}
    assert grow(AStar(), lambda p: ends.get(p, "gave_up")).answer == "00"


def test_astar_with_a_graded_path_leaves_what_the_model_thinks_little_of() -> None:
    grades = {"0": 0.0, "1": 1.0, "10": 1.0}
    ends = {"100": "answered"}
    found = grow(AStar(value="model"), lambda p: ends.get(p, "open"), grades.__getitem__)
    assert found.order == ["0", "1", "10", "100"]
    assert found.rates == [("value", ("0",)), ("value", ("1",)), ("value", ("10",))]


# --- beam


@given(seed=st.integers(0, 10**6), width=st.integers(1, 3), breadth=st.integers(1, 3))
@settings(max_examples=60)
def test_a_beam_goes_on_with_exactly_the_best_of_each_level(
    seed: int, width: int, breadth: int
) -> None:
    score = random_score(seed)
    search = Beam(width=width, breadth=breadth, depth=4)
    found = grow(search, random_outcome(seed, answers=0.0), score)
    beam = [""]
    for level in range(1, 6):
        assert {p[:-1] for p in found.order if len(p) == level} == set(beam)
        assert sum(len(p) == level for p in found.order) == len(beam) * breadth
        waves = [p + str(j) for j in range(breadth) for p in beam]
        assert [p for p in found.order if len(p) == level] == waves
        alive = [p for p in waves if p in dict(_alive(found))]
        beam = sorted(alive, key=lambda p: -score(p))[:width] if len(alive) > width else alive


def _alive(found: Growth) -> list[tuple[str, Node]]:
    """What was open when it was grown: not what fell out of the beam afterwards."""
    return [
        (path, node)
        for path, node in found.nodes.items()
        if node.state is NodeState.OPEN or node.reason.startswith("not among")
    ]


def test_a_beam_marks_what_fell_out_of_it() -> None:
    grades = {"0": 0.2, "1": 0.9}
    found = grow(Beam(width=1, depth=2), lambda p: "open", lambda p: grades.get(p, 0.5))
    assert found.nodes["0"].state is NodeState.PRUNED
    assert found.nodes["0"].reason == "not among the 1 best of its level"
    assert found.nodes["1"].state is NodeState.OPEN


def test_a_beam_asks_for_no_grades_where_there_is_nothing_to_choose() -> None:
    ends = {"000": "answered"}
    assert grow(Beam(width=2, breadth=1), lambda p: ends.get(p, "open")).rates == []


def test_a_beam_ends_with_the_wave_that_answers_and_takes_the_best_answer() -> None:
    ends = {"00": "answered", "10": "answered"}
    grades = {"00": 0.3, "10": 0.8}
    found = grow(Beam(), lambda p: ends.get(p, "open"), lambda p: grades.get(p, 0.5))
    assert found.order == ["0", "1", "00", "10"]
    assert found.rates == [("value", ("00", "10"))]
    assert found.answer == "10"


# --- UCT


@given(
    seed=st.integers(0, 10**6),
    width=st.integers(1, 3),
    value=st.sampled_from(["model", "observed"]),
)
@settings(max_examples=80)
def test_uct_visits_and_values_add_up_at_every_node(seed: int, width: int, value: Any) -> None:
    search = UCT(width=width, depth=4, rounds=60, value=value)
    found = grow(search, random_outcome(seed), random_score(seed))
    stats = search._stats
    ids = {node.id: path for path, node in found.nodes.items()}
    for node_id, own in stats.items():
        below = [stats[n] for n in stats if stats[n].above == node_id]
        assert own.visits == 1 + sum(child.visits for child in below)
        assert own.total == pytest.approx(own.value + sum(child.total for child in below))
        assert own.grown == len(below) <= width
        assert 0 <= own.value <= 1
        closed = {c for c in own.open if not search._growing(stats[c])}
        assert not closed, f"{ids[node_id]} still offers children with nothing left to grow"
    assert stats[ROOT].visits == len(found.order) + 1 <= 61


def test_uct_leaves_a_step_that_did_not_improve_for_a_sibling() -> None:
    grades = {"0": 0.2, "1": 0.9, "10": 0.95, "100": 0.9}
    ends = {"100": "answered"}
    found = grow(UCT(), lambda p: ends.get(p, "open"), grades.__getitem__)
    assert found.order == ["0", "1", "10", "100"]


def test_uct_goes_on_from_a_step_that_is_worth_as_much_as_its_parent() -> None:
    found = grow(UCT(explore=0, rounds=4), lambda p: "open", lambda p: 0.5)
    assert found.order == ["0", "00", "000", "0000"]


def test_uct_prunes_what_is_valued_too_low() -> None:
    found = grow(UCT(rounds=1), lambda p: "open", lambda p: 0.1)
    assert found.nodes["0"].state is NodeState.PRUNED
    assert found.nodes["0"].reason == "valued 0.10, below 0.15"


def test_uct_looks_for_a_better_answer_than_one_that_is_not_enough() -> None:
    ends = {"0": "answered", "1": "answered"}
    grades = {"0": 0.4, "1": 0.9}
    found = grow(UCT(), ends.__getitem__, grades.__getitem__)
    assert (found.order, found.answer) == (["0", "1"], "1")


def test_uct_keeps_the_best_answer_where_none_is_enough() -> None:
    ends = {"0": "answered", "1": "answered", "2": "answered"}
    grades = {"0": 0.4, "1": 0.5, "2": 0.3}
    found = grow(UCT(width=3), ends.__getitem__, grades.__getitem__)
    assert (len(found.order), found.answer) == (3, "1")


# --- DFSDT with filter


def test_filtered_dfsdt_explores_the_winner_first_and_comes_back_to_the_next() -> None:
    wins = {"0": 0.5, "1": 0.0, "2": 1.0}
    ends = dict.fromkeys(["20", "21", "22", "00", "01", "02"], "gave_up") | {"10": "answered"}
    found = grow(FilteredDFSDT(width=3), lambda p: ends.get(p, "open"), lambda p: wins.get(p, 0.5))
    assert found.order == ["0", "1", "2", "20", "21", "22", "00", "01", "02", "10"]
    assert found.rates == [("pairwise", ("0", "1", "2"))]


def test_filtered_dfsdt_takes_no_vote_on_a_single_child() -> None:
    ends = {"0": "gave_up", "10": "answered"}
    found = grow(FilteredDFSDT(), lambda p: ends.get(p, "open"))
    assert (found.order, found.rates) == (["0", "1", "10"], [])


# --- all


@pytest.mark.parametrize(
    "make",
    [
        lambda: Beam(width=50, breadth=2, depth=60, value="observed"),
        lambda: AStar(width=3, depth=5_000),
        lambda: UCT(width=8, depth=12, rounds=5_000, value="observed"),
        lambda: FilteredDFSDT(width=1, depth=5_000),
    ],
)
def test_five_thousand_nodes_take_as_many_steps_each_as_five_hundred_do(
    make: Callable[[], Frontier],
) -> None:
    assert lines_per_node(make(), 5_000) < 1.5 * lines_per_node(make(), 500)


def lines_per_node(search: Frontier, limit: int) -> float:
    """Lines of the planners' code that were run for each node: a cost that no machine changes."""
    ran = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal ran
        ran += event == "line"
        return trace if "planners" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        found = grow(search, lambda p: "open", limit=limit)
    finally:
        sys.settrace(before)
    return ran / len(found.order)


@pytest.mark.parametrize(
    "text",
    [
        "astar",
        "astar:width=3,value=model",
        "astar:failure=0.5,steps=6,value=none",
        "beam:width=3,breadth=4,value=observed",
        "dfs_filter:width=3",
        "uct:rounds=20,explore=0.5,enough=0.9,drop=0,value=observed",
    ],
)
def test_a_search_is_known_by_a_text_that_builds_it_again(text: str) -> None:
    search = parse_planner(text)
    assert parse_planner(planner_text(search)) == search


@pytest.mark.parametrize("name", ["astar", "beam", "uct"])
def test_a_value_that_is_none_of_the_known_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"value wants .*model"):
        parse_planner(f"{name}:value=oracle")
    assert name in PLANNERS


def test_the_page_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolgrove.planners.registry.PLANNERS", dict(PLANNERS))
    page = Path(__file__).parents[2] / "docs" / "planners.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert (failed, tried > 0) == (0, True)
    text = page.read_text(encoding="utf-8")
    for make in (AStar, Beam, FilteredDFSDT, UCT):
        options = ", ".join(f"`{f.name}`" for f in fields(make) if f.init)
        assert f"| {options} |" in text, f"{make.name}'s options"
