"""The local model's reply as a tool call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage

from toolgrove.agent.models.local_engine import Completion
from toolgrove.data import codec

__all__ = ["parsed"]


def parsed(said: Completion, names: set[str]) -> AIMessage:
    """The reply as a tool call; what is none is kept as an invalid one, with the reason."""
    try:
        written = codec.loads(said.text)
        thought, tool = written["thought"], written["tool"]
        arguments: Mapping[str, Any] = written["arguments"]
        if tool not in names or not isinstance(arguments, dict):
            raise ValueError("no offered tool, or arguments that are no object")
    except (ValueError, KeyError, TypeError) as error:
        reason = (
            f"the reply was cut after {said.usage['completion_tokens']} tokens"
            if said.finish == "length"
            else f"the reply is no tool call: {error}"
        )
        invalid = {
            "type": "invalid_tool_call",
            "id": "0",
            "name": None,
            "args": said.text,
            "error": reason,
        }
        return AIMessage("", invalid_tool_calls=[invalid])
    return AIMessage(
        str(thought),
        tool_calls=[{"name": tool, "args": dict(arguments), "id": "0"}],
        response_metadata={"tool_logprob": _logprob(said, f'"tool": {codec.dumps(tool).decode()}')},
    )


def _logprob(said: Completion, wanted: str) -> float | None:
    """Log-probability of the tool's name, before the grammar: a hint of how sure the model is."""
    begin = "".join(text for text, _ in said.tokens).find(wanted)
    if begin < 0:
        return None
    end, place, total = begin + len(wanted), 0, 0.0
    begin += len('"tool": ')
    for text, logprob in said.tokens:
        if place < end and place + len(text) > begin:
            total += logprob
        place += len(text)
    return round(total, 4)
