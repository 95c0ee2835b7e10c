"""``toolgrove index``: tools of any source into a catalogue that can be searched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json, progress, skippable

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove index world --catalog catalog

  toolgrove index openapi.json toolenv/tools --catalog catalog --skip-bad

  toolgrove index https://api.example/openapi.json --catalog catalog

  toolgrove index openapi.json --base http://127.0.0.1:8000

  toolgrove index https://api.example/mcp "mcp+stdio:npx -y some-server" mytools:search

A source is a file or folder (OpenAPI and Swagger; ToolBench's tool files, query files and
corpus.tsv; collections with one tool a line), the address of an OpenAPI document or of an MCP
server, a Python object
module:object (a function, a LangChain tool, a list of them, or a class), or a word: world is the
catalogue that comes with Toolgrove, botocore and google-discovery are the AWS operations and
Google methods that the packages botocore and google-api-python-client describe. A file of such a
name is ./world. What a file is, is told by what is in it.

mcp+stdio: starts that program and module:object imports that module, with your rights; both are
remembered as trusted, so that runs with the catalogue may do it again. A program gets few
environment variables; write NAME= before the command to hand one on. #secret=NAME after the URL
of an MCP server sends that secret as a bearer token.

Documents that name no server, as FastAPI's, are served where they were fetched; of a file say
where, with --base URL.

Where two services or servers call themselves the same, the second one is left out and told:
index it by itself with --as NAME.

With --expand MODEL a chat model says of each tool when to use it and which requests it serves; that
is searched, and never offered as the tool's description. Broken off, the same command goes on.

Running the same command again costs little: what is unchanged is not embedded again, and what a
broken run left out is added.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(index)


def index(
    sources: Annotated[
        list[str],
        typer.Argument(help="Files, folders, addresses, module:object, or a word."),
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
    base: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Where the API is served, if its document names no server: https://host/v1.",
        ),
    ] = "",
    expand: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Have this model say when to use each tool, and search for that, too. It is asked "
            "once a tool.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Index the tools of any source into a catalogue; only what is new or changed costs."""
    from dataclasses import asdict

    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.sources import apart
    from toolgrove.cli.model import fetch_embedder
    from toolgrove.cli.trusted import find_modules_here
    from toolgrove.retriever.trained import load_embedder

    apart(sources, catalog)
    trained = None if embedder is None else load_embedder(embedder)
    fetch_embedder()
    find_modules_here()
    with (
        Catalog.open(catalog, embedder=trained, chroma_url=chroma_url) as opened,
        skippable(),
        progress("indexing", unit="tools") as tick,
    ):
        report = opened.index(sources, name=name, base=base, skip_bad=skip_bad, tick=tick)
    if expand is not None:
        with (
            Catalog.open(catalog, create=False, embedder=trained) as opened,
            progress("expanding", unit="tools") as tick,
        ):
            asked, useless = opened.expand(expand, tick)
        err_console().print(
            f"the model was asked about {asked:,} tools; {useless:,} of its replies were not the "
            "JSON that was asked for, and say nothing."
        )
    summary = {"catalog": str(catalog), **asdict(report)}
    if json:
        print_json(summary)
    else:
        _show(summary)


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
    )
    for row in summary["sources"]:
        for error in (*row["skipped"], *row["left"]):
            err_console().print(f"left {error}")
