"""The one callable that makes tool calls, and trying it again.

A backend is an :data:`Execute`; each wrapper takes one and gives one. None raises for a tool's
failure: that is an observation. Cancelling a call passes through all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import TypeAlias

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec

__all__ = ["CutOff", "Execute", "GetSpec", "failure", "with_retry"]

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
