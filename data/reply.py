"""What a model said: the record that a journal keeps of a model call."""

from __future__ import annotations

from dataclasses import dataclass, field

from toolgrove.data.records import JsonObject, Message, Usage

__all__ = ["Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, what it cost, and how long it took.

    Parameters
    ----------
    message : Message
        What was said.
    usage : Usage
        Tokens of all model calls that went into it.
    seconds : float
        Wall time of all of them.
    model : str
        Who said it.
    spent : tuple of (str, Usage)
        Model and tokens of each model call, where it took several.
    notes : JsonObject
        What else came up on the way to it, for the journal.
    """

    message: Message
    usage: Usage = Usage()
    seconds: float = 0.0
    model: str = ""
    spent: tuple[tuple[str, Usage], ...] = ()
    notes: JsonObject = field(default_factory=dict)
