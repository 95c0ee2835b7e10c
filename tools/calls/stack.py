"""The one place where backends and wrappers are stacked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from toolgrove.data import codec
from toolgrove.data.records import Observation, Status, ToolCall
from toolgrove.errors import CatalogError, ReplayMiss
from toolgrove.tools.calls.breaker import with_breaker
from toolgrove.tools.calls.execute import (
    Execute,
    failure,
    with_retry,
    with_timeout,
    with_truncation,
)
from toolgrove.tools.calls.limits import with_limits
from toolgrove.tools.calls.pins import with_pins
from toolgrove.tools.calls.policy import Policy, with_policy
from toolgrove.tools.http.network import Network
from toolgrove.tools.registry import Registry
from toolgrove.tools.secrets import SecretStore, scrubbed_logs, with_scrubbing

if TYPE_CHECKING:
    from toolgrove.tools.calls.cassette import Cassette
    from toolgrove.tools.http.backend import HttpBackend

__all__ = ["build_stack"]


@asynccontextmanager
async def build_stack(
    registry: Registry,
    *,
    timeout: float = 30.0,  # noqa: ASYNC109 - of each call, not of this function
    attempts: int = 3,
    limit: int = 2048,
    store: Callable[[str], str] | None = None,
    hosts: Mapping[str, str] | None = None,
    trusted: Collection[str] = (),
    rng: Random | None = None,
    network: Network = Network(),  # noqa: B008 - frozen
    policy: Policy = Policy(),  # noqa: B008 - frozen
    secrets: SecretStore | None = None,
    keys: Callable[[ToolCall], str] | None = None,
    pins: Mapping[str, str] | None = None,
    cassette: Cassette | None = None,
    virtual: str | None = None,
) -> AsyncIterator[Execute]:
    """Make an :data:`Execute` for a registry's tools, and close its connections in the end.

    From the outside in: the policy is asked, the answer is cut and the whole of it kept, secrets
    are scrubbed, one deadline holds for the call with its retries, and the spec's
    ``binding["kind"]`` chooses the backend: ``http`` (limited, retried, behind a circuit breaker),
    ``mcp`` (retried), or ``python`` and ``langchain`` (never retried: they do that themselves).

    Parameters
    ----------
    registry : Registry
        What can be called.
    timeout : float
        Seconds a call may take, retries included.
    attempts : int
        How often a read over HTTP is made at most.
    limit : int
        Characters of an answer that the model is shown.
    store : callable or None
        Keeps a whole answer and gives its name (``Journal.store``).
    hosts : mapping or None
        Base URL by host name, for APIs that are served elsewhere than their spec says; only these
        may be on this machine or in a private network.
    trusted : collection of str
        What a catalogue on disk may run: modules and sources ``module:object`` whose Python code
        may be imported, and addresses of MCP servers that may be started or spoken to.
    rng : Random or None
        Draws the jitter of retries.
    network : Network
        Where calls may go, and how often. Hosts that ``hosts`` maps are not limited.
    policy : Policy
        What the run may do.
    secrets : SecretStore or None
        Where credentials are found; None looks in the environment and the keyring.
    keys : callable or None
        Gives the stored idempotency key of a call (``KeyFile.key``); None stores none, and no
        write is repeated.
    pins : mapping or None
        Digest of each spec that was offered; a tool that is another now is not called.
    cassette : Cassette or None
        Records the exchanges of ``http`` tools, or replays them; then other tools that would
        connect are not called.
    virtual : str or None
        URL of a virtual API server (``toolgrove serve apis``) that answers all calls, whatever
        their tools are bound to.
    """
    secrets = SecretStore() if secrets is None else secrets
    backends: dict[str, Execute] = {}
    spec_of = cache(
        registry.get
    )  # a run calls the tools it was offered, whatever is added meanwhile
    mapped = {host.lower() for host in hosts or ()}

    def host_of(call: ToolCall) -> str | None:
        parts = urlsplit(str(spec_of(call.name).binding.get("url", "")))
        return None if parts.hostname in mapped else parts.netloc.lower()

    def http_backend() -> HttpBackend:
        from toolgrove.tools.http.backend import HttpBackend

        return HttpBackend(
            spec_of,
            hosts=hosts,
            addresses=network.addresses,
            secrets=secrets,
            keys=keys,
            max_bytes=network.max_bytes,
            redirects=network.redirects,
            path_slashes=network.path_slashes,
            cassette=cassette,
        )

    def around_http(http: Execute) -> Execute:
        from toolgrove.tools.calls.idempotency import repeatable

        replayed = cassette is not None and not cassette.live
        retried = with_retry(
            http if replayed else with_limits(http, host_of, network.limits),
            spec_of,
            attempts=attempts,
            repeatable=lambda spec: repeatable(spec, keyed=keys is not None),
            within=timeout,
            base=0 if replayed else 0.5,
            rng=rng,
            sleep=_no_wait if replayed else asyncio.sleep,
        )
        if replayed:  # what is replayed needs no politeness
            return retried
        return with_breaker(retried, host_of, failures=network.failures, seconds=network.pause)

    async with AsyncExitStack() as stack:
        stack.enter_context(scrubbed_logs(secrets.scrub))

        def backend(kind: str) -> Execute | None:
            # made when first needed: a run without HTTP calls makes no client
            if kind not in backends and kind == "http":
                http = http_backend()
                stack.push_async_callback(http.close)
                backends[kind] = around_http(http)
            elif kind not in backends and kind == "virtual" and virtual is not None:
                from toolgrove.tools.virtual.backend import VirtualBackend

                apis = VirtualBackend(virtual, spec_of)
                stack.push_async_callback(apis.close)
                backends[kind] = apis
            elif kind not in backends and kind == "python":
                from toolgrove.tools.python.backend import python_backend

                backends[kind] = python_backend(registry, trusted)
            elif kind not in backends and kind == "langchain":
                from toolgrove.tools.python.langchain import langchain_backend

                backends[kind] = langchain_backend(registry, trusted)
            elif kind not in backends and kind == "mcp":
                from toolgrove.tools.mcp.backend import McpBackend

                mcp = McpBackend(spec_of, trusted=trusted, secrets=secrets)
                stack.push_async_callback(mcp.close)
                backends[kind] = with_retry(
                    mcp, spec_of, attempts=attempts, within=timeout, rng=rng
                )
            return backends.get(kind)

        async def route(call: ToolCall) -> Observation:
            kind = "virtual" if virtual else str(spec_of(call.name).binding.get("kind", ""))
            execute = backend(kind)
            if cassette is not None and not cassette.live and kind not in ("http", "python"):
                raise ReplayMiss(f"{call.name}: tools of the kind {kind!r} are not recorded.")
            if execute is None:
                text = f"There is no backend for tools of the kind {kind!r}; it cannot be called."
                return failure(Status.NOT_WORKING, text, attempts=0)
            return await execute(call)

        def preview(call: ToolCall) -> str:
            spec = spec_of(call.name)
            if spec.binding.get("kind") == "http":
                return http_backend().preview(call)
            return f"{spec.id} {codec.dumps(dict(call.arguments)).decode()}"

        made = route if pins is None else with_pins(route, registry.digest, pins)
        clean = with_scrubbing(with_timeout(made, timeout, spec_of), secrets.scrub)
        bounded = with_policy(with_truncation(clean, limit, store), spec_of, policy, preview)

        async def execute(call: ToolCall) -> Observation:
            try:
                spec_of(call.name)
            except CatalogError as error:
                return failure(Status.NO_SUCH_TOOL, str(error), attempts=0)
            return await bounded(call)

        yield execute


async def _no_wait(seconds: float) -> None:
    await asyncio.sleep(0)
