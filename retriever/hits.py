"""What a search for tools found, as a list that a notebook can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.data.drawing.notebook import html_table
from toolgrove.data.drawing.words import one_line
from toolgrove.data.records import ToolSpec

if TYPE_CHECKING:
    from toolgrove.retriever.ranking import Hit

__all__ = ["Hits"]


class Hits(list[tuple["Hit", ToolSpec]]):
    """Hits with their tools, best first."""

    def __repr__(self) -> str:
        return f"[{', '.join(f'{hit.score:.2f} {spec.id}' for hit, spec in self)}]"

    def _repr_html_(self) -> str:
        rows = [
            (f"{hit.score:.2f}", spec.id, spec.effect.value, one_line(spec.description))
            for hit, spec in self
        ]
        return html_table(("score", "tool", "effect", "what it does"), rows)
