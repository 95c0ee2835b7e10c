"""``toolgrove tune strategy``: which compositions of runs pass more for fewer model calls.

``toolgrove search`` takes any words as a query for tools, so a search for strategies has a command
of its own.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.common import console, err_console, print_json
from toolgrove.cli.eval_tasks import chosen_tasks
from toolgrove.cli.run_strategy import chosen_strategy
from toolgrove.cli.settings import CALLS, MODEL, RUN, Given, with_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolgrove.agent.strategies.trials import Trial
    from toolgrove.agent.strategies.tuning import Tuned
    from toolgrove.data.records import Task, ToolSpec

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove tune strategy world --split dev --held-out test-facts --budget 2000 --out out/tuned

  toolgrove tune strategy mine.jsonl --held-out others.jsonl --catalog catalog --out out/tuned

  toolgrove tune strategy world --held-out dev --strategy "sample(3) | vote" --out out/one

The same command goes on where it was stopped, and pays for no run twice.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    tune = typer.Typer(no_args_is_help=True, help="Search for settings that do better.")
    tune.callback()(lambda: None)
    tune.command("strategy", epilog=EXAMPLES)(strategy)
    app.add_typer(tune, name="tune")


@with_settings(MODEL, RUN, CALLS)
def strategy(
    *,
    tasks: Annotated[
        str,
        typer.Argument(help="[bold]world[/], or a file of tasks: those to choose strategies by."),
    ],
    held_out: Annotated[
        str, typer.Option(help="What is reported on: a split of TASKS, or another file of tasks.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results and the runs.")],
    split: Annotated[
        str | None, typer.Option(help="Choose by the tasks of this split only.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only so many tasks of either.", min=1)] = None,
    budget: Annotated[
        int,
        typer.Option(help="Model calls for choosing; the held-out tasks come on top.", min=1),
    ] = 2000,
    strategy: Annotated[
        list[str] | None,
        typer.Option(help="Try this one (repeatable) in the place of the usual dozen."),
    ] = None,
    catalog: Annotated[
        Path | None,
        typer.Option(help="Retrieve each task's tools from here instead of offering its own."),
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="A model that votes on answers (ToolEval's pass rate).")
    ] = None,
    concurrency: Annotated[int, typer.Option(help="Tasks under way at once.", min=1)] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    given: Given,
) -> None:
    """Try compositions of runs on some tasks, and report the best of them on others.

    Compositions that others beat both in what they pass and in model calls are dropped, round by
    round. What no other beats is run on the held-out tasks, beside the plain run.
    """
    from contextlib import nullcontext

    from toolgrove.agent.agent import Agent
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.evaluation import Evaluation
    from toolgrove.agent.models.loading import load_model
    from toolgrove.agent.strategies.tuning import CANDIDATES, tune_strategy

    candidates = [chosen_strategy(one) for one in strategy or CANDIDATES]
    chosen, others, specs = _tasks(tasks, split, held_out, limit, retrieved=catalog is not None)
    settings = given.settings()
    say = err_console()
    opened = nullcontext() if catalog is None else Catalog.open(catalog, create=False)
    with opened as source:
        agent = Agent(
            model=settings.model,
            strong=settings.strong or None,
            tools=specs if source is None else (),
            catalog=source,
            settings=settings,
        )
        tuning = tune_strategy(
            Evaluation(agent, None if judge is None else load_model(judge)),
            chosen,
            others,
            out,
            budget=budget,
            candidates=candidates,
            concurrency=concurrency,
            tell=lambda said: say.print(said, markup=False),
        )
        tuned = asyncio.run(tuning)
    if json:
        print_json(tuned)
    else:
        _show(tuned, out)


def _tasks(
    source: str, split: str | None, held_out: str, limit: int | None, *, retrieved: bool
) -> tuple[list[Task], list[Task], list[ToolSpec]]:
    """The tasks to choose by, those to report on, and the tools of both."""
    chosen, specs = chosen_tasks(source, split, None, limit, retrieved=retrieved)
    if Path(held_out).is_file():
        others, more = chosen_tasks(held_out, None, None, limit, retrieved=retrieved)
    else:
        others, more = chosen_tasks(source, held_out, None, limit, retrieved=retrieved)
    return chosen, others, list({spec.id: spec for spec in (*specs, *more)}.values())


def _show(tuned: Tuned, out: Path) -> None:
    screen = console()
    _table("to choose by", tuned.development)
    _table("held out", tuned.held_out)
    screen.print(f"{tuned.spent} model calls for choosing; results and runs: {out}", style="dim")


def _table(title: str, found: Sequence[Trial]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in (title, "tasks", "passed (95% interval)", "calls a task", "gain on the plain run"):
        table.add_column(name, justify="left" if name == title else "right")
    for one in found:
        gain = "" if one.gain is None else "{:+.1%} ({:+.0%} to {:+.0%})".format(*one.gain)
        rate = f"{one.rate:.1%} ({one.low:.0%}-{one.high:.0%})"
        table.add_row(one.strategy, str(one.tasks), rate, f"{one.model_calls:.1f}", gain)
    console().print(table)
