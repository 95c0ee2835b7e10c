"""The one callable that makes tool calls, and the wrappers that stack around it.

A backend is an :data:`Execute`; each wrapper takes one and gives one. None raises for a tool's
failure: that is an observation. Cancelling a call passes through all of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any, TypeAlias

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import CatalogError

__all__ = [
    "CutOff",
    "Execute",
    "failure",
    "with_pins",
    "with_retry",
    "with_scrubbing",
    "with_timeout",
    "with_truncation",
]

Execute: TypeAlias = Callable[[ToolCall], Awaitable[Observation]]
"""Makes a call whose ``name`` is a :class:`ToolSpec` id."""


class CutOff(TimeoutError):
    """Ends a replayed call as the deadline ended the recorded one."""


GetSpec: TypeAlias = Callable[[str], ToolSpec]


def failure(
    status: Status, content: str, *, attempts: int = 1, retry_after: float | None = None
) -> Observation:
    """An observation of ours about a call that gave nothing.

    Examples
    --------
    >>> failure(Status.NOT_WORKING, "no route").size
    8
    """
    return Observation(status, content, len(content), attempts=attempts, retry_after=retry_after)


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


def _is_read(spec: ToolSpec) -> bool:
    return spec.effect is Effect.READ


def with_retry(
    execute: Execute,
    spec_of: GetSpec,
    *,
    attempts: int = 3,
    repeatable: Callable[[ToolSpec], bool] = _is_read,
    within: float = 30.0,
    base: float = 0.5,
    rng: Random | None = None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Execute:
    """Repeat calls that may do better later, where they may be repeated.

    Only an observation with ``retry_after`` is tried again: that is the backend's word that the
    trouble may pass. The wait before attempt ``n + 1`` is ``base * 2**n`` seconds with full
    jitter ("Exponential backoff and jitter", Brooker, 2015), and never shorter than what the
    server asked for.

    Parameters
    ----------
    execute : Execute
        What makes the call.
    spec_of : callable
        Gives the spec of an id.
    attempts : int
        Calls at most, the first included.
    repeatable : callable
        Whether calls of a spec may be made again; by default those of reads.
    within : float
        Seconds that all waits together may take: a longer wish of the server's is not granted,
        and its answer is handed on as it is.
    base : float
        Seconds the first wait takes at most.
    rng : Random or None
        Draws the jitter; seed it for runs that repeat.
    sleep : callable
        Waits; ``asyncio.sleep`` but in tests.
    """
    draw = rng or Random()

    async def retried(call: ToolCall) -> Observation:
        allowed = attempts if repeatable(spec_of(call.name)) else 1
        waited = 0.0
        made = 1
        while True:
            observation = replace(await execute(call), attempts=made)
            if observation.retry_after is None or made >= allowed:
                return observation
            wait = max(observation.retry_after, draw.uniform(0, base * 2 ** (made - 1)))
            waited += wait
            if waited > within:
                return observation
            await sleep(wait)
            made += 1

    return retried


def with_pins(execute: Execute, current: Callable[[str], str], pins: Mapping[str, str]) -> Execute:
    """Refuse calls of tools whose spec is not the pinned one any more (promise 23).

    What a model was shown is what it consented to call. A description or binding that changes under
    a run, by a source that was indexed again or a server that rewrites its own, is refused.

    Parameters
    ----------
    execute : Execute
        What makes the call.
    current : callable
        The digest of the spec that an id has now (``Registry.digest``).
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
