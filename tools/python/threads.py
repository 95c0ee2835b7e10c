"""Threads for tools that block: daemons, and never too few of them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable
from itertools import count
from queue import SimpleQueue
from typing import Any, TypeAlias

__all__ = ["in_thread"]

_Outcome: TypeAlias = tuple[Any, BaseException | None]
_Job: TypeAlias = tuple[Callable[[], _Outcome], Callable[[_Outcome], None]]

_SPARE = 32
"""Threads that are kept waiting for the next calls; what comes on top of them ends."""
_idle: deque[SimpleQueue[_Job]] = deque()
_number = count(1)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # the threads stay with the parent


async def in_thread(function: Callable[[], Any]) -> Any:
    """Run a function in a daemon thread, and give or raise what it gave or raised.

    A pool of the standard library would be blocked by as many hung calls as it has threads, and
    would keep the process from ending. Here a call that finds no thread idle starts one.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Outcome] = loop.create_future()
    context = contextvars.copy_context()

    def settle(outcome: _Outcome) -> None:
        if not done.done():
            done.set_result(outcome)

    def work() -> _Outcome:
        try:
            return context.run(function), None
        except BaseException as error:  # raised again where it is awaited
            return None, error

    def tell(outcome: _Outcome) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, outcome)

    _hand_over((work, tell))
    value, error = await done
    if error is not None:
        raise error
    return value


def _hand_over(job: _Job) -> None:
    try:
        jobs = _idle.pop()
    except IndexError:
        jobs = SimpleQueue()
        name = f"tool-{next(_number)}"
        threading.Thread(target=_serve, args=(jobs,), name=name, daemon=True).start()
    jobs.put(job)


def _serve(jobs: SimpleQueue[_Job]) -> None:
    kept = True
    while kept:
        work, tell = jobs.get()
        outcome = work()
        kept = len(_idle) < _SPARE
        if kept:
            _idle.append(jobs)  # before anybody hears of it: the next call finds this thread
        tell(outcome)
        del work, tell, outcome  # a thread that waits holds nothing of its last call
