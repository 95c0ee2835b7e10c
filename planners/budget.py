"""What a run may spend, and what it has spent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from toolgrove.data.records import Usage
from toolgrove.data.reply import Reply
from toolgrove.data.runs import MODEL_KINDS, Record, asked_models
from toolgrove.data.settings import decides
from toolgrove.errors import UsageError

__all__ = ["Budget", "BudgetSpent", "Meter", "Prices"]


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
        Calls of the model (ToolBench's query budget is 200), judgements included.
    tool_calls : int or None
        Calls that reach a tool; refused and repeated ones do not count.
    tokens : int or None
        Input and output tokens together, as the model counts them. The call that passes the
        limit is the last one, because its size is known only afterwards.
    seconds : float or None
        Time spent on the run, over all its resumptions.
    money : float or None
        What the tokens may cost, in the currency of the prices. As with tokens, the call that
        passes the limit is the last one.
    """

    model_calls: int = decides(200)
    tool_calls: int | None = decides(None)
    tokens: int | None = decides(None)
    seconds: float | None = decides(None)
    money: float | None = decides(None)


Prices: TypeAlias = Mapping[str, tuple[float, float]]
"""By a model's name, the price of a million input and of a million output tokens."""


@dataclass(slots=True)
class Meter:
    """Counts a run's spending against its budget.

    Parameters
    ----------
    budget : Budget
        The limits.
    record : Record or None
        What an earlier process had spent on the run.
    models : tuple of str
        The models that may be asked; each needs a price where money is limited.
    prices : mapping of str to (float, float)
        What their tokens cost.
    """

    budget: Budget
    record: Record | None = None
    models: tuple[str, ...] = ()
    prices: Prices = field(default_factory=dict)
    model_calls: int = 0
    tool_calls: int = 0
    tokens: int = 0
    money: float = 0.0
    before: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _stopped: float = 0.0
    _stops: int = 0

    def __post_init__(self) -> None:
        for model in self.models:
            self.cost(model, Usage())
        for key, value in (self.record.results if self.record else {}).items():
            if key.kind in MODEL_KINDS:
                self._spend(asked_models(value))
                self.before += value["seconds"]
            else:
                self.tool_calls += 1
                self.before += value.get("seconds", 0.0)

    @property
    def seconds(self) -> float:
        """Seconds since the start, and those that earlier processes had taken."""
        now = self._stopped if self._stops else time.monotonic()
        return now - self._began + self.before

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the budget ends, or None where there is no limit."""
        return None if self.budget.seconds is None else max(0.0, self.budget.seconds - self.seconds)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Count no time meanwhile, as long as any of those that asked for it is at it."""
        if not self._stops:
            self._stopped = time.monotonic()
        self._stops += 1
        try:
            yield
        finally:
            self._stops -= 1
            if not self._stops:
                self._began += time.monotonic() - self._stopped

    def before_model(self, calls: int = 1) -> float | None:
        """Count model calls that are about to be made, or raise ``BudgetSpent``.

        Returns the seconds that are left for them, None without a limit.

        ``calls`` is the most that one reply may take; :meth:`after_model` gives the rest back.
        """
        if self.model_calls + calls > self.budget.model_calls:
            raise BudgetSpent("model_calls")
        if self.budget.tokens is not None and self.tokens >= self.budget.tokens:
            raise BudgetSpent("tokens")
        if self.budget.money is not None and self.money >= self.budget.money:
            raise BudgetSpent("money")
        left = self._before()
        self.model_calls += calls
        return left

    def before_tool(self) -> float | None:
        """The same for a tool call."""
        if self.budget.tool_calls is not None and self.tool_calls >= self.budget.tool_calls:
            raise BudgetSpent("tool_calls")
        left = self._before()
        self.tool_calls += 1
        return left

    def after_model(self, reply: Reply, counted: int) -> None:
        """Count what a reply cost: the calls that it took, of those counted before."""
        self.model_calls -= counted
        self._spend(asked_models(reply))

    def _spend(self, asked: Sequence[tuple[str, Usage]]) -> None:
        self.model_calls += len(asked)
        for model, usage in asked:
            self.tokens += usage.input_tokens + usage.output_tokens
            self.money += self.cost(model, usage)

    def cost(self, model: str, usage: Usage) -> float:
        """What a model's tokens cost; 0 where it has no price and money is not limited.

        Raises
        ------
        UsageError
            Where money is limited and the model has no price.

        Examples
        --------
        >>> Meter(Budget(money=1.0), prices={"m": (2.0, 10.0)}).cost("m", Usage(1000, 100))
        0.003
        """
        if model not in self.prices:
            if self.budget.money is None:
                return 0.0
            raise UsageError(
                f"the budget limits money, and {model!r} has no price. Give the price of a "
                f"million input and output tokens: prices={{{model!r}: (…, …)}}, or on the command "
                f"line --price '{model}=IN,OUT'."
            )
        asked, wrote = self.prices[model]
        return (usage.input_tokens * asked + usage.output_tokens * wrote) / 1e6

    def spare(self, in_flight: int) -> bool:
        """Whether looking ahead leaves the search calls enough for the steps under way."""
        left = self.budget.model_calls - self.model_calls
        tools = self.budget.tool_calls
        left = left if tools is None else min(left, tools - self.tool_calls)
        return left > 2 * in_flight

    def _before(self) -> float | None:
        left = self.seconds_left
        if left == 0.0:
            raise BudgetSpent("seconds")
        return left
