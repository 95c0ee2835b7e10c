"""``toolgrove learn``: what a catalogue picks up from tasks and runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolgrove.cli.common import err_console, print_json

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove learn co-use G1_instruction.json G2_instruction.json --catalog catalog

  toolgrove learn co-use runs --catalog catalog

Files and folders of labelled queries, ToolBench answer trees and runs; of trees and runs, the path
to the answer counts. Nothing is learnt twice. Leave out what you mean to test on.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    learn = typer.Typer(no_args_is_help=True, help="Learn from tasks and runs.")
    learn.callback()(lambda: None)
    learn.command("co-use", epilog=EXAMPLES)(co_use)
    app.add_typer(learn, name="learn")


def co_use(
    sources: Annotated[list[Path], typer.Argument(help="Query files, answer trees, runs.")],
    catalog: Annotated[
        Path, typer.Option(help="The catalogue that learns.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Learn which tools are used together; retrieval for a next step then proposes them."""
    from toolgrove.agent.catalog import Catalog
    from toolgrove.data.formats.sources import TASKS, TREES, load_sources
    from toolgrove.retriever.co_use import Episode, from_task, from_tree

    episodes: list[Episode] = []
    for loaded in load_sources(sources, TASKS | TREES):
        episodes += map(from_task, loaded.tasks)
        episodes += map(from_tree, loaded.trees)
    with Catalog.open(catalog, create=False) as opened:
        new = opened.learn(episodes)
        known = len(opened.co_use)
    if json:
        print_json({"read": len(episodes), "new": new, "known": known})
    else:
        err_console().print(f"{len(episodes)} requests read, {new} new, {known} known")
