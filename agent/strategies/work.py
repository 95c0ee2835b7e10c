"""A strategy under way on one task: its runs, and what they have left of the budget."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toolgrove.agent.agent import Agent
from toolgrove.agent.voting import MakesRun, solved_there

if TYPE_CHECKING:
    from toolgrove.agent.outcome import Outcome
    from toolgrove.data.records import Task
    from toolgrove.planners.budget import Budget

__all__ = ["Waits", "Work"]


class Waits(Exception):
    """Raised inside a strategy when one of its runs waits for somebody's decision."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.run)


@dataclass(slots=True)
class Work:
    """Whoever wants a run asks for it here.

    Parameters
    ----------
    agent, task, folder, seed, makes
        As :meth:`Steps.solve` takes them.
    keep : bool
        Whether the folder lasts.
    runs : list of Outcome
        Those that have ended.
    begun : Counter
        How many runs there are of each kind.
    ahead : object
        The step after the one that is being taken.
    """

    agent: Agent
    task: Task
    folder: Path
    keep: bool
    seed: int = 0
    makes: MakesRun = Agent.solve
    runs: list[Outcome] = field(default_factory=list)
    begun: Counter[str] = field(default_factory=Counter)
    ahead: object = None

    async def run(self, kind: str, task: Task, *, formed: bool = True) -> Outcome | None:
        """The next run of a kind, in the agent's form; None where the budget is spent."""
        made = await self.several(kind, [task], formed=formed)
        return made[0] if made else None

    async def several(
        self, kind: str, tasks: Sequence[Task], *, formed: bool = True
    ) -> list[Outcome]:
        """The next runs of a kind, under way at once; fewer where the budget allows no more.

        Each gets an even share of what is left. Where one breaks down the others end first, so
        that nothing that was paid for is lost.

        Raises
        ------
        Waits
            Where one of them waits for somebody.
        """
        tools = any(task.tools for task in tasks)
        size, share = _shared(self.agent.settings.budget, self.runs, len(tasks), tools)
        agent = self.agent.changed(budget=share)
        agent = agent if formed else agent.changed(response_format=None)
        going = []
        for task in tasks[:size]:
            self.begun[kind] += 1
            run = self.folder / f"{kind}-{self.begun[kind]}"
            made_there = solved_there(agent, task, run, keep=self.keep, makes=self.makes)
            going.append(made_there)
        made = []
        for one in await asyncio.gather(*going, return_exceptions=True):
            if isinstance(one, BaseException):
                raise one
            made.append(one)
        self.runs += made
        for one in made:
            if one.ended == "waiting":
                raise Waits(one)
        return made


def _shared(budget: Budget, runs: Sequence[Outcome], n: int, tools: bool) -> tuple[int, Budget]:
    """How many of ``n`` runs may begin, and what each may spend of what earlier ones have left.

    A run that has tools needs a call of one; the others need none.
    """
    trees = [run.tree for run in runs]
    spent = {
        "model_calls": sum(tree.model_calls for tree in trees),
        "tool_calls": sum(tree.tool_calls for tree in trees),
        "tokens": sum(tree.usage.total for tree in trees),
        "seconds": sum(
            node.seconds + sum(seen.seconds for seen in node.observations)
            for tree in trees
            for node in tree
        ),
        "money": sum(tree.cost or 0.0 for tree in trees),
    }
    limits = {name: getattr(budget, name) for name in spent}
    left = {name: most - spent[name] for name, most in limits.items() if most is not None}
    needed = {name: rest for name, rest in left.items() if tools or name != "tool_calls"}
    if any(rest <= 0 for rest in needed.values()):
        return 0, budget
    size = min([n, *(rest for rest in needed.values() if isinstance(rest, int))])
    shares = {
        name: max(rest, 0) // size if isinstance(rest, int) else rest / size
        for name, rest in left.items()
    }
    return size, replace(budget, **shares)
