"""Images and other content beside a run's journal: kept by digest, and texts that stand for them.

In messages and observations stands ``[image: blocks/3f2a….png]``, so that whatever reads a run
reads text. What is kept is shown to models that take it.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from pathlib import Path

from toolgrove.machine.files import write_beside

__all__ = [
    "BLOCKS",
    "MARK_PART",
    "block_names",
    "keep_block",
    "mark_of",
    "named_block",
    "read_block",
]

BLOCKS = "blocks"
"""The folder in a run's."""
_MARK = re.compile(r"\[(?:image|audio|video|file): blocks/([0-9a-f]{32}\.[a-z0-9]{1,8})\]")
MARK_PART = f": {BLOCKS}/"
"""A text without this has no marks: it is looked for first, because it is quick to tell."""
_KINDS = ("image", "audio", "video")


def named_block(data: bytes, mime: str) -> str:
    """The name that bytes are kept under.

    Examples
    --------
    >>> named_block(b"x", "image/png")
    '2d711642b726b04401627ca9fbac32f5.png'
    """
    suffix = mimetypes.guess_extension(mime, strict=False) or ".bin"
    return hashlib.sha256(data).hexdigest()[:32] + suffix


def mark_of(name: str, mime: str) -> str:
    """The text that stands for what is kept under a name.

    Examples
    --------
    >>> mark_of("2d71.png", "image/png")
    '[image: blocks/2d71.png]'
    """
    kind = mime.partition("/")[0]
    return f"[{kind if kind in _KINDS else 'file'}: {BLOCKS}/{name}]"


def keep_block(run: Path, data: bytes, mime: str) -> str:
    """Keep bytes beside a run's journal, and give the text that stands for them."""
    name = named_block(data, mime)
    path = run / BLOCKS / name
    if not path.exists():
        write_beside(path, [data])
    return mark_of(name, mime)


def block_names(text: str) -> list[str]:
    """The names in a text's marks, in order."""
    return _MARK.findall(text) if MARK_PART in text else []


def read_block(run: Path, name: str) -> bytes | None:
    """What is kept under a name; None where it is not there, or is not what was kept."""
    path = run / BLOCKS / name
    if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
        return None
    data = path.read_bytes()
    return data if name.startswith(hashlib.sha256(data).hexdigest()[:32]) else None
