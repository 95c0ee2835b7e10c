"""Politeness to each host: so many calls a second, and so many at once, in the whole process."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from toolgrove.data.records import Observation, ToolCall
from toolgrove.tools.calls.execute import Execute

__all__ = ["HostLimits", "with_limits"]


@dataclass(frozen=True, slots=True)
class HostLimits:
    """Limits of the calls to one host, for all agents, threads and event loops of a process.

    Parameters
    ----------
    per_second : float
        Calls that may begin in a second, in bursts of as many.
    at_once : int
        Calls that may be under way.
    """

    per_second: float = 10.0
    at_once: int = 8

    def of(self, host: str) -> Turns:
        """Who may call a host now; calls under the same limits share it."""
        with _lock:
            return _turns.setdefault((self, host), Turns(self))


@dataclass(eq=False, slots=True)
class _Waiting:
    """A call that waits for its turn, in whichever loop."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        with suppress(RuntimeError):  # its loop was closed while it waited
            self.loop.call_soon_threadsafe(self.woken.set)


class Turns:
    """The calls to one host, first come first served: those under way, and those that wait.

    The rate is kept by the time at which the calls made so far would have been made one by one
    ("generic cell rate algorithm", ITU-T I.371).

    Parameters
    ----------
    limits : HostLimits
        What may be asked of the host.
    clock : callable
        Seconds that pass; a monotonic clock but in tests.
    """

    def __init__(self, limits: HostLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._waiting: dict[_Waiting, None] = {}
        self._under_way = 0
        self._made_until = -math.inf

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a call may be made, and let the next one come when it is over."""
        one = _Waiting()
        with self._lock:
            self._waiting[one] = None
        try:
            while (seconds := self._begin(one)) is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                        await one.woken.wait()
                one.woken.clear()
        except BaseException:
            with self._lock:
                del self._waiting[one]
                self._wake_first()
            raise
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                self._wake_first()

    def _begin(self, one: _Waiting) -> float | None:
        """Begin a call if its turn has come; else the seconds to wait, or until it is woken."""
        interval = 1 / self._limits.per_second
        early = (max(1.0, self._limits.per_second) - 1) * interval
        with self._lock:
            if next(iter(self._waiting)) is not one or self._under_way >= self._limits.at_once:
                return math.inf
            now = self._clock()
            wait = self._made_until - early - now
            if wait > 1e-9:
                return wait
            self._made_until = max(self._made_until, now) + interval
            self._under_way += 1
            del self._waiting[one]
            self._wake_first()
        return None

    def _wake_first(self) -> None:
        for first in self._waiting:
            first.wake()
            return


_lock = threading.Lock()
_turns: dict[tuple[HostLimits, str], Turns] = {}

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_turns.clear)  # what is under way stays with the parent


def with_limits(
    execute: Execute, host_of: Callable[[ToolCall], str | None], limits: HostLimits
) -> Execute:
    """Let calls to a host wait for their turn; the wait counts towards their deadline.

    Parameters
    ----------
    execute : Execute
        What makes the call, once.
    host_of : callable
        The host that a call goes to; None is not limited.
    limits : HostLimits
        What may be asked of each host.
    """

    async def limited(call: ToolCall) -> Observation:
        host = host_of(call)
        if host is None:
            return await execute(call)
        async with limits.of(host).turn():
            return await execute(call)

    return limited
