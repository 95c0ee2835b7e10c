"""``search_tools``: a model in mid-search asks for tools that the first retrieval did not bring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeAlias

from toolgrove.data.functions import function
from toolgrove.data.records import Observation, Status, ToolCall
from toolgrove.tools.offer import Offer

__all__ = ["FindTools", "listing"]

FindTools: TypeAlias = Callable[
    [str, Sequence[tuple[ToolCall, Observation]], Collection[str]], Awaitable[Offer]
]
"""Given what the model asks for, the calls of its path with what they gave, and the ids of the
tools on offer: the tools to offer from then on. It may raise a ``ToolgroveError``."""

_SHOWN = 150


def listing(found: Offer, failed: str = "") -> Observation:
    """What the model is told a search found.

    Examples
    --------
    >>> from toolgrove import ToolSpec
    >>> print(listing(Offer([ToolSpec("W/clock/now", "W", "clock", "now", "The time.")],
    ...                     {"now_for_clock": "W/clock/now"})).content)
    You can call these tools from now on:
    - now_for_clock: The time.
    >>> listing(Offer((), {})).status
    <Status.OK: 'ok'>
    """
    if failed:
        content = f"The search for tools failed: {failed[:_SHOWN]}"
        return Observation(Status.NOT_WORKING, content, len(content))
    alias_of = {spec_id: alias for alias, spec_id in found.aliases.items()}
    lines = [
        f"- {alias_of[spec.id]}: {_cut(function(spec, '')['description'])}" for spec in found.specs
    ]
    head = "You can call these tools from now on:" if lines else "No other tool was found."
    content = "\n".join([head, *lines])
    return Observation(Status.OK, content, len(content))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
