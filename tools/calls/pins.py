"""Pinned specs: a tool that changed after it was offered is not called (promise 23).

What a model was shown is what it consented to call. A description or binding that changes under a
run, by a source that was indexed again or a server that rewrites its own, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from toolgrove.data.records import Observation, Status, ToolCall
from toolgrove.errors import CatalogError
from toolgrove.tools.calls.execute import Execute, failure

__all__ = ["with_pins"]


def with_pins(execute: Execute, current: Callable[[str], str], pins: Mapping[str, str]) -> Execute:
    """Refuse calls of tools whose spec is not the pinned one any more.

    Parameters
    ----------
    execute : Execute
        What makes the call.
    current : callable
        The digest of the spec that an id has now (``Registry.digest``).
    pins : mapping
        Digest (:func:`toolgrove.data.codec.digest`) of the spec by id. A tool without one, found
        while the run went on, is pinned by its first call.
    """
    first: dict[str, str] = {}

    async def pinned(call: ToolCall) -> Observation:
        try:
            now = current(call.name)
        except CatalogError:
            now = ""
        if not now or now != (pins.get(call.name) or first.setdefault(call.name, now)):
            text = "This tool changed after it was offered, so it is not called. Use another."
            return failure(Status.NOT_WORKING, text, attempts=0)
        return await execute(call)

    return pinned
