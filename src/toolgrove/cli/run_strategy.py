"""``toolgrove run --strategy TEXT``: solve a request by several runs, composed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.approval import end_if_waiting
from toolgrove.cli.common import console, err_console, print_json
from toolgrove.cli.live import cost_words
from toolgrove.cli.run_vote import costs
from toolgrove.cli.told import tell

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.strategies.algebra import Solution
    from toolgrove.data.records import Task

__all__ = ["StrategyOption", "checked", "solve_and_show"]

StrategyOption = Annotated[
    str, typer.Option("--strategy", help="Compose runs, as in 'sample(5) | verify(code) | vote'.")
]


def checked(text: str) -> None:
    """Refuse a strategy that cannot be read, before anything is loaded for it."""
    from toolgrove.agent.strategies.text import Strategy

    Strategy.parse(text)


def solve_and_show(agent: Agent, task: Task, folder: Path, text: str, json: bool) -> None:
    """Solve by a strategy whose runs are kept in a folder, and print what came of it.

    The agent's budget is that of all runs together.
    """
    from toolgrove.agent.strategies.text import Strategy

    err_console().print(f"strategy {folder}: {text}, planner {agent.planner}", markup=False)
    strategy, budget = Strategy.parse(text), agent.settings.budget
    try:
        got = asyncio.run(strategy.solve(agent, task, folder=folder, budget=budget))
    except KeyboardInterrupt:
        again = f"toolgrove run --resume {folder} --strategy '{text}'"
        err_console().print(f"stopped; go on with: {again}", markup=False)
        raise
    _show(got, folder, json)
    runs = [(run.tree, run.run) for run in got.runs]
    tell(runs)
    end_if_waiting(runs)


def _show(got: Solution, folder: Path, json: bool) -> None:
    spent = costs([run.tree for run in got.runs])
    if json:
        made = [str(run.run) for run in got.runs]
        taken = {"answer": got.answer, "passed": got.passed, "run": str(got.outcome.run)}
        print_json({**taken, "runs": made, **spent})
        return
    out = console()
    out.print(got.answer if got.answer is not None else "no run came to an answer", markup=False)
    if got.answer is not None and not got.passed:
        out.print("no answer passed: this one is the first of those that failed")
    out.print(
        f"{len(got.runs)} runs, {spent['model_calls']} model calls, "
        f"{spent['tool_calls']} tool calls, {spent['tokens']} tokens"
        f"{cost_words(spent['cost'])}; toolgrove view {folder}/*",
        style="dim",
    )
