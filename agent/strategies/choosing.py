"""Steps that make samples, and those that choose among answers without asking a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolgrove.agent.strategies.checks import hedging
from toolgrove.agent.voting import Ballots, By, count_in, reordered, settled

if TYPE_CHECKING:
    from toolgrove.agent.outcome import Outcome
    from toolgrove.agent.strategies.algebra import Steps
    from toolgrove.agent.strategies.asking import Condition
    from toolgrove.agent.strategies.pool import Pool
    from toolgrove.agent.strategies.work import Work

__all__ = ["Fallback", "First", "Majority", "Rank", "Sample"]


async def _sampled(work: Work, n: int) -> list[Outcome]:
    """The next samples, as many at once as the agent has steps in flight."""
    begun = work.begun["sample"]
    numbers = range(begun, begun + min(n, work.agent.settings.in_flight))
    return await work.several("sample", [reordered(work.task, i, work.seed) for i in numbers])


@dataclass(frozen=True, slots=True)
class Sample:
    """Solve the task ``n`` times more, each with the tools in an order of its own.

    Where a vote comes next, it stops as soon as no sample to come can change the winner.
    """

    n: int = 1

    def __str__(self) -> str:
        return f"sample({self.n})"

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Add the samples, as many as the budget allows."""
        left = self.n
        while left and not (
            isinstance(work.ahead, Majority) and settled(work.ahead.groups(pool, work), left)
        ):
            made = await _sampled(work, left)
            if not made:
                break
            pool = pool.plus(*made)
            left -= len(made)
        return pool


@dataclass(frozen=True, slots=True)
class First:
    """Sample until an answer passes, ``n`` times at most: repeated sampling (Brown et al. 2024)."""

    condition: Condition
    n: int = 5

    def __str__(self) -> str:
        return f"first({self.condition}, {self.n})"

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Keep the one that passed; none where none did."""
        for _ in range(self.n):
            for made in await _sampled(work, 1):
                pool = pool.plus(made)
                if made.answer is not None and await self.condition.passes(made, work):
                    return pool.keeping([made])
        return pool.keeping([])


@dataclass(frozen=True, slots=True)
class Rank:
    """Keep the ``k`` answers that hedge least, of these the shorter.

    "Think Deep, Think Fast" (2025): correct replies are shorter and hedge less.
    """

    k: int = 1

    def __str__(self) -> str:
        return f"rank({self.k})"

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Keep the best; of equals the earlier."""
        return pool.keeping(sorted(pool.choice, key=hedging)[: self.k])


@dataclass(frozen=True, slots=True)
class Majority:
    """Take what most answers come to: self-consistency (Wang et al. 2023)."""

    by: By = "answer"

    def __str__(self) -> str:
        return f"vote({self.by})"

    def groups(self, pool: Pool, work: Work) -> list[Ballots]:
        """The answers that agree, together."""
        groups: list[Ballots] = []
        for one in pool.choice:
            count_in(groups, one, self.by, work.task.query)
        return groups

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Keep the first of the largest group; of equal groups the earlier."""
        groups = self.groups(pool, work)
        if not groups:
            return pool
        return pool.keeping([max(groups, key=lambda group: len(group.samples)).samples[0]])


@dataclass(frozen=True, slots=True)
class Fallback:
    """Try strategies in turn until one has an answer left: FrugalGPT (Chen et al. 2023).

    Written ``cascade(sample(1) | verify(code), sample(5) | vote)``. The cascade of two models
    inside one run is another thing (:mod:`toolgrove.planners.cascade`).
    """

    stages: tuple[Steps, ...]

    def __str__(self) -> str:
        return f"cascade({', '.join(map(str, self.stages))})"

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """Each stage sees what those before it made; only its own answers and these are kept."""
        for stage in self.stages:
            pool = await stage.apply(pool, work)
            if pool.kept:
                break
        return pool
