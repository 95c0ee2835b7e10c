"""The edge to LangChain: our messages to its messages, its replies to ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.records import Message, Role, ToolCall, Usage
from toolgrove.errors import ModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, LanguageModelInput
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import Runnable

__all__ = ["Chat", "Reply", "model_name", "to_langchain"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, what it cost, and how long it took."""

    message: Message
    usage: Usage = Usage()
    seconds: float = 0.0


def model_name(model: BaseChatModel) -> str:
    """What a chat model calls itself."""
    for field in ("model_name", "model"):
        name = getattr(model, field, None)
        if isinstance(name, str) and name:
            return name
    return type(model).__name__


def to_langchain(message: Message) -> BaseMessage:
    """One message as LangChain has it."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    match message.role:
        case Role.SYSTEM:
            return SystemMessage(message.content)
        case Role.USER:
            return HumanMessage(message.content)
        case Role.TOOL:
            return ToolMessage(
                message.content, tool_call_id=message.call_id or "", name=message.name
            )
        case Role.ASSISTANT:
            calls = [
                {"name": c.name, "args": dict(c.arguments), "id": c.id, "type": "tool_call"}
                for c in message.calls
            ]
            return AIMessage(message.content, tool_calls=calls)


def _from_langchain(reply: AIMessage, name_calls: str) -> Message:
    """A reply as ours; calls are named by us, because models repeat or omit their ids."""
    found: list[tuple[str, dict[str, Any], str | None]] = [
        (c["name"], c["args"], None) for c in reply.tool_calls
    ]
    found += [
        (c["name"] or "", {}, c["args"] or c["error"] or "nothing")
        for c in reply.invalid_tool_calls
    ]
    calls = tuple(
        ToolCall(f"{name_calls}_{i}", name, arguments, malformed)
        for i, (name, arguments, malformed) in enumerate(found)
    )
    return Message(Role.ASSISTANT, _text(reply), calls)


def _text(reply: AIMessage) -> str:
    return str(reply.text).strip()


class Chat:
    """A LangChain chat model with a run's functions bound.

    Parameters
    ----------
    model : BaseChatModel
        Any chat model that has ``bind_tools``.
    functions : sequence of dict
        OpenAI function schemas.

    Raises
    ------
    ModelError
        Where the model cannot bind tools.
    """

    def __init__(self, model: BaseChatModel, functions: Sequence[Mapping[str, Any]]) -> None:
        self.name = model_name(model)
        self._model = model
        self.functions = codec.digest([dict(f) for f in functions])
        try:
            self._bound: Runnable[LanguageModelInput, AIMessage] = model.bind_tools(
                [{"type": "function", "function": dict(f)} for f in functions]
            )
        except NotImplementedError:
            raise ModelError(
                f"{self.name} has no bind_tools, so it cannot be offered tools. "
                "Use a chat model that supports tool calling."
            ) from None

    def offering(self, functions: Sequence[Mapping[str, Any]]) -> Chat:
        """The same model with other functions bound."""
        return Chat(self._model, functions)

    async def ask(self, messages: Sequence[BaseMessage], name_calls: str) -> Reply:
        """Ask for the next message.

        Raises
        ------
        ModelError
            Where the model did not answer; what it raised is the cause.
        """
        began = time.monotonic()
        try:
            reply = await self._bound.ainvoke(list(messages))
        except (asyncio.CancelledError, ModelError):
            raise
        except Exception as error:
            raise ModelError(f"{self.name} did not answer: {error}") from error
        counted = reply.usage_metadata
        usage = Usage(counted["input_tokens"], counted["output_tokens"]) if counted else Usage()
        message = _from_langchain(reply, name_calls)
        return Reply(message, usage, time.monotonic() - began)
