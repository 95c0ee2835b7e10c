"""``toolgrove memory``: what a memory holds, where it comes from, and forgetting it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.memory import MemoryEntry

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove learn memory results --catalog catalog

  toolgrove memory list --catalog catalog

  toolgrove memory show 3ef8131773 --catalog catalog

  toolgrove memory forget 3ef8131773 --catalog catalog
"""

_Folder = Annotated[
    Path, typer.Option(help="The folder of the memory.", envvar="TOOLGROVE_CATALOG")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_FOLDER = Path("toolgrove-catalog")
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands."""
    memory = typer.Typer(no_args_is_help=True, help="See what a memory holds, and forget of it.")
    memory.callback()(lambda: None)
    memory.command("list", epilog=EXAMPLES)(list_entries)
    memory.command("show", epilog=EXAMPLES)(show)
    memory.command("forget", epilog=EXAMPLES)(forget)
    app.add_typer(memory, name="memory")


def list_entries(
    catalog: _Folder = _FOLDER,
    every: Annotated[
        bool, typer.Option("--all", help="Also what was seen too seldom to be told.")
    ] = False,
    json: _Json = False,
) -> None:
    """List the lessons, the most often seen first."""
    from toolgrove.agent.memory import Memory

    with Memory.open(catalog, create=False) as opened:
        entries = opened.entries(unripe=every)
        examples = len(opened.solved())
    if json:
        print_json({"lessons": [_row(one) for one in entries], "examples": examples})
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("id", "kind", "tasks", "told", "right", "lesson"):
        table.add_column(heading, overflow="fold")
    for one in entries:
        figures = str(one.tasks), str(one.used), str(one.solved)
        table.add_row(one.id, one.lesson.kind, *figures, Text(_words(one)))
    console().print(table)
    console().print(f"{len(entries)} lessons, {examples} examples")


def show(
    entry: Annotated[str, typer.Argument(help="Its id, as list shows it.")],
    catalog: _Folder = _FOLDER,
    json: _Json = False,
) -> None:
    """Show a lesson: its tools, when it applies, and the runs that it comes from."""
    from toolgrove.agent.memory import Memory

    with Memory.open(catalog, create=False) as opened:
        found = [one for one in opened.entries(unripe=True) if one.id == entry]
    if not found:
        raise UsageError(f"{catalog}: no entry {entry!r}. See 'toolgrove memory list --all'.")
    [one] = found
    if json:
        print_json({**_row(one), "evidence": one.evidence})
        return
    out = console()
    out.print(_words(one), markup=False)
    out.print(f"tools: {', '.join(one.lesson.tools)}", markup=False)
    if one.words:
        out.print(f"in a model's words: {one.words}", markup=False)
    out.print(f"words of the requests: {', '.join(one.about) or 'none in common'}", markup=False)
    out.print(f"told to {one.used} runs that were learnt from, {one.solved} of them right")
    if not one.ripe:
        out.print("not told: it was seen too seldom, or a run speaks against it")
    for seen in one.evidence[:_SHOWN]:
        right = "right" if seen.solved else "not right"
        line = f"{seen.run} step {seen.node[:8]}, task {seen.task} ({right})"
        out.print(f"  {line}{f', world {seen.world}' if seen.world else ''}", markup=False)
    if len(one.evidence) > _SHOWN:
        out.print(f"  and {len(one.evidence) - _SHOWN} more")


def forget(
    entries: Annotated[list[str], typer.Argument(help="Their ids, as list shows them.")],
    catalog: _Folder = _FOLDER,
    json: _Json = False,
) -> None:
    """Never tell these lessons again, whatever is learnt later."""
    from toolgrove.agent.memory import Memory

    with Memory.open(catalog, create=False) as opened:
        count = opened.forget(entries)
    if json:
        print_json({"forgotten": count})
    else:
        err_console().print(f"{count} forgotten")


def _words(entry: MemoryEntry) -> str:
    return entry.lesson.words(lambda tool, parameter: parameter or tool.rpartition("/")[2])


def _row(entry: MemoryEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.lesson.kind,
        "rule": entry.lesson.rule,
        "lesson": _words(entry),
        "words": entry.words,
        "tools": entry.lesson.tools,
        "about": entry.about,
        "tasks": entry.tasks,
        "told": entry.used,
        "right": entry.solved,
        "ripe": entry.ripe,
    }
