"""How deep a JSON value nests: what is too deep is told before anything recursive meets it."""

from __future__ import annotations

from typing import Any

__all__ = ["DEEPEST", "deeper"]

DEEPEST = 100
"""Levels of arguments and schemas; nothing that is meant has as many."""


def deeper(value: Any, levels: int = DEEPEST) -> bool:
    """Whether a JSON value nests deeper; without recursion, which is what is to be prevented.

    Examples
    --------
    >>> deeper({"a": [1]}, 2), deeper({"a": [1]}, 1)
    (False, True)
    """
    layer = [value] if isinstance(value, dict | list | tuple) else []
    while layer and levels:
        levels -= 1
        layer = [
            part
            for value in layer
            for part in (value.values() if isinstance(value, dict) else value)
            if isinstance(part, dict | list | tuple)
        ]
    return bool(layer)
