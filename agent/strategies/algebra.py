"""A strategy: steps in a row, and what they come to."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from toolgrove.agent.agent import Agent
from toolgrove.agent.inputs import as_task
from toolgrove.agent.strategies.asking import PROMPTS
from toolgrove.agent.strategies.folder import StrategyRecord
from toolgrove.agent.strategies.pool import Pool, StrategyStep
from toolgrove.agent.strategies.work import Waits, Work
from toolgrove.agent.voting import Ballots, MakesRun, count_in
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.inputs import Request
    from toolgrove.agent.outcome import Outcome

__all__ = ["Solution", "Steps"]

_RULES = 1  # goes up whenever a step or condition comes to something else


@dataclass(frozen=True, slots=True)
class Solution:
    """What a strategy came to.

    Parameters
    ----------
    outcome : Outcome
        The run whose answer is taken, or that waits for somebody's decision.
    passed : bool
        Whether it was still in question at the end; False where no answer passed ``verify``, there
        is none, or a run waits.
    answers : tuple of Outcome
        The runs that answered the task: samples, and mended or fused answers.
    runs : tuple of Outcome
        All runs in the order in which they were begun, verdicts among them.
    """

    outcome: Outcome
    passed: bool
    answers: tuple[Outcome, ...]
    runs: tuple[Outcome, ...]

    @property
    def answer(self) -> str | None:
        """The answer that is taken."""
        return self.outcome.answer

    @property
    def ended(self) -> str:
        """How the run that is taken ended: ``waiting`` where the strategy waits with it."""
        return self.outcome.ended

    @property
    def tally(self) -> dict[str, int]:
        """How many answers say the same as each, by the words of the first that does."""
        groups: list[Ballots] = []
        for one in self.answers:
            count_in(groups, one, "answer", one.tree.task.query)
        return {group.label: len(group.samples) for group in groups}


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in a row; the base of the public ``Strategy``. Its text is what it is parsed from."""

    steps: tuple[StrategyStep, ...]

    def __str__(self) -> str:
        return " | ".join(map(str, self.steps))

    def key(self) -> dict[str, str]:
        """What decides a result besides the agent; conditions of one's own only by their names."""
        return {"strategy": str(self), "strategy_rules": f"{_RULES}-{PROMPTS[:12]}"}

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """The pool after all steps."""
        for step, ahead in zip_longest(self.steps, self.steps[1:]):
            work.ahead = ahead
            pool = await step.apply(pool, work)
        return pool

    async def solve(
        self,
        agent: Agent,
        task: Request,
        *,
        folder: str | Path | None = None,
        seed: int = 0,
        makes: MakesRun = Agent.solve,
    ) -> Solution:
        """Solve a task by this strategy.

        Parameters
        ----------
        agent : Agent
            Who answers, judges, criticises and fuses. Its budget is that of all runs together.
        task : str, Task or messages
            What is asked, in any form that an agent takes.
        folder : path or None
            Where the runs are kept; solving there again pays for nothing twice. By default a new
            folder under the agent's ``runs``; without one, none is kept.
        seed : int
            Of the orders in which samples are offered the tools.
        makes : callable
            Makes each run: ``await makes(agent, task, folder)``.

        Raises
        ------
        UsageError
            Where the budget allows no run, or the folder holds runs of another task or strategy.
        ModelError
            Where a model did not answer. Solve in the same folder again to go on.
        """
        task = as_task(task)
        task = replace(task, tools=tuple(agent.candidates(task)))
        kept = folder if folder is not None else agent.new_run(task) if agent.runs else None
        if kept is not None:
            StrategyRecord(str(self), agent.settings.budget).write(Path(kept))
            return await self._solved(Work(agent, task, Path(kept), True, seed, makes))
        with tempfile.TemporaryDirectory(prefix="toolgrove-") as passing:
            return await self._solved(Work(agent, task, Path(passing), False, seed, makes))

    async def _solved(self, work: Work) -> Solution:
        try:
            pool = await self.apply(Pool(), work)
        except Waits as wait:
            return Solution(wait.outcome, False, (), tuple(work.runs))
        if not pool.made:
            raise UsageError(
                f"the strategy {self} made no run: begin it with sample, and give the agent a "
                "budget."
            )
        taken = (pool.choice or pool.made)[0]
        return Solution(taken, bool(pool.kept), pool.made, tuple(work.runs))
