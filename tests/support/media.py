"""Media that are only read: a folder in which this process may write nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["unwritable"]

_NOBODY = 65_534


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Let nothing in a folder be written; root, whom modes do not bind, is somebody else meanwhile.

    What is imported inside has to be imported before: modules may lie where only root reads.
    """
    places = [folder, *folder.rglob("*")]
    modes = {place: place.stat().st_mode for place in places}
    above = [p for p in folder.parents if not p.stat().st_mode & 0o001 and os.geteuid() == 0]
    modes |= {place: place.stat().st_mode for place in above}
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    for place in above:
        place.chmod(modes[place] | 0o011)
    root = os.geteuid() == 0
    if root:
        os.seteuid(_NOBODY)
    try:
        with pytest.raises(PermissionError):
            (folder / "probe").touch()
        yield
    finally:
        if root:
            os.seteuid(0)
        for place, mode in modes.items():
            place.chmod(mode)
