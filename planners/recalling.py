"""Which turns of a conversation before the request there are to leave out."""

from __future__ import annotations

from collections.abc import Sequence

from toolgrove.data.records import Message, Role

__all__ = ["forgotten", "turns_before"]


def turns_before(messages: Sequence[Message], *, noticed: bool = False) -> list[slice]:
    """Where the turns between the system prompt and the request, the last word, are.

    A turn begins with a user's message and has all that came of it, so that calls keep their
    results. ``noticed`` says that a notice of turns left out stands before them.

    Examples
    --------
    >>> said = [Message(Role.SYSTEM, "Help."), Message(Role.USER, "How far?")]
    >>> said += [Message(Role.ASSISTANT, "337 km."), Message(Role.USER, "In miles?")]
    >>> turns_before(said)
    [slice(1, 3, None)]
    """
    users = [place for place, one in enumerate(messages) if one.role is Role.USER]
    systems = [place for place, one in enumerate(messages) if one.role is Role.SYSTEM]
    first = (systems[-1] + 1 if systems else 0) + noticed
    begins = [place for place in users if place > first]
    if not begins:
        return []
    return [slice(a, b) for a, b in zip([first, *begins[:-1]], begins, strict=True)]


def forgotten(count: int) -> Message:
    """What stands in the place of so many messages."""
    what = "An earlier message" if count == 1 else f"{count:,} earlier messages"
    is_are = "is" if count == 1 else "are"
    text = f"[{what} of this conversation {is_are} left out here to save room.]"
    return Message(Role.USER, text)
