"""Plans as texts, and what is read of them."""

from __future__ import annotations

from typing import Any

from toolgrove.data.records import Effect, ToolSpec
from toolgrove.planners.dag.plan import Entry, PlanTask, Problem
from toolgrove.planners.dag.reading import PlanReader, read_plan

__all__ = ["chunked", "problems", "shape", "spec", "tasks"]


def spec(name: str, *parameters: str, effect: Effect = Effect.READ) -> ToolSpec:
    schema = {"type": "object", "properties": {p: {} for p in parameters}}
    return ToolSpec(f"t/{name}", "t", "t", name, parameters=schema, effect=effect)


def tasks(text: str, *specs: ToolSpec) -> list[PlanTask]:
    found = read_plan(text, {s.name: s for s in specs}.get)
    assert not [e for e in found if isinstance(e, Problem)], found
    return [e for e in found if isinstance(e, PlanTask)]


def problems(text: str, *specs: ToolSpec) -> list[Problem]:
    return [e for e in read_plan(text, {s.name: s for s in specs}.get) if isinstance(e, Problem)]


def chunked(text: str, sizes: list[int], *specs: ToolSpec) -> list[Entry]:
    reader = PlanReader({s.name: s for s in specs}.get)
    found: list[Entry] = []
    at = 0
    while at < len(text):
        size = sizes[at % len(sizes)] if sizes else 1
        found += reader.feed(text[at : at + size])
        at += size
    return found + reader.close()


def shape(entries: list[Entry]) -> list[tuple[Any, ...]]:
    return [(e.number, e.tool, e.arguments, e.after) for e in entries if isinstance(e, PlanTask)]
