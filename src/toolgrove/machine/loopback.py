"""Servers of our own on this machine: where they listen, and whom they answer.

They listen on 127.0.0.1 only. That alone does not keep a page in a browser from calling them under
a name that an attacker lets resolve to 127.0.0.1 (DNS rebinding), so :class:`Guard` refuses a
foreign Host or Origin (promise 25).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Awaitable, Callable, Collection, Iterator, MutableMapping
from contextlib import contextmanager
from threading import Thread
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from toolgrove.errors import UsageError

__all__ = ["LOCAL", "App", "Guard", "TooLarge", "bounded_body", "listen", "serving"]

AsgiScope: TypeAlias = MutableMapping[str, Any]
AsgiReceive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
AsgiSend: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[AsgiScope, AsgiReceive, AsgiSend], Awaitable[None]]
"""An ASGI application."""

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names of this machine that a request may carry."""

_HOST = re.compile(r"(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+))(?::[0-9]{1,5})?")


class Guard:
    """ASGI middleware that answers 403 to a foreign Host or Origin.

    Parameters
    ----------
    app : App
        What is guarded.
    hosts : collection of str
        Names, in lower case, under which it may be called besides :data:`LOCAL`.
    """

    def __init__(self, app: App, hosts: Collection[str] = ()) -> None:
        self.app, self.hosts = app, LOCAL.union(hosts)

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        if scope["type"] == "lifespan" or self._welcome(scope["headers"]):
            await self.app(scope, receive, send)
            return
        body = b'{"error":"A foreign Host or Origin is refused."}'
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _welcome(self, headers: Collection[tuple[bytes, bytes]]) -> bool:
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        return (
            len(hosts) == 1
            and _host(hosts[0]) in self.hosts
            and all(_origin_host(origin) in self.hosts for origin in origins)
        )


def _host(text: str) -> str:
    """The name in a Host header, without its port; empty where it is none."""
    found = _HOST.fullmatch(text)
    return (found[1] or found[2]).lower() if found else ""


def _origin_host(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return _host(parts.netloc) if parts.scheme in ("http", "https") else ""


class TooLarge(Exception):
    """A request's body is larger than it may be."""


async def bounded_body(chunks: Any, limit: int) -> bytes:
    """A request's body from its stream of chunks, of ``limit`` bytes at most.

    Raises
    ------
    TooLarge
        As soon as it is larger; nothing more is read then.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"The body is larger than {limit} bytes.")
    return bytes(body)


@contextmanager
def serving(make: Callable[[], Any], port: int = 0, *, name: str = "toolgrove") -> Iterator[str]:
    """Serve an ASGI application on 127.0.0.1 by a thread until the block ends.

    Parameters
    ----------
    make : callable
        Makes the App, of which the lifespan is run in the thread's event loop.
    port : int
        Where to listen; 0 takes a free port.
    name : str
        The thread's name.

    Yields
    ------
    str
        The base URL, such as ``http://127.0.0.1:43121``.

    Raises
    ------
    UsageError
        Where the port cannot be had, or uvicorn or starlette is not installed.
    """
    try:
        import uvicorn

        app = make()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise UsageError(
            "serving needs uvicorn and starlette: pip install 'toolgrove[world]'"
        ) from error
    listener = listen(port)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listener],), name=name, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def listen(port: int) -> socket.socket:
    """A listening socket, so that a client that comes before the thread is up has to wait only.

    Raises
    ------
    UsageError
        Where the port cannot be had.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(f"cannot listen on 127.0.0.1:{port}: {error}. Try another port.") from None
    return listener
