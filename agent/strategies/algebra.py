"""A pool of answers, the runs behind it, and the steps that are taken with it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from toolgrove.agent.inputs import as_task
from toolgrove.agent.voting import solved_there
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.inputs import Request
    from toolgrove.agent.outcome import Outcome
    from toolgrove.data.records import Task
    from toolgrove.planners.budget import Budget

__all__ = ["Pool", "Solution", "Steps", "StrategyStep", "Work"]


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
    """One step of a strategy: a frozen dataclass whose fields are its options."""

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """The pool after this step."""
        ...


@dataclass(slots=True)
class Work:
    """A strategy under way on one task: whoever wants a run asks for it here."""

    agent: Agent
    task: Task
    folder: Path
    keep: bool
    seed: int = 0
    budget: Budget | None = None
    runs: list[Outcome] = field(default_factory=list)
    begun: Counter[str] = field(default_factory=Counter)

    async def run(self, kind: str, task: Task, *, formed: bool = True) -> Outcome | None:
        """The next run of a kind, in the agent's form; None where the budget is spent."""
        agent = self.agent if formed else self.agent.changed(response_format=None)
        if self.budget is not None:
            left = _left(self.budget, self.runs)
            if left is None:
                return None
            agent = agent.changed(budget=_least(agent.settings.budget, left))
        self.begun[kind] += 1
        run = self.folder / f"{kind}-{self.begun[kind]}"
        outcome = await solved_there(agent, task, run, keep=self.keep)
        self.runs.append(outcome)
        return outcome


@dataclass(frozen=True, slots=True)
class Solution:
    """What a strategy came to.

    Parameters
    ----------
    outcome : Outcome
        The run whose answer is taken.
    passed : bool
        Whether it was still in question at the end; False where no answer passed ``verify``, or
        there is none.
    runs : tuple of Outcome
        All runs in the order in which they were begun, verdicts and critiques among them.
    """

    outcome: Outcome
    passed: bool
    runs: tuple[Outcome, ...]

    @property
    def answer(self) -> str | None:
        """The answer that is taken."""
        return self.outcome.answer


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in a row; the base of the public ``Strategy``."""

    steps: tuple[StrategyStep, ...]

    async def apply(self, pool: Pool, work: Work) -> Pool:
        """The pool after all steps."""
        for step in self.steps:
            pool = await step.apply(pool, work)
        return pool

    async def solve(
        self,
        agent: Agent,
        task: Request,
        *,
        folder: str | Path | None = None,
        budget: Budget | None = None,
        seed: int = 0,
    ) -> Solution:
        """Solve a task by this strategy.

        Parameters
        ----------
        agent : Agent
            Who answers, judges, criticises and fuses.
        task : str, Task or messages
            What is asked, in any form that an agent takes.
        folder : path or None
            Where the runs are kept; solving there again pays for nothing twice. By default a new
            folder under the agent's ``runs``; without one, none is kept.
        budget : Budget or None
            What all runs may spend together; each holds to the agent's own besides.
        seed : int
            Of the orders in which samples are offered the tools.

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
            return await self._solved(Work(agent, task, Path(kept), True, seed, budget))
        with tempfile.TemporaryDirectory(prefix="toolgrove-") as passing:
            return await self._solved(Work(agent, task, Path(passing), False, seed, budget))

    async def _solved(self, work: Work) -> Solution:
        pool = await self.apply(Pool(), work)
        if not pool.made:
            raise UsageError(
                "the strategy made no run: begin it with sample, and give it a budget."
            )
        return Solution((pool.choice or pool.made)[0], bool(pool.kept), tuple(work.runs))


def _left(budget: Budget, runs: Sequence[Outcome]) -> Budget | None:
    """What runs have left of a budget, or None where one of its limits is met."""
    trees = [run.tree for run in runs]
    spent = {
        "model_calls": sum(tree.model_calls for tree in trees),
        "tool_calls": sum(tree.tool_calls for tree in trees),
        "tokens": sum(tree.usage.total for tree in trees),
        "seconds": sum(node.seconds for tree in trees for node in tree),
        "money": sum(tree.cost or 0.0 for tree in trees),
    }
    limits = {name: getattr(budget, name) for name in spent}
    left = {name: most - spent[name] for name, most in limits.items() if most is not None}
    if any(rest <= 0 for name, rest in left.items() if name != "tool_calls"):
        return None
    return replace(budget, **{name: max(0, rest) for name, rest in left.items()})


def _least(one: Budget, other: Budget) -> Budget:
    """The narrower of two budgets in each limit."""
    least: dict[str, Any] = {}
    for limit in fields(one):
        both = getattr(one, limit.name), getattr(other, limit.name)
        least[limit.name] = min((most for most in both if most is not None), default=None)
    return replace(one, **least)
