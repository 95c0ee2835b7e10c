"""A server that breaks HTTP in the ways that frameworks cannot, and specs that call it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

from toolgrove.data.records import Effect, ToolSpec

__all__ = ["FAULTS", "FaultServer", "fault", "reply"]

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Asked:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FaultServer:
    """Answers each path with the bytes, or by the handler, that a test gave for it."""

    answers: dict[str, list[bytes | Handler]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    base: str = ""
    keeps: bool = False
    """Whether a connection stays open for further requests."""
    connections: int = 0

    def answer(self, path: str, *answers: bytes | Handler) -> None:
        """Answer a path's first request with the first, and so on; the last one stays."""
        self.answers[path] = list(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answered(reader, writer)
            while self.keeps:
                await self._answered(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append(Asked(method, target, headers, body))
        answers = self.answers[target.partition("?")[0]]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(reader, writer)

    async def hang(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Say nothing until the client goes, and note that it went."""
        await reader.read()
        self.left.set()

    async def drip(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send one byte after the other for as long as anybody listens."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.001)  # the speed of the drip
        self.left.set()

    async def reset(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send a TCP reset in place of an answer."""
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    def spec(
        self,
        path: str = "/x",
        *,
        method: str = "GET",
        effect: Effect = Effect.READ,
        places: dict[str, str] | None = None,
    ) -> ToolSpec:
        """A spec of an API here, under a public name that ``hosts`` maps to this server."""
        return ToolSpec(
            id=f"Test/api/{method} {path}",
            category="Test",
            tool="api",
            name=f"{method} {path}",
            effect=effect,
            binding={
                "kind": "http",
                "method": method,
                "url": f"https://api.example{path}",
                "in": places or {},
            },
        )

    @property
    def hosts(self) -> dict[str, str]:
        return {"api.example": self.base}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FaultServer]:
        """Serve on a free port of loopback; all connections are gone in the end."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            try:
                await self.serve(reader, writer)
            except asyncio.CancelledError:  # the end, below
                writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()


def reply(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """An answer with its length and nothing else that is not asked for."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


JSON = "Content-Type: application/json"
_GOOD = b'{"ok":true}'
_BUSY = "503 Service Unavailable"
_MANY = "429 Too Many Requests"

FAULTS: dict[str, str] = {
    "fine": "an answer",
    "reset": "a TCP reset in place of an answer",
    "hang": "no answer, the connection open",
    "drip": "a byte now and then, for ever",
    "short body": "less than the Content-Length",
    "bad chunk": "a chunk without a size",
    "cut chunks": "chunks that end too early",
    "truncated gzip": "gzip that ends too early",
    "no gzip": "gzip that is none",
    "bomb": "1 MB of zeros in 1 kB of gzip",
    "huge header": "a header of 2 MB",
    "NaN": "NaN under application/json",
    "bad UTF-8": "bytes that are no UTF-8 under application/json",
    "page": "HTML under 200",
    "not HTTP": "another protocol",
    "nothing": "a closed connection",
    "busy": "503, Retry-After 0",
    "busy until": "429, Retry-After a date that is past",
    "busy for ever": "429, Retry-After absurd",
    "gateway": "504: the server behind may be at it still",
    "elsewhere": "a redirect to another origin",
    "inside": "a redirect to a metadata service",
    "done, reply lost": "what was asked is done, then a reset",
}
"""What the server can do to a call, by name."""


def fault(server: FaultServer, name: str) -> bytes | Handler:
    """The answer that does what :data:`FAULTS` says of a name."""
    head = "HTTP/1.1 200 OK\r\n"
    zipped = gzip.compress(b'{"a": "bcdefghijklmnop"}', mtime=0)
    raw = {
        "short body": head + "Content-Length: 50\r\n\r\n{}",
        "bad chunk": head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        "cut chunks": head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        "huge header": head + "X: " + "a" * 2_000_000 + "\r\n\r\n",
        "not HTTP": "SSH-2.0-OpenSSH\r\n\r\n",
        "nothing": "",
    }
    if name in raw:
        return raw[name].encode()
    replies = {
        "fine": reply(_GOOD, JSON),
        "truncated gzip": reply(zipped[:20], "Content-Encoding: gzip"),
        "no gzip": reply(_GOOD, "Content-Encoding: gzip"),
        "bomb": reply(_BOMB, "Content-Encoding: gzip"),
        "NaN": reply(b'{"a": NaN}', JSON),
        "bad UTF-8": reply(b'"\xff"', JSON),
        "page": reply(b"<html><body>Sign in</body></html>", "Content-Type: text/html"),
        "busy": reply(b"", "Retry-After: 0", status=_BUSY),
        "busy until": reply(b"", f"Retry-After: {formatdate(0, usegmt=True)}", status=_MANY),
        "busy for ever": reply(b"", "Retry-After: " + "9" * 40, status=_MANY),
        "gateway": reply(b"", status="504 Gateway Timeout"),
        "elsewhere": reply(b"", "Location: http://other.example/x", status="302 Found"),
        "inside": reply(b"", "Location: http://169.254.169.254/x", status="307 Temporary Redirect"),
    }
    if name in replies:
        return replies[name]
    return {
        "reset": server.reset,
        "done, reply lost": server.reset,
        "hang": server.hang,
        "drip": server.drip,
    }[name]


_BOMB = gzip.compress(bytes(1_000_000), mtime=0)
