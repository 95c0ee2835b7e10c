"""What models say in tests of the planners of graphs, and what they were shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from support.streaming import StreamingModel

__all__ = ["model", "shown", "step"]


def model(*replies: str, **fields: Any) -> StreamingModel:
    return StreamingModel(replies=[AIMessage(reply) for reply in replies], **fields)


def shown(asked: Sequence[BaseMessage]) -> str:
    """What the model was shown for this task: rules and examples left out."""
    texts = [str(message.content) for message in asked]
    begin = next(i for i in reversed(range(len(texts))) if "\nRequest: What is it?" in texts[i])
    return "\n".join(texts[begin:])


def step(name: str, **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": "0"}])
