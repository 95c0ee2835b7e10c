"""Whether one call corrects another: the same tool, and arguments that mean the same thing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from typing import Any

from toolgrove.data.records import JsonObject, Node, ToolCall

__all__ = ["corrects", "holds", "leaves", "mends", "stands", "takes", "unseen_value", "values"]

_ALIKE = 0.6
_LONGEST = 200


def corrects(failed: Node, passed: Node) -> bool:
    """Whether the second step's call is the first one's with other arguments.

    It calls the same tool and keeps, of what the failed call said, at least one value or most of
    one. A call that says something wholly else is another call and no correction.
    """
    [one], [other] = failed.calls, passed.calls
    if one.name != other.name or (one.arguments, one.malformed) == (other.arguments, None):
        return False
    if one.malformed is not None:
        return True
    return any(_alike(a, b) for a in values(one) for b in values(other))


def _alike(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 2 or max(len(one), len(other)) > _LONGEST:
        return one == other
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE


def mends(later: ToolCall, call: ToolCall, shown: Callable[[], str]) -> bool:
    """Whether a later call has values of the conversation where this one has others from nowhere.

    Parameters
    ----------
    later, call : ToolCall
    shown : callable
        Gives the conversation before both, in small letters; asked only of the same tool.
    """
    if later.name != call.name or later.arguments == call.arguments:
        return False
    changed = [
        (str(value).casefold(), str(later.arguments[name]).casefold())
        for name, value in call.arguments.items()
        if name in later.arguments and later.arguments[name] != value
    ]
    return bool(changed) and all(
        stands(new, shown()) and not stands(old, shown()) for old, new in changed
    )


def values(call: ToolCall) -> list[str]:
    """The values of a call's arguments in small letters, but for single characters."""
    return [str(value).casefold() for value in leaves(call.arguments) if len(str(value)) > 1]


def unseen_value(call: ToolCall, shown: str) -> bool:
    """Whether an argument holds a text or number that stands nowhere in what was shown.

    Each part of a list in a text (``a,b``) counts by itself; truth values and single characters
    do not count.

    Parameters
    ----------
    call : ToolCall
    shown : str
        The conversation and the tools, in small letters.
    """
    return any(part not in shown for part in _parts(call))


def takes(call: ToolCall, shown: str) -> bool:
    """Whether a call takes a value from what was shown.

    Truth values and single characters do not count: they stand everywhere.

    Parameters
    ----------
    call : ToolCall
    shown : str
        The conversation, in small letters.
    """
    return any(stands(part, shown) for part in _parts(call))


def stands(value: str, text: str) -> bool:
    """Whether a value stands in a text by itself, and not as a part of a word or number."""
    return re.search(rf"(?<![\w.]){re.escape(value)}(?!\.?\w)", text) is not None


def holds(text: str, value: str) -> bool:
    """Whether a value is in a text, if within a word, but not as a part of a longer number."""
    return re.search(rf"(?<![\d.]){re.escape(value)}(?!\.?\d)", text) is not None


def _parts(call: ToolCall) -> list[str]:
    parts = [
        part
        for value in leaves(call.arguments)
        if not isinstance(value, bool) and value is not None
        for part in str(value).casefold().replace(",", " ").split()
    ]
    return [part for part in parts if len(part) > 1]


def leaves(value: JsonObject | Any) -> Iterator[Any]:
    """All values of arguments that are neither objects nor lists."""
    waiting: list[Any] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list | tuple):
            waiting += part
        else:
            yield part
