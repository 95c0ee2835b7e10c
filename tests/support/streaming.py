"""A scripted model that says its replies in pieces, and waits in between where it is told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from toolgrove.agent.models.scripted import ScriptedModel


class StreamingModel(ScriptedModel):
    """Says each reply in pieces of ``size`` characters.

    ``pause`` is awaited before each piece with what was said of this reply so far, and may raise.
    """

    size: int = 5
    pause: Callable[[str], Awaitable[None]] | None = Field(default=None, exclude=True)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply = self._generate(messages, stop).generations[0].message
        assert isinstance(reply, AIMessage)
        text = str(reply.content)
        for at in range(0, len(text), self.size):
            await asyncio.sleep(0)
            if self.pause is not None:
                await self.pause(text[:at])
            piece = AIMessageChunk(text[at : at + self.size])
            yield ChatGenerationChunk(message=piece)
        counted = AIMessageChunk("", usage_metadata=reply.usage_metadata)
        yield ChatGenerationChunk(message=counted)


class PiecewiseModel(ScriptedModel):
    """Says its replies in pieces, and the arguments of their calls too."""

    async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        reply: Any = self._generate(messages).generations[0].message
        text = str(reply.content)
        for at in range(0, len(text), 3):
            await asyncio.sleep(0)
            yield ChatGenerationChunk(message=AIMessageChunk(text[at : at + 3]))
        for index, one in enumerate(reply.tool_calls):
            whole = json.dumps(one["args"])
            for at in range(0, len(whole), 4):
                piece = {"name": one["name"] if not at else None, "args": whole[at : at + 4]}
                chunk = {**piece, "id": "0" if not at else None, "index": index}
                yield ChatGenerationChunk(
                    message=AIMessageChunk(
                        "", tool_call_chunks=[{**chunk, "type": "tool_call_chunk"}]
                    )
                )
        yield ChatGenerationChunk(message=AIMessageChunk("", usage_metadata=reply.usage_metadata))
