"""A server that breaks HTTP in the ways that frameworks cannot, and specs that call it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from toolgrove.data.records import Effect, ToolSpec

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

    def answer(self, path: str, *answers: bytes | Handler) -> None:
        """Answer a path's first request with the first, and so on; the last one stays."""
        self.answers[path] = list(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
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
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

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
                await asyncio.sleep(0)
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


@pytest.fixture
async def faults() -> AsyncIterator[FaultServer]:
    """A running fault server; it is gone when the test is over."""
    fault_server = FaultServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await fault_server.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fault_server.base = f"http://127.0.0.1:{port}"
    yield fault_server
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await server.wait_closed()


def reply(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """An answer with its length and nothing else that is not asked for."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture(name="reply")
def _reply() -> Callable[..., bytes]:
    return reply
