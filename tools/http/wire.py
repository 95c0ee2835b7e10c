"""One request out, one bounded answer in.

The transport is used directly: an ``httpx.AsyncClient`` keeps cookies, follows redirects, reads
proxies and passwords from the environment and logs URLs with the keys in them, and all of that
would have to be switched off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

import httpx

from toolgrove.tools.http.address import AddressPolicy, origin_of, port_of
from toolgrove.tools.http.request import Request
from toolgrove.tools.http.response import Unreadable, read_body

__all__ = ["NoAnswer", "Send", "Wire", "WireAnswer"]

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_HEADERS = {
    "Accept": "application/json, */*;q=0.5",
    "Accept-Encoding": "gzip",  # what read_body can undo within bounds
    "Connection": "keep-alive",
    "User-Agent": f"toolgrove/{version('toolgrove')}",
}
_MOVED = frozenset({301, 302, 303, 307, 308})
_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """What a server said: its status, its headers by lower-case name, its body decompressed."""

    code: int
    headers: Mapping[str, str]
    body: bytes = b""


class NoAnswer(Exception):
    """A request without an answer that can be used.

    Parameters
    ----------
    text : str
        What happened, in words.
    sent : bool
        Whether the server may have acted on the request.
    passing : bool
        Whether the same request may do better later.
    code : int
        The HTTP status of an answer whose body cannot be used; 0 where no answer came.
    """

    def __init__(self, text: str, *, sent: bool, passing: bool, code: int = 0) -> None:
        self.sent, self.passing, self.code = sent, passing, code
        super().__init__(text)


Send: TypeAlias = Callable[[Request], Awaitable[WireAnswer]]
"""Makes a request; raises :class:`NoAnswer` or :class:`~toolgrove.tools.http.address.Blocked`."""


@dataclass(slots=True)
class _Pool:
    """Connections, and how many requests use them."""

    transport: httpx.AsyncBaseTransport
    users: int = 0
    retired: bool = False


class Wire:
    """A :data:`Send` over httpx; close it in the end.

    Parameters
    ----------
    connect : callable
        Makes what connects (:func:`toolgrove.tools.http.address.guarded_transport`).
    hosts : mapping
        Base URL by host name, for hosts that are served elsewhere.
    addresses : AddressPolicy
        Where a redirect may lead.
    max_bytes : int
        Bytes of an answer that are read, after decompression.
    redirects : int
        Redirects of a read that are followed; a write's never is.
    """

    def __init__(
        self,
        connect: Callable[[], httpx.AsyncBaseTransport],
        *,
        hosts: Mapping[str, str],
        addresses: AddressPolicy,
        max_bytes: int,
        redirects: int = 0,
    ) -> None:
        self._connect = connect
        self._pool = _Pool(connect())
        self._hosts = hosts
        self._addresses = addresses
        self._max_bytes = max_bytes
        self._redirects = redirects

    async def __call__(self, request: Request) -> WireAnswer:
        left = self._redirects
        answer = await self._exchange(request)
        slashed = _slashed(request, answer)
        if slashed is not None:
            request, answer = slashed, await self._exchange(slashed)
        while left and (following := self._next(request, answer)) is not None:
            request, answer = following, await self._exchange(following)
            left -= 1
        return answer

    async def _exchange(self, request: Request) -> WireAnswer:
        try:
            built = httpx.Request(
                request.method,
                self._routed(request.url),
                headers={**_HEADERS, **request.headers},
                content=request.content,
                extensions={"timeout": {"connect": 10.0, "pool": 10.0}},
            )
        except httpx.InvalidURL as error:
            raise NoAnswer(f"The URL cannot be made: {error}", sent=False, passing=False) from error
        pool = self._pool
        pool.users += 1
        code = 0
        try:
            response = await pool.transport.handle_async_request(built)
            code = response.status_code
            try:
                encoding = response.headers.get("content-encoding", "")
                body = await read_body(response.aiter_raw(), encoding, self._max_bytes)
            finally:
                await response.aclose()
        except Unreadable as error:
            text = f"The answer is no good: {error}."
            raise NoAnswer(text, sent=True, passing=error.passing, code=code) from error
        except httpx.TransportError as error:
            text = f"{type(error).__name__}: {error}".rstrip(": ")
            unsent = isinstance(error, _UNSENT)
            text = f"No connection. {text}" if unsent else f"The connection broke. {text}"
            raise NoAnswer(text, sent=not unsent, passing=True) from error
        except asyncio.CancelledError:
            # a pool of httpcore may lose a connection when a request is cut off, and would be used
            # up by many: it is left to those who use it still, and closed by the last of them
            pool.retired = True
            if self._pool is pool:
                self._pool = _Pool(self._connect())
            raise
        finally:
            pool.users -= 1
            if pool.retired and not pool.users:
                await pool.transport.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        location = headers.pop("location", "")
        if location and (code in (201, 202) or 300 <= code < 400):
            headers["location"] = self._named(request.url, location)
        return WireAnswer(code, headers, body)

    def _routed(self, url: str) -> str:
        """A URL where its host is served: elsewhere if ``hosts`` says so."""
        parts = urlsplit(url)
        base = self._hosts.get(parts.hostname or "")
        if base is None:
            return url
        return base.rstrip("/") + url[len(f"{parts.scheme}://{parts.netloc}") :]

    def _named(self, url: str, location: str) -> str:
        """Where a ``Location`` leads, under the name that the host goes by here."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        base = self._hosts.get(parts.hostname or "", origin).rstrip("/")
        try:
            there = urljoin(self._routed(url).partition("?")[0], location)
        except ValueError:
            return location
        return origin + there[len(base) :] if there.startswith((base + "/", base + "?")) else there

    def _next(self, request: Request, answer: WireAnswer) -> Request | None:
        """The request that a redirect asks for, or None where it is not followed.

        Another origin gets nothing of what was for the first: no credential, no declared header.

        Raises
        ------
        Blocked
            Where it leads to an address that the policy does not allow.
        """
        url = answer.headers.get("location", "").partition("#")[0]
        if answer.code not in _MOVED or not url or request.method not in _READS:
            return None
        try:
            here, there = origin_of(request.url), origin_of(url)
        except ValueError:
            return None
        parts = urlsplit(url)
        if "@" in parts.netloc or (here.startswith("https:") and there.startswith("http:")):
            return None
        if parts.hostname not in self._hosts:
            self._addresses.check(parts.hostname or "", port_of(url))
        return replace(request, url=url, headers=request.headers if here == there else {})

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.transport.aclose()


def _slashed(request: Request, answer: WireAnswer) -> Request | None:
    """The same request with a slash more or less at its path's end, where a redirect asks for it.

    Host, port, credentials and query stay, so nothing else is called than what was meant.
    """
    if answer.code not in _MOVED or request.method not in _READS:
        return None
    try:
        to = answer.headers.get("location", "")
        here, there = urlsplit(request.url), urlsplit(to)
        same = origin_of(request.url) == origin_of(to) and "@" not in there.netloc
    except ValueError:
        return None
    paths = sorted((unquote(here.path), unquote(there.path)), key=len)
    if not same or paths[0] + "/" != paths[1] or parse_qsl(here.query) != parse_qsl(there.query):
        return None
    path = here.path + "/" if len(here.path) < len(there.path) else here.path.removesuffix("/")
    return replace(request, url=urlunsplit(here._replace(path=path)))
