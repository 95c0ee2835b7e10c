"""Async work from sync code."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import aclosing, suppress
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

__all__ = ["iterated", "wait"]

T = TypeVar("T")


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
            async with aclosing(items()) as source:
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
        context = copy_context()
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
        with suppress(RuntimeError):
            self._begun.result()[0].call_soon_threadsafe(function)

    def end(self) -> None:
        """Cancel what has not ended, and wait for it."""
        if not self.ended.done():
            self.call(self._begun.result()[1].cancel)
        self._thread.join()
