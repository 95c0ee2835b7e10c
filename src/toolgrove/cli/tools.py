"""``toolgrove tools``: the tools that were made, what speaks for them, and retiring one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.making.made import MadeTool

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove make tools results --catalog catalog

  toolgrove tools list --catalog catalog

  toolgrove tools list --for "How many people live in Oslo?" --catalog catalog

  toolgrove tools show population_by_name --catalog catalog

  toolgrove tools retire population_by_name --catalog catalog
"""

_Folder = Annotated[
    Path, typer.Option(help="The catalogue of the tools.", envvar="TOOLGROVE_CATALOG")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_FOLDER = Path("toolgrove-catalog")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    tools = typer.Typer(no_args_is_help=True, help="See the tools that were made; retire one.")
    tools.callback()(lambda: None)
    tools.command("list", epilog=EXAMPLES)(list_tools)
    tools.command("show", epilog=EXAMPLES)(show)
    tools.command("retire", epilog=EXAMPLES)(retire)
    app.add_typer(tools, name="tools")


def list_tools(
    catalog: _Folder = _FOLDER,
    request: Annotated[
        str | None,
        typer.Option("--for", help="Only those that a request is most likely about, best first."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that were retired.")] = False,
    json: _Json = False,
) -> None:
    """List the made tools."""
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.making.made import by_views
    from toolgrove.agent.making.workshop import Workshop

    with Workshop.open(catalog, create=False) as shop:
        found = shop.tools(retired=every)
    if request is not None:
        with Catalog.open(catalog, create=False) as opened:
            found = by_views(request, found, opened.search_index.embedder)
    if json:
        print_json({"tools": [_row(one) for one in found]})
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("name", "version", "passed", "calls", "from", "tools"):
        table.add_column(heading, overflow="fold")
    for one in found:
        passed = f"{len(one.passed)}/{one.tried}" if not one.retired else "retired"
        origin = "code" if one.draft.written else "calls"
        parts = ", ".join(name for name, _ in one.draft.calls)
        table.add_row(one.name, str(one.version), passed, f"{one.calls:g}", origin, parts)
    console().print(table)
    console().print(f"{len(found)} made tools")


def show(
    name: Annotated[str, typer.Argument(help="Its name, as list shows it.")],
    catalog: _Folder = _FOLDER,
    json: _Json = False,
) -> None:
    """Show a made tool: its source, the runs that it comes from, and what it passed."""
    from toolgrove.agent.making.workshop import Workshop

    with Workshop.open(catalog, create=False) as shop:
        found = [one for one in shop.tools(retired=True) if one.name == name]
    if not found:
        raise UsageError(f"{catalog}: no made tool {name!r}. See 'toolgrove tools list --all'.")
    [one] = found
    if json:
        print_json({**_row(one), "runs": one.runs, "pins": dict(one.pins)})
        return
    lines = [
        one.docstring,
        "",
        one.draft.source,
        "",
        f"version {one.version}, digest {one.digest}",
        f"it passed {len(one.passed)} of {one.tried} held-back tasks: {', '.join(one.passed)}",
        f"it takes {one.calls:g} calls and took {one.seconds:g} s on the mean",
        *([f"retired: {one.retired}"] if one.retired else []),
        *(f"calls {part} as it was under digest {digest}" for part, digest in one.pins),
        *(f"from {run}" for run in one.runs),
    ]
    for line in lines:
        console().print(line, markup=False, highlight=False)


def retire(
    name: Annotated[str, typer.Argument(help="Its name, as list shows it.")],
    catalog: _Folder = _FOLDER,
    json: _Json = False,
) -> None:
    """Never offer a made tool again, whatever it passes later."""
    from toolgrove.agent.making.workshop import Workshop

    with Workshop.open(catalog, create=False) as shop:
        shop.retire(name)
    if json:
        print_json({"retired": name})
    else:
        err_console().print(f"{name} is retired", markup=False)


def _row(one: MadeTool) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "digest": one.digest,
        "description": one.docstring,
        "source": one.draft.source,
        "written_by_model": one.draft.written,
        "tools": [tool for _, tool in one.draft.calls],
        "passed": one.passed,
        "tried": one.tried,
        "calls": one.calls,
        "seconds": one.seconds,
        "retired": one.retired,
    }
