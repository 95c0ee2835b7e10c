"""``toolgrove run --samples N``: solve a request several times and take what most come to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.approval import end_if_waiting
from toolgrove.cli.common import console, err_console, print_json
from toolgrove.cli.live import cost_words
from toolgrove.cli.told import tell

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.voting import Vote
    from toolgrove.data.records import Task
    from toolgrove.data.tree import SearchTree

__all__ = ["Samples", "VoteBy", "VoteOption", "costs", "vote_and_show"]


class VoteBy(StrEnum):
    """What samples vote with."""

    ANSWER = "answer"
    CALLS = "calls"


Samples = Annotated[
    int, typer.Option(help="Solve it up to so many times and take what most come to.", min=1)
]
VoteOption = Annotated[
    VoteBy | None,
    typer.Option(
        "--vote", help="Samples agree by their answers (the default), or by the calls they made."
    ),
]


def vote_and_show(agent: Agent, task: Task, folder: Path, n: int, by: VoteBy, json: bool) -> None:
    """Vote over samples that are kept in a folder, and print what came of it.

    As many of them are under way at once as the agent's ``in_flight`` says.
    """
    from toolgrove.agent.voting import vote

    err_console().print(f"vote {folder}: up to {n} samples, planner {agent.planner}")
    at_once = agent.settings.in_flight
    try:
        got = asyncio.run(vote(agent, task, n=n, by=by.value, concurrency=at_once, folder=folder))
    except KeyboardInterrupt:
        again = f"toolgrove run --resume {folder} --samples {n}"
        err_console().print(f"stopped; go on with: {again}")
        raise
    _show(got, folder, json)
    runs = [(sample.tree, sample.run) for sample in got.samples]
    tell(runs)
    end_if_waiting(runs)


def costs(trees: Sequence[SearchTree]) -> dict[str, Any]:
    """What several runs took together; no cost where that of one is unknown."""
    known = [tree.cost for tree in trees if tree.cost is not None]
    return {
        "model_calls": sum(tree.model_calls for tree in trees),
        "tool_calls": sum(tree.tool_calls for tree in trees),
        "tokens": sum(tree.usage.total for tree in trees),
        "cost": sum(known) if known and len(known) == len(trees) else None,
    }


def _show(got: Vote, folder: Path, json: bool) -> None:
    trees = [sample.tree for sample in got.samples]
    summary = {
        "answer": got.answer,
        "agreement": round(got.agreement, 3),
        "tally": dict(got.tally),
        "samples": len(trees),
        "run": str(got.outcome.run),
        **costs(trees),
    }
    if json:
        print_json(summary)
        return
    out = console()
    out.print(got.answer if got.answer is not None else "no sample came to an answer")
    for label, count in sorted(got.tally.items(), key=lambda pair: -pair[1]):
        out.print(f"{count} of {len(trees)}: {' '.join(label.split())[:100]}")
    out.print(
        f"{summary['model_calls']} model calls, {summary['tool_calls']} tool calls, "
        f"{summary['tokens']} tokens{cost_words(summary['cost'])}; "
        f"toolgrove view {folder}/sample-*",
        style="dim",
    )
