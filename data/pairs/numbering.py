"""Names for calls that tell nothing: their places in the conversation.

An id of ours holds its node's name, and a model's own ids count up, so a trainer could learn from
ids which side is preferred. Nine letters and digits are what the strictest templates take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolgrove.data.records import Message, Role

__all__ = ["numbered"]


def numbered(messages: Sequence[Message], after: int = 0) -> tuple[tuple[Message, ...], int]:
    """The same messages with calls named by place, and how many calls there are up to their end.

    Parameters
    ----------
    messages : sequence of Message
    after : int
        Calls of the conversation before them.

    Examples
    --------
    >>> from toolgrove import ToolCall
    >>> called = Message(Role.ASSISTANT, calls=(ToolCall("run-7", "far"),))
    >>> told = Message(Role.TOOL, "5 km", call_id="run-7")
    >>> [one.call_id or one.calls[0].id for one in numbered([called, told])[0]]
    ['call00001', 'call00001']
    """
    found: list[Message] = []
    waiting: list[tuple[str, str]] = []
    for message in messages:
        if message.role is Role.TOOL:
            name = _taken(waiting, message.call_id)
            found.append(replace(message, call_id=name))
            continue
        named = [f"call{after + place:05d}" for place in range(1, len(message.calls) + 1)]
        after += len(named)
        if message.calls:
            waiting = [(call.id, name) for call, name in zip(message.calls, named, strict=True)]
            calls = tuple(
                replace(call, id=name) for call, name in zip(message.calls, named, strict=True)
            )
            message = replace(message, calls=calls)  # the same one, renamed
        found.append(message)
    return tuple(found), after


def _taken(waiting: list[tuple[str, str]], call_id: str | None) -> str | None:
    """The new name of the call that a result answers: by its id, else the first without one."""
    place = next((i for i, (old, _) in enumerate(waiting) if old == call_id), 0)
    return waiting.pop(place)[1] if waiting else None
