"""The world's APIs: one module a category, each with the tools it offers."""

from __future__ import annotations

from functools import cache

from toolgrove.data.world.apis import (
    aviation,
    chemistry,
    clock,
    colour,
    conversion,
    electronics,
    geography,
    holidays,
    languages,
    maths,
    money,
    music,
    network,
    office,
    signals,
    sky,
    sports,
    text,
)
from toolgrove.data.world.declare import Endpoint, Tool

__all__ = ["TOOLS", "endpoints"]

TOOLS: tuple[Tool, ...] = (
    *aviation.TOOLS,
    *geography.TOOLS,
    *holidays.TOOLS,
    *clock.TOOLS,
    *sky.TOOLS,
    *money.TOOLS,
    *chemistry.TOOLS,
    *conversion.TOOLS,
    *maths.TOOLS,
    *text.TOOLS,
    *languages.TOOLS,
    *network.TOOLS,
    *colour.TOOLS,
    *office.TOOLS,
    *sports.TOOLS,
    *music.TOOLS,
    *electronics.TOOLS,
    *signals.TOOLS,
)
"""Every tool of the world, by category."""


@cache
def endpoints() -> dict[str, Endpoint]:
    """Every endpoint by its id, in the catalogue's order."""
    return {endpoint.id: endpoint for tool in TOOLS for endpoint in tool.endpoints}
