"""``toolgrove serve apis``: a catalogue's APIs, cached, real or simulated, for an evaluation."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.approval import Approval
from toolgrove.cli.common import console, err_console, print_json, progress, until_interrupted
from toolgrove.cli.settings import CALLS, Given, with_settings

if TYPE_CHECKING:
    from toolgrove.agent.virtual.server import VirtualServer

__all__ = ["EXAMPLES", "apis"]

EXAMPLES = """
Examples:

  toolgrove serve apis --catalog catalog --cache answers.sqlite --port 8080

  toolgrove serve apis --catalog catalog --cache answers.sqlite --simulate openai:gpt-5-mini

  toolgrove serve apis --catalog catalog --cache answers.sqlite --seed tool_response_cache

  toolgrove serve apis --catalog catalog --cache answers.sqlite --no-real

It speaks StableToolBench's protocol: a POST to URL/virtual of category, tool_name, api_name and
tool_input. Answers are kept in the cache, one SQLite file; copy it when the server has stopped.
"""


@with_settings(CALLS, approve=Approval.ALWAYS)
def apis(
    *,
    cache: Annotated[Path, typer.Option(help="The file that keeps the answers; made if missing.")],
    catalog: Annotated[
        Path, typer.Option(help="Whose APIs are served.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    simulate: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="A model that stands in for APIs that cannot be reached."
        ),
    ] = None,
    real: Annotated[bool, typer.Option(help="Call the APIs where the cache has no answer.")] = True,
    seed: Annotated[
        list[Path] | None,
        typer.Option(
            help="Take this folder's answers first: StableToolBench's tool_response_cache, or "
            "ToolBench's response_examples (repeatable)."
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes a free port.", min=0)] = 0,
    concurrency: Annotated[
        int, typer.Option(help="Calls, real or simulated, under way at once.", min=1)
    ] = 8,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    given: Given,
) -> None:
    """Serve a catalogue's APIs on 127.0.0.1: from a cache, really, or simulated, until Ctrl-C."""
    from toolgrove.agent.hosting import hosted
    from toolgrove.agent.models.loading import load_model
    from toolgrove.agent.virtual.server import VirtualServer
    from toolgrove.tools.registry import Registry
    from toolgrove.tools.virtual.cache import AnswerCache

    with (
        Registry.open(catalog, create=False) as registry,
        AnswerCache(cache) as answers,
        hosted(registry if real else ()) as hosts,
    ):
        calls = given.settings().calls
        server = VirtualServer(
            registry,
            answers,
            model=None if simulate is None else load_model(simulate),
            real=real,
            calls=replace(calls, hosts={**calls.hosts, **hosts}),
            concurrency=concurrency,
        )
        seeded = [_seeded(server, folder) for folder in seed or ()]
        with server.running(port) as url:
            _show({"url": f"{url}/virtual", **server.about(), "seeded": seeded}, json)
            until_interrupted()


def _seeded(server: VirtualServer, folder: Path) -> dict[str, Any]:
    from toolgrove.tools.virtual.seed import seed

    with progress(f"reading {folder.name}", unit="files") as tick:
        found = seed(server.cache, folder, server.directory, tick)
    return {
        "folder": str(folder),
        "answers": found.answers,
        "shapes": found.shapes,
        "left": dict(found.left),
    }


def _show(about: dict[str, Any], json: bool) -> None:
    if json:
        print_json(about)
        sys.stdout.flush()  # the process goes on, and whoever reads the pipe waits for this
        return
    console().print(about["url"])
    say = err_console()
    for row in about["seeded"]:
        left = ", ".join(f"{count} {why}" for why, count in row["left"].items())
        say.print(
            f"{row['folder']}: {row['answers']} answers, {row['shapes']} response examples taken; "
            f"left: {left or 'none'}",
        )
    kept = ", ".join(f"{count} {source}" for source, count in about["answers"].items())
    stand_in = f"simulated by {about['simulator']}" if about["simulator"] else "none simulated"
    calls = "real calls" if about["real"] else "no real calls"
    say.print(
        f"{about['apis']} APIs: {calls}, {stand_in}; kept: {kept}. Ctrl-C stops it", markup=False
    )
