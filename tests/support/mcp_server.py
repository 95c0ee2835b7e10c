"""A real MCP server in a process of its own, with every trouble a test may want.

``python -m support.mcp_server stdio STATE`` or ``… http STATE``: the latter prints its URL. STATE
is a file whose text becomes part of a tool's description, so that a test can change a tool.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

STATE = Path(sys.argv[2])
READS = types.ToolAnnotations(read_only_hint=True)


def _tool(name: str, about: str, reads: bool = True, **properties: Any) -> types.Tool:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return types.Tool(
        name=name, description=about, input_schema=schema, annotations=READS if reads else None
    )


def _tools() -> list[types.Tool]:
    number, text = {"type": "integer"}, {"type": "string"}
    return [
        _tool("add", f"Add two numbers. {STATE.read_text()}".strip(), a=number, b=number),
        _tool("die", "End the server.", reads=False),
        _tool("environment", "Names of the server's environment variables."),
        _tool("fail", "Fail.", why=text),
        _tool("picture", "A picture, a link and a text."),
        _tool("slow", "Never answer."),
        _tool("together", "Answer when this many calls are waiting.", count=number),
        _tool("die_reading", "End the server."),
        _tool("odd", "Answer without a text."),
        _tool("long", "Answer at length.", size=number),
    ]


async def list_tools(ctx: Any, params: Any) -> types.ListToolsResult:
    at = int(params.cursor or 0) if params is not None else 0
    tools = _tools()
    more = str(at + 2) if at + 2 < len(tools) else None
    return types.ListToolsResult(tools=tools[at : at + 2], next_cursor=more)


waiting: list[asyncio.Event] = []


async def _together(count: int) -> str:
    """Answer only when ``count`` calls are in flight at once."""
    mine = asyncio.Event()
    waiting.append(mine)
    if len(waiting) >= count:
        for event in waiting:
            event.set()
    await mine.wait()
    return "together"


async def call_tool(ctx: Any, params: Any) -> types.CallToolResult:
    given = params.arguments or {}
    match params.name:
        case "add":
            said = str(given["a"] + given["b"])
        case "die" | "die_reading":
            os._exit(1)
        case "environment":
            said = json.dumps(sorted(os.environ))
        case "long":
            said = "x" * given["size"]
        case "fail":
            return _told(given["why"], is_error=True)
        case "slow":
            await asyncio.Event().wait()
            said = ""
        case "together":
            said = await _together(given["count"])
        case "picture":
            image = types.ImageContent(type="image", data="AAAA", mime_type="image/png")
            inner = types.TextResourceContents(uri="file:///x", text="inside")
            return types.CallToolResult(
                content=[image, types.EmbeddedResource(type="resource", resource=inner)]
            )
        case "odd":
            return types.CallToolResult(content=[], structured_content={"n": 1})
        case other:
            raise ValueError(other)
    return _told(said)


def _told(text: str, is_error: bool = False) -> types.CallToolResult:
    content: list[Any] = [types.TextContent(type="text", text=text)]
    return types.CallToolResult(content=content, is_error=is_error)


def main() -> None:
    server: Server[Any] = Server("trouble", on_list_tools=list_tools, on_call_tool=call_tool)
    if sys.argv[1] == "http":
        _serve(server)
    else:
        asyncio.run(_talk(server))


async def _talk(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _serve(server: Server[Any]) -> None:
    import uvicorn

    config = uvicorn.Config(server.streamable_http_app(), log_config=None, lifespan="on")
    listener = _listener()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    uvicorn.Server(config).run([listener])


def _listener() -> Any:
    import socket

    port = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    listener = socket.create_server(("127.0.0.1", port))
    listener.set_inheritable(True)
    return listener


if __name__ == "__main__":
    main()
