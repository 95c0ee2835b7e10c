"""When a call leaves: after whoever had to be asked has said yes, and before anything is sent.

Whoever makes a call keeps its intent then (promise 6). Kept before a person is asked, it would
say of a call that was never made that it may have been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from toolgrove.data.records import Observation, ToolCall
from toolgrove.tools.calls.execute import Execute

__all__ = ["Announced", "told_when_leaving", "with_leaving"]

_TELL: ContextVar[Callable[[], None] | None] = ContextVar("toolgrove_leaving", default=None)


@contextmanager
def told_when_leaving(tell: Callable[[], None]) -> Iterator[None]:
    """Have something done when the call that is made inside leaves; it may leave several times."""
    token = _TELL.set(tell)
    try:
        yield
    finally:
        _TELL.reset(token)


def with_leaving(execute: Execute) -> Execute:
    """Tell whoever asked to be told that a call leaves now."""

    async def leaving(call: ToolCall) -> Observation:
        tell = _TELL.get()
        if tell is not None:
            tell()
        return await execute(call)

    return leaving


@dataclass(frozen=True, slots=True)
class Announced:
    """An :data:`Execute` that says when a call leaves; of any other nobody knows."""

    execute: Execute

    async def __call__(self, call: ToolCall) -> Observation:
        return await self.execute(call)
