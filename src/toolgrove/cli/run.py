"""``toolgrove run``: answer one request, or go on with a run that was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.approval import end_if_waiting, put_off
from toolgrove.cli.common import console, err_console, print_json
from toolgrove.cli.live import cost_words, watched
from toolgrove.cli.run_strategy import (
    Samples,
    StrategyOption,
    VoteOption,
    chosen_strategy,
    composed_there,
    solve_and_show,
)
from toolgrove.cli.settings import CALLS, MODEL, RUN, Given, with_settings
from toolgrove.cli.told import tell
from toolgrove.cli.verbose import verbose_log
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.settings import RunSettings
    from toolgrove.data.records import Task
    from toolgrove.data.tree import SearchTree

__all__ = ["Say", "go_on", "register"]

EXAMPLES = """
Examples:

  toolgrove index world --catalog catalog

  toolgrove run "How far is it from OSL to LHR in km?" --catalog catalog --planner dfsdt

  toolgrove run "Which is farther from OSL, LHR or CDG?" --catalog catalog --planner dag

  toolgrove run "…" --model openai:gpt-5 --in-flight 4 --max-money 0.50 --price gpt-5=1.25,10

  toolgrove run "…" --model local --strong openai:gpt-5 --cascade specreason:threshold=6

  toolgrove run "…" --model openai:gpt-5 --samples 5 --vote answer

  toolgrove run "…" --model openai:gpt-5 --strategy "sample(5) | verify(code) | vote"

  toolgrove run --resume runs/1b9d1a6f0c2e-1

  toolgrove run "Star the toolgrove repository." --catalog catalog --allow 'GitHub/*' --dry-run

  toolgrove run "Which pull requests wait for me?" --catalog catalog --read-only --record tapes
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(run)


@with_settings(MODEL, RUN, CALLS)
def run(
    *,
    query: Annotated[str, typer.Argument(help="What you want to know or have done.")] = "",
    catalog: Annotated[
        Path, typer.Option(help="Where tools are retrieved from.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    tool: Annotated[
        list[str] | None, typer.Option(help="Offer this tool (its id) instead of retrieving.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder that keeps the runs.")] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option(help="Go on with this run, with its own settings.")
    ] = None,
    samples: Samples = 1,
    vote: VoteOption = None,
    strategy: StrategyOption = "",
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Do not show the steps while they are taken.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Say on standard error what happens meanwhile.")
    ] = False,
    given: Given,
) -> None:
    """Answer a request with tools of a catalogue, keeping a journal that can be resumed."""
    composed = chosen_strategy(strategy, samples, vote)
    if resume is not None and query:
        raise UsageError("--resume goes on with the run's own request: leave QUERY out.")
    if resume is None and not query:
        raise UsageError('say what to do: toolgrove run "…", or --resume RUN.')
    say = Say(json, quiet, composed)
    with verbose_log(verbose):
        _run(query, catalog, tool, runs, resume, given, say)


def _run(
    query: str,
    catalog: Path,
    tool: list[str] | None,
    runs: Path,
    resume: Path | None,
    given: Given,
    say: Say,
) -> None:
    if resume is not None:
        go_on(resume, given.for_resuming(), say)
        return
    with _agent(given.settings(), catalog, runs) as agent:
        task = _task(query, tool)
        task = replace(task, tools=tuple(agent.candidates(task)))
        _solve(agent, task, agent.new_run(task), say)


@dataclass(frozen=True, slots=True)
class Say:
    """How an answer is come to, by one run or by a strategy, and how that is shown."""

    json: bool
    quiet: bool
    strategy: str = ""


@contextmanager
def _agent(settings: RunSettings, catalog: Path, runs: Path | None = None) -> Iterator[Agent]:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.catalog import Catalog

    with Catalog.open(catalog, create=False) as opened:
        yield Agent(
            model=settings.model,
            strong=settings.strong or None,
            catalog=opened,
            runs=runs,
            settings=settings,
        )


def _task(query: str, tools: list[str] | None) -> Task:
    from toolgrove.agent.inputs import as_task

    return replace(as_task(query), tools=tuple(tools) if tools else None)


def go_on(run: Path, given: Given, say: Say, later: Collection[str] = ()) -> None:
    """Go on with a run that the command line began; these calls of it wait on."""
    from toolgrove.agent.settings import RunSettings
    from toolgrove.data.runs import read_run

    composed = composed_there(run)
    if composed is not None:
        say = replace(say, strategy=say.strategy or composed.strategy)
    record = read_run(run / "sample-1" if say.strategy else run)
    begun = RunSettings.from_journal(record.header["config"], run).named(run)
    if composed is not None:
        begun = begun.changed(budget=composed.budget)
    task, _ = record.began
    settings = given.settings(begun)
    if later:
        policy = settings.calls.policy
        policy = replace(policy, approve=put_off(policy.approve, later))
        settings = settings.changed(policy=policy)
    with _agent(settings, Path(begun.catalog)) as agent:
        _solve(agent, task, run, say)


def _solve(agent: Agent, task: Task, run: Path, say: Say) -> None:
    from toolgrove.agent.hosting import hosted_agent

    with hosted_agent(agent, task) as served:
        if say.strategy:
            solve_and_show(served, task, run, say.strategy, say.json)
            return
        offered = len(agent.candidates(task))
        err_console().print(f"run {run}: {offered} tools on offer, planner {agent.planner}")
        try:
            with watched(run, quiet=say.quiet):
                tree = asyncio.run(served.solve(task, run))
        except KeyboardInterrupt:
            err_console().print(f"stopped; go on with: toolgrove run --resume {run}")
            raise
    _show(tree, run, say.json)
    tell([(tree, run)])
    end_if_waiting([(tree, run)])


def _show(tree: SearchTree, run: Path, json: bool) -> None:
    usage = tree.usage
    summary = {
        "answer": tree.answer,
        "ended": tree.ended,
        "run": str(run),
        "nodes": len(tree) - 1,
        "model_calls": tree.model_calls,
        "tool_calls": tree.tool_calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "seconds": round(sum(node.seconds for node in tree), 2),
        "cost": tree.cost,
        "waiting": [] if tree.ending is None else [call.id for call in tree.ending.waiting],
    }
    if json:
        print_json(summary)
        return
    out = console()
    out.print(tree.answer if tree.answer is not None else f"no answer: {tree.ended}")
    out.print(
        f"{summary['model_calls']} model calls, {summary['tool_calls']} tool calls, "
        f"{usage.total} tokens, {summary['seconds']} s{cost_words(tree.cost)}; "
        f"toolgrove view {run}",
        style="dim",
    )
