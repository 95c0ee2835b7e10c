"""The terminal, as all commands write to it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from toolgrove.cli.printable import printable

__all__ = ["Screen"]


class Screen(Console):
    """A console on which nothing that is printed can draw, whatever it comes in (promise 27).

    Text is text: square brackets mean nothing in it, unless a line says ``markup=True``.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Lines and tables come through here; what moves the cursor for rich itself stays."""
        for segment in super().render(renderable, options):
            if segment.control is None:
                segment = segment._replace(text=printable(segment.text))
            yield segment
