"""``toolgrove recommend``: tools for a task, each with reasons and what it still needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, note_if_partial, print_json

if TYPE_CHECKING:
    from rich.text import Text

    from toolgrove.data.records import Task, ToolSpec
    from toolgrove.retriever.arguments import Argument
    from toolgrove.retriever.recommendation import Recommendation

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove recommend "How far is it from OSL to LHR in km?" --catalog catalog

  toolgrove recommend "Convert 100 USD to EUR" -k 3 --json

  toolgrove recommend "ZIP code of Boston" --examples G1_instruction.json

Example queries come from labelled query files (--examples), or from the bundled tasks for the
bundled APIs. "perhaps" marks a value that may be meant; nothing is filled in that is not said.
"""
WORLD_HOST = "world.toolgrove.example"
"""The host of the bundled APIs; asking the world itself would load it."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(recommend)


def recommend(
    task: Annotated[str, typer.Argument(help="What is to be done, in words.")],
    catalog: Annotated[
        Path, typer.Option(help="The catalogue to search.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    k: Annotated[int, typer.Option("-k", help="How many tools at most.", min=1)] = 5,
    examples: Annotated[
        list[str] | None,
        typer.Option(help="Labelled queries to take examples from. Can be given again."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Suggest tools for a task: why each fits, which parameters are given, which are missing."""
    from toolgrove.agent.catalog import Catalog
    from toolgrove.cli.model import fetch_embedder
    from toolgrove.retriever.recommendation import recommend as reasons

    with Catalog.open(catalog, create=False) as opened:
        fetch_embedder()
        note_if_partial(opened)
        found = opened.search(task, k)
        known = _by_tool(examples, [spec for _, spec in found])
        suggested = reasons(task, found, opened.search_index.embedder, known)
    if json:
        rows = [_row(one) for one in suggested]
        print_json({"task": task, "catalog": str(catalog), "recommendations": rows})
    else:
        _show(suggested)


def _by_tool(sources: Sequence[str] | None, found: Sequence[ToolSpec]) -> dict[str, list[str]]:
    """Earlier queries by the id of each tool found."""
    from toolgrove.data.formats.query_sets import labels

    by_tool: dict[str, list[str]] = {spec.id: [] for spec in found}
    for task in _tasks(sources, found):
        for spec_id in labels(task):
            if spec_id in by_tool:
                by_tool[spec_id].append(task.query)
    return by_tool


def _tasks(sources: Sequence[str] | None, found: Sequence[ToolSpec]) -> Iterator[Task]:
    from toolgrove.data.formats.query_sets import WORLD, load_query_sets

    bundled = any(WORLD_HOST in str(spec.binding.get("url")) for spec in found)
    if sources is None and not bundled:
        return
    try:
        for one in load_query_sets([WORLD] if sources is None else sources):
            yield from one.tasks
    except ImportError:
        if sources is not None:
            raise
        err_console().print("note: no example queries; the extra world has them.")


def _row(one: Recommendation) -> dict[str, Any]:
    return {
        "id": one.spec.id,
        "score": one.score,
        "category": one.spec.category,
        "tool": one.spec.tool,
        "name": one.spec.name,
        "description": one.spec.description,
        "effect": one.spec.effect,
        "part": one.part,
        "shared_words": one.shared,
        "reason": one.reason,
        "parameters": one.arguments,
        "missing": one.missing,
        "examples": one.examples,
    }


def _show(suggested: Sequence[Recommendation]) -> None:
    from rich.table import Table
    from rich.text import Text

    if not suggested:
        err_console().print("no tool is like that")
        return
    out = console()
    for number, one in enumerate(suggested, 1):
        out.print(Text(f"{number}. {_line(one.spec.id)}  ({one.score:.3f})", style="bold"))
        out.print(Text(f"   {_line(one.spec.description)}"))
        table = Table.grid(padding=(0, 2, 0, 0))
        for label, text in _facts(one):
            table.add_row(Text(f"   {label}", style="dim"), text)
        out.print(table)
        out.print()


def _facts(one: Recommendation) -> Iterator[tuple[str, Text]]:
    from rich.text import Text

    shared = ", ".join(one.shared)
    yield (
        "fits",
        Text(
            f'"{_line(one.part)}": ' + (f"shares {_line(shared)}" if shared else "by its meaning")
        ),
    )
    for argument in one.arguments:
        if argument.value is not None:
            said = _line(f"{argument.name} = {argument.value} ({argument.why})")
            yield argument.found.value, Text(said)
    for argument in one.arguments:
        if argument.name in one.missing:
            yield "needs", Text(_line(_need(argument)))
    for example in one.examples:
        yield "like", Text(_line(f'"{example.query}" ({example.similarity:.2f})'))


def _need(argument: Argument) -> str:
    about = f": {argument.description}" if argument.description else ""
    example = "" if argument.example in (None, "") else f", for instance {argument.example}"
    return f"{argument.name} ({argument.type}){about}{example}"


def _line(text: str, most: int = 160) -> str:
    """Third-party text as one line of what a terminal only prints."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
