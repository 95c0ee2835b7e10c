"""How a tree is grown: frontiers say where, an expansion says how, a budget how far.

These names are what others build on; each is loaded at its first use. Everything else in here is
internal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.lazy import face

if TYPE_CHECKING:
    from toolgrove.planners.beam import Beam
    from toolgrove.planners.best_first import AStar
    from toolgrove.planners.budget import Budget
    from toolgrove.planners.chains import CoT, ReAct
    from toolgrove.planners.context import Window, approximately, shown
    from toolgrove.planners.dag.choosing import Auto, beginning
    from toolgrove.planners.dag.frontiers import DAG, DTA
    from toolgrove.planners.dag.plan import plan_to_json, plan_to_lines
    from toolgrove.planners.dag.reading import read_plan
    from toolgrove.planners.dfsdt import DFSDT
    from toolgrove.planners.expand import Expansion, NotAhead
    from toolgrove.planners.filtered import FilteredDFSDT
    from toolgrove.planners.frontier import (
        Expand,
        Frontier,
        Rate,
        Step,
        limited,
        sibling,
        unrepeated,
    )
    from toolgrove.planners.registry import as_frontier, parse_planner, planner_text
    from toolgrove.planners.run import Run
    from toolgrove.planners.toolbench import ToolBench
    from toolgrove.planners.uct import UCT

__all__ = [
    "DAG",
    "DFSDT",
    "DTA",
    "UCT",
    "AStar",
    "Auto",
    "Beam",
    "Budget",
    "CoT",
    "Expand",
    "Expansion",
    "FilteredDFSDT",
    "Frontier",
    "NotAhead",
    "Rate",
    "ReAct",
    "Run",
    "Step",
    "ToolBench",
    "Window",
    "approximately",
    "as_frontier",
    "beginning",
    "limited",
    "parse_planner",
    "plan_to_json",
    "plan_to_lines",
    "planner_text",
    "read_plan",
    "shown",
    "sibling",
    "unrepeated",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "AStar": "planners.best_first",
        "Auto": "planners.dag.choosing",
        "Beam": "planners.beam",
        "Budget": "planners.budget",
        "CoT": "planners.chains",
        "DAG": "planners.dag.frontiers",
        "DFSDT": "planners.dfsdt",
        "DTA": "planners.dag.frontiers",
        "Expand": "planners.frontier",
        "Expansion": "planners.expand",
        "FilteredDFSDT": "planners.filtered",
        "Frontier": "planners.frontier",
        "NotAhead": "planners.expand",
        "Rate": "planners.frontier",
        "ReAct": "planners.chains",
        "Run": "planners.run",
        "Step": "planners.frontier",
        "ToolBench": "planners.toolbench",
        "UCT": "planners.uct",
        "Window": "planners.context",
        "approximately": "planners.context",
        "as_frontier": "planners.registry",
        "beginning": "planners.dag.choosing",
        "limited": "planners.frontier",
        "parse_planner": "planners.registry",
        "plan_to_json": "planners.dag.plan",
        "plan_to_lines": "planners.dag.plan",
        "planner_text": "planners.registry",
        "read_plan": "planners.dag.reading",
        "shown": "planners.context",
        "sibling": "planners.frontier",
        "unrepeated": "planners.frontier",
    },
)
