"""What the world holds after some writes, computed without a server."""

from __future__ import annotations

from collections.abc import Iterable

from toolgrove.data.records import JsonObject, ToolCall
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.declare import Refusal
from toolgrove.data.world.state import World

__all__ = ["replayed"]


def replayed(calls: Iterable[ToolCall]) -> JsonObject:
    """The events and notes of a new world after these calls; a refused one leaves nothing.

    Examples
    --------
    >>> note = ToolCall("1", "Productivity/Notes Book/Add Note", {"title": "Milk", "text": "2 l"})
    >>> replayed([note])
    {'events': [], 'notes': [{'id': 1, 'title': 'Milk', 'text': '2 l'}]}
    """
    world, known = World(), endpoints()
    for call in calls:
        endpoint = known.get(call.name)
        if endpoint is None or endpoint.method == "GET":
            continue
        try:
            endpoint.run(world, call.arguments)
        except Refusal:
            continue
    return {"events": world.events, "notes": world.notes}
