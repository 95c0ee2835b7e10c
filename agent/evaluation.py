"""Evaluate a planner and a model on tasks: the agent, the world and the evaluators together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from toolgrove.agent.agent import Agent
from toolgrove.agent.conversing import converse
from toolgrove.agent.hosting import hosted_agent
from toolgrove.agent.restarting import set_aside, wrote_and_broke_off
from toolgrove.agent.simulated_user import SimulatedUser
from toolgrove.agent.watching import tell_score
from toolgrove.data import codec
from toolgrove.data.records import Score, Task, ToolSpec
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UsageError
from toolgrove.evaluators.base import Evaluator
from toolgrove.evaluators.registry import parse_evaluators
from toolgrove.evaluators.runner import Batch, Solve, Solved, run_batches
from toolgrove.evaluators.tau.tasks import KIND, databases
from toolgrove.machine.progress import Tick

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from toolgrove.agent.strategies.text import Strategy
    from toolgrove.evaluators.report import Summary

__all__ = ["Evaluation", "TaskTools"]

TaskTools: TypeAlias = Literal["own", "retrieved"]
"""Which tools a task is offered: those that it names, or those that retrieval finds for it."""


@dataclass(frozen=True)
class Evaluation:
    """An agent on tasks, each run in a world of its own.

    Parameters
    ----------
    agent : Agent
        Who answers.
    judge : BaseChatModel or None
        Who votes on the answers, besides the checks that code makes.
    votes : int
        How often it votes on an answer at most.
    evaluators : sequence of Evaluator or str
        Who scores each run, in the place of those that are used otherwise
        (:func:`toolgrove.evaluators.registry.parse_evaluators`).
    strategy : str
        How several runs of each task are composed, as in ``sample(5) | vote``
        (:mod:`toolgrove.agent.strategies`); empty for one run. The run whose answer it takes is
        judged, and what all of them took is counted.
    user : SimulatedUser or None
        Who plays the users, where the tasks are of τ²-bench.
    tools : {"own", "retrieved"} or None
        Whether every task is offered the tools that it names, or those that the agent's catalogue
        finds for it. By default they are retrieved where the agent has a catalogue.

    Raises
    ------
    UsageError
        For another word, or where the agent has nothing to retrieve tools from.
    """

    agent: Agent
    judge: BaseChatModel | None = None
    votes: int = 3
    evaluators: Sequence[Evaluator | str] = ()
    strategy: str = ""
    user: SimulatedUser | None = None
    tools: TaskTools | None = None

    def __post_init__(self) -> None:
        if self.tools is not None and self.tools not in get_args(TaskTools):
            raise UsageError(f"tools={self.tools!r}: say {' or '.join(get_args(TaskTools))}.")
        nothing = self.agent.catalog is None and self.agent.settings.retrieve is None
        if self.tools == "retrieved" and nothing:
            raise UsageError("tools='retrieved' needs a catalog to retrieve them from: give one.")

    @property
    def retrieves(self) -> bool:
        """Whether each task's tools are retrieved, whichever it names."""
        if self.tools is None:
            return self.agent.catalog is not None
        return self.tools == "retrieved"

    @property
    def scorers(self) -> list[Evaluator]:
        """The evaluators; by default answer check, call accuracy and, with a judge, pass rate.

        Where tools are retrieved, also whether those that a task needs were among them.
        """
        usual = ["answer", "calls"]
        usual += ["offer"] if self.retrieves else []
        usual += ["pass"] if self.judge is not None else []
        return parse_evaluators(self.evaluators or usual, judge=self.judge, votes=self.votes)

    def config(self, specs: Sequence[ToolSpec]) -> dict[str, Any]:
        """Everything that decides a result, the task apart: results are kept under its digest."""
        composed = self._composed()
        found = {
            **self.agent.key(),
            **({} if composed is None else composed.key()),
            **self._retrieval(),
            "tools": codec.digest([codec.digest(codec.to_json(spec)) for spec in specs]),
            "world": self.agent.world(specs),
        }
        if self.user is None:
            return found
        return {**found, "user": self.user.key(), "world": databases(specs)}

    def _retrieval(self) -> dict[str, Any]:
        """How tools are found, where that is not as the agent's key has it."""
        if not self.retrieves:
            return {"retrieved": False} if self.tools == "own" else {}
        catalog = self.agent.catalog
        ranking = {} if catalog is None else catalog.ranking
        return {"retrieval": ranking} if ranking else {}

    async def run(
        self,
        tasks: Sequence[Task],
        out: str | Path,
        *,
        concurrency: int = 1,
        epochs: int = 1,
        tick: Tick | None = None,
    ) -> Summary:
        """Evaluate the tasks, going on with what ``out`` holds (:func:`run_batches`)."""
        watch = None if tick is None else lambda standing: tick(standing.done, standing.total)
        batches = [self.batch(tasks, self.solve)]
        [summary] = await run_batches(
            batches, out, concurrency=concurrency, epochs=epochs, watch=watch
        )
        return summary

    def batch(self, tasks: Sequence[Task], solve: Solve) -> Batch:
        """The tasks under this configuration, solved wherever ``solve`` does it.

        Raises
        ------
        UsageError
            Where a task is to be offered its own tools, and names none or one that is not there.
        """
        if self.retrieves:
            tasks = [replace(task, tools=None) for task in tasks]
        elif self.tools == "own":
            for task in tasks:
                self._check_own(task)
        config = self.config(list(self.agent.registry))
        return Batch(tasks, solve, self.scorers, config, self._scored)

    def _check_own(self, task: Task) -> None:
        if task.tools is None:
            raise UsageError(f"task {task.id!r} names no tools of its own: let them be retrieved.")
        missing = [tool for tool in task.tools if tool not in self.agent.registry]
        if missing:
            raise UsageError(
                f"task {task.id!r} names {missing[0]!r}, which is not among the agent's "
                f"{len(self.agent.registry):,} tools: add it to them, or to the catalog."
            )

    async def _scored(self, run: Path, score: Score) -> None:
        """Tell of a score, and let the memory learn from the run that it judges."""
        await tell_score(self.agent, run, score)
        settings = self.agent.settings
        if settings.update_memory and settings.memory is not None:
            from toolgrove.evaluators.judgements import deciding, judgement

            if deciding([score]) is not None:
                tree = read_tree(run)
                judged = judgement(tree, tree.answer, [score])
                await asyncio.to_thread(settings.memory.learn, tree, judged, str(run))

    def _composed(self) -> Strategy | None:
        if not self.strategy:
            return None
        from toolgrove.agent.strategies.text import Strategy

        return Strategy.parse(self.strategy)

    async def solve(self, task: Task, run: Path) -> SearchTree | Solved:
        """One run, or those of the strategy, each in a world of its own where its tools are one's.

        That world ends with the process. A run that had written something there and was cut short
        cannot go on in a new world, which knows nothing of it, and is begun anew; the journal of
        the lost run stays beside the new one.

        Raises
        ------
        UsageError
            Where the task is a conversation, and nobody plays its user.
        """
        composed = self._composed()
        if KIND in task.meta:
            if self.user is None:
                raise UsageError(
                    f"task {task.id} is a conversation: say who plays its user, as in "
                    'Evaluation(agent, user=SimulatedUser("openai:gpt-5-mini")).'
                )
            if composed is not None:
                raise UsageError("a strategy composes runs, and no conversations: leave it out.")
            return await converse(self.agent, self.user, task, run)
        if composed is None:
            task = replace(task, tools=tuple(self.agent.candidates(task)))
            return await _in_a_world(self.agent, task, run)
        got = await composed.solve(self.agent, task, folder=run, makes=_in_a_world)
        others = [one.tree for one in got.runs if one is not got.outcome]
        return Solved(got.outcome.tree, got.outcome.run or run, others)


async def _in_a_world(agent: Agent, task: Task, run: Path) -> SearchTree:
    with hosted_agent(agent, task) as served:
        if served is not agent and wrote_and_broke_off(run):
            set_aside(run)
        return await served.solve(task, run)
