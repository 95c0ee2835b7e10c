"""The events of a run as lines of text, in the standard library's log."""

from __future__ import annotations

import logging

from toolgrove.data import codec
from toolgrove.data.events import (
    BudgetUsed,
    Event,
    ModelEnded,
    NodeAdded,
    NodeScored,
    RetrievalEnded,
    RunEnded,
    RunScored,
    RunStarted,
    ToolEnded,
    ToolStarted,
)

__all__ = ["LOGGER", "line", "log"]

LOGGER = logging.getLogger("toolgrove")
_SHOWN = 120


async def log(event: Event) -> None:
    """Tell the logger ``toolgrove`` of an event, at the level INFO."""
    text = line(event)
    if text:
        LOGGER.info("%s", text, extra={"event": event})


def line(event: Event) -> str:
    """What an event says in one line; empty where it says nothing that its end does not.

    Examples
    --------
    >>> from toolgrove.data import BudgetUsed, ToolCall, ToolEnded
    >>> place = {"id": "1", "parent": None, "run": "9", "time": 0.0}
    >>> call = ToolCall("c", "math/double", {"x": 21})
    >>> line(ToolEnded(**place, call=call, name="double", error="CancelledError"))
    'tool double {"x":21}: CancelledError'
    >>> spent = {"model_calls": 9, "tool_calls": 3, "tokens": 12, "money": 0.0, "seconds": 1.0}
    >>> line(BudgetUsed(**place, **spent, limit="tokens"))
    'budget: tokens is used up'
    """
    match event:
        case RunStarted():
            where = f" in {event.folder}" if event.folder else ""
            text = f"run {event.name} begins{where}: {event.model}, {event.planner}: "
            text += event.task.query
        case RunEnded(outcome=None):
            text = f"run ends: {event.error}"
        case RunEnded():
            assert event.outcome is not None
            text = f"run ends: {event.outcome.ended}: {event.outcome.answer}"
        case ModelEnded():
            text = f"model {event.model}: {event.error or _said(event)}"
        case ToolStarted():
            return ""
        case ToolEnded():
            asked = codec.dumps(dict(event.call.arguments)).decode()
            text = f"tool {event.name} {_short(asked)}: {event.error or _seen(event)}"
        case RetrievalEnded():
            found = event.error or ", ".join(spec.id for spec in event.tools) or "nothing"
            text = f"retrieval {_short(event.query)}: {found}"
        case NodeAdded(node=node) if node.reason:
            text = f"step {node.id[:8]}: {node.state}: {node.reason}"
        case NodeScored(node=node):
            text = f"step {node.id[:8]}: score {node.score}, {node.state}"
        case BudgetUsed(limit=limit) if limit:
            text = f"budget: {limit} is used up"
        case RunScored(score=score):
            text = f"score {score.evaluator}: {score.value}: {score.reason}"
        case _:
            return ""
    return _short(text, 4 * _SHOWN)


def _said(event: ModelEnded) -> str:
    reply = event.reply
    if reply is None:
        return ""
    calls = ", ".join(call.name for call in reply.message.calls)
    said = f"calls {calls}" if calls else _short(reply.message.content)
    return f"{said} ({reply.usage.total} tokens, {reply.seconds:.1f} s)"


def _seen(event: ToolEnded) -> str:
    seen = event.observation
    if seen is None:
        return ""
    return f"{seen.status}, {_short(seen.content)} ({seen.seconds:.1f} s)"


def _short(text: str, longest: int = _SHOWN) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
