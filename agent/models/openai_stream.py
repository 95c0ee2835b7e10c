"""A chat completion that comes in pieces (server-sent events), as LangChain's chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from toolgrove.data import codec
from toolgrove.data.secret_forms import beginning, scrubbed

__all__ = ["StreamedReply", "whole_reply"]


class StreamedReply:
    """Reads the lines of a streamed completion.

    A key that the server says back may come in two pieces, so what may be the beginning of one is
    held back.

    Parameters
    ----------
    model : str
        The name that it was asked for by.
    keys : mapping of str to str
        What is taken out of it, by name.
    """

    def __init__(self, model: str, keys: Mapping[str, str]) -> None:
        self._keys = keys
        self._held: dict[int | None, str] = {}
        self._said: dict[str, Any] = {"model_name": model}
        self.usage: Any = None
        self.ended = False

    def add(self, line: str) -> Iterator[ChatGenerationChunk]:
        """The pieces in a line.

        Raises
        ------
        ValueError, LookupError, TypeError, AttributeError
            Where it is no piece of a completion.
        """
        field, _, data = line.partition(":")
        if field != "data" or not data.strip():
            return
        if data.strip() == "[DONE]":
            self.ended = True
            return
        event = codec.loads(data.strip())
        if "error" in event:
            raise ValueError(scrubbed(codec.dumps(event["error"]).decode(), self._keys))
        self.usage = event.get("usage") or self.usage
        self._said["model_name"] = event.get("model") or self._said["model_name"]
        for choice in event.get("choices") or ():
            if choice.get("finish_reason"):
                self._said["finish_reason"] = choice["finish_reason"]
                self.ended = True
            delta = choice.get("delta") or {}
            if text := self._clean(None, delta.get("content") or ""):
                yield _chunk(AIMessageChunk(content=text))
            for call in delta.get("tool_calls") or ():
                yield _chunk(self._call(call))

    def _call(self, call: Mapping[str, Any]) -> AIMessageChunk:
        function = call.get("function") or {}
        index = int(call.get("index") or 0)
        args = self._clean(index, function.get("arguments") or "")
        name = function.get("name") or None
        named = str(call["id"]) if call.get("id") else None
        piece = tool_call_chunk(name=name, args=args, id=named, index=index)
        return AIMessageChunk(content="", tool_call_chunks=[piece])

    def _clean(self, place: int | None, piece: str) -> str:
        whole = scrubbed(self._held.get(place, "") + piece, self._keys)
        self._held[place] = beginning(whole, self._keys)
        return whole.removesuffix(self._held[place])

    def end(self, usage: UsageMetadata | None) -> Iterator[ChatGenerationChunk]:
        """What was held back, the tokens, and how it ended."""
        for place, rest in self._held.items():
            if rest and place is None:
                yield _chunk(AIMessageChunk(content=rest))
            elif rest:
                piece = tool_call_chunk(name=None, args=rest, id=None, index=place)
                yield _chunk(AIMessageChunk(content="", tool_call_chunks=[piece]))
        yield _chunk(
            AIMessageChunk(
                content="",
                usage_metadata=usage,
                response_metadata=self._said,
                chunk_position="last",
            )
        )


def whole_reply(result: ChatResult) -> ChatGenerationChunk:
    """A reply that came whole as the only piece."""
    message = cast("AIMessage", result.generations[0].message)
    return _chunk(
        AIMessageChunk(
            content=message.content,
            tool_calls=message.tool_calls,
            invalid_tool_calls=message.invalid_tool_calls,
            usage_metadata=message.usage_metadata,
            response_metadata=message.response_metadata,
            chunk_position="last",
        )
    )


def _chunk(message: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=message)
