"""``toolgrove index``: tools of files and folders into a catalogue that can be searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json, progress
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.data.records import ToolSpec
    from toolgrove.tools.registry import Changes

__all__ = ["register"]

WORLD = "world"
EXAMPLES = """
Examples:

  toolgrove index world --catalog catalog

  toolgrove index toolenv/tools --catalog catalog --skip-bad

  toolgrove index G1_instruction.json G2_instruction.json --catalog catalog --json

A source is a ToolBench tool file, query file or corpus.tsv, a collection with one tool a line, a
folder of such files, or the word world: the catalogue that comes with Toolgrove. Running the
same command again costs little: what is unchanged is not embedded again, and what a broken run
left out is added.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(index)


def index(
    sources: Annotated[
        list[str], typer.Argument(help="Files and folders with tools in them, or: world.")
    ],
    catalog: Annotated[
        Path,
        typer.Option(help="The catalogue's folder, made if need be.", envvar="TOOLGROVE_CATALOG"),
    ] = Path("toolgrove-catalog"),
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on after a bad file, and list it at the end.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Index the tools of files and folders into a catalogue; only what is new or changed costs."""
    from toolgrove.agent.catalog import Catalog
    from toolgrove.cli.model import fetch_embedder

    reports = [_Report(source) for source in sources]
    specs = _specs(reports, skip_bad)
    fetch_embedder()
    with Catalog.open(catalog) as opened, progress("indexing", unit="tools") as tick:
        changes = opened.add(specs, tick)
        total = len(opened)
    if not any(report.ids or report.skipped for report in reports):
        raise UsageError("no tools there. Name tool files, query files, or folders of them.")
    summary = {
        "catalog": str(catalog),
        "tools": total,
        "added": len(changes.added),
        "changed": len(changes.changed),
        "unchanged": changes.unchanged,
        "sources": [report.row(changes) for report in reports],
    }
    if json:
        print_json(summary)
    else:
        _show(summary)


@dataclass
class _Report:
    """What one source held."""

    source: str
    ids: dict[str, None] = field(default_factory=dict)
    files: int = 0
    other_files: int = 0
    skipped: list[str] = field(default_factory=list)

    def row(self, changes: Changes) -> dict[str, Any]:
        added, changed = (
            self.ids.keys() & set(changes.added),
            self.ids.keys() & set(changes.changed),
        )
        return {
            "source": self.source,
            "files": self.files,
            "tools": len(self.ids),
            "added": len(added),
            "changed": len(changed),
            "unchanged": len(self.ids) - len(added) - len(changed),
            "other_files": self.other_files,
            "skipped": self.skipped,
        }


def _specs(reports: Sequence[_Report], skip_bad: bool) -> Iterator[ToolSpec]:
    """The specs of all sources, one file in memory at a time, counted as they pass."""
    from toolgrove.data import world
    from toolgrove.data.formats.sources import SPECS, load_sources

    for report in reports:
        if report.source == WORLD and not Path(WORLD).exists():
            specs = world.specs()
            report.ids.update(dict.fromkeys(spec.id for spec in specs))
            yield from specs
            continue
        sources = load_sources([report.source], SPECS, skip_bad=skip_bad)
        for loaded in sources:
            report.ids.update(dict.fromkeys(spec.id for spec in loaded.specs))
            yield from loaded.specs
        report.files, report.other_files = sources.read, sources.passed
        report.skipped = [str(error) for error in sources.skipped]


def _show(summary: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    counts = ("tools", "added", "changed", "unchanged")
    table = Table("source", *counts, "skipped files", box=None, pad_edge=False)
    for row in summary["sources"]:
        numbers = [f"{row[name]:,}" for name in counts]
        table.add_row(Text(row["source"]), *numbers, f"{len(row['skipped']):,}")
    out = console()
    out.print(table)
    out.print(
        f"{summary['catalog']}: {summary['tools']:,} tools. "
        f'Try: toolgrove search "what you need" --catalog {summary["catalog"]}',
        style="dim",
        markup=False,
    )
    for row in summary["sources"]:
        for error in row["skipped"]:
            err_console().print(f"skipped {error}", markup=False)
