"""What a run may spend, and what it has spent."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from toolgrove.data.records import Usage

__all__ = ["Budget", "BudgetSpent", "Meter"]


class BudgetSpent(Exception):
    """Raised inside a search, before the call that would go over; ``what`` is the limit met."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one run; None means no limit.

    Parameters
    ----------
    model_calls : int
        Calls of the model (ToolBench's query budget is 200).
    tool_calls : int or None
        Calls that reach a tool; refused and repeated ones do not count.
    tokens : int or None
        Input and output tokens together, as the model counts them. The call that passes the
        limit is the last one, because its size is known only afterwards.
    seconds : float or None
        Time spent on the run, over all its resumptions.
    """

    model_calls: int = 200
    tool_calls: int | None = None
    tokens: int | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Meter:
    """Counts a run's spending against its budget."""

    budget: Budget
    model_calls: int = 0
    tool_calls: int = 0
    usage: Usage = Usage()
    replayed: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since the start, and those that resumed steps had taken before."""
        return time.monotonic() - self._began + self.replayed

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the budget ends, or None where there is no limit."""
        return None if self.budget.seconds is None else max(0.0, self.budget.seconds - self.seconds)

    def before_model(self) -> None:
        """Count a model call that is about to be made, or raise ``BudgetSpent``."""
        if self.model_calls >= self.budget.model_calls:
            raise BudgetSpent("model_calls")
        if self.budget.tokens is not None and self.usage.total >= self.budget.tokens:
            raise BudgetSpent("tokens")
        self._before()
        self.model_calls += 1

    def before_tool(self) -> None:
        """Count a tool call that is about to be made, or raise ``BudgetSpent``."""
        if self.budget.tool_calls is not None and self.tool_calls >= self.budget.tool_calls:
            raise BudgetSpent("tool_calls")
        self._before()
        self.tool_calls += 1

    def _before(self) -> None:
        if self.seconds_left == 0.0:
            raise BudgetSpent("seconds")
