"""Evaluate a planner and a model on tasks: the agent, the world and the evaluators together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.agent.agent import Agent
from toolgrove.agent.hosting import hosted_agent
from toolgrove.agent.watching import tell_score
from toolgrove.data import codec
from toolgrove.data.records import Score, Task, ToolSpec
from toolgrove.data.runs import JOURNAL, read_run, read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.base import Evaluator
from toolgrove.evaluators.registry import parse_evaluators
from toolgrove.evaluators.runner import Batch, Solve, Solved, run_batches
from toolgrove.machine.progress import Tick

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from toolgrove.agent.strategies.text import Strategy
    from toolgrove.evaluators.report import Summary

__all__ = ["Evaluation"]


@dataclass(frozen=True)
class Evaluation:
    """An agent on tasks, each run in a world of its own.

    Parameters
    ----------
    agent : Agent
        Who answers. With a catalogue, every task's tools are retrieved from it; without one, every
        task is offered the tools that it names.
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
    """

    agent: Agent
    judge: BaseChatModel | None = None
    votes: int = 3
    evaluators: Sequence[Evaluator | str] = ()
    strategy: str = ""

    @property
    def scorers(self) -> list[Evaluator]:
        """The evaluators; by default answer check, call accuracy and, with a judge, pass rate."""
        usual = ("answer", "calls", "pass") if self.judge is not None else ("answer", "calls")
        return parse_evaluators(self.evaluators or usual, judge=self.judge, votes=self.votes)

    def config(self, specs: Sequence[ToolSpec]) -> dict[str, Any]:
        """Everything that decides a result, the task apart: results are kept under its digest."""
        composed = self._composed()
        return {
            **self.agent.key(),
            **({} if composed is None else composed.key()),
            "tools": codec.digest([codec.digest(codec.to_json(spec)) for spec in specs]),
            "world": self.agent.world(specs),
        }

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
        """The tasks under this configuration, solved wherever ``solve`` does it."""
        if self.agent.catalog is not None:
            tasks = [replace(task, tools=None) for task in tasks]
        config = self.config(list(self.agent.registry))
        return Batch(tasks, solve, self.scorers, config, self._scored)

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
        """
        composed = self._composed()
        if composed is None:
            task = replace(task, tools=tuple(self.agent.candidates(task)))
            return await _in_a_world(self.agent, task, run)
        got = await composed.solve(self.agent, task, folder=run, makes=_in_a_world)
        others = [one.tree for one in got.runs if one is not got.outcome]
        return Solved(got.outcome.tree, got.outcome.run or run, others)


async def _in_a_world(agent: Agent, task: Task, run: Path) -> SearchTree:
    with hosted_agent(agent, task) as served:
        if served is not agent and _wrote_and_broke_off(run):
            _set_aside(run / JOURNAL)
        return await served.solve(task, run)


def _wrote_and_broke_off(run: Path) -> bool:
    journal = run / JOURNAL
    if not journal.is_file() or not journal.stat().st_size:
        return False
    record = read_run(run)
    return record.ended in (None, "waiting") and any(record.intents.values())


def _set_aside(journal: Path) -> None:
    lost = len(list(journal.parent.glob("journal.lost-*.jsonl")))
    journal.rename(journal.with_name(f"journal.lost-{lost + 1}.jsonl"))
