"""MCP servers as sources of tools: their address, their tools as specs, and what pins each.

An address is ``mcp+stdio:COMMAND ARGS…`` for a server that is started and spoken to over its
standard input and output, or the ``http(s)://…`` URL of one that speaks streamable HTTP. Words
``NAME=`` before the command name environment variables that the server is to have; a fragment
``#secret=NAME`` names the secret that is sent as a bearer token. Neither holds a value.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from toolgrove.data import codec
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import SpecError, UsageError

if TYPE_CHECKING:
    from mcp import Client, Tool
    from mcp.client._transport import Transport
    from mcp.types import Request

    from toolgrove.tools.secrets import SecretStore

__all__ = [
    "CONNECT",
    "STDIO",
    "Server",
    "connected",
    "effect_of",
    "is_address",
    "load_mcp",
    "need_mcp",
    "pin",
    "raw_answer",
    "tools_of",
]

CONNECT = 30.0
"""Seconds in which a server has to be ready and to have listed its tools."""

STDIO = "mcp+stdio:"
_PAGES = 1000
_DEEPEST = 90  # a registry takes schemas of 100 levels, and a spec adds its own
_SECRET = "secret="


@dataclass(frozen=True, slots=True)
class Server:
    """Where an MCP server is.

    Parameters
    ----------
    address : str
        As the user wrote it.
    command : tuple of str
        The program and its arguments; empty for a server over HTTP.
    environ : tuple of str
        Names of the environment variables that the program is given, besides ``PATH``, ``HOME``
        and a few like them.
    url : str
        The endpoint of a server over HTTP.
    secret : str
        Name of the secret that is sent there as a bearer token, if any.

    Examples
    --------
    >>> server = Server.parse("mcp+stdio:TOKEN= npx -y 'a server'")
    >>> server.command, server.environ
    (('npx', '-y', 'a server'), ('TOKEN',))
    >>> Server.parse("https://api.example/mcp#secret=MAPS").secret
    'MAPS'
    """

    address: str
    command: tuple[str, ...] = ()
    environ: tuple[str, ...] = ()
    url: str = ""
    secret: str = ""

    @classmethod
    def parse(cls, address: str) -> Server:
        """The server of an address; raises ``UsageError`` where it is none."""
        if address.startswith(STDIO):
            return cls._of_command(address)
        url, _, fragment = address.partition("#")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{address[:200]}: no address of an MCP server. Use {STDIO} or a URL.")
        if parts.username or parts.password:
            raise UsageError("A password does not belong in an address. Write #secret=NAME.")
        if fragment and not fragment.startswith(_SECRET):
            raise UsageError(f"{address[:200]}: after # only {_SECRET}NAME can stand.")
        return cls(address, url=url, secret=fragment.removeprefix(_SECRET))

    @classmethod
    def _of_command(cls, address: str) -> Server:
        try:
            words = shlex.split(address.removeprefix(STDIO))
        except ValueError as error:
            raise UsageError(f"{address[:200]}: cannot be read as a command ({error}).") from None
        names = []
        while words and "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            if value or not name:
                raise UsageError(
                    f"{STDIO}{name}=…: write {name}= without a value, which is taken from the "
                    "environment when the server is started."
                )
            names.append(name)
        if not words:
            raise UsageError(f"{address[:200]}: no command. Write {STDIO}COMMAND ARGS.")
        return cls(address, command=tuple(words), environ=tuple(names))


def is_address(source: str) -> bool:
    """Whether a source is the address of an MCP server."""
    return source.startswith((STDIO, "http://", "https://"))


def need_mcp() -> None:
    """Make sure that the SDK is there.

    Raises
    ------
    UsageError
        Where it is not; it says how to install it.
    """
    try:
        import mcp  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise UsageError("MCP needs the official SDK: pip install 'toolgrove[mcp]'") from error


@asynccontextmanager
async def connected(
    server: Server,
    *,
    errors: TextIO | None = None,
    secrets: SecretStore | None = None,
) -> AsyncIterator[Client]:
    """A client of a server, for as long as the block runs; enter and leave it in one task.

    The program of a server over stdio inherits only the variables that the SDK calls safe
    (``PATH``, ``HOME`` and the like) and those that its address names. Over HTTP no proxy and no
    password is taken from the environment.

    Parameters
    ----------
    server : Server
    errors : TextIO, optional
        Where the program's standard error goes, a real file; nowhere otherwise.
    secrets : SecretStore, optional
        Where the secret that the address names is found; the environment and keyring otherwise.

    Raises
    ------
    UsageError
        Where the SDK is missing.
    Exception
        Whatever keeps the connection from being made.
    """
    need_mcp()
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    from toolgrove.tools.mcp.http import Bounded

    if server.command:
        named = {name: os.environ[name] for name in server.environ if name in os.environ}
        with open(os.devnull, "w") as nowhere:  # noqa: ASYNC230 - it never blocks
            transport = _program(server.command, named, errors or nowhere)
            async with Client(transport, cache=None) as client:
                yield client
        return
    async with httpx2.AsyncClient(
        transport=Bounded(httpx2.AsyncHTTPTransport(trust_env=False)),
        headers=_authorization(server, secrets),
        timeout=httpx2.Timeout(30.0, read=None),  # of reading: a call's own deadline
        trust_env=False,
    ) as http:
        transport = streamable_http_client(server.url, http_client=http)
        async with Client(transport, cache=None) as client:
            yield client


def _authorization(server: Server, secrets: SecretStore | None) -> dict[str, str]:
    if not server.secret:
        return {}
    from toolgrove.tools.http.address import origin_of
    from toolgrove.tools.secrets import SecretStore

    value = (secrets or SecretStore()).get(server.secret, origin_of(server.url))
    return {"Authorization": f"Bearer {value}"}


def _program(command: tuple[str, ...], environ: dict[str, str], errors: TextIO) -> Transport:
    from mcp import StdioServerParameters, stdio_client
    from mcp.client.stdio import get_default_environment

    if sys.platform == "win32":  # which has no process groups; the SDK's jobs end all the same
        words = StdioServerParameters(command=command[0], args=list(command[1:]), env=environ)
        return stdio_client(words, errors)
    from toolgrove.tools.mcp.stdio import started

    return started(command, {**get_default_environment(), **environ}, errors)


async def raw_answer(client: Client, request: Request[Any, Any]) -> dict[str, Any]:
    """What a server answers to a request, as it stands.

    The SDK's own check turns a whole answer down for one bad part of it.
    """
    session: Any = client.session
    data = request.model_dump(by_alias=True, mode="json", exclude_none=True)
    options: dict[str, Any] = {}
    session._stamp(data, options)
    answer: dict[str, Any] = await session._dispatcher.send_raw_request(
        data["method"], data.get("params"), options
    )
    return answer


async def tools_of(client: Client) -> tuple[list[Tool], list[str]]:
    """Every tool that a server lists, page by page.

    Returns
    -------
    tools : list of Tool
        The good ones.
    left : list of str
        What was left out, and why.
    """
    found: list[Tool] = []
    left: list[str] = []
    seen: set[str | None] = set()
    cursor: str | None = None
    while cursor not in seen and len(seen) < _PAGES:
        seen.add(cursor)
        tools, bad, cursor = await _page(client, cursor)
        found += tools
        left += bad
        if not cursor:
            return found, left
    return found, [*left, "further pages: the server's pages of tools do not end"]


async def _page(client: Client, cursor: str | None) -> tuple[list[Tool], list[str], str | None]:
    from mcp.types import ListToolsRequest, ListToolsResult, PaginatedRequestParams, Tool
    from pydantic import ValidationError

    request = ListToolsRequest(params=PaginatedRequestParams(cursor=cursor))
    answer = await raw_answer(client, request)
    listed = answer.get("tools")
    if not isinstance(listed, list):
        raise SpecError("The MCP server's list of tools is no list.")
    tools: list[Tool] = []
    left: list[str] = []
    for number, one in enumerate(listed, start=1):
        try:
            tools.append(Tool.model_validate(one, by_name=False))
        except ValidationError as error:
            name = one.get("name") if isinstance(one, dict) else None
            place = ".".join(map(str, error.errors()[0]["loc"]))
            why = f"{place}: {error.errors()[0]['msg']}".removeprefix(": ")
            left.append(f"{str(name or f'tool {number} of a page')[:100]}: {why[:200]}")
    session: Any = client.session  # which keeps what the newest servers want repeated in headers
    kept = session._absorb_tool_listing(ListToolsResult(tools=tools), complete=False).tools
    following = answer.get("nextCursor")
    return kept, left, following if isinstance(following, str) else None


def pin(tool: Tool) -> str:
    """A digest of what a tool is: name, description and parameters (promise 23)."""
    return codec.digest([tool.name, tool.description or "", tool.input_schema])


def effect_of(tool: Tool) -> Effect:
    """Whether a tool reads, as its server says; one that says nothing writes."""
    notes = tool.annotations
    return Effect.READ if notes is not None and notes.read_only_hint is True else Effect.WRITE


async def load_mcp(address: str) -> tuple[list[ToolSpec], list[str]]:
    """Describe the tools of an MCP server as specs.

    A tool counts as one that writes unless the server says that it only reads
    (``annotations.readOnlyHint``).

    Parameters
    ----------
    address : str
        See the module's docstring. The program of a stdio address is started, and ended again.

    Returns
    -------
    specs : list of ToolSpec
        With ids ``mcp/<server>/<tool>``.
    left : list of str
        Which tools were left out, and why.

    Raises
    ------
    UsageError
        Where the address or the installation is at fault.
    SpecError
        Where the server cannot be reached or does not answer as it should.
    """
    server = Server.parse(address)
    need_mcp()
    doing = "did not answer initialize"
    try:
        async with asyncio.timeout(CONNECT), connected(server, errors=sys.__stderr__) as client:
            doing = "did not list its tools"
            tools, left = await tools_of(client)
            info = client.server_info
    except (UsageError, SpecError):
        raise
    except TimeoutError:
        raise SpecError(
            f"{address}: the MCP server {doing} within {CONNECT:g} s, and was ended. "
            "See that it answers there."
        ) from None
    except Exception as error:
        raise SpecError(
            f"{address}: no MCP server answered ({reason(error)}). See that it runs there."
        ) from error
    name = (info.name.strip() if info is not None else "") or _named_after(server)
    specs: dict[str, ToolSpec] = {}
    for tool in tools:
        if tool.name in specs and specs[tool.name].binding["pin"] == pin(tool):
            continue
        if tool.name in specs:
            left.append(f"{tool.name}: listed twice; the first is taken")
        elif _deep([tool.input_schema, tool.output_schema or {}]):
            left.append(f"{tool.name}: its schema is nested more than {_DEEPEST} deep")
        else:
            specs[tool.name] = _spec(tool, name, address)
    return list(specs.values()), left


def _named_after(server: Server) -> str:
    return os.path.basename(server.command[0]) if server.command else urlsplit(server.url).netloc


def _spec(tool: Tool, server: str, address: str) -> ToolSpec:
    return ToolSpec(
        id=f"mcp/{server}/{tool.name}",
        category="mcp",
        tool=server,
        name=tool.name,
        description=tool.description or tool.title or "",
        parameters=tool.input_schema,
        returns=tool.output_schema,
        effect=effect_of(tool),
        source="mcp",
        binding={"kind": "mcp", "address": address, "tool": tool.name, "pin": pin(tool)},
    )


def _deep(schema: Any) -> bool:
    """Whether a schema nests too deep for a registry; without recursion."""
    layer = [schema]
    for _ in range(_DEEPEST):
        layer = [
            part
            for value in layer
            for part in (value.values() if isinstance(value, dict) else value)
            if isinstance(part, dict | list)
        ]
        if not layer:
            return False
    return True


def reason(error: BaseException) -> str:
    """The first real error in a group of them, in a line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300].rstrip(": ")
