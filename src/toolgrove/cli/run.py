"""``toolgrove run``: answer one request, or go on with a run that was interrupted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.budgets import (
    InFlight,
    MaxModelCalls,
    MaxMoney,
    PlannerName,
    Prices,
    budget_of,
)
from toolgrove.cli.common import console, err_console, print_json
from toolgrove.cli.run_model import CascadeName, ContextTokens, Strong, Subtasks
from toolgrove.cli.run_policy import Approval, network_of, policy_of
from toolgrove.cli.run_vote import Samples, VoteBy, VoteOption, vote_and_show
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.data.journal import Record
    from toolgrove.data.records import Task
    from toolgrove.data.tree import SearchTree
    from toolgrove.planners.budget import Budget

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove index world --catalog catalog

  toolgrove run "How far is it from OSL to LHR in km?" --catalog catalog --planner dfsdt

  toolgrove run "Which is farther from OSL, LHR or CDG?" --catalog catalog --planner dag

  toolgrove run "…" --model openai:gpt-5 --in-flight 4 --max-money 0.50 --price gpt-5=1.25,10

  toolgrove run "…" --model local --strong openai:gpt-5 --cascade specreason:threshold=6

  toolgrove run "…" --model openai:gpt-5 --samples 5 --vote answer

  toolgrove run --resume runs/1b9d1a6f0c2e-1

  toolgrove run "Star the toolgrove repository." --catalog catalog --allow 'GitHub/*' --dry-run

  toolgrove run "Which pull requests wait for me?" --catalog catalog --read-only --record tapes
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(run)


def run(
    query: Annotated[str, typer.Argument(help="What you want to know or have done.")] = "",
    catalog: Annotated[
        Path, typer.Option(help="Where tools are retrieved from.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    planner: PlannerName = "dfsdt",
    model: Annotated[
        str,
        typer.Option(
            help="local, scripted:FILE, openai-compatible:URL#NAME or provider:name.",
            envvar="TOOLGROVE_MODEL",
        ),
    ] = "local",
    k: Annotated[int, typer.Option("-k", help="Tools to retrieve for the request.", min=1)] = 5,
    tool: Annotated[
        list[str] | None, typer.Option(help="Offer this tool (its id) instead of retrieving.")
    ] = None,
    search_tools: Annotated[
        bool, typer.Option(help="Let the model look for further tools while it works.")
    ] = False,
    runs: Annotated[Path, typer.Option(help="Folder that keeps the runs.")] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option(help="Go on with this run, with its own settings.")
    ] = None,
    apis: Annotated[
        str | None,
        typer.Option(help="URL of a virtual API server (serve apis) that answers all calls."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Call only tools with this id; * and ? as in 'GitHub/*'."),
    ] = None,
    read_only: Annotated[bool, typer.Option(help="Refuse every write.")] = False,
    approve: Annotated[
        Approval, typer.Option(help="Writes outside the bundled world: ask at the terminal first.")
    ] = Approval.ASK,
    dry_run: Annotated[bool, typer.Option(help="Show calls instead of making them.")] = False,
    allow_private: Annotated[
        bool, typer.Option(help="Let calls go to this machine and private networks.")
    ] = False,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Let calls go to this HOST or HOST:PORT, wherever.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Keep the HTTP exchanges in a cassette in this folder.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Answer calls from the cassettes in this folder.")
    ] = None,
    strong: Strong = None,
    cascade: CascadeName = None,
    samples: Samples = 1,
    vote: VoteOption = None,
    subtasks: Subtasks = False,
    context_tokens: ContextTokens = None,
    max_model_calls: MaxModelCalls = 200,
    max_tool_calls: Annotated[int | None, typer.Option(help="Budget of tool calls.", min=0)] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Budget of input and output tokens.", min=1)
    ] = None,
    max_seconds: Annotated[float | None, typer.Option(help="Budget of seconds.", min=0)] = None,
    max_money: MaxMoney = None,
    price: Prices = None,
    in_flight: InFlight = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Answer a request with tools of a catalogue, keeping a journal that can be resumed."""
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.catalog import Catalog
    from toolgrove.cli.trusted import trusted_here

    budget = budget_of(
        max_model_calls, tool_calls=max_tool_calls, tokens=max_tokens, seconds=max_seconds,
        money=max_money, prices=price, in_flight=in_flight,
    )  # fmt: skip
    served = apis is not None or replay is not None
    given: dict[str, Any] = {
        "policy": policy_of(allow, read_only, approve, dry_run, served=served),
        "network": network_of(allow_private, allow_host),
        "record": record,
        "replay": replay,
        "trusted": trusted_here(),
    }
    if vote is not None and samples == 1:
        raise UsageError("--vote needs several samples: say how many, as in --samples 5.")
    if cascade is not None and strong is None:
        raise UsageError("--cascade says how two models share the work: name the second, --strong.")
    by = vote or VoteBy.ANSWER
    if resume is not None:
        if query:
            raise UsageError("--resume goes on with the run's own request: leave QUERY out.")
        _resume(resume, budget, apis, given, samples, by, json)
        return
    if not query:
        raise UsageError('say what to do: toolgrove run "…", or --resume RUN.')
    with Catalog.open(catalog, create=False) as opened:
        agent = Agent(
            model=model, catalog=opened, planner=planner, budget=budget, runs=runs, k=k, apis=apis,
            search_tools=search_tools, strong=strong, cascade=cascade or "specreason",
            subtasks=subtasks, context_tokens=context_tokens, **given,
        )  # fmt: skip
        task = _task(query, tool)
        task = replace(task, tools=tuple(agent.candidates(task)))
        _solve(agent, task, agent.new_run(task), samples, by, json)


def _task(query: str, tools: list[str] | None) -> Task:
    from toolgrove.agent.agent import as_task

    return replace(as_task(query), tools=tuple(tools) if tools else None)


def _resume(
    run: Path,
    budget: Budget,
    apis: str | None,
    given: dict[str, Any],
    samples: int,
    by: VoteBy,
    json: bool,
) -> None:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.catalog import Catalog
    from toolgrove.data import codec
    from toolgrove.data.journal import read_run
    from toolgrove.data.records import Task

    record = read_run(run / "sample-1" if samples > 1 else run)
    config, settings = record.header["config"], _settings(record, run)
    given["policy"] = given["policy"].within(settings.get("policy", {}))
    with Catalog.open(Path(settings["catalog"]), create=False) as opened:
        agent = Agent(
            model=settings["model"],
            catalog=opened,
            planner=config["planner"],
            budget=budget,
            timeout=settings["timeout"],
            observation_limit=settings["observation_limit"],
            apis=apis or settings.get("apis") or None,
            search_tools=settings.get("search_tools", False),
            strong=settings.get("strong") or None,
            cascade=settings.get("cascade") or "specreason",
            subtasks=settings.get("subtasks", False),
            context_tokens=settings.get("context_tokens"),
            **given,
        )
        _solve(agent, codec.decode(Task, record.header["task"]), run, samples, by, json)


def _settings(record: Record, run: Path) -> dict[str, Any]:
    settings: dict[str, Any] = record.header["config"].get("settings", {})
    nameless = settings.get("cascade") and not settings.get("strong")
    if not settings.get("model") or not settings.get("catalog") or nameless:
        raise UsageError(
            f"{run} was begun from Python with objects that have no name here. "
            "Resume it there: await Agent(…).solve(task, run)."
        )
    return settings


def _solve(agent: Agent, task: Task, run: Path, samples: int, by: VoteBy, json: bool) -> None:
    from toolgrove.agent.hosting import hosted

    if samples > 1:
        vote_and_show(agent, task, run, samples, by, json)
        return
    elsewhere = agent.apis is not None or agent.replay is not None
    with hosted(() if elsewhere else agent.reachable(task)) as agent.hosts:
        offered = len(agent.candidates(task))
        err_console().print(f"run {run}: {offered} tools on offer, planner {agent.planner}")
        try:
            tree = asyncio.run(agent.solve(task, run))
        except KeyboardInterrupt:
            err_console().print(f"stopped; go on with: toolgrove run --resume {run}")
            raise
    _show(tree, run, json)


def _show(tree: SearchTree, run: Path, json: bool) -> None:
    usage = tree.usage
    summary = {
        "answer": tree.answer,
        "ended": tree.meta["ended"],
        "run": str(run),
        "nodes": len(tree) - 1,
        "model_calls": tree.model_calls,
        "tool_calls": tree.tool_calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "seconds": round(sum(node.seconds for node in tree), 2),
    }
    if json:
        print_json(summary)
        return
    out = console()
    out.print(
        tree.answer if tree.answer is not None else f"no answer: {tree.meta['ended']}", markup=False
    )
    out.print(
        f"{summary['model_calls']} model calls, {summary['tool_calls']} tool calls, "
        f"{usage.total} tokens, {summary['seconds']} s; toolgrove view {run}",
        style="dim",
        markup=False,
    )
