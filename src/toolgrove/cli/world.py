"""``toolgrove world``: tasks of the bundled world that nobody has seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from toolgrove.cli.common import console, print_json

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove world new --seed 4711 --tasks 200 --out fresh.jsonl

  toolgrove world new --seed 4711 --tasks 60 --split test-families --out fresh.jsonl

  toolgrove eval fresh.jsonl --planner react --out out/fresh
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    world = typer.Typer(no_args_is_help=True, help="Tasks of the bundled world, drawn anew.")
    world.command(epilog=EXAMPLES)(new)
    world.callback()(_root)
    app.add_typer(world, name="world")


def _root() -> None:
    """Tasks of the bundled world, drawn anew."""


def new(
    seed: Annotated[int, typer.Option(help="Decides what is drawn: take one of your own.")],
    out: Annotated[Path, typer.Option(help="The file to write, one task a line.")],
    tasks: Annotated[int, typer.Option(help="How many tasks.", min=1)] = 200,
    split: Annotated[
        str | None, typer.Option(help="Only families of this split, such as test-families.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Draw tasks by a seed, with answers from the world's data; the same seed, the same bytes."""
    from toolgrove.data.formats.task_lines import save_tasks
    from toolgrove.data.world import VERSION, new_tasks

    drawn = new_tasks(seed, tasks, split)
    save_tasks(out, drawn)
    groups = Counter(task.group for task in drawn)
    if json:
        print_json({"file": str(out), "tasks": len(drawn), "groups": groups, "world": VERSION})
        return
    told = ", ".join(f"{number} of {group}" for group, number in sorted(groups.items()))
    console().print(f"{out}: {len(drawn)} tasks, {told}; world {VERSION}")
