"""Waiting for a process in a thread, so that the code in it can be stopped at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

__all__ = ["turn"]

T = TypeVar("T")


async def turn(work: Callable[[], T], kill: Callable[[], object]) -> T:
    """What blocking work gives; where the wait is cancelled the process that it waits for is ended.

    Parameters
    ----------
    work : callable
        Called in a thread. It has to come to an end once the process is gone.
    kill : callable
        Ends the process.
    """
    made = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError:
        if not made.done():
            kill()
        await asyncio.gather(made, return_exceptions=True)
        raise
