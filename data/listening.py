"""Who hears of the events of a run, and how they are told.

Whatever happens inside :func:`heard_by` is told to its listeners, wherever in the package it
happens; where nobody listens, :func:`told` hands its work back as it is. A listener is awaited
in the task that does the work, before what begins has begun and after what has ended has ended.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from toolgrove.data.events import Event
from toolgrove.data.scrubbing import scrubbed_value

__all__ = ["SCOPE", "Listener", "Scope", "heard_by", "new_id", "tell", "told"]

T = TypeVar("T")


class Listener(Protocol):
    """Is told of each event.

    Who is told of an end must not wait there: what has ended may not be in the journal yet.
    """

    async def __call__(self, event: Event, /) -> None: ...


class Secrets(Protocol):
    """Knows what no event may hold."""

    @property
    def known(self) -> bool: ...

    def scrub(self, text: str, /) -> str: ...

    def begun(self, text: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What is under way, and who hears of it.

    Parameters
    ----------
    listeners : tuple of Listener
        They are told in this order.
    run : str
        Id of the run.
    id : str or None
        What is under way: the parent of what begins now.
    secrets : tuple of Secrets
        What is taken out of events: the run's, and those of the runs that it is a part of.
    tokens : bool
        Whether anybody wants the pieces of replies.
    """

    listeners: tuple[Listener, ...]
    run: str = ""
    id: str | None = None
    secrets: tuple[Secrets, ...] = ()
    tokens: bool = False

    async def tell(self, event: Callable[..., Event]) -> None:
        """Tell of something that happens now, in what is under way."""
        await self._tell(event, new_id())

    async def around(
        self,
        work: Awaitable[T],
        begin: Callable[..., Event],
        end: Callable[..., Event],
        gives: str,
        *,
        known: str | None = None,
        holds: bool = True,
    ) -> T:
        """Tell that work begins, and how it ended.

        Parameters
        ----------
        work : awaitable
            What is done.
        begin, end : callable
            Make the events; ``end`` is given the result under the name ``gives``, or an ``error``.
        known : str or None
            Id of the work, where it has one.
        holds : bool
            Whether what happens meanwhile belongs to it.
        """
        own = known or new_id()
        try:
            await self._tell(begin, own)
        except BaseException:
            getattr(work, "close", lambda: None)()  # a coroutine that is never begun
            raise
        token = SCOPE.set(replace(self, id=own)) if holds else None
        try:
            result = await work
        except BaseException as error:
            await self._tell(_with(end, "error", line_of(error)), own)
            raise
        finally:
            if token is not None:
                SCOPE.reset(token)
        await self._tell(_with(end, gives, result), own)
        return result

    def clean(self, value: T) -> T:
        """A value without secrets."""
        for secrets in self.secrets:
            if secrets.known:
                value = scrubbed_value(value, secrets.scrub)
        return value

    def begun(self, text: str) -> str:
        """The end of a text that may be the beginning of a secret; empty where none begins."""
        return max((secrets.begun(text) for secrets in self.secrets), key=len, default="")

    async def _tell(self, make: Callable[..., Event], own: str) -> None:
        event = make(id=own, parent=self.id, run=self.run, time=time.time())
        event = self.clean(event)
        for listener in self.listeners:
            await listener(event)


SCOPE: ContextVar[Scope | None] = ContextVar("toolgrove_scope", default=None)
"""What is under way here; None where nobody listens."""


@contextmanager
def heard_by(scope: Scope) -> Iterator[None]:
    """Have what happens inside told to the listeners of a scope."""
    token = SCOPE.set(scope)
    try:
        yield
    finally:
        SCOPE.reset(token)


async def tell(event: Callable[..., Event]) -> None:
    """Tell of something that happens now, where somebody listens."""
    if (scope := SCOPE.get()) is not None:
        await scope.tell(event)


def told(
    work: Awaitable[T],
    begin: Callable[..., Event],
    end: Callable[..., Event],
    gives: str,
    *,
    holds: bool = True,
) -> Awaitable[T]:
    """Work that is told of where somebody listens (:meth:`Scope.around`), and else the work."""
    scope = SCOPE.get()
    return work if scope is None else scope.around(work, begin, end, gives, holds=holds)


def new_id() -> str:
    """An id that no other event has."""
    return uuid4().hex


def line_of(error: BaseException) -> str:
    """An error in one line.

    Examples
    --------
    >>> line_of(ValueError("no route")), line_of(KeyboardInterrupt())
    ('ValueError: no route', 'KeyboardInterrupt')
    """
    said = " ".join(str(error).split())[:500]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _with(make: Callable[..., Event], name: str, value: Any) -> Callable[..., Event]:
    return lambda **place: make(**place, **{name: value})
