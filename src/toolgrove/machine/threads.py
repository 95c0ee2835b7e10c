"""Between code that waits and code that blocks: each from the other.

Blocking functions run in daemon threads, of which there are never too few; async work that sync
code asks for runs to its end, also where a loop is running already (a notebook).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import count
from queue import SimpleQueue
from typing import Any, Generic, TypeAlias, TypeVar

__all__ = ["in_thread", "iterated", "wait"]

T = TypeVar("T")

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


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also from a thread whose event loop is running (a notebook).

    Whatever interrupts the wait (Ctrl-C, a notebook's stop button) cancels the work, and is raised
    when the work has ended.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _beside(work)


def _beside(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own, in another thread."""
    other = _Thread(work)
    try:
        return other.ended.result()
    finally:
        other.end()


def iterated(items: Callable[[], AsyncGenerator[T, None]]) -> Iterator[T]:
    """What an async generator gives, from sync code; its loop goes on meanwhile, in a thread.

    It is asked for the next one when that is wanted here. Who stops early closes it, and waits
    until it is closed.
    """
    given: SimpleQueue[tuple[T] | None] = SimpleQueue()
    wanted = asyncio.Semaphore(0)

    async def work() -> None:
        try:
            async with contextlib.aclosing(items()) as source:
                async for item in source:
                    given.put((item,))
                    await wanted.acquire()
        finally:
            given.put(None)

    other = _Thread(work())
    try:
        while (item := given.get()) is not None:
            yield item[0]
            other.call(wanted.release)
        other.ended.result()
    finally:
        other.end()


class _Thread(Generic[T]):
    """A coroutine that runs in a loop of its own, in another thread, in this one's context."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.ended: Future[T] = Future()
        self._begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = Future()
        context = contextvars.copy_context()
        run = partial(context.run, self._run, work)
        self._thread = threading.Thread(target=run, name="toolgrove work", daemon=True)
        self._thread.start()

    def _run(self, work: Coroutine[Any, Any, T]) -> None:
        async def noted() -> T:
            task = asyncio.ensure_future(work)
            self._begun.set_result((asyncio.get_running_loop(), task))
            return await task

        try:
            self.ended.set_result(asyncio.run(noted()))
        except BaseException as error:
            self.ended.set_exception(error)

    def call(self, function: Callable[[], object]) -> None:
        """Call a function in the loop, unless that has ended."""
        with contextlib.suppress(RuntimeError):
            self._begun.result()[0].call_soon_threadsafe(function)

    def end(self) -> None:
        """Cancel what has not ended, and wait for it."""
        if not self.ended.done():
            self.call(self._begun.result()[1].cancel)
        self._thread.join()
