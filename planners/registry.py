"""The planners by name, and the text that names one with its options."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import Any

from toolgrove.data import options
from toolgrove.errors import UsageError
from toolgrove.planners.frontier import Frontier
from toolgrove.plugins import Plugins

__all__ = ["PLANNERS", "as_frontier", "parse_planner", "planner_text"]


_WANTED = "a dataclass that derives from toolgrove.planners.Frontier"


def _options(planner: Any) -> bool:
    return is_dataclass(planner)


def _wrong(name: str, planner: Any) -> str:
    if not (isinstance(planner, type) and issubclass(planner, Frontier) and _options(planner)):
        return f"a planner is {_WANTED}"
    if getattr(planner, "name", None) != name:  # journals tell it by that name
        return f"its `name` is not {name!r}"
    return ""


PLANNERS: Plugins[type[Frontier]] = Plugins(
    "planners",
    {
        "astar": "toolgrove.planners.best_first:AStar",
        "auto": "toolgrove.planners.dag.choosing:Auto",
        "beam": "toolgrove.planners.beam:Beam",
        "cot": "toolgrove.planners.chains:CoT",
        "dag": "toolgrove.planners.dag.frontiers:DAG",
        "dfs_filter": "toolgrove.planners.filtered:FilteredDFSDT",
        "dfsdt": "toolgrove.planners.dfsdt:DFSDT",
        "dta": "toolgrove.planners.dag.frontiers:DTA",
        "react": "toolgrove.planners.chains:ReAct",
        "toolbench": "toolgrove.planners.toolbench:ToolBench",
        "uct": "toolgrove.planners.uct:UCT",
    },
    _wrong,
)
"""Frontier classes by the name that ``--planner`` takes, those of installed packages included."""


def parse_planner(text: str) -> Frontier:
    """Build a frontier from ``name`` or ``name:option=value,…``.

    Raises
    ------
    UsageError
        For an unknown name or option, or a value of the wrong kind.

    Examples
    --------
    >>> parse_planner("dfsdt:width=3,depth=8")
    DFSDT(width=3, depth=8, back=2, prune_repeats=True, prune_errors=False)
    """
    return options.parse(text, PLANNERS, "planner")


def as_frontier(planner: Frontier | str) -> Frontier:
    """A frontier that has not begun, from its text or from one with the same options.

    Raises
    ------
    UsageError
        For a text that :func:`parse_planner` refuses, or a frontier that is no dataclass.

    Examples
    --------
    >>> from toolgrove.planners import DFSDT
    >>> as_frontier(DFSDT(width=3)) == as_frontier("dfsdt:width=3")
    True
    """
    if isinstance(planner, str):
        return parse_planner(planner)
    given: Any = planner
    if not (_options(given) and isinstance(planner, Frontier)):
        raise UsageError(f"{given!r} is no planner. A planner is a name, or {_WANTED}.")
    fresh: Frontier = replace(given)
    return fresh


def planner_text(frontier: Frontier) -> str:
    """The text that :func:`parse_planner` builds this frontier from, every option spelled out.

    Examples
    --------
    >>> planner_text(parse_planner("dfsdt:width=3"))
    'dfsdt:width=3,depth=12,back=2,prune_repeats=true,prune_errors=false'
    """
    return options.as_text(frontier)
