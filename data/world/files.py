"""The world's catalogue and tasks as a folder of ToolBench files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from toolgrove.data.world.documents import toolbench_tools
from toolgrove.data.world.tasks import GROUPS, toolbench_queries
from toolgrove.machine.files import write_beside

__all__ = ["write_toolbench_files"]


def write_toolbench_files(folder: str | Path) -> list[Path]:
    """Write ``tools/<Category>/<tool>.json`` and ``queries/G1.json`` to ``G3.json``.

    Returns
    -------
    list of Path
        The files, written beside and then renamed.
    """
    written = []
    for name, document in _documents():
        path = Path(folder) / name
        write_beside(path, [orjson.dumps(document, option=orjson.OPT_INDENT_2), b"\n"])
        written.append(path)
    return written


def _documents() -> Iterator[tuple[str, Any]]:
    yield from toolbench_tools().items()
    for group in GROUPS:
        yield f"queries/{group}.json", toolbench_queries(group)
