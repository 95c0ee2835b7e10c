"""Planners go by name or as objects, and each run gets one that has not begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from toolgrove.data.records import Node
from toolgrove.errors import UsageError
from toolgrove.planners import registry
from toolgrove.planners.dag.frontiers import DAG, DTA
from toolgrove.planners.dag.growing import grow
from toolgrove.planners.dfsdt import DFSDT
from toolgrove.planners.expand import expand
from toolgrove.planners.frontier import Expand, Frontier
from toolgrove.planners.registry import PLANNERS, as_frontier


@pytest.mark.parametrize("name", PLANNERS)
def test_each_planner_is_in_the_table_by_its_own_name(name: str) -> None:
    assert PLANNERS[name].name == name
    assert registry._wrong(name, PLANNERS[name]) == ""


@pytest.mark.parametrize("name", PLANNERS)
def test_an_object_gives_a_fresh_planner_with_the_same_options(name: str) -> None:
    first = as_frontier(name)
    wave = first.next()
    again = as_frontier(first)
    assert again is not first
    assert again == as_frontier(name)
    assert again.next() == wave


def test_an_object_keeps_its_options() -> None:
    assert as_frontier(DFSDT(width=5, prune_errors=True)) == DFSDT(width=5, prune_errors=True)


class Bare(Frontier):
    name: ClassVar[str] = "bare"

    def next(self) -> tuple[Expand, ...]:
        return ()

    def on_node(self, node: Node) -> Node:
        return node


@dataclass
class Other(Bare):
    pass


@pytest.mark.parametrize("given", [Bare(), DFSDT, 7, None])
def test_what_is_no_planner_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="a name, or a dataclass that derives from"):
        as_frontier(given)


def test_a_plugin_has_to_be_a_planner_of_its_entry_points_name() -> None:
    assert "derives from" in registry._wrong("bare", Bare)
    assert "derives from" in registry._wrong("other", Other())
    assert registry._wrong("other", Other) == "its `name` is not 'other'"
    assert registry._wrong("bare", Other) == ""


def test_a_planner_names_its_expansion() -> None:
    assert DFSDT().expand is expand
    assert DAG().expand is not expand, "a plan, then steps"
    assert DTA().expand is grow
