"""How a tree is grown: one expansion step, many orders.

``solve`` runs a task; a planner is a frontier (``planners/frontier.py``); ``expand`` is the step
they all share.
"""

from __future__ import annotations

from toolgrove.planners.budget import Budget
from toolgrove.planners.frontier import Frontier
from toolgrove.planners.registry import parse_planner
from toolgrove.planners.solve import solve

__all__ = ["Budget", "Frontier", "parse_planner", "solve"]
