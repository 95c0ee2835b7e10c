"""What a run is given besides its task, and no header of a journal holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.agent.deciding import Decisions
from toolgrove.data.blocks import BLOCKS, mark_of, named_block, read_block
from toolgrove.machine.files import write_beside

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["RunInputs"]


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What a run is given besides its task.

    Parameters
    ----------
    context : Any
        For tools and instructions that ask for it.
    secrets : mapping
        By name a value, or a value and the origin that it may be sent to; for this run only.
    config : RunnableConfig or None
        LangChain's.
    decisions : mapping
        About calls that wait, where the run is gone on with (:mod:`toolgrove.agent.deciding`).
    """

    context: Any = None
    secrets: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    config: RunnableConfig | None = None
    decisions: Decisions = field(default_factory=dict)
    _blocks: dict[str, bytes] = field(default_factory=dict)

    def hold(self, data: bytes, mime: str) -> str:
        """Take bytes of the request in, and give the text that stands for them."""
        name = named_block(data, mime)
        self._blocks[name] = data
        return mark_of(name, mime)

    def hold_all(self, run: Path) -> None:
        """Take in what is kept beside another run, which this one goes on with."""
        for path in sorted((run / BLOCKS).glob("*.*")):
            if (data := read_block(run, path.name)) is not None:
                self._blocks[path.name] = data

    def put(self, run: Path) -> None:
        """Write what was taken in beside a run's journal, before anything names it."""
        for name, data in self._blocks.items():
            write_beside(run / BLOCKS / name, [data])
