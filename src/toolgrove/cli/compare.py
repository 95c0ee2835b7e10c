"""``toolgrove compare``: two settings on the same tasks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.common import console, print_json
from toolgrove.cli.printable import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from toolgrove.evaluators.comparing import Comparison, Flip, Repeats
    from toolgrove.evaluators.health import ItemHealth, TaskHealth
    from toolgrove.evaluators.stats import Interval

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove compare out/react out/dag

  toolgrove compare out/run --a planner=react --b planner=dag

  toolgrove compare out/run --a model=gpt-5-mini --b model=gpt-5 --by tooleval-pass --json

Run both with --epochs 2 or several seeds: only a setting that ran twice tells how much is noise.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(compare)


def compare(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="A [B]", help="Folders of results; one that holds both will do."),
    ],
    *,
    a: Annotated[
        list[str] | None,
        typer.Option(
            help="SETTING=VALUE of the first side, where A has several (repeatable). What it lacks "
            "is SETTING= without a value."
        ),
    ] = None,
    b: Annotated[
        list[str] | None, typer.Option(help="SETTING=VALUE of the second side (repeatable).")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Whose scores: answer, tooleval-pass, … Default: the answer check's."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Compare two settings task by task, and say whether noise alone explains what differs.

    First comes the noise floor, each setting against its own repeats; then both pass rates, the
    difference, the tasks that flipped with both trees, and the tasks that tell nothing.
    """
    from toolgrove.errors import UsageError
    from toolgrove.evaluators.comparing import compare as compared
    from toolgrove.evaluators.health import item_health
    from toolgrove.evaluators.sides import chosen_pair, read_sides

    if len(folders) > 2:
        raise UsageError("compare takes two folders, or one that holds both settings.")
    first = read_sides(folders[0])
    second = read_sides(folders[1]) if len(folders) == 2 else first
    one, other = chosen_pair(first, second, a or (), b or ())
    found = compared(one, other, by)
    health = item_health([*first, *(second if second is not first else ())], found.evaluator)
    if json:
        print_json({"comparison": found, "health": health})
    else:
        screen = console()
        _noise(screen, found)
        _difference(screen, found)
        _flipped(screen, found)
        _health(screen, health)


def _noise(screen: Console, found: Comparison) -> None:
    table = _table(
        "noise floor: the same setting twice", "tasks", "flipped", "by repeat", "± points"
    )
    for repeats in found.repeats:
        table.add_row(repeats.side, *_repeated(repeats))
    screen.print(table)
    if found.noise is None:
        screen.print("No task was run twice: the noise is not known (toolgrove eval --epochs 2).")
    else:
        points = f"{100 * found.noise:.1f} points"
        screen.print(f"Compared as below, one setting and itself differ by up to {points}.")
    screen.print()


def _repeated(repeats: Repeats) -> tuple[str, ...]:
    rates = " ".join(f"{rate:.1%}" for rate in repeats.rates)
    if repeats.noise is None:
        return "", "", rates, "not known"
    return f"{repeats.tasks:,}", f"{repeats.flipped:,}", rates, f"{100 * repeats.noise:.1f}"


def _difference(screen: Console, found: Comparison) -> None:
    table = _table(found.evaluator, f"passed, of {found.tasks:,} tasks")
    for name, rate in zip((found.a, found.b), found.rates, strict=True):
        table.add_row(name, f"{rate.value:.1%} ({rate.low:.0%}-{rate.high:.0%})")
    table.add_row("difference", _points(found.difference))
    screen.print(table)
    screen.print(
        f"{found.pairs:,} pairs of runs: only a passed {found.only_a:,}, only b {found.only_b:,}; "
        f"McNemar p = {found.p_pairs:.2g} on pairs, {found.p:.2g} on tasks."
    )
    if found.calibration:
        screen.print(f"The judge: {found.calibration}.")
    for why, count in found.left_out.items():
        screen.print(f"Left out: {count:,} {why}.", style="dim")
    better = {"a": found.a, "b": found.b}.get(found.called)
    said = "No difference can be called" if better is None else f"{better} is better"
    screen.print(f"{said}: {found.why}.", style="bold")
    screen.print()


def _points(one: Interval) -> str:
    return f"{100 * one.value:+.1f} points ({100 * one.low:+.1f} to {100 * one.high:+.1f})"


def _flipped(screen: Console, found: Comparison) -> None:
    if not found.flips:
        return
    for side, name in (("a", found.a), ("b", found.b)):
        flips = [flip for flip in found.flips if flip.passed == side]
        if flips:
            screen.print(f"only {name} passed {len(flips):,}:", style="bold")
        for flip in flips:
            _flip(screen, flip)
    screen.print("Both trees side by side: toolgrove view RUN_A RUN_B --open", style="dim")
    screen.print()


def _flip(screen: Console, flip: Flip) -> None:
    seed = f" (seed {one_line(flip.seed, 20)})" if flip.seed else ""
    screen.print(f"  {one_line(flip.task, 60)}.{flip.epoch}{seed}  {one_line(flip.query, 90)}")
    for letter, run in (("a", flip.a), ("b", flip.b)):
        if run:
            screen.print(f"    {letter}: {run}", style=f"link {Path(run).absolute().as_uri()}")


def _health(screen: Console, health: ItemHealth) -> None:
    for what, tasks in (
        ("that nothing passed", health.never_passed),
        ("that nothing failed", health.never_failed),
        ("whose reference cannot be reached", health.unreachable),
    ):
        if tasks:
            screen.print(f"{len(tasks):,} of {health.tasks:,} tasks {what}: {_named(tasks)}")
    for task in health.unreachable:
        screen.print(f"  {one_line(task.task, 60)}: {one_line(task.unreachable)}", style="dim")


def _named(tasks: Sequence[TaskHealth], most: int = 10) -> str:
    shown = ", ".join(one_line(task.task, 60) for task in tasks[:most])
    return shown if len(tasks) <= most else f"{shown}, … (all with --json)"


def _table(first: str, *rest: str) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(first, overflow="fold")
    for head in rest:
        table.add_column(head, justify="right", no_wrap=True)
    return table
