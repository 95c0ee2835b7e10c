"""The one place where backends and wrappers are stacked, and the wrappers of every call."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import CatalogError, ReplayMiss, ToolgroveError
from toolgrove.tools.calls.backends import (
    Backend,
    BackendContext,
    backend_factory,
    virtual_backend,
)
from toolgrove.tools.calls.execute import CutOff, Execute, GetSpec, failure
from toolgrove.tools.calls.policy import with_policy
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.wrappers import parse_wrappers
from toolgrove.tools.http.address import Blocked
from toolgrove.tools.http.serialize import Refused
from toolgrove.tools.registry import Registry
from toolgrove.tools.secrets import SecretStore, scrubbed_logs

if TYPE_CHECKING:
    from toolgrove.tools.calls.cassette import Cassette

__all__ = [
    "CallStack",
    "build_stack",
    "with_pins",
    "with_scrubbing",
    "with_timeout",
    "with_truncation",
]

_log = logging.getLogger(__name__)


class CallStack:
    """What makes the calls of a registry's tools: what the runs of an agent share of it.

    Parameters
    ----------
    registry : Registry
        What can be called.
    settings : CallSettings
        How calls are made.
    secrets : SecretStore or None
        Where credentials are found; None looks in the environment and the keyring.
    """

    def __init__(
        self,
        registry: Registry,
        settings: CallSettings = CallSettings(),
        secrets: SecretStore | None = None,
    ) -> None:
        self.registry, self.settings = registry, settings
        self.secrets = SecretStore() if secrets is None else secrets
        self.seconds = settings.seconds
        self.wrappers = parse_wrappers(settings.wrappers)
        self._open = settings.policy.allows_all
        self._shared: dict[str, Backend] = {}
        self._digests: tuple[object, dict[str, str]] = None, {}

    def with_secrets(self, secrets: SecretStore) -> CallStack:
        """The same with a run's secrets."""
        if secrets is self.secrets:
            return self
        return CallStack(self.registry, self.settings, secrets)

    def backend(self, kind: str, context: BackendContext) -> Backend | None:
        """What makes a run's calls of a kind; None where nothing does."""
        if kind in self._shared:
            return self._shared[kind]
        settings = self.settings
        make = virtual_backend if settings.apis else backend_factory(kind, settings.backends)
        made = None if make is None else make(context)
        if made is not None and made.shared:
            self._shared[kind] = made
        return made

    def digest(self, spec_id: str) -> str:
        """``Registry.digest``, which is asked again once anything in the registry has changed."""
        version = self.registry.database.version
        known = self._digests  # one value: threads may share this
        if known[0] != version:
            known = self._digests = version, {}
        _, digests = known
        if spec_id not in digests:
            digests[spec_id] = self.registry.digest(spec_id)
        return digests[spec_id]

    @asynccontextmanager
    async def opened(
        self,
        *,
        offered: Iterable[ToolSpec] = (),
        store: Callable[[str], str] | None = None,
        keys: Callable[[ToolCall], str] | None = None,
        pins: Mapping[str, str] | None = None,
        cassette: Cassette | None = None,
        rng: Random | None = None,
        gated: bool = False,
    ) -> AsyncIterator[Execute]:
        """One run's :data:`Execute`; its connections are closed in the end.

        From the outside in: the policy is asked, wrappers see the call, the answer is cut and the
        whole of it kept, secrets are scrubbed, one deadline holds for the call with its retries,
        and the spec's ``binding["kind"]`` chooses the backend
        (:mod:`toolgrove.tools.calls.backends`).

        Parameters
        ----------
        offered : iterable of ToolSpec
            What the run was offered, which is called whatever is added meanwhile; other tools are
            looked up in the registry at their first call.
        store, keys : callable or None
            ``Journal.store`` and ``KeyFile.key`` of a run; without keys no write is repeated.
        pins : mapping or None
            Digest of each spec that was offered; a tool that is another now is not called.
        cassette : Cassette or None
            Records the exchanges of ``http`` tools, or replays them; then others are not called.
        rng : Random or None
            Draws the jitter of retries.
        gated : bool
            Whether calls pass a gate (:class:`~toolgrove.tools.calls.policy.Gated`) though the
            policy allows them all.
        """
        registry, settings, secrets = self.registry, self.settings, self.secrets
        specs = {spec.id: spec for spec in offered}

        def spec_of(spec_id: str) -> ToolSpec:
            known = specs.get(spec_id)
            return known or specs.setdefault(spec_id, registry.get(spec_id))

        context = BackendContext(registry, settings, spec_of, secrets, rng, keys, cassette)
        with scrubbed_logs(secrets.scrub):
            backends = _Backends(context, self.backend)
            made: Execute = backends.execute
            if pins is not None:
                made = with_pins(made, self.digest, pins)
            made = with_scrubbing(with_timeout(made, self.seconds, spec_of), secrets.scrub)
            made = with_truncation(made, settings.observation_limit, store)
            for wrapper in reversed(self.wrappers):
                made = wrapper(made)
            if gated or not self._open:
                made = with_policy(made, spec_of, settings.policy, backends.preview)
            try:
                yield made
            finally:
                await backends.close()


def build_stack(
    registry: Registry,
    settings: CallSettings = CallSettings(),
    *,
    secrets: SecretStore | None = None,
    store: Callable[[str], str] | None = None,
    keys: Callable[[ToolCall], str] | None = None,
    pins: Mapping[str, str] | None = None,
    cassette: Cassette | None = None,
    rng: Random | None = None,
) -> AbstractAsyncContextManager[Execute]:
    """Make an :data:`Execute` for a registry's tools, and close its connections in the end.

    See :class:`CallStack` and its :meth:`~CallStack.opened` for the parameters.
    """
    made = CallStack(registry, settings, secrets)
    return made.opened(store=store, keys=keys, pins=pins, cassette=cassette, rng=rng, gated=True)


class _Backends:
    """The backends of a run, each made when the first call needs it."""

    def __init__(
        self, context: BackendContext, backend: Callable[[str, BackendContext], Backend | None]
    ) -> None:
        self._context, self._backend = context, backend
        self._made: dict[str, Backend | None] = {}

    def _of(self, call: ToolCall) -> tuple[str, Backend | None]:
        spec = self._context.spec_of(call.name)
        settings = self._context.settings
        kind = "virtual" if settings.apis else str(spec.binding.get("kind", ""))
        if kind not in self._made:
            self._made[kind] = self._backend(kind, self._context)
        return kind, self._made[kind]

    async def execute(self, call: ToolCall) -> Observation:
        kind, backend = self._of(call)
        cassette = self._context.cassette
        if cassette is not None and not cassette.live and kind not in ("http", "python"):
            raise ReplayMiss(f"{call.name}: tools of the kind {kind!r} are not recorded.")
        if backend is None:
            text = f"There is no backend for tools of the kind {kind!r}; it cannot be called."
            return failure(Status.NOT_WORKING, text, attempts=0)
        try:
            return await backend.execute(call)
        except (ToolgroveError, CutOff):
            raise
        except Exception as error:
            return self._broken(call, error)

    def _broken(self, call: ToolCall, error: Exception) -> Observation:
        """What a backend raised is said of this call, and ends no run (promise 30)."""
        _log.warning("the call of %s failed in its backend: %s", call.name, type(error).__name__)
        text = f"The call failed: {type(error).__name__}: {str(error)[:500]}"
        if self._context.spec_of(call.name).effect is Effect.WRITE:
            text += (
                " It is unknown whether it took effect: read the data back before you repeat it."
            )
            return failure(Status.IN_DOUBT, text)
        return failure(Status.NOT_WORKING, text)

    async def close(self) -> None:
        """Let go of all connections, whatever becomes of one."""
        async with AsyncExitStack() as stack:
            for backend in self._made.values():
                if backend is not None and backend.close is not None:
                    stack.push_async_callback(backend.close)

    def preview(self, call: ToolCall) -> str:
        _, backend = self._of(call)
        if backend is not None and backend.preview is not None:
            try:
                return backend.preview(call)
            except (ToolgroveError, Refused, Blocked):
                raise
            except Exception as error:
                raise Refused(Status.NOT_WORKING, f"It cannot be shown: {error}") from error
        return f"{call.name} {codec.dumps(dict(call.arguments)).decode()}"


def with_pins(execute: Execute, current: Callable[[str], str], pins: Mapping[str, str]) -> Execute:
    """Refuse calls of tools whose spec is not the pinned one any more (promise 23).

    What a model was shown is what it consented to call. A description or binding that changes under
    a run, by a source that was indexed again or a server that rewrites its own, is refused.

    Parameters
    ----------
    execute : Execute
        What makes the call.
    current : callable
        The digest of the spec that an id has now (:meth:`CallStack.digest`).
    pins : mapping
        Digest (:func:`toolgrove.data.codec.digest`) of the spec by id. A tool without one, found
        while the run went on, is pinned by its first call.
    """
    first: dict[str, str] = {}

    async def pinned(call: ToolCall) -> Observation:
        try:
            now = current(call.name)
        except CatalogError:
            now = ""
        if not now or now != (pins.get(call.name) or first.setdefault(call.name, now)):
            text = "This tool changed after it was offered, so it is not called. Use another."
            return failure(Status.NOT_WORKING, text, attempts=0)
        return await execute(call)

    return pinned


def with_timeout(execute: Execute, seconds: float, spec_of: GetSpec) -> Execute:
    """End every call by one deadline, whatever trickles in, and measure how long it took.

    Parameters
    ----------
    execute : Execute
        What makes the call; its retries count towards the deadline.
    seconds : float
        The deadline, from the call's start.
    spec_of : callable
        Gives the spec of an id. A write that is cut off is ``IN_DOUBT``: it may have happened.
    """

    async def timed(call: ToolCall) -> Observation:
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds) as scope:
                observation = await execute(call)
        except TimeoutError as error:
            if not scope.expired() and not isinstance(error, CutOff):
                raise
            observation = _late(spec_of(call.name), seconds)
        return replace(observation, seconds=time.monotonic() - began)

    return timed


def _late(spec: ToolSpec, seconds: float) -> Observation:
    if spec.effect is Effect.WRITE:
        return failure(
            Status.IN_DOUBT,
            f"No answer within {seconds:g} s. It is unknown whether the call took effect: "
            "read the data back before you repeat it.",
        )
    return failure(Status.TIMEOUT, f"No answer within {seconds:g} s.")


def with_scrubbing(execute: Execute, scrub: Callable[[str], str]) -> Execute:
    """Take secrets out of every answer, before it is cut, kept or shown."""

    async def scrubbed(call: ToolCall) -> Observation:
        observation = await execute(call)
        content, more = scrub(observation.content), _clean_json(observation.more, scrub)
        if content == observation.content and more == observation.more:
            return observation
        return replace(observation, content=content, size=len(content), more=more)

    return scrubbed


def _clean_json(value: Any, scrub: Callable[[str], str]) -> Any:
    """A JSON value without secrets, names included."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {scrub(name): _clean_json(part, scrub) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean_json(part, scrub) for part in value]
    return value


def with_truncation(
    execute: Execute, limit: int, store: Callable[[str], str] | None = None
) -> Execute:
    """Cut what the model is shown, and keep the whole.

    Parameters
    ----------
    execute : Execute
        What makes the call.
    limit : int
        Characters that ``content`` may have, the note that says how much was cut included.
    store : callable or None
        Keeps a whole content and gives its name (``Journal.store``); None keeps nothing.
    """

    async def cut(call: ToolCall) -> Observation:
        observation = await execute(call)
        whole = observation.content
        if len(whole) <= limit:
            same = observation.size == len(whole)
            return observation if same else replace(observation, size=len(whole))
        stored = None if store is None else store(whole)
        content = _shortened(whole, limit)
        return replace(observation, content=content, size=len(whole), truncated=True, stored=stored)

    return cut


def _shortened(whole: str, limit: int) -> str:
    """The beginning of a text and how much of it that is, together at most ``limit`` long."""
    room = max(0, limit - len(_note(limit, len(whole))))
    return (whole[:room] + _note(room, len(whole)))[:limit]


def _note(shown: int, size: int) -> str:
    return f"… [cut: the first {shown} of {size} characters]"
