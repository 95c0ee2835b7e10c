"""The whole job in one go: serve, index, retrieve, search, judge, mine, show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toolgrove.agent.agent import Agent
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.hosting import hosted_agent
from toolgrove.data.preferences import Mined
from toolgrove.data.records import Score, Task
from toolgrove.data.tree import SearchTree
from toolgrove.planners.budget import Budget

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["PLANNERS", "Attempt", "Report", "solve_all", "write_report"]

PLANNERS = ("react:depth=5", "dfsdt:width=3,depth=5,prune_errors=true")
BUDGET = Budget(model_calls=12)
OFFERED = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    """One task answered by one planner."""

    planner: str
    run: Path
    tree: SearchTree
    answer: Score
    calls: Score

    @property
    def seconds(self) -> float:
        """Seconds of model and tools together."""
        tools = sum(o.seconds for node in self.tree for o in node.observations)
        return tools + sum(node.seconds for node in self.tree)


@dataclass(frozen=True, slots=True)
class Report:
    """What the demo made, and where it lies."""

    attempts: tuple[Attempt, ...]
    mined: tuple[Mined, ...]
    pairs: Path
    page: Path

    @property
    def planners(self) -> Mapping[str, list[Attempt]]:
        """The attempts of each planner."""
        names = dict.fromkeys(a.planner for a in self.attempts)
        return {name: [a for a in self.attempts if a.planner == name] for name in names}


async def solve_all(
    tasks: Sequence[Task],
    *,
    model: BaseChatModel,
    catalog: Catalog,
    out: Path,
    done: Callable[[Attempt], None],
) -> list[Attempt]:
    """Answer each task with each planner; runs that ``out`` holds already are not made again.

    Each run meets a world of its own, so that none sees what another wrote or used up. A task's
    planners come one after another, since they share the prompt's beginning.
    """
    from toolgrove.evaluators.answer import AnswerEvaluator
    from toolgrove.evaluators.calls import CallEvaluator

    attempts = []
    for task in tasks:
        offered = [spec.id for _, spec in catalog.search(task.query, OFFERED)]
        asked = replace(task, tools=tuple(offered))
        for planner in PLANNERS:
            own = Agent(model=model, catalog=catalog, planner=planner, budget=BUDGET)
            name = planner.partition(":")[0]
            run = out / "runs" / name / task.id
            with hosted_agent(own, asked) as agent:
                tree = await agent.solve(asked, run)
            attempt = Attempt(
                name,
                run,
                tree,
                await AnswerEvaluator().score(tree),
                await CallEvaluator().score(tree),
            )
            done(attempt)
            attempts.append(attempt)
    return attempts


def write_report(attempts: Sequence[Attempt], out: Path) -> Report:
    """Mine the preference pairs and write them, and the page of all trees.

    A branch is a success where its answer was scored right, not merely where it called Finish.
    """
    from toolgrove.agent.view.data import read_view
    from toolgrove.agent.view.page import page
    from toolgrove.data.formats.trl import save_pairs
    from toolgrove.data.mining import fitting
    from toolgrove.evaluators.judgements import judgement
    from toolgrove.evaluators.mining import mine_judged
    from toolgrove.machine.files import write_beside

    mined, shown = [], []
    for attempt in attempts:
        tree = attempt.tree
        judged = judgement(tree, tree.answer, (attempt.answer, attempt.calls))
        mined.append(fitting(mine_judged(tree, judged)))
        shown.append(replace(read_view(attempt.run), judgement=judged))
    pairs, trees = out / "pairs.jsonl", out / "trees.html"
    save_pairs(pairs, (pair for one in mined for pair in one.pairs))
    write_beside(trees, [page(shown).encode()])
    return Report(tuple(attempts), tuple(mined), pairs, trees)


def recordings() -> Path:
    """The model replies that ship with the package, for ``toolgrove demo --replay``."""
    from importlib.resources import files

    return Path(str(files("toolgrove.data.world") / "recordings" / "demo.jsonl"))
