"""Plans whose calls form a graph: read while they are written, run as soon as they can be."""

from __future__ import annotations

from toolgrove.planners.dag.plan import PlanTask, Problem, to_json, to_lines
from toolgrove.planners.dag.reading import PlanReader, read_plan

__all__ = ["PlanReader", "PlanTask", "Problem", "read_plan", "to_json", "to_lines"]
