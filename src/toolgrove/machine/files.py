"""Files that are whole or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["write_beside"]


def write_beside(path: str | Path, pieces: Iterable[bytes]) -> None:
    """Write a file's bytes beside it, and put them in its place when all are there."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as stream:
            stream.writelines(pieces)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
