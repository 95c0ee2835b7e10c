"""How far a batch or a matrix is: what has ended, what came of it, and what is left to pay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeAlias

from toolgrove.evaluators.store import DONE, INFRASTRUCTURE, ResultRow

__all__ = ["Standing", "Watch"]


@dataclass
class Standing:
    """The state of a matrix while it runs.

    Parameters
    ----------
    total : int
        Queries of all configurations, each as often as there are epochs.
    done : int
        Those that need no more work in this sitting; what broke down is among them.
    broke_down : int
        Those that broke down for no fault of the agent's.
    passed, scored : float, int
        The sum of the scores so far, and how many there are: of each run the first score that has
        an opinion.
    worked : int
        Those that ended in this sitting; time and cost are of these.
    cost : float or None
        What they cost; None once the cost of one is not known.
    """

    total: int = 0
    done: int = 0
    broke_down: int = 0
    passed: float = 0.0
    scored: int = 0
    worked: int = 0
    cost: float | None = 0.0
    _began: float = field(default_factory=monotonic, repr=False)

    def found(self, row: ResultRow) -> None:
        """Count a row that somebody else has ended, or an earlier sitting."""
        self.done += 1
        self.broke_down += row.state == INFRASTRUCTURE
        values = [score.value for score in row.scores if score.value is not None]
        if row.state == DONE and values:
            self.passed += values[0]
            self.scored += 1

    def ended(self, row: ResultRow) -> None:
        """Count a row that this sitting has ended."""
        self.found(row)
        self.worked += 1
        cost = row.figures.cost if row.figures is not None else 0.0
        self.cost = None if cost is None or self.cost is None else self.cost + cost

    @property
    def rate(self) -> float | None:
        """The pass rate so far."""
        return self.passed / self.scored if self.scored else None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes, if it goes on as in this sitting."""
        return self._rest(monotonic() - self._began)

    @property
    def cost_left(self) -> float | None:
        """What the rest costs, if it goes on as in this sitting."""
        return None if self.cost is None else self._rest(self.cost)

    def _rest(self, spent: float) -> float | None:
        return spent / self.worked * (self.total - self.done) if self.worked else None


Watch: TypeAlias = Callable[[Standing], None]
"""Told how far it is."""
