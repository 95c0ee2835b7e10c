"""Calls over HTTP: one request, one bounded answer, no surprises in between.

No cookie is kept, no proxy or credential taken from the environment, no redirect followed unless
asked for, no more of a body read than the cap allows after decompression, and no connection made
but to an address that was checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from toolgrove.data import codec
from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.calls.idempotency import key_header
from toolgrove.tools.http.address import (
    AddressPolicy,
    Blocked,
    guarded_transport,
    origin_of,
    port_of,
)
from toolgrove.tools.http.endpoint import check_endpoint
from toolgrove.tools.http.pages import next_arguments
from toolgrove.tools.http.request import Refused, Request, build_request
from toolgrove.tools.http.response import Expected, Unreadable, observe, status_line
from toolgrove.tools.http.verdict import IN_WORDS, is_report, status_of
from toolgrove.tools.http.wire import NoAnswer, Wire, WireAnswer
from toolgrove.tools.returns import Returns
from toolgrove.tools.secrets import SecretStore, authorize

if TYPE_CHECKING:
    import httpx

    from toolgrove.tools.calls.cassette import Cassette

__all__ = ["HttpBackend"]


class HttpBackend:
    """The ``Execute`` of specs bound to HTTP; close it in the end.

    It has no deadline of its own but for connecting: a server that sends a byte now and then
    defeats every timeout of a socket, so
    :func:`~toolgrove.tools.calls.stack.with_timeout` goes around it.

    Parameters
    ----------
    spec_of : callable
        Gives the spec of an id.
    hosts : mapping or None
        Base URL by host name, for hosts that are served elsewhere than their specs say.
    addresses : AddressPolicy
        Where it may connect besides public addresses and ``hosts``.
    secrets : SecretStore or None
        Where credentials are found; None looks in the environment and the keyring.
    keys : callable or None
        Gives the stored idempotency key of a call; see :mod:`toolgrove.tools.calls.idempotency`.
    max_bytes : int
        Bytes of an answer that are read, after decompression.
    redirects : int
        Redirects of a read that are followed.
    transport : httpx.AsyncBaseTransport or None
        What connects; None is the guarded one.
    path_slashes : tuple of str
        Ids, or patterns of ids, of tools whose path values may hold slashes.
    cassette : Cassette or None
        Goes around each exchange, to record or replay it (:mod:`toolgrove.tools.calls.cassette`).
    """

    def __init__(
        self,
        spec_of: Callable[[str], ToolSpec],
        *,
        hosts: Mapping[str, str] | None = None,
        addresses: AddressPolicy = AddressPolicy(),  # noqa: B008 - frozen
        secrets: SecretStore | None = None,
        keys: Callable[[ToolCall], str] | None = None,
        max_bytes: int = 5_000_000,
        redirects: int = 0,
        path_slashes: tuple[str, ...] = (),
        transport: httpx.AsyncBaseTransport | None = None,
        cassette: Cassette | None = None,
    ) -> None:
        self._spec_of = spec_of
        self._hosts = {host.lower(): base for host, base in (hosts or {}).items()}
        self._addresses = _with_mapped(addresses, self._hosts)
        self._secrets = SecretStore() if secrets is None else secrets
        self._keys = keys
        self._wire = Wire(
            lambda: guarded_transport(self._addresses) if transport is None else transport,
            hosts=self._hosts,
            addresses=self._addresses,
            max_bytes=max_bytes,
            redirects=redirects,
        )
        self._path_slashes = path_slashes
        self._cassette = cassette

    async def __call__(self, call: ToolCall) -> Observation:
        spec = self._spec_of(call.name)
        try:
            answer = await self._exchanged(spec, call)
            observation = observe(answer.code, answer.headers, answer.body, Expected.of(spec))
            if observation.status is Status.OK:
                return self._taken(spec, call, answer, observation)
            if observation.status is Status.TIMEOUT:  # a gateway's: the server may be at it still
                return _lost(spec, observation)
            return observation
        except Refused as error:
            return failure(error.status, str(error), attempts=0)
        except Blocked as error:
            return failure(Status.NOT_WORKING, str(error), attempts=0)
        except Unreadable as error:
            return _lost(spec, _unusable(f"The answer is no good: {error}.", error.passing))
        except NoAnswer as error:
            return _unanswered(spec, error)

    async def _exchanged(self, spec: ToolSpec, call: ToolCall) -> WireAnswer:
        async def send(request: Request) -> WireAnswer:
            secret, key = self._secrets.get, self._keys
            return await self._wire(self._complete(spec, call, request, secret, key))

        request = self._request(spec, call)
        return await (send(request) if self._cassette is None else self._cassette(request, send))

    def _taken(
        self, spec: ToolSpec, call: ToolCall, answer: WireAnswer, observation: Observation
    ) -> Observation:
        """The observation, unless it is none of what is documented, and what follows it."""
        try:
            value = codec.loads(observation.content)
        except (ValueError, RecursionError):
            value = None
        if _is_another(spec, value):
            return failure(Status.NOT_WORKING, observation.content)
        if "query" not in (spec.binding.get("in") or {}).values():
            return observation
        url = self._request(spec, call).url
        more = next_arguments(spec, call.arguments, url, answer.headers, value)
        return observation if more is None else replace(observation, more=more)

    def preview(self, call: ToolCall) -> str:
        """The request that a call would be, with the names of secrets in place of them.

        Raises
        ------
        Refused, Blocked
            Where it would not be made.
        """
        spec = self._spec_of(call.name)
        request = self._complete(
            spec,
            call,
            self._request(spec, call),
            lambda name, origin: f"secret-{name}",
            self._keys and (lambda call: "stored-before-it-is-sent"),
        )
        lines = [f"{request.method} {request.url}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        if request.content is not None:
            lines += ["", request.content.decode("utf-8", "replace")]
        return "\n".join(lines)

    def _request(self, spec: ToolSpec, call: ToolCall) -> Request:
        """A call's request under the name that its spec gives the host, without credentials."""
        url = str(spec.binding.get("url", ""))
        try:
            origin_of(url)
        except ValueError:
            raise Refused(Status.NOT_WORKING, "its binding has no plain http(s) URL") from None
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}"
        slashes = any(fnmatchcase(spec.id, pattern) for pattern in self._path_slashes)
        hosts = {parts.hostname or "": base}
        request = build_request(spec.binding, call.arguments, hosts, slashes=slashes)
        check_endpoint(spec.binding, request.url)
        return request

    def _complete(
        self,
        spec: ToolSpec,
        call: ToolCall,
        request: Request,
        secret: Callable[[str, str], str],
        key: Callable[[ToolCall], str] | None,
    ) -> Request:
        """A request that may leave: its host allowed, its key stored, its credentials added."""
        host = urlsplit(request.url).hostname or ""
        if host not in self._hosts:
            self._addresses.check(host, port_of(request.url))
        header = key_header(spec)
        if key is not None and header:
            request = replace(request, headers={**request.headers, header: key(call)})
        return authorize(request, spec.binding.get("security"), origin_of(request.url), secret)

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()


def _is_another(spec: ToolSpec, value: object) -> bool:
    """Whether a read's answer is a mere report, where the specification documents more."""
    judged = spec.effect is Effect.READ and spec.source not in IN_WORDS and spec.returns
    return bool(judged) and is_report(value) and Returns([spec.returns]).turns_down(value)


def _unusable(text: str, passing: bool) -> Observation:
    status = Status.NOT_WORKING if passing else Status.ERROR_IN_MESSAGE
    return failure(status, text, retry_after=0 if passing else None)


def _unanswered(spec: ToolSpec, error: NoAnswer) -> Observation:
    """A call whose answer did not come, or cannot be read; its status may tell enough."""
    if error.code >= 300:
        return failure(status_of(error.code), f"{status_line(error.code)}. {error}")
    observation = _unusable(str(error), error.passing)
    if not error.sent:
        return observation
    if error.code and not error.passing and spec.effect is Effect.WRITE:
        content = f"{status_line(error.code)}: it is done. {error}"
        return Observation(Status.OK, content, len(content))
    return _lost(spec, observation)


def _lost(spec: ToolSpec, observation: Observation) -> Observation:
    """An answer that did not come through; what a write did then is unknown."""
    if spec.effect is Effect.READ:
        return observation
    doubt = "It is unknown whether the call took effect: read the data back."
    return failure(
        Status.IN_DOUBT, f"{observation.content} {doubt}", retry_after=observation.retry_after
    )


def _with_mapped(addresses: AddressPolicy, hosts: Mapping[str, str]) -> AddressPolicy:
    """The policy, with the places that ``hosts`` maps to allowed by name."""
    bases = {origin_of(base).partition("//")[2] for base in hosts.values()}
    return replace(addresses, hosts=addresses.hosts | bases)
