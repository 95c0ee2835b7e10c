"""A pool of answers, and what a step does with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from toolgrove.agent.outcome import Outcome
    from toolgrove.agent.strategies.work import Work

__all__ = ["Pool", "StrategyStep"]


@dataclass(frozen=True, slots=True)
class Pool:
    """Answers so far.

    Parameters
    ----------
    made : tuple of Outcome
        All, in the order in which they were made.
    kept : tuple of Outcome
        Those that are still in question, the best first.
    """

    made: tuple[Outcome, ...] = ()
    kept: tuple[Outcome, ...] = ()

    def plus(self, *outcomes: Outcome) -> Pool:
        """The pool with more answers; an outcome without an answer is not in question."""
        kept = tuple(one for one in outcomes if one.answer is not None)
        return Pool((*self.made, *outcomes), (*self.kept, *kept))

    def keeping(self, outcomes: Sequence[Outcome]) -> Pool:
        """The same with only these in question."""
        return replace(self, kept=tuple(outcomes))

    @property
    def choice(self) -> tuple[Outcome, ...]:
        """What a step chooses from: those in question, or all answers where there are none."""
        return self.kept or tuple(one for one in self.made if one.answer is not None)


class StrategyStep(Protocol):
    """One step of a strategy: a frozen dataclass, whose text is how it is written."""

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """The pool after this step."""
        ...
