"""Calls over HTTP: one request, one bounded answer, no surprises in between.

No redirect is followed, no cookie kept, no proxy or credential taken from the environment, and no
more of a body read than the cap allows after decompression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version

import httpx

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.execute import failure
from toolgrove.tools.request import Refused, Request, build_request
from toolgrove.tools.response import Unreadable, observe, read_body

__all__ = ["HttpBackend"]

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_HEADERS = {
    "Accept": "application/json, */*;q=0.5",
    "Accept-Encoding": "gzip",  # what read_body can undo within bounds
    "User-Agent": f"toolgrove/{version('toolgrove')}",
}


class HttpBackend:
    """An :data:`~toolgrove.tools.execute.Execute` for specs bound to HTTP; close it in the end.

    It has no deadline of its own but for connecting: a server that sends a byte now and then
    defeats every timeout of a socket, so :func:`~toolgrove.tools.execute.with_timeout` goes around
    it.

    Parameters
    ----------
    spec_of : callable
        Gives the spec of an id.
    hosts : mapping or None
        Base URL by host name; see :func:`toolgrove.tools.request.build_request`.
    max_bytes : int
        Bytes of an answer that are read, after decompression.
    transport : httpx.AsyncBaseTransport or None
        What connects. Here belongs a policy of which addresses a public name may resolve to.
    """

    def __init__(
        self,
        spec_of: Callable[[str], ToolSpec],
        *,
        hosts: Mapping[str, str] | None = None,
        max_bytes: int = 5_000_000,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._spec_of = spec_of
        self._hosts = {host.lower(): base for host, base in (hosts or {}).items()}
        self._max_bytes = max_bytes
        self._client = httpx.AsyncClient(
            transport=transport,
            headers=_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=10.0),
            trust_env=False,
        )

    async def __call__(self, call: ToolCall) -> Observation:
        spec = self._spec_of(call.name)
        try:
            request = build_request(spec.binding, call.arguments, self._hosts)
            observation = await self._sent(request)
            if observation.status is Status.TIMEOUT:  # a gateway's: the server may be at it still
                return _lost(spec, observation)
            return observation
        except Refused as error:
            return failure(error.status, str(error), attempts=0)
        except Unreadable as error:
            passing = 0.0 if error.passing else None
            status = Status.NOT_WORKING if error.passing else Status.ERROR_IN_MESSAGE
            text = f"The answer is no good: {error}."
            return _lost(spec, failure(status, text, retry_after=passing))
        except httpx.TransportError as error:
            text = f"{type(error).__name__}: {error}".rstrip(": ")
            if isinstance(error, _UNSENT):
                return failure(Status.NOT_WORKING, f"No connection. {text}", retry_after=0)
            text = f"The connection broke. {text}"
            return _lost(spec, failure(Status.NOT_WORKING, text, retry_after=0))

    async def _sent(self, request: Request) -> Observation:
        try:
            built = self._client.build_request(
                request.method, request.url, headers=request.headers, content=request.content
            )
        except httpx.InvalidURL as error:
            raise Refused(Status.INVALID_REQUEST, f"The URL cannot be made: {error}") from error
        response = await self._client.send(built, stream=True)
        try:
            body = await read_body(
                response.aiter_raw(),
                response.headers.get("content-encoding", ""),
                self._max_bytes,
            )
        finally:
            await response.aclose()
        return observe(response.status_code, response.headers, body)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _lost(spec: ToolSpec, observation: Observation) -> Observation:
    """An answer that did not come through; what a write did then is unknown."""
    if spec.effect is Effect.READ:
        return observation
    doubt = "It is unknown whether the call took effect: read the data back."
    return failure(Status.IN_DOUBT, f"{observation.content} {doubt}")
