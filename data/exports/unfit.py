"""What a trainer's form has no place for."""

from __future__ import annotations

__all__ = ["UnfitRow"]


class UnfitRow(ValueError):
    """A row that a trainer's form cannot hold as it is; its text says why, in some words."""
