"""Scores for the nodes of a search: the model grades paths, or votes between siblings.

Replies are journalled like any other; their tokens count against the run's budget and are no part
of a node's ``usage``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, TypeVar

from toolgrove.data.events import NodeScored
from toolgrove.data.listening import tell
from toolgrove.data.records import Node
from toolgrove.data.tree import ROOT
from toolgrove.planners import rating_prompts as prompts

if TYPE_CHECKING:
    from toolgrove.planners.frontier import Frontier, Rate
    from toolgrove.planners.run import Run

__all__ = ["rate"]

T = TypeVar("T")

_STEPS = 8
"""Steps of a path that a model is shown: what a question costs does not grow with the tree."""


async def rate(run: Run, frontier: Frontier, step: Rate) -> None:
    """Do what a search asks for: score nodes, tell it, and put the scored nodes into the tree.

    Nothing is scored before all replies are there; those that a crash or the budget left are in the
    journal and cost nothing again. As many are asked for at once as the run's ``in_flight``.

    Parameters
    ----------
    run : Run
        Whose tree holds the nodes.
    frontier : Frontier
        Who asked; it may prune what it is told of.
    step : Rate
        Which nodes, and how: ``value`` takes a model call a node, ``pairwise`` two a pair.

    Raises
    ------
    BudgetSpent
        Before a call that would go over the budget.
    ModelError
        Where the model did not answer.
    """
    nodes = [run.tree[node] for node in step.nodes]
    scores = await (_grades(run, nodes) if step.how == "value" else _wins(run, nodes))
    scored = tuple(replace(n, score=score) for n, score in zip(nodes, scores, strict=True))
    for node in frontier.on_scores(scored):
        run.rescore(node)
        await tell(partial(NodeScored, node=node))


async def _grades(run: Run, nodes: Sequence[Node]) -> list[float]:
    async def grade(node: Node) -> float:
        question = prompts.grade_question(run.asked, *_last_steps(run, node.id))
        return prompts.grade_of((await run.judge(node.id, question)).message.content)

    return await _all(run, [partial(grade, node) for node in nodes])


async def _wins(run: Run, nodes: Sequence[Node]) -> list[float]:
    """The share of its siblings that each node wins against; a tie is half a win."""
    before = _last_steps(run, nodes[0].parent or ROOT)

    async def vote(a: Node, b: Node) -> str:
        question = prompts.vote_question(run.asked, *before, a, b)
        return prompts.vote_of((await run.judge(a.id, question)).message.content)

    pairs = list(combinations(nodes, 2))
    both_orders = [
        partial(vote, *two) for one, other in pairs for two in ((one, other), (other, one))
    ]
    votes = await _all(run, both_orders)
    wins = {node.id: 0.0 for node in nodes}
    for place, (one, other) in enumerate(pairs):
        said = votes[2 * place], votes[2 * place + 1]
        won = {("A", "B"): 1.0, ("B", "A"): 0.0}.get(said, 0.5)  # a tie where the orders disagree
        wins[one.id] += won
        wins[other.id] += 1.0 - won
    return [wins[node.id] / max(1, len(nodes) - 1) for node in nodes]


async def _all(run: Run, questions: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """All answers, asked for in order; once one cannot be had no other is asked for.

    Those that are under way then are waited for: they are paid for, and the journal keeps them.
    """
    slots = asyncio.Semaphore(run.in_flight)
    answers: dict[int, T] = {}
    failed: list[Exception] = []

    async def one(place: int) -> None:
        async with slots:
            if failed:
                return
            try:
                answers[place] = await questions[place]()
            except Exception as error:
                failed.append(error)

    async with asyncio.TaskGroup() as group:
        for place in range(len(questions)):
            group.create_task(one(place))
    if failed:
        raise failed[0]
    return [answers[place] for place in range(len(questions))]


def _last_steps(run: Run, node: str) -> tuple[list[Node], bool]:
    """The last steps on the way to a node, and whether there are earlier ones."""
    steps: list[Node] = []
    at = run.tree[node]
    while at.parent is not None and len(steps) < _STEPS:
        steps.append(at)
        at = run.tree[at.parent]
    steps.reverse()
    return steps, at.parent is not None
