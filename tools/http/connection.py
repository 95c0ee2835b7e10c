"""Connections that are used again only where nothing came after the answer.

A byte too many on a kept connection shifts every later answer by one: the next call is told what
somebody else asked for. What is left over may lie in three places: in the parser, decrypted inside
TLS, or still in the socket. Of the last httpcore takes care; of the others it does not.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import httpx

__all__ = ["CleanTransport", "WatchedStream"]

_AT_ONCE = 2**20
"""More than asyncio takes from a socket at once, so that nothing waits where nobody looks."""


class WatchedStream(httpcore.AsyncNetworkStream):
    """A connection that tells its pool when it may not be used again.

    Parameters
    ----------
    inner : httpcore.AsyncNetworkStream
        What reads and writes.
    at_once : int
        Bytes that a read takes at least, where they are there.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream, at_once: int = _AT_ONCE) -> None:
        self._inner, self._at_once = inner, at_once
        self.spoilt = False

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> bytes:
        return await self._inner.read(max(max_bytes, self._at_once), timeout)

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        return WatchedStream(inner, at_once=0)  # TLS itself tells what it holds

    def get_extra_info(self, info: str) -> Any:
        # a pool closes an idle connection that is readable: there should be nothing to read
        if info == "is_readable" and (self.spoilt or self._decrypted()):
            return True
        return self._inner.get_extra_info(info)

    def _decrypted(self) -> bool:
        """Whether TLS holds more than was read; asked of an idle connection only."""
        tls = self._inner.get_extra_info("ssl_object")
        if tls is None:
            return False
        try:
            tls.read(1)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            return True
        return True


class CleanTransport(httpx.AsyncHTTPTransport):
    """Gives a connection up when bytes are left over after an answer (promise 3)."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        stream = response.extensions.get("network_stream")
        if isinstance(stream, WatchedStream) and isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _Ending(response.stream, stream, self._pool)
        return response


class _Ending(httpx.AsyncByteStream):
    """An answer's body, and a look behind it when it is closed."""

    def __init__(self, inner: httpx.AsyncByteStream, stream: WatchedStream, pool: Any) -> None:
        self._inner, self._stream, self._pool = inner, stream, pool

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            yield chunk

    async def aclose(self) -> None:
        self._stream.spoilt = self._stream.spoilt or self._left_over()
        await self._inner.aclose()

    def _left_over(self) -> bool:
        """Whether the parser holds bytes behind the answer; httpcore shows its parser to nobody."""
        for connection in self._pool.connections:
            http: Any = getattr(connection, "_connection", None)
            if http is not None and http._network_stream is self._stream:
                return bool(http._h11_state.trailing_data[0])
        return False
