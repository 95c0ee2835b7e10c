"""A circuit breaker: a host that does not answer is left alone for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from toolgrove.data.records import Observation, Status, ToolCall
from toolgrove.tools.calls.execute import Execute, failure

__all__ = ["with_breaker"]

_ILL = frozenset({Status.NOT_WORKING, Status.TIMEOUT, Status.IN_DOUBT})


@dataclass(slots=True)
class _Host:
    failures: int = 0
    until: float = 0.0
    trying: bool = False


def with_breaker(
    execute: Execute,
    host_of: Callable[[ToolCall], str | None],
    *,
    failures: int = 5,
    seconds: float = 30.0,
    clock: Callable[[], float] = time.monotonic,
) -> Execute:
    """Refuse calls to a host whose last calls all failed; after a while one call tries again.

    A failure is a call without an answer: no connection, a broken one, a 5xx that may pass, or a
    call that was cut off by its deadline. Any other answer closes the circuit again, also an error
    that is the call's own ("Release It!", Nygard, 2nd ed., 2018).

    Parameters
    ----------
    execute : Execute
        What makes the call, retries included.
    host_of : callable
        The host that a call goes to; None is never refused.
    failures : int
        So many failures in a row open the circuit.
    seconds : float
        How long it stays open.
    clock : callable
        Seconds that pass; a monotonic clock but in tests.
    """
    hosts: dict[str, _Host] = {}

    async def guarded(call: ToolCall) -> Observation:
        name = host_of(call)
        if name is None:
            return await execute(call)
        host = hosts.setdefault(name, _Host())
        wait = host.until - clock()
        if host.failures >= failures and (wait > 0 or host.trying):
            text = f"{name} did not answer {host.failures} calls in a row, so it is left alone"
            return failure(
                Status.NOT_WORKING, f"{text} for {max(1, round(wait))} s more.", attempts=0
            )
        host.trying = True
        try:
            observation = await execute(call)
        except asyncio.CancelledError:  # by the deadline, as far as a host can be blamed
            host.failures += 1
            host.until = clock() + seconds
            raise
        finally:
            host.trying = False
        if observation.attempts == 0:  # it was never made
            return observation
        if observation.status in _ILL and observation.retry_after is not None:
            host.failures += 1
            host.until = clock() + seconds
        else:
            host.failures = 0
        return observation

    return guarded
