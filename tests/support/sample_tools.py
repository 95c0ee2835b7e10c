"""Tools for ``toolgrove index support.sample_tools:…``."""

from __future__ import annotations

from typing import Any

from langchain_core.tools import tool

import toolgrove
from toolgrove.data.records import ToolSpec


@toolgrove.tool(effect="read")
def lottery(country: str) -> str:
    """Latest lottery results of a country."""
    return f"7 in {country}"


def untyped(x) -> str:  # type: ignore[no-untyped-def]  # left out when indexed, and told
    """No annotation."""
    return str(x)


@tool
def moon(day: str) -> str:
    """Phase of the moon on a day."""
    return f"full on {day}"


class Desk:
    """A desk with drawers."""

    def __init__(self) -> None:
        self._drawers: dict[str, str] = {}

    def put(self, drawer: str, thing: str) -> str:
        """Put a thing into a drawer."""
        self._drawers[drawer] = thing
        return f"{thing} in {drawer}"

    def look(self, drawer: str) -> str:
        """Look into a drawer."""
        return self._drawers.get(drawer, "nothing")


here = ToolSpec("sample/spec", "sample", "spec", "spec", "A spec of one's own.")
everything: list[Any] = [lottery, moon, [here], untyped]
number = 7
