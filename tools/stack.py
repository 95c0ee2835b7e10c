"""The one place where backends and wrappers are stacked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from random import Random

from toolgrove.data.records import Observation, Status, ToolCall
from toolgrove.errors import CatalogError
from toolgrove.tools.execute import Execute, failure, with_retry, with_timeout, with_truncation
from toolgrove.tools.registry import Registry

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
    modules: Collection[str] = (),
    rng: Random | None = None,
) -> AsyncIterator[Execute]:
    """Make an :data:`Execute` for a registry's tools, and close its connections in the end.

    From the outside in: the whole answer is kept and cut, one deadline holds for the call with
    its retries, and the spec's ``binding["kind"]`` chooses the backend: ``http`` (retried) or
    ``python`` (never retried: our own functions do that for themselves).

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
    modules : collection of str
        Modules from which Python functions of a catalogue on disk may be imported.
    rng : Random or None
        Draws the jitter of retries.
    """
    backends: dict[str, Execute] = {}
    spec_of = cache(
        registry.get
    )  # a run calls the tools it was offered, whatever is added meanwhile
    async with AsyncExitStack() as stack:

        def backend(kind: str) -> Execute | None:
            # made when first needed: a run without HTTP calls makes no client
            if kind not in backends and kind == "http":
                from toolgrove.tools.http import HttpBackend

                http = HttpBackend(spec_of, hosts=hosts or {})
                stack.push_async_callback(http.close)
                backends[kind] = with_retry(
                    http, spec_of, attempts=attempts, within=timeout, rng=rng
                )
            elif kind not in backends and kind == "python":
                from toolgrove.tools.python import python_backend

                backends[kind] = python_backend(registry, modules)
            return backends.get(kind)

        async def route(call: ToolCall) -> Observation:
            kind = str(spec_of(call.name).binding.get("kind", ""))
            execute = backend(kind)
            if execute is None:
                text = f"There is no backend for tools of the kind {kind!r}; it cannot be called."
                return failure(Status.NOT_WORKING, text, attempts=0)
            return await execute(call)

        bounded = with_truncation(with_timeout(route, timeout, spec_of), limit, store)

        async def execute(call: ToolCall) -> Observation:
            try:
                spec_of(call.name)
            except CatalogError as error:
                return failure(Status.NO_SUCH_TOOL, str(error), attempts=0)
            return await bounded(call)

        yield execute
