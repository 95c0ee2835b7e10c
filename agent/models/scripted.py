"""A chat model that says what it was told to: for tests of planners, never for results.

It records what it was offered and asked (as kani's scripted model does), so that a test can say
what a planner showed to the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr

from toolgrove.data import codec
from toolgrove.errors import FormatError, ModelError

__all__ = ["Script", "ScriptedModel", "call", "finish", "give_up"]

Script = Callable[[Sequence[BaseMessage]], AIMessage]
"""A reply as a function of the conversation, so that a resumed run gets the same ones."""


def call(name: str, text: str = "", /, **arguments: Any) -> AIMessage:
    """A reply that calls one tool."""
    return AIMessage(text, tool_calls=[{"name": name, "args": arguments, "id": "0"}])


def finish(answer: str, text: str = "") -> AIMessage:
    """A reply that ends with an answer."""
    return call("Finish", text, return_type="give_answer", final_answer=answer)


def give_up(text: str = "") -> AIMessage:
    """A reply that gives its path up."""
    return call("Finish", text, return_type="give_up_and_restart", final_answer="")


class ScriptedModel(BaseChatModel):
    """A chat model that replies from a list, in order, or from a function of the conversation.

    Parameters
    ----------
    script : callable or None
        Called with the conversation for each reply.
    replies : list of AIMessage
        Used in order where there is no ``script``; asking for more is a ``ModelError``.
    model_name : str
        What it calls itself.

    Examples
    --------
    >>> model = ScriptedModel(replies=[AIMessage("hello")])
    >>> model.invoke("hi").content
    'hello'
    """

    script: Script | None = Field(default=None, exclude=True)
    replies: list[AIMessage] = Field(default_factory=list)
    model_name: str = "scripted"
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _offered: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @classmethod
    def from_file(cls, path: str | Path) -> ScriptedModel:
        """Replies from a JSON file: ``[{"text": …, "calls": [{"name": …, "arguments": {…}}]}, …]``.

        Raises
        ------
        FormatError
            Where the file is not of that shape.
        """
        try:
            rows = codec.loads(Path(path).read_bytes())
            replies = [
                AIMessage(
                    row.get("text", ""),
                    tool_calls=[
                        {"name": c["name"], "args": c.get("arguments", {}), "id": str(i)}
                        for i, c in enumerate(row.get("calls", []))
                    ],
                )
                for row in rows
            ]
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatError(
                str(path),
                "$",
                'a list of {"text": …, "calls": [{"name": …, "arguments": {…}}]}',
                f"Mend the script ({type(error).__name__}: {error}).",
            ) from error
        return cls(replies=replies, model_name=f"scripted:{Path(path).name}")

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """Every conversation it was shown, in order."""
        return self._asked

    @property
    def offered(self) -> list[dict[str, Any]]:
        """The tools that were bound last."""
        return self._offered

    @property
    def _llm_type(self) -> str:
        return "toolgrove-scripted"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        self._offered = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(**kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turn = len(self._asked)
        self._asked.append(messages)
        if self.script is not None:
            reply = self.script(messages)
        elif turn < len(self.replies):
            reply = self.replies[turn]
        else:
            raise ModelError(f"the script has {len(self.replies)} replies and was asked for more")
        if reply.usage_metadata is None:
            said = sum(len(str(m.content)) for m in messages) // 4
            wrote = 1 + len(str(reply.content)) // 4
            counted = {"input_tokens": said, "output_tokens": wrote, "total_tokens": said + wrote}
            reply = reply.model_copy(update={"usage_metadata": counted})
        return ChatResult(generations=[ChatGeneration(message=reply)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await asyncio.sleep(0)
        return self._generate(messages, stop)
