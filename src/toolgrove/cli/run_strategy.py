"""``toolgrove run --strategy TEXT``, or ``--samples N`` for a vote: one request, several runs."""

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
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.strategies.algebra import Solution
    from toolgrove.agent.strategies.folder import StrategyRecord
    from toolgrove.data.records import Task
    from toolgrove.data.tree import SearchTree

__all__ = [
    "Samples",
    "StrategyOption",
    "VoteOption",
    "chosen_strategy",
    "composed_there",
    "solve_and_show",
]


class VoteBy(StrEnum):
    """What samples vote with."""

    ANSWER = "answer"
    CALLS = "calls"


StrategyOption = Annotated[
    str, typer.Option("--strategy", help="Compose runs, as in 'sample(5) | verify(code) | vote'.")
]
Samples = Annotated[
    int, typer.Option(help="Short for --strategy 'sample(N) | vote': what most come to.", min=1)
]
VoteOption = Annotated[
    VoteBy | None,
    typer.Option(
        "--vote", help="Samples agree by their answers (the default), or by the calls they made."
    ),
]


def chosen_strategy(strategy: str, samples: int = 1, vote: VoteBy | None = None) -> str:
    """The strategy that the options mean, empty for a single run; refused if it cannot be read.

    Raises
    ------
    UsageError
        Where the options do not fit together, or the text is no strategy.
    """
    if vote is not None and samples == 1:
        raise UsageError("--vote needs several samples: say how many, as in --samples 5.")
    if strategy and samples > 1:
        raise UsageError("--strategy says itself how often to sample: leave --samples out.")
    if samples > 1:
        strategy = f"sample({samples}) | vote({(vote or VoteBy.ANSWER).value})"
    if strategy:
        from toolgrove.agent.strategies.text import Strategy

        return str(Strategy.parse(strategy))
    return ""


def composed_there(folder: Path) -> StrategyRecord | None:
    """The strategy that a folder's runs are of; None of a single run, or where nobody wrote it."""
    from toolgrove.agent.strategies.folder import StrategyRecord

    return StrategyRecord.read(folder)


def solve_and_show(agent: Agent, task: Task, folder: Path, text: str, json: bool) -> None:
    """Solve by a strategy whose runs are kept in a folder, and print what came of it."""
    from toolgrove.agent.strategies.text import Strategy

    err_console().print(f"strategy {folder}: {text}, planner {agent.planner}", markup=False)
    again = f"toolgrove run --resume {folder}"
    try:
        got = asyncio.run(Strategy.parse(text).solve(agent, task, folder=folder))
    except KeyboardInterrupt:
        err_console().print(f"stopped; go on with: {again}", markup=False)
        raise
    _show(got, folder, json)
    runs = [(run.tree, run.run) for run in got.runs]
    tell(runs)
    if got.ended == "waiting":
        err_console().print(f"once that is decided, go on with: {again}", markup=False)
    end_if_waiting(runs)


def _show(got: Solution, folder: Path, json: bool) -> None:
    groups = got.tally
    spent = _costs([run.tree for run in got.runs])
    if json:
        taken = {"answer": got.answer, "passed": got.passed, "ended": got.ended}
        runs = {"run": str(got.outcome.run), "runs": [str(run.run) for run in got.runs]}
        print_json({**taken, **runs, "tally": dict(groups), **spent})
        return
    out = console()
    out.print(_came_to(got), markup=False)
    if got.answer is not None and not got.passed:
        out.print("no answer passed: this one is the first of those that failed")
    if len(groups) > 1:
        for label, count in sorted(groups.items(), key=lambda pair: -pair[1]):
            said = " ".join(label.split())[:100]
            out.print(f"{count} of {len(got.answers)}: {said}", markup=False)
    out.print(
        f"{len(got.runs)} runs, {spent['model_calls']} model calls, "
        f"{spent['tool_calls']} tool calls, {spent['tokens']} tokens"
        f"{cost_words(spent['cost'])}; toolgrove view {folder}",
        style="dim",
    )


def _came_to(got: Solution) -> str:
    if got.answer is not None:
        return got.answer
    return "a run waits" if got.ended == "waiting" else "no run came to an answer"


def _costs(trees: Sequence[SearchTree]) -> dict[str, Any]:
    """What several runs took together; no cost where that of one is unknown."""
    known = [tree.cost for tree in trees if tree.cost is not None]
    return {
        "model_calls": sum(tree.model_calls for tree in trees),
        "tool_calls": sum(tree.tool_calls for tree in trees),
        "tokens": sum(tree.usage.total for tree in trees),
        "cost": sum(known) if known and len(known) == len(trees) else None,
    }
