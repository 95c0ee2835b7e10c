"""Files: whole or not there at all, and safe names for what belongs to others' words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

__all__ = ["safe_name", "write_beside"]

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")


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


def safe_name(text: str) -> str:
    """A name for a file or folder that stands for a text, such as a task's id.

    A task's id is third-party text: it may be a path, too long, or empty. One that is a plain name
    is taken as it is; of any other the letters are kept that can be, with a digest of the whole,
    so that no two texts share a name.

    Examples
    --------
    >>> safe_name("G1-12"), safe_name("../key"), safe_name("")
    ('G1-12', '___key.7f6dbcdfde35', '_.e3b0c44298fc')
    """
    if _PLAIN.fullmatch(text):
        return text
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', text)[:40] or '_'}.{digest}"
