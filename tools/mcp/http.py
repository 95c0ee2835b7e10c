"""The HTTP transport of MCP sessions: answers of bounded size, and none that is compressed.

Imported only where a session over HTTP is opened, since httpx2 comes with the extra ``mcp``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

__all__ = ["MAX_BYTES", "Bounded"]

MAX_BYTES = 10_000_000
"""Bytes of one answer to a call; the stream of notifications, which is long, has no such end."""


class Bounded(httpx2.AsyncBaseTransport):
    """Ends an answer that grows beyond a bound (promise 18).

    A few bytes of gzip may unpack to gigabytes, so nothing compressed is asked for or taken.

    Parameters
    ----------
    inner : httpx2.AsyncBaseTransport
        What connects.
    max_bytes : int
        Bytes of the body of an answer to a POST.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, max_bytes: int = MAX_BYTES) -> None:
        self._inner, self._max_bytes = inner, max_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding.lower() not in ("", "identity"):
            await response.aclose()
            response.headers.pop("Content-Encoding")
            response.stream = _Refused(f"the answer is compressed ({encoding[:40]}) unasked")
        elif request.method == "POST" and isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Counted(response.stream, self._max_bytes)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, left: int) -> None:
        self._inner, self._left = inner, left

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._left -= len(chunk)
            if self._left < 0:
                # of this class, since the SDK ends only the one call then, not the session
                raise httpx2.StreamError("the answer is larger than it may be")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Refused(httpx2.AsyncByteStream):
    def __init__(self, why: str) -> None:
        self._why = why

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise httpx2.StreamError(self._why)

    async def aclose(self) -> None:
        pass
