"""What makes the calls of a kind of tools: the table of backends by a binding's ``kind``.

A backend is made when the first call needs it, so that a run without HTTP calls makes no client.
What holds for all calls (policy, pins, one deadline, scrubbing, truncation) stands around it and is
not its business; limits, retries and the like are, where its kind has use for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from toolgrove.data.records import ToolCall, ToolSpec
from toolgrove.plugins import Plugins
from toolgrove.tools.calls.breaker import with_breaker
from toolgrove.tools.calls.execute import Execute, with_retry
from toolgrove.tools.calls.limits import with_limits
from toolgrove.tools.calls.settings import CallSettings
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
    settings : CallSettings
        How calls are made.
    spec_of : callable
        Gives the spec of an id; what the run was offered, whatever is added meanwhile.
    secrets : SecretStore
        Where credentials are found.
    rng : Random or None
        Draws the jitter of retries.
    keys : callable or None
        Gives the stored idempotency key of a call; None stores none.
    cassette : Cassette or None
        Records exchanges, or replays them.
    """

    registry: Registry
    settings: CallSettings
    spec_of: Callable[[str], ToolSpec]
    secrets: SecretStore = field(default_factory=SecretStore)
    rng: Random | None = None
    keys: Callable[[ToolCall], str] | None = None
    cassette: Cassette | None = None


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
    shared : bool
        Whether nothing in it is of one run, so that an agent's other runs have the same.
    """

    execute: Execute
    close: Callable[[], Awaitable[None]] | None = None
    preview: Callable[[ToolCall], str] | None = None
    shared: bool = False


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

    spec_of, settings, cassette = context.spec_of, context.settings, context.cassette
    network = settings.network
    replayed = cassette is not None and not cassette.live
    mapped = {host.lower() for host in settings.hosts}
    http = HttpBackend(
        spec_of,
        hosts=settings.hosts,
        addresses=network.addresses,
        secrets=context.secrets,
        keys=context.keys,
        max_bytes=network.max_bytes,
        redirects=network.redirects,
        path_slashes=network.path_slashes,
        cassette=cassette,
    )

    def host_of(call: ToolCall) -> str | None:
        try:
            parts = urlsplit(str(spec_of(call.name).binding.get("url", "")))
        except ValueError:
            return None  # it goes nowhere, which the backend says
        return None if parts.hostname in mapped else parts.netloc.lower()

    execute = with_retry(
        http if replayed else with_limits(http, host_of, network.limits),
        spec_of,
        attempts=settings.attempts,
        repeatable=lambda spec: repeatable(spec, keyed=context.keys is not None),
        within=settings.seconds,
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

    mcp = McpBackend(context.spec_of, trusted=context.settings.trusted, secrets=context.secrets)
    execute = with_retry(
        mcp,
        context.spec_of,
        attempts=context.settings.attempts,
        within=context.settings.seconds,
        rng=context.rng,
    )
    return Backend(execute, mcp.close)


def _python(context: BackendContext, /) -> Backend:
    """Never retried: functions do that themselves."""
    from toolgrove.tools.python.backend import python_backend

    return Backend(python_backend(context.registry, context.settings.trusted), shared=True)


def _langchain(context: BackendContext, /) -> Backend:
    """Never retried: LangChain's tools do that themselves."""
    from toolgrove.tools.python.langchain_backend import langchain_backend

    return Backend(langchain_backend(context.registry, context.settings.trusted), shared=True)


def virtual_backend(context: BackendContext, /) -> Backend:
    """The backend of a virtual API server, whatever tools are bound to; no binding asks for it."""
    from toolgrove.tools.virtual.backend import VirtualBackend

    apis = VirtualBackend(str(context.settings.apis), context.spec_of)
    return Backend(apis, apis.close)


BACKENDS: Plugins[BackendFactory] = Plugins(
    "backends",
    {"http": _http, "langchain": _langchain, "mcp": _mcp, "python": _python},
    lambda kind, factory: "" if callable(factory) else "a backend is a callable that makes one",
)
"""What makes a backend, by the kind of binding."""
