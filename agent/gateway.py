"""A whole catalogue behind two MCP tools: ``search_tools`` finds, ``call_tool`` calls.

A client that had sixteen thousand tools in its prompt would have room for nothing else. Answers
are compact and bounded, and what a tool does is validated and run as in a run of an agent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.functions import function, shown_parameters
from toolgrove.data.records import FINISH, JsonObject, Observation, Status, ToolCall, ToolSpec
from toolgrove.machine.loopback import Guard
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.mcp.source import need_mcp

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp.types import CallToolResult, Tool
    from starlette.applications import Starlette

    from toolgrove.agent.catalog import Catalog

__all__ = ["Gateway", "http_app", "mcp_server", "serve_stdio"]

MOST = 20
"""Tools that one search answers with at most."""
_ANSWER = 12_000
_CATEGORIES = 12
_SHOWN = 60


class Gateway:
    """Search a catalogue and call its tools, for clients that see just these two functions.

    Parameters
    ----------
    catalog : Catalog
        What is searched and called.
    calls : CallSettings
        How calls are made: ``hosts``, ``trusted``, ``policy`` and so on.

    Use it in ``async with``, in the event loop that calls are to be made in.
    """

    def __init__(self, catalog: Catalog, calls: CallSettings = CallSettings()) -> None:
        self._catalog, self._calls = catalog, replace(calls, observation_limit=_ANSWER)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Gateway:
        stack = build_stack(self._catalog.registry, self._calls)
        self._execute = await self._stack.enter_async_context(stack)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def describe(self) -> str:
        """What a client reads of the catalogue: how many tools, of which kinds."""
        counts = Counter(spec.category for spec in self._catalog.registry)
        names = [_line(name) for name, _ in counts.most_common(_CATEGORIES) if name.strip()]
        more = f" and {len(counts) - len(names)} more" if len(counts) > len(names) else ""
        return f"{sum(counts.values()):,} tools ({', '.join(names)}{more})"

    async def search(self, query: str, limit: int = 5) -> str:
        """The tools a request is about, as a JSON list of name, description and parameters."""
        limit = max(1, min(limit, MOST))
        found = await asyncio.to_thread(self._catalog.search, query, limit)
        rows: list[JsonObject] = []
        room = _ANSWER
        for _, spec in found:
            row = self._row(spec)
            size = len(codec.dumps(row))
            if size > room:  # a schema may be of any size: its place is in call_tool's advice
                row = {**row, "parameters": _names(spec)}
                size = len(codec.dumps(row))
            if size > room:
                break
            rows.append(row)
            room -= size
        return codec.dumps(rows).decode()

    def _row(self, spec: ToolSpec) -> JsonObject:
        shown = function(spec, self._catalog.registry.alias(spec.id))
        return {**shown, "effect": spec.effect.value}

    async def call(self, name: str, arguments: JsonObject, call_id: str = "call") -> Observation:
        """Check a call and make it; what is wrong is said so that it can be mended."""
        registry = self._catalog.registry
        spec_id = name if name in registry else registry.id_of(name)
        if spec_id is None or name == FINISH:
            text = f'There is no tool "{name[:100]}". Find its name with search_tools.'
            return failure(Status.NO_SUCH_TOOL, text, attempts=0)
        alias = registry.alias(spec_id)
        resolved = registry.offer([spec_id]).resolve(ToolCall(call_id, alias, arguments))
        return resolved if isinstance(resolved, Observation) else await self._execute(resolved)


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else f"{flat[: _SHOWN - 1]}…"


def _names(spec: ToolSpec) -> str:
    """The parameters' names alone, of a schema that is too large to show."""
    schema, _ = shown_parameters(spec)
    names = list(schema.get("properties", {}))
    required = set(schema.get("required", ()))
    shown = [f"{name}*" if name in required else name for name in names[:50]]
    return f"{', '.join(shown)} (* is required)"[:1000]


def _tools(about: str) -> list[Tool]:
    """The two tools, described so that a client knows when to use them."""
    from mcp.types import Tool, ToolAnnotations

    search = {
        "query": {
            "type": "string",
            "description": "What you need done, in words: one need a search.",
        },
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": 5},
    }
    call = {
        "name": {"type": "string", "description": "The tool's name, as search_tools gave it."},
        "arguments": {"type": "object", "description": "What its parameters ask for."},
    }
    return [
        Tool(
            name="search_tools",
            description=f"Search {about}. Call this first whenever you need data or an action "
            "that you cannot provide yourself; it gives names and parameters for call_tool.",
            input_schema=_object(search, ["query"]),
            annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        ),
        Tool(
            name="call_tool",
            description="Call one of the tools that search_tools found. If the arguments do not "
            "fit, the answer says what to mend.",
            input_schema=_object(call, ["name", "arguments"]),
            annotations=ToolAnnotations(read_only_hint=False, open_world_hint=True),
        ),
    ]


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


def mcp_server(gateway: Gateway) -> Server[Any]:
    """An MCP server of the official SDK with the two tools.

    Raises
    ------
    UsageError
        Where the SDK is not installed.
    """
    need_mcp()
    from mcp.server.lowlevel import Server
    from mcp.types import ListToolsResult

    from toolgrove import __version__
    from toolgrove.tools.advice import advice
    from toolgrove.tools.schema import Checker

    about = gateway.describe()
    tools = _tools(about)
    checkers = {tool.name: Checker(tool.input_schema) for tool in tools}

    async def list_tools(context: Any, params: Any) -> ListToolsResult:
        return ListToolsResult(tools=tools)

    async def call_tool(context: Any, params: Any) -> CallToolResult:
        if params.name not in checkers:
            return _result("There are two tools: search_tools and call_tool.", failed=True)
        checker = checkers[params.name]
        given = checker.coerced(params.arguments or {})
        if wrong := checker.problems(given):
            return _result(advice(params.name, checker, given, wrong), failed=True)
        if params.name == "search_tools":
            return _result(await gateway.search(**given))
        observation = await gateway.call(given["name"], given["arguments"])
        return _result(observation.content, failed=observation.status.failed)

    return Server(
        "toolgrove",
        version=__version__,
        instructions=f"{about}. Find one with search_tools, then call it with call_tool.",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _result(text: str, failed: bool = False) -> CallToolResult:
    from mcp.types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=failed)


async def serve_stdio(gateway: Gateway) -> None:
    """Answer one client over standard input and output until it hangs up."""
    server = mcp_server(gateway)
    from mcp.server.stdio import stdio_server

    async with gateway, stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def http_app(gateway: Gateway) -> Starlette:
    """The gateway over streamable HTTP at ``/mcp``; a foreign Host or Origin is refused."""
    server = mcp_server(gateway)
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Mount

    served = server.streamable_http_app(stateless_http=True, json_response=True)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with gateway, served.router.lifespan_context(served):
            yield

    return Starlette(routes=[Mount("/", served)], middleware=[Middleware(Guard)], lifespan=lifespan)
