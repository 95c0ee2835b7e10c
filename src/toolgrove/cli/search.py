"""``toolgrove search``: the tools that a request is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, note_if_partial, print_json
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.data.records import ToolSpec
    from toolgrove.retriever.ranking import Hit

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove search "latest lottery results" --catalog catalog

  toolgrove search "weather in Oslo tomorrow" -k 10 --where category=Weather --json

  toolgrove search "films that Ada Lovelace acted in" --explain

Scores are between 0 and 1 and compare the hits of one search only. A model calls a tool by its
alias, and so do scripted replies.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(search)


def search(
    query: Annotated[str, typer.Argument(help="What the tools should be good for, in words.")],
    catalog: Annotated[
        Path, typer.Option(help="The catalogue to search.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    k: Annotated[int, typer.Option("-k", help="How many tools at most.", min=1)] = 5,
    where: Annotated[
        list[str] | None,
        typer.Option(help="Only tools whose category, tool, source or effect is VALUE: KEY=VALUE."),
    ] = None,
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
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why each tool was found.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Find the tools of a catalogue that a request is about, by words and by meaning."""
    from toolgrove.agent.catalog import Catalog
    from toolgrove.cli.model import fetch_embedder
    from toolgrove.data.codec import to_json
    from toolgrove.retriever.trained import load_embedder

    trained = None if embedder is None else load_embedder(embedder)
    conditions = dict(_condition(text) for text in where or ())
    with Catalog.open(catalog, create=False, embedder=trained, chroma_url=chroma_url) as opened:
        fetch_embedder()
        note_if_partial(opened)
        found = opened.search(query, k, where=conditions)
        rows = [
            {
                **_row(hit, spec, opened.registry.alias(spec.id)),
                "expansion": to_json(opened.expansions.of(spec)),
            }
            for hit, spec in found
        ]
    if json:
        print_json({"query": query, "catalog": str(catalog), "hits": rows})
    else:
        _show(rows, explain=explain)


def _condition(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--where {text!r}: write KEY=VALUE, for instance category=Weather.")
    return key, value


def _row(hit: Hit, spec: ToolSpec, alias: str) -> dict[str, Any]:
    return {
        "id": spec.id,
        "alias": alias,
        "score": hit.score,
        "lexical": hit.lexical,
        "dense": hit.dense,
        "part": hit.part,
        "why": hit.why,
        "category": spec.category,
        "tool": spec.tool,
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.parameters,
        "source": spec.source,
        "effect": spec.effect,
    }


def _explained(row: dict[str, Any]) -> str:
    said = row["expansion"]
    expanded = "; ".join(filter(None, (said["when"], *said["requests"])))
    also = f" (a model said of it: {expanded})" if expanded else ""
    if row["why"]:
        return f"{row['why']}{also}"
    return f"words {row['lexical']:.2f}, meaning {row['dense']:.2f}: {row['part']}{also}"


def _show(rows: list[dict[str, Any]], *, explain: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    if not rows:
        err_console().print("no tool is like that")
        return
    table = Table("score", "tool", "a model calls it", "what it does", box=None, pad_edge=False)
    if explain:
        table.add_column("why")
    for row in rows:
        words = " ".join(row["description"].split())
        shown = words if len(words) <= 100 else f"{words[:99]}…"
        reasons = [Text(_explained(row))] if explain else []
        cells = (Text(row["id"]), Text(row["alias"]), Text(shown), *reasons)
        table.add_row(f"{row['score']:.3f}", *cells)
    console().print(table)
