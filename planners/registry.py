"""The planners by name, and the text that names one with its options."""

from __future__ import annotations

from collections.abc import Callable

from toolgrove.planners import options
from toolgrove.planners.beam import Beam
from toolgrove.planners.best_first import AStar
from toolgrove.planners.chains import CoT, ReAct
from toolgrove.planners.dag.frontiers import DAG, DTA
from toolgrove.planners.dfsdt import DFSDT
from toolgrove.planners.filtered import FilteredDFSDT
from toolgrove.planners.frontier import Frontier
from toolgrove.planners.toolbench import ToolBench
from toolgrove.planners.uct import UCT

__all__ = ["PLANNERS", "parse_planner", "planner_text"]

PLANNERS: dict[str, Callable[..., Frontier]] = {
    frontier.name: frontier
    for frontier in (AStar, Beam, CoT, DAG, DFSDT, DTA, FilteredDFSDT, ReAct, ToolBench, UCT)
}
"""Frontier classes by the name that ``--planner`` takes."""


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


def planner_text(frontier: Frontier) -> str:
    """The text that :func:`parse_planner` builds this frontier from, every option spelled out.

    Examples
    --------
    >>> planner_text(parse_planner("dfsdt:width=3"))
    'dfsdt:width=3,depth=12,back=2,prune_repeats=true,prune_errors=false'
    """
    return options.as_text(frontier)
