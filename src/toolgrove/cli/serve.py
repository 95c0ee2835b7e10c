"""``toolgrove serve``: servers of our own, on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolgrove.cli import serve_apis, serve_mcp
from toolgrove.cli.common import console, err_console, print_json, until_interrupted

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove serve world

  toolgrove serve world --port 8080 --seed 7

  toolgrove serve world --write-toolbench out/world
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    serve = typer.Typer(no_args_is_help=True, help="Serve APIs and tools on this machine.")
    serve.command(epilog=EXAMPLES)(world)
    serve.command(epilog=serve_apis.EXAMPLES)(serve_apis.apis)
    serve.command(epilog=serve_mcp.EXAMPLES)(serve_mcp.mcp)
    serve.callback()(_root)
    app.add_typer(serve, name="serve")


def _root() -> None:
    """Serve APIs and tools on this machine."""


def world(
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes a free port.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Decides which requests flaky APIs fail.")] = 0,
    write_toolbench: Annotated[
        Path | None,
        typer.Option(help="Write tool and query files into this folder instead of serving."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Serve the world on 127.0.0.1 until Ctrl-C; its state starts anew each time."""
    from toolgrove.data.world import VERSION, running, write_toolbench_files
    from toolgrove.data.world.apis import endpoints

    if write_toolbench is not None:
        written = write_toolbench_files(write_toolbench)
        if json:
            print_json([str(path) for path in written])
        else:
            console().print(f"{len(written)} files under {write_toolbench}")
        return
    with running(port, seed) as url:
        about = {"url": url, "openapi": f"{url}/openapi.json", "version": VERSION, "seed": seed}
        if json:
            print_json({**about, "apis": len(endpoints())})
            sys.stdout.flush()  # the process goes on, and whoever reads the pipe waits for this
        else:
            console().print(url)
            err_console().print(f"world {VERSION}, {len(endpoints())} APIs; Ctrl-C stops it")
        until_interrupted()
