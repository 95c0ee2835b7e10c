"""``toolgrove regrade``: score kept runs again, by the rules and references of now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.common import console, print_json
from toolgrove.cli.printable import one_line

if TYPE_CHECKING:
    from toolgrove.data.records import Task
    from toolgrove.evaluators.regrading import FlippedVerdict, Regrading

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove regrade out/matrix

  toolgrove regrade out/matrix --tasks world --json
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("regrade", epilog=EXAMPLES)(regrade)


def regrade(
    out: Annotated[Path, typer.Argument(help="Folder of an evaluation.")],
    tasks: Annotated[
        str | None,
        typer.Option(
            help="The tasks with the references of now: [bold]world[/], or what else toolgrove "
            "eval takes. Else those that the runs were made with."
        ),
    ] = None,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            help="Score again by this, where it has scored before: answer, calls, … (repeatable).",
            show_default="all of code",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Score kept runs again without running them, and list the verdicts that flip.

    Scores of before stay in the folder's file. What a judge voted stays as it is.
    """
    from toolgrove.data.world import VERSION
    from toolgrove.evaluators import regrading
    from toolgrove.evaluators.registry import parse_evaluators

    given = None if tasks is None else _tasks(tasks)
    world = VERSION if tasks == "world" else ""
    scorers = parse_evaluators(evaluator or regrading.OF_CODE)
    found = asyncio.run(regrading.regrade(out, scorers, given, world=world))
    if json:
        print_json(found)
    else:
        _show(found)


def _tasks(source: str) -> list[Task]:
    """The tasks of a source; the world's are of all its splits."""
    if source == "world":
        from toolgrove.data.world import SPLITS, tasks

        return [task for split in SPLITS for task in tasks(split)]
    from toolgrove.cli.eval_tasks import chosen_tasks

    return chosen_tasks(source, None, None, None, retrieved=True)[0]


def _show(found: Regrading) -> None:
    from rich.table import Table

    screen = console()
    if found.flips:
        table = Table(box=None, header_style="bold", pad_edge=False)
        heads = list(found.flips[0].configuration)
        for head in ("task", "epoch", *heads, "rule", "verdict", "why"):
            table.add_column(head, no_wrap=head in ("task", "epoch", "rule", "verdict"))
        for flip in found.flips:
            table.add_row(*_cells(flip))
        screen.print(table, width=None if screen.is_terminal else 240)
    for rule, before in found.rules.items():
        by = ", ".join(f"{count} by {name}" for name, count in before.items())
        screen.print(f"{sum(before.values())} scores by {rule}, before: {by}")
    for one in found.rates:
        of = ", ".join(f"{name} {value}" for name, value in one.configuration.items() if value)
        for when, rates in (("before", one.before), ("now", one.after)):
            told = ", ".join(f"{name} {rate.value:.1%}" for name, rate in rates.items())
            screen.print(f"{of} {when}: {told}".lstrip())
    for why, count in found.left.items():
        screen.print(f"{count} left as they are: {why}")
    screen.print(f"{len(found.flips)} verdicts flipped", style="bold")


def _cells(flip: FlippedVerdict) -> list[str]:
    was, now = flip.rule
    before, after = ("none" if value is None else f"{value:.3g}" for value in flip.value)
    return [
        one_line(flip.task, 60),
        str(flip.epoch),
        *flip.configuration.values(),
        now if was == now else f"{was} → {now}",
        f"{before} → {after}",
        one_line(flip.reason[1], 80),
    ]
