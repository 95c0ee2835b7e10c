"""Steps that make samples, and those that choose among answers without asking a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolgrove.agent.strategies.checks import hedging
from toolgrove.agent.voting import Ballots, By, count_in, reordered

if TYPE_CHECKING:
    from toolgrove.agent.outcome import Outcome
    from toolgrove.agent.strategies.algebra import Pool, StrategyStep, Work
    from toolgrove.agent.strategies.asking import Condition

__all__ = ["Fallback", "First", "Majority", "Rank", "Sample"]


async def _sampled(work: Work) -> Outcome | None:
    number = work.begun["sample"]
    return await work.run("sample", reordered(work.task, number, work.seed))


@dataclass(frozen=True, slots=True)
class Sample:
    """Solve the task ``n`` times more, each with the tools in an order of its own."""

    n: int = 1

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Add the samples, as many as the budget allows."""
        for _ in range(self.n):
            made = await _sampled(work)
            if made is None:
                break
            pool = pool.plus(made)
        return pool


@dataclass(frozen=True, slots=True)
class First:
    """Sample until an answer passes, ``n`` times at most: repeated sampling (Brown et al. 2024)."""

    condition: Condition
    n: int = 5

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Keep the one that passed; none where none did."""
        for _ in range(self.n):
            made = await _sampled(work)
            if made is None:
                break
            pool = pool.plus(made)
            if made.answer is not None and await self.condition.passes(made, work):
                return pool.keeping([made])
        return pool.keeping([])


@dataclass(frozen=True, slots=True)
class Rank:
    """Put the answers in order and keep the first ``k``.

    By default those that hedge least come first, the shorter before the longer ("Think Deep,
    Think Fast", 2025: correct replies are shorter and hedge less).
    """

    by: Callable[[Outcome], Any] = hedging
    k: int = 1

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Keep the best; of equals the earlier."""
        return pool.keeping(sorted(pool.choice, key=self.by)[: self.k])


@dataclass(frozen=True, slots=True)
class Majority:
    """Take what most answers come to: self-consistency (Wang et al. 2023)."""

    by: By = "answer"

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Keep the first of the largest group; of equal groups the earlier."""
        groups: list[Ballots] = []
        for one in pool.choice:
            count_in(groups, one, self.by, work.task.query)
        if not groups:
            return pool
        return pool.keeping([max(groups, key=lambda group: len(group.samples)).samples[0]])


@dataclass(frozen=True, slots=True)
class Fallback:
    """Try strategies in turn until one has an answer left: FrugalGPT (Chen et al. 2023).

    Written ``cascade(sample(1) | verify(code), sample(5) | vote)``. The cascade of two models
    inside one run is another thing (:mod:`toolgrove.planners.cascade`).
    """

    stages: tuple[StrategyStep, ...]

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Each stage sees what those before it made; only its own answers and these are kept."""
        for stage in self.stages:
            pool = await stage.apply(pool, work)
            if pool.kept:
                break
        return pool
