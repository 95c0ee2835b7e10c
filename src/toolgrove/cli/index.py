"""``toolgrove index``: tools of any source into a catalogue that can be searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json, progress
from toolgrove.errors import CatalogError, ToolgroveError, UsageError

if TYPE_CHECKING:
    from toolgrove.agent.catalog import Catalog
    from toolgrove.data.records import ToolSpec
    from toolgrove.tools.registry import Changes

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove index world --catalog catalog

  toolgrove index openapi.json toolenv/tools --catalog catalog --skip-bad

  toolgrove index https://api.example/mcp "mcp+stdio:npx -y some-server" mytools:search

A source is a file or folder (OpenAPI and Swagger; ToolBench's tool files, query files and
corpus.tsv; collections with one tool a line), the address of an MCP server, a Python object
module:object (a function, a LangChain tool, a list of them, or a class), or a word: world is the
catalogue that comes with Toolgrove, botocore and google-discovery are the AWS operations and
Google methods that the packages botocore and google-api-python-client describe. What a file is,
is told by what is in it.

mcp+stdio: starts that program and module:object imports that module, with your rights; both are
remembered as trusted, so that runs with the catalogue may do it again. A program gets few
environment variables; write NAME= before the command to hand one on. #secret=NAME after the URL
of an MCP server sends that secret as a bearer token.

Where two services or servers call themselves the same, the second one is left out and told:
index it by itself with --as NAME.

Running the same command again costs little: what is unchanged is not embedded again, and what a
broken run left out is added.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(index)


def index(
    sources: Annotated[
        list[str],
        typer.Argument(help="Files, folders, MCP addresses, module:object, or a word."),
    ],
    catalog: Annotated[
        Path,
        typer.Option(help="The catalogue's folder, made if need be.", envvar="TOOLGROVE_CATALOG"),
    ] = Path("toolgrove-catalog"),
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on after a bad source, and list it at the end.")
    ] = False,
    embedder: Annotated[
        Path | None,
        typer.Option(help="What `toolgrove train retriever` wrote; the default one otherwise."),
    ] = None,
    chroma_url: Annotated[
        str | None,
        typer.Option(
            help="A Chroma server for the vectors, http://host:port; remembered. Empty: the folder."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="A name for the source, where another service or server has the same one.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Index the tools of any source into a catalogue; only what is new or changed costs."""
    from toolgrove.agent.catalog import Catalog
    from toolgrove.cli.model import fetch_embedder
    from toolgrove.retriever.trained import load_embedder

    if name is not None and len(sources) > 1:
        raise UsageError("--as names one source. Index the sources one by one.")
    reports = [_Report(source, name=name) for source in sources]
    trained = None if embedder is None else load_embedder(embedder)
    fetch_embedder()
    with (
        Catalog.open(catalog, embedder=trained, chroma_url=chroma_url) as opened,
        progress("indexing", unit="tools") as tick,
    ):
        changes = opened.add(_specs(reports, opened, skip_bad), tick)
        total = len(opened)
    if not any(report.ids or report.skipped or report.left for report in reports):
        raise UsageError("no tools there. Name files, folders or servers that hold some.")
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
    """What one source held: the tools taken, and what was left, each with the reason."""

    source: str
    kind: str = ""
    name: str | None = None
    ids: dict[str, None] = field(default_factory=dict)
    files: int = 0
    other_files: int = 0
    skipped: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def row(self, changes: Changes) -> dict[str, Any]:
        added, changed = (
            self.ids.keys() & set(changes.added),
            self.ids.keys() & set(changes.changed),
        )
        return {
            "source": self.source,
            "kind": self.kind,
            "files": self.files,
            "tools": len(self.ids),
            "added": len(added),
            "changed": len(changed),
            "unchanged": len(self.ids) - len(added) - len(changed),
            "other_files": self.other_files,
            "skipped": self.skipped,
            "left": self.left,
        }


def _specs(reports: Sequence[_Report], catalog: Catalog, skip_bad: bool) -> Iterator[ToolSpec]:
    """The specs of all sources, one file in memory at a time, counted as they pass."""
    from toolgrove.tools.origins import goes_to

    described: dict[str, str] = {}
    for report in reports:
        read = _reader(report.source)
        try:
            for spec in read(report, catalog, skip_bad):
                if spec.source == "openapi":
                    if spec.id in described:
                        other = described[spec.id] if described[spec.id] != goes_to(spec) else ""
                        mend = f" ({other}): {_AS}" if other else "; the first is taken"
                        report.left.append(f"{spec.id}: described before{mend}")
                        continue
                    described[spec.id] = goes_to(spec)
                report.ids[spec.id] = None
                yield spec
        except CatalogError:  # not the source's fault
            raise
        except ToolgroveError as error:
            if not skip_bad:
                raise
            report.skipped.append(str(error))


_AS = "give one of the two a name of its own, --as NAME"


def _own(
    specs: Iterable[ToolSpec], report: _Report, catalog: Catalog, source: str
) -> Iterator[ToolSpec]:
    """The specs that are not another source's by the same id, under the source's name."""
    from toolgrove.tools.origins import renamed

    for spec in specs:
        found = spec if report.name is None else renamed(spec, report.name)
        if found.source not in ("openapi", "mcp"):
            yield found
        elif other := catalog.registry.claim(found, source):
            kind = "server" if found.source == "mcp" else "service"
            report.left.append(
                f"{found.id}: another {kind} of this name is in the catalogue ({other}): {_AS}"
            )
        else:
            yield found


_Read = Callable[[_Report, "Catalog", bool], "Iterator[ToolSpec]"]


def _reader(source: str) -> _Read:
    from toolgrove.tools.mcp.source import is_address
    from toolgrove.tools.python.source import is_source

    if Path(source).exists():
        return _files
    if source in _WORDS:
        return _WORDS[source]
    if is_address(source):
        return _mcp
    if is_source(source):
        return _python
    return _files


def _world(report: _Report, catalog: Catalog, skip_bad: bool) -> Iterator[ToolSpec]:
    from toolgrove.data import world

    report.kind = "bundled world"
    yield from _own(world.specs(), report, catalog, report.source)


def _botocore(report: _Report, catalog: Catalog, skip_bad: bool) -> Iterator[ToolSpec]:
    from toolgrove.data.formats.botocore_models import load_botocore

    report.kind = "botocore's models"
    yield from _own(load_botocore(), report, catalog, report.source)


def _google(report: _Report, catalog: Catalog, skip_bad: bool) -> Iterator[ToolSpec]:
    from toolgrove.data.formats.google_discovery import load_google

    report.kind = "Google's discovery documents"
    yield from _own(load_google(), report, catalog, report.source)


_WORDS: dict[str, _Read] = {"botocore": _botocore, "google-discovery": _google, "world": _world}


def _mcp(report: _Report, catalog: Catalog, skip_bad: bool) -> Iterator[ToolSpec]:
    import asyncio

    from toolgrove.tools.mcp.source import load_mcp
    from toolgrove.tools.trusted import trust

    report.kind = "MCP server"
    specs, left = asyncio.run(load_mcp(report.source))
    report.left += left
    trust([report.source])
    yield from _own(specs, report, catalog, report.source)


def _python(report: _Report, catalog: Catalog, skip_bad: bool) -> Iterator[ToolSpec]:
    from toolgrove.cli.trusted import find_modules_here
    from toolgrove.tools.python.source import load_source
    from toolgrove.tools.trusted import trust

    report.kind = "Python object"
    find_modules_here()
    loaded = load_source(report.source)
    report.left += loaded.left
    trust([report.source])
    yield from _own(loaded.specs, report, catalog, report.source)


def _files(report: _Report, catalog: Catalog, skip_bad: bool) -> Iterator[ToolSpec]:
    from toolgrove.data.formats.sources import SPECS, load_sources

    sources = load_sources([report.source], SPECS, skip_bad=skip_bad)
    kinds: dict[str, None] = {}
    try:
        for loaded in sources:
            kinds[str(loaded.kind)] = None
            report.left += loaded.left
            yield from _own(loaded.specs, report, catalog, str(loaded.path.resolve()))
    finally:
        report.kind = ", ".join(kinds)
        report.files, report.other_files = sources.read, sources.passed
        report.skipped += [str(error) for error in sources.skipped]


def _show(summary: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    counts = ("tools", "added", "changed", "unchanged")
    table = Table("source", "kind", *counts, "left", box=None, pad_edge=False)
    for row in summary["sources"]:
        numbers = [f"{row[name]:,}" for name in counts]
        left = len(row["skipped"]) + len(row["left"])
        table.add_row(Text(row["source"]), Text(row["kind"]), *numbers, f"{left:,}")
    out = console()
    out.print(table)
    out.print(
        f"{summary['catalog']}: {summary['tools']:,} tools. "
        f'Try: toolgrove search "what you need" --catalog {summary["catalog"]}',
        style="dim",
        markup=False,
    )
    for row in summary["sources"]:
        for error in (*row["skipped"], *row["left"]):
            err_console().print(f"left {error}", markup=False)
