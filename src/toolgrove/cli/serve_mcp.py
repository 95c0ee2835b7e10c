"""``toolgrove serve mcp``: a whole catalogue for any MCP client, as two tools."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.approval import Approval
from toolgrove.cli.common import console, err_console, print_json, until_interrupted
from toolgrove.cli.settings import CALLS, Given, with_settings
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.gateway import Gateway

__all__ = ["EXAMPLES", "mcp"]

EXAMPLES = """
Examples:

  toolgrove serve mcp --catalog catalog --stdio

  toolgrove serve mcp --catalog catalog --port 8765 --read-only

Clients see two tools, search_tools and call_tool. With --stdio this is the command that a client
is told to start; otherwise its address is printed, on 127.0.0.1 only. The bundled world is started
where the catalogue has its APIs.
"""


@with_settings(CALLS, approve=Approval.ALWAYS)
def mcp(
    *,
    catalog: Annotated[
        Path, typer.Option(help="Whose tools are served.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Speak over standard input and output.")
    ] = False,
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes a free port.", min=0)] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    given: Given,
) -> None:
    """Serve a catalogue to MCP clients as two tools, until Ctrl-C or the client hangs up."""
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.gateway import Gateway
    from toolgrove.agent.hosting import hosted
    from toolgrove.cli.model import fetch_embedder
    from toolgrove.tools.mcp.source import need_mcp

    if stdio and (port or json):
        raise UsageError("--stdio speaks MCP on standard output: leave --port and --json out.")
    if stdio and given.approve is Approval.ASK:
        raise UsageError("--stdio has no terminal to ask on: let the client ask, or --read-only.")
    need_mcp()
    fetch_embedder()
    with Catalog.open(catalog, create=False) as opened, hosted(opened.registry) as hosts:
        calls = given.settings().calls
        gateway = Gateway(opened, replace(calls, hosts={**calls.hosts, **hosts}))
        if stdio:
            _stdio(gateway)
        else:
            _http(gateway, port, json)


def _stdio(gateway: Gateway) -> None:
    import asyncio

    from toolgrove.agent.gateway import serve_stdio

    asyncio.run(serve_stdio(gateway))


def _http(gateway: Gateway, port: int, json: bool) -> None:
    from toolgrove.agent.gateway import http_app
    from toolgrove.machine.loopback import serving

    with serving(lambda: http_app(gateway), port, name="toolgrove-mcp") as url:
        if json:
            print_json({"url": f"{url}/mcp", "about": gateway.describe()})
            sys.stdout.flush()  # the process goes on, and whoever reads the pipe waits for this
        else:
            console().print(f"{url}/mcp")
            err_console().print(f"{gateway.describe()}; Ctrl-C stops it")
        until_interrupted()
