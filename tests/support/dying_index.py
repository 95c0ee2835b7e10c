"""A process that kills itself, without notice, at the n-th boundary of writing an index."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.data.records import ToolSpec
from toolgrove.retriever import index
from toolgrove.retriever.derived import Derived
from toolgrove.retriever.lexical import Lexical
from toolgrove.retriever.store import IndexStore
from toolgrove.retriever.vectors import Vectors
from toolgrove.tools.registry import Registry

__all__ = ["SPECS", "make_specs"]

SPECS = 40


def make_specs(count: int = SPECS) -> list[ToolSpec]:
    """Specs whose names share no word."""
    return [
        ToolSpec(f"C/t{n}/n", f"C{n % 3}", f"tool{n}", f"name{n}", f"Description{n}.")
        for n in range(count)
    ]


def main(folder: Path, die_at: int) -> None:
    """Index everything; die before or after the n-th write to disk, or print how many there are."""
    passed = 0

    def boundary() -> None:
        nonlocal passed
        passed += 1
        if passed == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            boundary()
            result = method(*args, **kwargs)
            boundary()
            return result

        return call

    for owner, name in (
        (Registry, "add"),
        (IndexStore, "put"),
        (IndexStore, "write"),
        (IndexStore, "sweep"),
        (Vectors, "upsert"),
        (Derived, "tidy"),
    ):
        setattr(owner, name, watched(getattr(owner, name)))
    Lexical.build = staticmethod(watched(Lexical.build))  # type: ignore[method-assign]  # watched
    index.BATCH, index.AHEAD = 8, 24
    with Catalog.open(folder, embedder=Hashing()) as catalog:
        catalog.add(make_specs())
    print(passed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
