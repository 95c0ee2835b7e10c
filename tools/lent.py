"""Tools that one process alone knows: a registry finds them by their id, and keeps none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolgrove.data import codec
from toolgrove.data.records import ToolSpec
from toolgrove.tools.names import candidates

__all__ = ["LentTool", "LentTools"]


@dataclass(frozen=True, slots=True)
class LentTool:
    """A tool that only this process knows, as a registry's row would have it."""

    spec: ToolSpec
    digest: str
    alias: str


class LentTools(dict[str, LentTool]):
    """By id."""

    def add(self, spec: ToolSpec, taken: Callable[[str], bool]) -> None:
        """Know a tool, under the first of its aliases that is not taken; it keeps that one."""
        known = self.get(spec.id)
        if known is not None and known.spec == spec:
            return
        others = {one.alias for one in self.values()}
        free = (name for name in candidates(spec) if name not in others and not taken(name))
        alias = next(free) if known is None else known.alias
        self[spec.id] = LentTool(spec, codec.digest(spec), alias)
