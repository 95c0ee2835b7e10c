"""Calls of tools of MCP servers: one session a server, and every trouble an observation.

A session lives in a task of its own, since what opens it has to close it. Calls of one server run
side by side. A server that died is connected to again at the next call, after a wait that grows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import ToolgroveError
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.http.request import Refused
from toolgrove.tools.mcp.answer import error_text, observed
from toolgrove.tools.mcp.source import (
    CONNECT,
    Server,
    connected,
    effect_of,
    pin,
    raw_answer,
    reason,
    tools_of,
)

if TYPE_CHECKING:
    from mcp import Client

    from toolgrove.tools.secrets import SecretStore

__all__ = ["McpBackend"]

_BASE, _LONGEST = 0.5, 30.0


class McpBackend:
    """The ``Execute`` of specs bound to MCP; close it in the end.

    Parameters
    ----------
    spec_of : callable
        Gives the spec of an id.
    trusted : collection of str
        Addresses that may be connected to. A catalogue is data and must not choose which program
        is started or which host is spoken to.
    relist : float
        Seconds after which a server's list of tools is read again before a call, so that one
        that changes a tool under the session is noticed.
    secrets : SecretStore, optional
        Where the bearer tokens that addresses name are found.
    """

    def __init__(
        self,
        spec_of: Callable[[str], ToolSpec],
        *,
        trusted: Collection[str],
        relist: float = 60.0,
        secrets: SecretStore | None = None,
    ) -> None:
        self._spec_of, self._trusted = spec_of, frozenset(trusted)
        self._relist, self._secrets = relist, secrets
        self._links: dict[str, _Link] = {}

    async def __call__(self, call: ToolCall) -> Observation:
        spec = self._spec_of(call.name)
        address = str(spec.binding.get("address", ""))
        if address not in self._trusted:
            text = f"{address} is not trusted here. Index it on this machine to use it."
            return failure(Status.NOT_WORKING, text, attempts=0)
        link = self._links.setdefault(address, _Link(address, self._relist, self._secrets))
        try:
            client, pins = await link.ready()
        except _Waiting as error:
            return failure(Status.NOT_WORKING, str(error), attempts=0, retry_after=error.seconds)
        except (Refused, ToolgroveError) as error:
            return failure(Status.NOT_WORKING, str(error), attempts=0)
        except Exception as error:
            text = f"No connection to the MCP server. {reason(error)}"
            return failure(Status.NOT_WORKING, text, attempts=0, retry_after=0)
        name = str(spec.binding.get("tool", ""))
        if pins.get(name) != (spec.binding.get("pin"), spec.effect):
            what = "was changed" if name in pins else "is gone"
            text = (
                f"The tool {what} on its MCP server since it was indexed, so it is not called. "
                f"Whoever runs this may look at it and index it again: toolgrove index '{address}'"
            )
            return failure(Status.NOT_WORKING, text, attempts=0)
        return await self._made(link, client, spec, name, dict(call.arguments))

    async def _made(
        self, link: _Link, client: Client, spec: ToolSpec, name: str, arguments: dict[str, Any]
    ) -> Observation:
        from mcp import MCPError
        from mcp.types import CONNECTION_CLOSED, INVALID_PARAMS, METHOD_NOT_FOUND

        try:
            return await _called(client, name, arguments)
        except MCPError as error:
            if error.code in (INVALID_PARAMS, METHOD_NOT_FOUND):
                return failure(
                    Status.INVALID_REQUEST, f"The MCP server refused: {error_text(error)}"
                )
            text = f"The MCP server failed: {error_text(error)}"
            if error.code != CONNECTION_CLOSED:
                return failure(Status.ERROR_IN_MESSAGE, text)
            link.drop(client)
            return _lost(spec, text)
        except Exception as error:  # no server's answer, however odd, ends a run
            link.drop(client)
            return _lost(spec, f"The MCP server's answer is no good. {reason(error)}")

    async def close(self) -> None:
        """End every session, and the programs that were started."""
        await asyncio.gather(*(link.close() for link in self._links.values()))


async def _called(client: Client, name: str, arguments: dict[str, Any]) -> Observation:
    """Make the call.

    Not by ``Client.call_tool``: that runs the server's output schema, whose patterns may take for
    ever, over the answer.
    """
    from mcp.types import CallToolRequest, CallToolRequestParams

    request = CallToolRequest(params=CallToolRequestParams(name=name, arguments=arguments))
    return observed(await raw_answer(client, request))


def _lost(spec: ToolSpec, text: str) -> Observation:
    """What becomes of a call whose answer did not come through."""
    if spec.effect is Effect.READ:
        return failure(Status.NOT_WORKING, text, retry_after=0)
    doubt = "It is unknown whether the call took effect: read the data back."
    return failure(Status.IN_DOUBT, f"{text} {doubt}")


class _Waiting(Exception):
    """The server failed a moment ago; after ``seconds`` it is tried again."""

    def __init__(self, seconds: float, last: str) -> None:
        super().__init__(f"The MCP server could not be reached a moment ago. {last}")
        self.seconds = seconds


class _Link:
    """The way to one server: its session while there is one, and when to try again."""

    def __init__(self, address: str, relist: float, secrets: SecretStore | None) -> None:
        self._server = Server.parse(address)
        self._relist, self._secrets = relist, secrets
        self._session: _Session | None = None
        self._failures, self._not_before, self._last = 0, 0.0, ""
        self._closing: set[asyncio.Task[None]] = set()

    async def ready(self) -> tuple[Client, dict[str, tuple[str, Effect]]]:
        """A live client, the pin and effect of each of its tools; connects where need be."""
        if self._session is not None and self._session.ended:
            self._end()
        if self._session is None:
            wait = self._not_before - time.monotonic()
            if wait > 0:
                raise _Waiting(wait, self._last)
            self._session = _Session(self._server, self._secrets)
        session = self._session
        try:
            # one caller's deadline is not the others': the session goes on opening
            client = await asyncio.shield(session.opened)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if self._session is session:
                self._fail(reason(error))
            raise
        try:
            pins = await session.pins(client, self._relist)
        except Exception as error:
            self.drop(client)
            self._last = reason(error)
            raise
        self._failures = 0
        return client, pins

    def _fail(self, last: str) -> None:
        self._end()
        wait = min(_LONGEST, _BASE * 2**self._failures)
        self._failures, self._last = self._failures + 1, last
        self._not_before = time.monotonic() + wait

    def drop(self, client: Client) -> None:
        """Give a session up whose server is gone; the next call makes a new one."""
        if self._session is not None and self._session.client is client:
            self._end()

    def _end(self) -> None:
        if self._session is not None:
            task = asyncio.create_task(self._session.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._session = None

    async def close(self) -> None:
        self._end()
        await asyncio.gather(*self._closing)


class _Session:
    """One session, opened and closed by a task of its own."""

    def __init__(self, server: Server, secrets: SecretStore | None) -> None:
        self.client: Client | None = None
        self.opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._pins: dict[str, tuple[str, Effect]] = {}
        self._listed = 0.0
        self._listing = asyncio.Lock()
        self._done = asyncio.Event()
        self._task = asyncio.create_task(self._live(server, secrets), name=f"mcp {server.address}")

    @property
    def ended(self) -> bool:
        """Whether it was open and is not any more: its transport broke."""
        return self.client is not None and self._task.done()

    async def _live(self, server: Server, secrets: SecretStore | None) -> None:
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(CONNECT):
                    way = connected(server, secrets=secrets)
                    client = await stack.enter_async_context(way)
                    await self._list(client)
                self.client = client
                self.opened.set_result(client)
                await self._done.wait()
        except TimeoutError:
            self._refuse(TimeoutError(f"{server.address} was not ready within {CONNECT:g} s."))
        except Exception as error:  # whoever waits is told; after that, closing is all that is left
            self._refuse(error)

    def _refuse(self, error: Exception) -> None:
        if not self.opened.done():
            self.opened.set_exception(error)
            self.opened.exception()  # looked at, also where every caller has given up

    async def _list(self, client: Client) -> None:
        tools, _ = await tools_of(client)
        self._pins = {  # the first of a name
            tool.name: (pin(tool), effect_of(tool)) for tool in reversed(tools)
        }
        self._listed = time.monotonic()

    async def pins(self, client: Client, relist: float) -> dict[str, tuple[str, Effect]]:
        async with self._listing:
            if time.monotonic() - self._listed > relist:
                await self._list(client)
        return self._pins

    async def close(self) -> None:
        self._done.set()
        if not self.opened.done():
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._refuse(ConnectionError("closed while it was opening"))
