"""``toolgrove eval``: answer many tasks and judge the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.common import console, err_console, print_json, progress
from toolgrove.cli.settings import CALLS, MODEL, RUN, Given, with_settings
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.evaluation import Evaluation
    from toolgrove.data.records import Task, ToolSpec
    from toolgrove.evaluators.repeated import Repeated
    from toolgrove.evaluators.report import Group, RateInterval, Summary

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove eval world --group G1 --limit 10 --planner dfsdt --out out/eval

  toolgrove eval world --planner react --model openai:gpt-5-mini --concurrency 8 --out out/eval

  toolgrove eval queries/G1_instruction.json --catalog catalog --judge openai:gpt-5 --out out/g1

  toolgrove eval queries/G1_instruction.json --apis http://127.0.0.1:8080 --out out/g1

  toolgrove eval bfcl:simple_python --model openai:gpt-5-mini --max-model-calls 1 --out out/bfcl

The same command goes on where it was stopped. Other settings keep their own results in the folder.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eval", epilog=EXAMPLES)(evaluate)


@with_settings(MODEL, RUN, CALLS)
def evaluate(
    *,
    tasks: Annotated[
        str,
        typer.Argument(
            help="[bold]world[/] for the bundled tasks, [bold]bfcl:[/]CATEGORY, or a ToolBench "
            "query file."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results and the runs.")],
    catalog: Annotated[
        Path | None,
        typer.Option(help="Retrieve each task's tools from here instead of offering its own."),
    ] = None,
    group: Annotated[str | None, typer.Option(help="Only tasks of G1, G2 or G3.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only so many tasks.", min=1)] = None,
    concurrency: Annotated[int, typer.Option(help="Tasks under way at once.", min=1)] = 1,
    epochs: Annotated[int, typer.Option(help="How often each task is run.", min=1)] = 1,
    judge: Annotated[
        str | None, typer.Option(help="A model that votes on the answers (ToolEval's pass rate).")
    ] = None,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            help="Score by this: answer, bfcl, calls, graph, pass, state, trace, or a package's; "
            "options as in name:option=5 (repeatable)."
        ),
    ] = None,
    votes: Annotated[int, typer.Option(help="Votes on an answer, an odd number.", min=1)] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    given: Given,
) -> None:
    """Answer many tasks with a planner and a model, judge the answers, and sum up.

    Answers are checked against reference answers by code, where a task has one; calls against
    reference calls; and a judge votes, where one is named. Results are kept by task and settings.
    """
    from contextlib import nullcontext

    from toolgrove.agent.agent import Agent
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.evaluation import Evaluation
    from toolgrove.agent.models.loading import load_model

    chosen, specs = _chosen(tasks, group, limit)
    if tasks.startswith("bfcl:"):
        evaluator = evaluator or ["bfcl"]
    opened = nullcontext() if catalog is None else Catalog.open(catalog, create=False)
    with opened as source:
        settings = given.settings()
        agent = Agent(
            model=settings.model,
            strong=settings.strong or None,
            tools=specs if source is None else (),
            catalog=source,
            settings=settings,
        )
        judging = None if judge is None else load_model(judge)
        evaluation = Evaluation(agent, judging, votes, evaluator or ())
        _warn(chosen, specs, source, judge, settings.calls.apis)
        summary = _evaluated(evaluation, chosen, out, concurrency, epochs)
    if json:
        print_json(summary)
    else:
        _show(summary, out)


def _evaluated(
    evaluation: Evaluation, chosen: list[Task], out: Path, concurrency: int, epochs: int
) -> Summary:
    kept = 0
    with progress("evaluating", unit="runs") as bar:

        def tick(done: int, total: int | None = None) -> None:
            nonlocal kept
            kept = done
            bar(done, total)

        try:
            return asyncio.run(
                evaluation.run(chosen, out, concurrency=concurrency, epochs=epochs, tick=tick)
            )
        except KeyboardInterrupt:
            err_console().print(
                f"{kept} of {len(chosen) * epochs} runs have ended and are kept in {out}; "
                "the same command goes on from here.",
            )
            raise


def _chosen(source: str, group: str | None, limit: int | None) -> tuple[list[Task], list[ToolSpec]]:
    """The tasks that were asked for, and the tools that they name."""
    if source == "world":
        from toolgrove.data.world import specs, tasks

        found, offered = tasks(), specs()
    elif source.startswith("bfcl:"):
        from toolgrove.evaluators.bfcl.tasks import load_tasks

        found, offered = load_tasks(source.removeprefix("bfcl:"))
    else:
        from toolgrove.data.formats.toolbench_queries import load_queries

        found, offered = load_queries(source)
    chosen = [task for task in found if group is None or task.group == group][:limit]
    if not chosen:
        groups = ", ".join(sorted({task.group for task in found if task.group}))
        raise UsageError(
            f"{source} has no task of group {group!r}. Its groups: {groups or 'none'}."
        )
    return chosen, offered


def _warn(
    tasks: list[Task],
    specs: list[ToolSpec],
    catalog: Catalog | None,
    judge: str | None,
    apis: str | None,
) -> None:
    """Say what would make the figures mean little."""
    if any("bfcl" in task.meta for task in tasks):
        return  # judged by the first calls, which nothing has to answer
    say = err_console()
    if judge is None and all(task.reference is None for task in tasks):
        say.print("These tasks have no reference answers: name a --judge to have them judged.")
    if catalog is None and apis is None and not any(spec.binding for spec in specs):
        say.print(
            "These tools have no address: every call will fail. "
            "Index the tool files and name the --catalog, or a server of virtual --apis."
        )


def _show(summary: Summary, out: Path) -> None:
    from rich.table import Table

    rows = {name: _cells(group) for name, group in summary.groups.items()}
    table = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    table.add_column("\ngroup", no_wrap=True)
    columns = dict.fromkeys(column for cells in rows.values() for column in cells)
    shown = [column for column in columns if any(cells.get(column) for cells in rows.values())]
    for column in shown:
        table.add_column(column, justify="right", no_wrap=True)
    for name, cells in rows.items():
        table.add_row(
            name, *(cells.get(c, "") for c in shown), style="bold" if name == "total" else None
        )
    screen = console()
    screen.print(table)
    total = summary.total
    if total.undecided:
        screen.print(f"{total.undecided} wrong answers named the right one among several.")
    for evaluator, rate in total.tooleval.items():
        screen.print(
            f"{evaluator}: {rate.value:.1%} by ToolBench's table, where unsolvable tasks pass.",
        )
    for line in summary.trust:
        screen.print(line)
    for evaluator, found in total.repeated.items():
        screen.print(f"{evaluator}: {_over_epochs(found)}")
    for evaluator, measures in total.measures.items():
        screen.print(f"{evaluator}: {_told(measures)}", style="dim")
    if total.infrastructure or total.unscored:
        screen.print("What broke down is in no rate; the same command tries it again.")
    if total.waiting:
        screen.print(
            f"{total.waiting} runs wait for somebody's approval: toolgrove approve RUN, for those "
            f"in {out}/runs; the same command scores them then."
        )
    screen.print(f"results and runs: {out}", style="dim")


def _cells(group: Group) -> dict[str, str]:
    """A group's figures by column; what is nought or unknown in all groups is not shown."""
    answer, calls = _by(group, "answer/"), _by(group, "calls/")
    judged = [rate for name, rate in group.rates.items() if name.startswith("tooleval-pass")]
    known = ("answer/", "calls/", "tooleval-pass")
    others = {
        f"\n{name}": _interval(rate)
        for name, rate in group.rates.items()
        if not name.startswith(known)
    }
    return {
        "\nruns": str(group.runs),
        "right\n(95% interval)": _interval(answer),
        "calls\nF1": f"{calls.value:.2f}" if calls else "",
        "\njudged": " ".join(f"{rate.value:.1%}" for rate in judged),
        **others,
        "gave\nup": str(group.gave_up),
        "model\ncalls": _number(group.model_calls),
        "tool\ncalls": _number(group.tool_calls),
        "\ntokens": _number(group.tokens),
        "\ns": _number(group.seconds),
        "\ncost": "" if group.cost is None else f"{group.cost:,.4g}",
        "broke\ndown": str(group.infrastructure or ""),
        "\nwaiting": str(group.waiting or ""),
        "\nleft": str(group.left or ""),
    }


def _over_epochs(found: Repeated) -> str:
    passes = [
        ", ".join(f"{sign}{k} {rate:.1%}" for k, rate in rates.items() if k > 1)
        for sign, rates in (("pass@", found.pass_at), ("pass^", found.pass_hat))
    ]
    spread = f"{found.mean:.1%} ± {found.deviation:.1%} over {found.epochs} epochs"
    return f"{spread}; {'; '.join(passes)}"


def _told(measures: Mapping[str, float]) -> str:
    """An evaluator's figures in a line, of precision, recall and F1 only the last."""
    left_out = (".precision", ".recall", ".length")
    told = {name: value for name, value in measures.items() if not name.endswith(left_out)}
    return " · ".join(f"{name} {value:,.3g}" for name, value in told.items())


def _by(group: Group, evaluator: str) -> RateInterval | None:
    return next((rate for name, rate in group.rates.items() if name.startswith(evaluator)), None)


def _interval(rate: RateInterval | None) -> str:
    return f"{rate.value:.1%} ({rate.low:.0%}-{rate.high:.0%})" if rate else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
