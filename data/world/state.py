"""What a running world remembers: counters, and what was written to it."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

__all__ = ["World"]


@dataclass
class World:
    """The state of one server; a new one, or :meth:`reset`, starts from nothing.

    Parameters
    ----------
    seed : int
        Decides which requests the flaky endpoints fail.
    events, notes : list of dict
        What was written through the calendar and the notes book, in order.
    counts : Counter
        Requests so far, by endpoint and arguments.
    replies : dict
        Answers to writes by endpoint and Idempotency-Key.
    """

    seed: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    replies: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict)

    def reset(self) -> None:
        """Forget everything but the seed."""
        self.events.clear()
        self.notes.clear()
        self.counts.clear()
        self.replies.clear()

    def count(self, key: str) -> int:
        """How often ``key`` was asked for before; counts this time, too."""
        self.counts[key] += 1
        return self.counts[key] - 1

    def draw(self, key: str, choices: int) -> int:
        """A number below ``choices`` that depends on the seed and the key only.

        Examples
        --------
        >>> World(seed=1).draw("a", 1000) == World(seed=1).draw("a", 1000)
        True
        """
        digest = hashlib.blake2b(f"{self.seed}/{key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % choices
