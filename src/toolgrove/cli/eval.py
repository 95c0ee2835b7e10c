"""``toolgrove eval``: answer many tasks and judge the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from toolgrove.cli.common import err_console, print_json
from toolgrove.cli.eval_tasks import chosen_tasks
from toolgrove.cli.matrix_file import tasks_or_file
from toolgrove.cli.run_strategy import chosen_strategy
from toolgrove.cli.settings import CALLS, MODEL, RUN, Given, with_settings
from toolgrove.cli.standing import watching
from toolgrove.cli.summary import as_json, show
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.evaluation import TaskTools
    from toolgrove.agent.simulated_user import SimulatedUser
    from toolgrove.data.records import Task, ToolSpec
    from toolgrove.evaluators.report import Summary
    from toolgrove.evaluators.standing import Standing

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove eval world --group G1 --limit 10 --planner dfsdt --out out/eval

  toolgrove eval world --planner react --model openai:gpt-5-mini --concurrency 8 --out out/eval

  toolgrove eval world --split test-facts --planner dag --out out/eval

  toolgrove eval mine.jsonl --catalog catalog --out out/mine

  toolgrove eval world --catalog catalog --tools own --tools retrieved -k 5 --out out/both

  toolgrove eval queries/G1_instruction.json --catalog catalog --judge openai:gpt-5 --out out/g1

  toolgrove eval queries/G1_instruction.json --apis http://127.0.0.1:8080 --out out/g1

  toolgrove eval bfcl:simple_python --model openai:gpt-5-mini --max-model-calls 1 --out out/bfcl

  toolgrove eval tau2:airline --model openai:gpt-5-mini --user-model openai:gpt-4.1 --out out/tau2

  toolgrove eval world --planner react --planner dag --seed 0 --seed 1 --epochs 3 --out out/matrix

  toolgrove eval world --strategy "sample(3) | vote" --strategy "first(code, 3)" --out out/composed

  toolgrove eval matrix.yaml --out out/matrix

The same command goes on where it was stopped. Other settings keep their own results in the folder.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eval", epilog=EXAMPLES)(evaluate)


@with_settings(MODEL, RUN, CALLS, repeated=("planner", "model", "strong", "seed", "k"))
def evaluate(
    *,
    tasks: Annotated[
        str,
        typer.Argument(
            help="[bold]world[/] for the bundled tasks, [bold]bfcl:[/]CATEGORY, "
            "[bold]tau2:airline[/], [bold]tau2:retail[/], a file of your own with one task a line, "
            "a ToolBench query file, or a YAML file that gives the tasks and the options.",
            is_eager=True,
            callback=tasks_or_file,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results and the runs.")],
    catalog: Annotated[
        Path | None,
        typer.Option(help="Retrieve each task's tools from here instead of offering its own."),
    ] = None,
    tools: Annotated[
        list[str] | None,
        typer.Option(
            metavar="own|retrieved",
            help="Which tools of the --catalog a task is offered: its own, or those that are "
            "retrieved for it. Repeatable: each is tried. Default: retrieved.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Only tasks of this split; the world's are train (the default), dev, test-facts, "
            "test-families and test-tools."
        ),
    ] = None,
    group: Annotated[str | None, typer.Option(help="Only tasks of G1, G2 or G3.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only so many tasks.", min=1)] = None,
    concurrency: Annotated[int, typer.Option(help="Tasks under way at once.", min=1)] = 1,
    epochs: Annotated[int, typer.Option(help="How often each task is run.", min=1, max=1_000)] = 1,
    judge: Annotated[
        str | None, typer.Option(help="A model that votes on the answers (ToolEval's pass rate).")
    ] = None,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            help="Score by this: answer, bfcl, calls, graph, offer, pass, state, tau2, trace, or a "
            "package's; options as in name:option=5 (repeatable)."
        ),
    ] = None,
    votes: Annotated[int, typer.Option(help="Votes on an answer, an odd number.", min=1)] = 3,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            help="Compose runs of each task, as in 'sample(5) | vote' (repeatable, to try each)."
        ),
    ] = None,
    user_model: Annotated[
        str | None, typer.Option(help="Who plays the users of tau2's tasks; as --model.")
    ] = None,
    user_temperature: Annotated[
        float | None, typer.Option(help="Of that model's sampling.", min=0.0)
    ] = None,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed/--no-retry-failed",
            help="Try again what broke down for no fault of the agent's.",
        ),
    ] = True,
    engine: Annotated[
        str,
        typer.Option(
            help="Where the runs are made: local or ray, as in ray:address=10.0.0.1:6379,cpus=0.5."
        ),
    ] = "local",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    given: Given,
) -> None:
    """Answer many tasks with planners and models, judge the answers, and sum up.

    Answers are checked against reference answers by code, where a task has one; calls against
    reference calls; and a judge votes, where one is named. Results are kept by task and settings.
    """
    from contextlib import nullcontext

    from toolgrove.agent.agent import Agent
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.evaluation import Evaluation
    from toolgrove.agent.matrix import parse_engine, run_matrix
    from toolgrove.agent.models.loading import load_model

    _check_folder(out)
    chosen, specs = chosen_tasks(tasks, split, group, limit, retrieved=catalog is not None)
    benchmark = tasks.partition(":")[0]
    if benchmark in ("bfcl", "tau2"):
        evaluator = evaluator or [benchmark]
    if (benchmark == "tau2") != (user_model is not None):
        raise UsageError("the tasks tau2:… and no others have users: name a --user-model for them.")
    strategies = [chosen_strategy(one) for one in strategy or [""]]
    configurations = [one.settings() for one in given.each()]
    if catalog is None and len({one.k for one in configurations}) > 1:
        raise UsageError("-k says how many tools are retrieved: name the --catalog to try several.")
    if catalog is None and tools:
        raise UsageError(
            "--tools says which tools of a catalogue are offered: name the --catalog. Without one "
            "each task is offered its own."
        )
    opened = nullcontext() if catalog is None else Catalog.open(catalog, create=False)
    with opened as source:
        judging = None if judge is None else load_model(judge)
        agents = [
            Agent(
                model=settings.model,
                strong=settings.strong or None,
                tools=specs if source is None else (),
                catalog=source,
                settings=settings,
            )
            for settings in configurations
        ]
        users = [_user(user_model, user_temperature, one.sampling) for one in configurations]
        evaluations = [
            Evaluation(agent, judging, votes, evaluator or (), one, user, which)
            for which in cast("list[TaskTools | None]", [*dict.fromkeys(tools or ())] or [None])
            for agent, user in zip(agents, users, strict=True)
            for one in strategies
            if which != "own" or agent.settings.k == agents[0].settings.k  # it retrieves none
        ]
        _warn(chosen, specs, source, judge, configurations[0].calls.apis)
        run = partial(
            run_matrix,
            evaluations,
            chosen,
            out,
            engine=parse_engine(engine),
            concurrency=concurrency,
            epochs=epochs,
            retry_failed=retry_failed,
        )
        summaries = _evaluated(run, out)
    if json:
        print_json(as_json(summaries))
    else:
        show(summaries, out)


def _check_folder(out: Path) -> None:
    """Refuse a catalogue's folder: results in it would be deleted or moved along with it."""
    from toolgrove.tools.registry_file import FILE

    if (out / FILE).exists():
        raise UsageError(f"--out {out}: there is a catalogue in this folder. Name another one.")


def _user(
    model: str | None, temperature: float | None, sampling: Mapping[str, Any]
) -> SimulatedUser | None:
    """Who plays the users; a seed is that of the agent, too."""
    from toolgrove.agent.simulated_user import SimulatedUser

    given = {"temperature": temperature, "seed": sampling.get("seed")}
    known = {name: value for name, value in given.items() if value is not None}
    return None if model is None else SimulatedUser(model, known)


def _evaluated(run: Callable[..., Coroutine[Any, Any, list[Summary]]], out: Path) -> list[Summary]:
    last: Standing | None = None
    with watching() as tell:

        def watch(standing: Standing) -> None:
            nonlocal last
            last = standing
            tell(standing)

        try:
            return asyncio.run(run(watch=watch))
        except KeyboardInterrupt:
            if last is not None:
                err_console().print(
                    f"{last.done} of {last.total} runs have ended and are kept in {out}; "
                    "the same command goes on from here.",
                )
            raise


def _warn(
    tasks: list[Task],
    specs: list[ToolSpec],
    catalog: Catalog | None,
    judge: str | None,
    apis: str | None,
) -> None:
    """Say what would make the figures mean little."""
    if any("bfcl" in task.meta or "tau2" in task.meta for task in tasks):
        return  # judged by the first calls, which nothing has to answer, or by a database
    say = err_console()
    if judge is None and all(task.reference is None for task in tasks):
        say.print("These tasks have no reference answers: name a --judge to have them judged.")
    if catalog is None and apis is None and not any(spec.binding for spec in specs):
        say.print(
            "These tools have no address: every call will fail. "
            "Index the tool files and name the --catalog, or a server of virtual --apis."
        )
