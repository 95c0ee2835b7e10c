"""What makes the calls of a kind of tools: the table of backends by a binding's ``kind``.

A backend is made when the first call needs it, so that a run without HTTP calls makes no client.
What holds for all calls (policy, pins, one deadline, scrubbing, truncation) stands around it and is
not its business; limits, retries and the like are, where its kind has use for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from toolgrove.data.records import ToolCall, ToolSpec
from toolgrove.plugins import Plugins
from toolgrove.tools.calls.breaker import with_breaker
from toolgrove.tools.calls.execute import Execute, with_retry
from toolgrove.tools.calls.limits import with_limits
from toolgrove.tools.http.network import Network
from toolgrove.tools.registry import Registry
from toolgrove.tools.secrets import SecretStore

if TYPE_CHECKING:
    from toolgrove.tools.calls.cassette import Cassette

__all__ = [
    "BACKENDS",
    "Backend",
    "BackendContext",
    "BackendFactory",
    "backend_factory",
    "virtual_backend",
]


@dataclass(frozen=True, slots=True)
class BackendContext:
    """What a backend may need to know of the run that it makes calls for.

    Parameters
    ----------
    registry : Registry
        What can be called.
    spec_of : callable
        Gives the spec of an id; what the run was offered, whatever is added meanwhile.
    secrets : SecretStore
        Where credentials are found.
    trusted : collection of str
        What a catalogue on disk may run: modules, ``module:object``, addresses of MCP servers.
    hosts : mapping
        Base URL by host name, for APIs that are served elsewhere than their spec says.
    network : Network
        Where calls may go, and how often. Hosts that ``hosts`` maps are not limited.
    timeout : float
        Seconds a call may take, retries included.
    attempts : int
        How often a read is made at most.
    rng : Random or None
        Draws the jitter of retries.
    keys : callable or None
        Gives the stored idempotency key of a call; None stores none.
    cassette : Cassette or None
        Records exchanges, or replays them.
    virtual : str or None
        URL of a virtual API server that answers all calls.
    """

    registry: Registry
    spec_of: Callable[[str], ToolSpec]
    secrets: SecretStore = field(default_factory=SecretStore)
    trusted: Collection[str] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    network: Network = field(default_factory=Network)
    timeout: float = 30.0
    attempts: int = 3
    rng: Random | None = None
    keys: Callable[[ToolCall], str] | None = None
    cassette: Cassette | None = None
    virtual: str | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """Makes calls, and is closed when the run ends.

    Parameters
    ----------
    execute : Execute
        Makes a call. It gives an observation for whatever a tool does, and raises for nothing of
        it.
    close : callable or None
        Lets go of connections.
    preview : callable or None
        A call in words, for approval and dry runs, where its arguments alone do not tell it.
    """

    execute: Execute
    close: Callable[[], Awaitable[None]] | None = None
    preview: Callable[[ToolCall], str] | None = None


class BackendFactory(Protocol):
    """Makes the backend of one kind for a run."""

    def __call__(self, context: BackendContext, /) -> Backend: ...


def backend_factory(
    kind: str, given: Mapping[str, BackendFactory] | None = None
) -> BackendFactory | None:
    """What makes the backend for tools whose binding is of a kind, or None where nothing does.

    Parameters
    ----------
    kind : str
        ``binding["kind"]`` of a spec.
    given : mapping or None
        Factories by kind that come before those that are built in or installed.

    Raises
    ------
    UsageError
        Where an installed package has one that cannot be loaded.

    Examples
    --------
    >>> backend_factory("carrier pigeon") is None
    True
    """
    if given is not None and kind in given:
        return given[kind]
    return BACKENDS.get(kind)


def _http(context: BackendContext, /) -> Backend:
    """Limited, retried, behind a circuit breaker; what is replayed needs no such politeness."""
    from toolgrove.tools.calls.idempotency import repeatable
    from toolgrove.tools.http.backend import HttpBackend

    spec_of, network, cassette = context.spec_of, context.network, context.cassette
    replayed = cassette is not None and not cassette.live
    mapped = {host.lower() for host in context.hosts}
    http = HttpBackend(
        spec_of,
        hosts=context.hosts,
        addresses=network.addresses,
        secrets=context.secrets,
        keys=context.keys,
        max_bytes=network.max_bytes,
        redirects=network.redirects,
        cassette=cassette,
    )

    def host_of(call: ToolCall) -> str | None:
        parts = urlsplit(str(spec_of(call.name).binding.get("url", "")))
        return None if parts.hostname in mapped else parts.netloc.lower()

    execute = with_retry(
        http if replayed else with_limits(http, host_of, network.limits),
        spec_of,
        attempts=context.attempts,
        repeatable=lambda spec: repeatable(spec, keyed=context.keys is not None),
        within=context.timeout,
        base=0 if replayed else 0.5,
        rng=context.rng,
        sleep=_no_wait if replayed else asyncio.sleep,
    )
    if not replayed:
        execute = with_breaker(execute, host_of, failures=network.failures, seconds=network.pause)
    return Backend(execute, http.close, http.preview)


async def _no_wait(seconds: float) -> None:
    await asyncio.sleep(0)


def _mcp(context: BackendContext, /) -> Backend:
    from toolgrove.tools.mcp.backend import McpBackend

    mcp = McpBackend(context.spec_of, trusted=context.trusted, secrets=context.secrets)
    execute = with_retry(
        mcp,
        context.spec_of,
        attempts=context.attempts,
        within=context.timeout,
        rng=context.rng,
    )
    return Backend(execute, mcp.close)


def _python(context: BackendContext, /) -> Backend:
    """Never retried: functions do that themselves."""
    from toolgrove.tools.python.backend import python_backend

    return Backend(python_backend(context.registry, context.trusted))


def _langchain(context: BackendContext, /) -> Backend:
    """Never retried: LangChain's tools do that themselves."""
    from toolgrove.tools.python.langchain import langchain_backend

    return Backend(langchain_backend(context.registry, context.trusted))


def virtual_backend(context: BackendContext, /) -> Backend:
    """The backend of a virtual API server, whatever tools are bound to; no binding asks for it."""
    from toolgrove.tools.virtual.backend import VirtualBackend

    assert context.virtual is not None
    apis = VirtualBackend(context.virtual, context.spec_of)
    return Backend(apis, apis.close)


BACKENDS: Plugins[BackendFactory] = Plugins(
    "backends",
    {"http": _http, "langchain": _langchain, "mcp": _mcp, "python": _python},
    lambda kind, factory: "" if callable(factory) else "a backend is a callable that makes one",
)
"""What makes a backend, by the kind of binding."""
