"""Politeness to each host: so many calls a second, and so many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from toolgrove.data.records import Observation, ToolCall
from toolgrove.tools.calls.execute import Execute

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

__all__ = ["HostLimits", "with_limits"]


@dataclass(frozen=True, slots=True)
class HostLimits:
    """Limits of the calls to one host; share the object among all who ask it.

    Parameters
    ----------
    per_second : float
        Calls that may begin in a second, in bursts of as many.
    at_once : int
        Calls that may be under way.
    """

    per_second: float = 10.0
    at_once: int = 8
    _hosts: WeakKeyDictionary[
        asyncio.AbstractEventLoop, dict[str, tuple[asyncio.Semaphore, AsyncLimiter]]
    ] = field(default_factory=WeakKeyDictionary, repr=False, compare=False)

    def of(self, host: str) -> tuple[asyncio.Semaphore, AsyncLimiter]:
        """The two limits of a host, for the event loop that runs."""
        from aiolimiter import AsyncLimiter

        hosts = self._hosts.setdefault(asyncio.get_running_loop(), {})
        if host not in hosts:
            burst = max(1.0, self.per_second)
            limiter = AsyncLimiter(burst, burst / self.per_second)
            hosts[host] = (asyncio.Semaphore(self.at_once), limiter)
        return hosts[host]


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
        async with AsyncExitStack() as stack:
            if host is not None:
                for limit in limits.of(host):
                    await stack.enter_async_context(limit)
            return await execute(call)

    return limited
