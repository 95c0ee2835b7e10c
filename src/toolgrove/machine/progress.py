"""Progress: what something that takes long tells whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Tick", "silent"]

Tick: TypeAlias = Callable[[int, int | None], None]
"""Told how much is done, and of how much: None where that is not known."""


def silent(done: int, total: int | None) -> None:
    """Tell nobody: the :data:`Tick` of who does not watch."""
