"""What a planner's paths begin with where it is told nothing."""

from __future__ import annotations

from collections.abc import Sequence

from toolgrove.data.records import Message, ToolSpec
from toolgrove.data.request import RunRequest
from toolgrove.planners.registry import parse_planner

__all__ = ["opening_of"]


def opening_of(planner: str, query: str, specs: Sequence[ToolSpec]) -> tuple[Message, ...]:
    said = parse_planner(planner).prompts
    listed = said.listing(specs) if said.listing is not None else ""
    return RunRequest(query).opening(said.rules + listed, said.request)
