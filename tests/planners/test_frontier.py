"""The order each frontier grows a tree in, by itself: no model, no tools."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import Node, NodeState, Observation, Status, ToolCall
from toolgrove.data.tree import ROOT, child_id
from toolgrove.errors import UsageError
from toolgrove.planners.chains import CoT, ReAct
from toolgrove.planners.dfsdt import DFSDT
from toolgrove.planners.frontier import Expand, Frontier
from toolgrove.planners.registry import parse_planner, planner_text


def grow(frontier: Frontier, outcome: Callable[[str], str], limit: int = 500) -> list[str]:
    """Drive a frontier; ``outcome`` says what becomes of a path such as ``01``."""
    paths = {ROOT: ""}
    depths = {ROOT: 0}
    order = []
    while (wave := frontier.next()) and len(order) < limit:
        (wanted,) = wave
        assert isinstance(wanted, Expand)
        path = paths[wanted.parent] + str(wanted.index)
        node_id = child_id(wanted.parent, wanted.index)
        said = outcome(path)
        repeated = said == "repeat"
        state = NodeState.OPEN if repeated else NodeState(said)
        observations = (Observation(Status.OK, "x", repeated=repeated),)
        node = Node(
            node_id,
            wanted.parent,
            wanted.index,
            depth=depths[wanted.parent] + 1,
            calls=(ToolCall("1", "x"),),
            observations=observations,
            variant=wanted.variant,
            state=state,
        )
        assert (wanted.variant == "diversity") == (wanted.index > 0 and isinstance(frontier, DFSDT))
        frontier.on_node(node)
        paths[node_id], depths[node_id] = path, node.depth
        order.append(path)
    return order


def test_react_is_one_chain_that_ends_at_its_depth() -> None:
    assert grow(ReAct(depth=3), lambda p: "open") == ["0", "00", "000"]


def test_cot_tries_chains_until_one_answers() -> None:
    ends = {"00": "gave_up", "10": "answered"}
    order = grow(CoT(chains=5), lambda p: ends.get(p, "open"))
    assert order == ["0", "00", "1", "10"]


def test_dfsdt_explores_a_child_fully_before_its_sibling() -> None:
    order = grow(DFSDT(width=2, depth=2), lambda p: "open")
    assert order == ["0", "00", "01", "1", "10", "11"]


def test_dfsdt_giving_up_goes_back_two_levels() -> None:
    ends = {"00": "gave_up", "1": "answered"}
    assert grow(DFSDT(), lambda p: ends.get(p, "open")) == ["0", "00", "1"]


def test_dfsdt_giving_up_at_the_first_step_leaves_the_second_to_try() -> None:
    """ToolBench ends the whole search here."""
    ends = {"0": "gave_up", "1": "answered"}
    assert grow(DFSDT(), lambda p: ends[p]) == ["0", "1"]


def test_dfsdt_a_repeated_call_goes_back_one_level() -> None:
    ends = {"00": "repeat", "01": "answered"}
    assert grow(DFSDT(), lambda p: ends.get(p, "open")) == ["0", "00", "01"]


def test_dfsdt_as_in_toolbench_goes_on_after_a_repeated_call() -> None:
    order = grow(DFSDT(depth=2, prune_repeats=False), lambda p: "repeat")
    assert order == ["0", "00", "01", "1", "10", "11"]


def test_a_chain_of_five_thousand_needs_no_recursion() -> None:
    order = grow(DFSDT(depth=5_000), lambda p: "open", limit=5_000)
    assert len(order) == 5_000
    assert len(order[-1]) == 5_000


@given(st.data())
def test_dfsdt_is_preorder_bounded_and_stops_at_the_first_answer(data: st.DataObject) -> None:
    width, depth = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    kinds = st.sampled_from(["open", "open", "open", "gave_up", "repeat", "answered"])
    ends: dict[str, str] = {}

    def outcome(path: str) -> str:
        ends[path] = data.draw(kinds)
        return ends[path]

    order = grow(DFSDT(width=width, depth=depth), outcome)
    assert order == sorted(order), "pre-order: a child before its sibling"
    assert len(set(order)) == len(order) <= sum(width**d for d in range(1, depth + 1))
    answers = [p for p in order if ends[p] == "answered"]
    assert answers in ([], order[-1:])


@pytest.mark.parametrize(
    "text", ["dfsdt", "dfsdt:width=3,depth=8", "cot:chains=2", "react:depth=4"]
)
def test_a_planner_is_known_by_a_text_that_builds_it_again(text: str) -> None:
    frontier = parse_planner(text)
    assert parse_planner(planner_text(frontier)) == frontier


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bfs", "Known: .*cot, .*dfsdt, .*react"),
        ("dfsdt:wide=3", "width=2"),
        ("dfsdt:width=0", "whole number"),
        ("dfsdt:prune_repeats=2", "true or false"),
        ("dfsdt:width", "no option 'width'"),
    ],
)
def test_a_wrong_planner_is_told_what_is_known(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_planner(text)
