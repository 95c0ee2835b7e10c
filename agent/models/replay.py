"""Record what a real model replies, and replay it: for a first look in seconds, and for CI.

A recording is a JSON Lines file. A reply belongs to the model, the conversation (its words and
calls, not the ids of calls) and the tools and options it was asked under; asked for anything else,
a replay raises :class:`~toolgrove.errors.ReplayMiss` and never makes a reply up.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from toolgrove.data import codec
from toolgrove.data.chat_text import model_name
from toolgrove.data.quoting import without_nonces
from toolgrove.errors import FormatError, ModelError, ReplayMiss, UsageError
from toolgrove.machine.files import write_beside

__all__ = ["RecordingChatModel", "ReplayChatModel"]

_SHOWN = 200

Row = dict[str, Any]


class _Recorded(BaseChatModel):
    """What recording and replaying share: the file, and how a question is known by."""

    path: Path
    _rows: dict[str, Row] = PrivateAttr(default_factory=dict)

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools; they belong to the question."""
        offered = [convert_to_openai_tool(tool) for tool in tools]
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=offered, **choice, **kwargs)


class RecordingChatModel(_Recorded):
    """Passes everything on to a model and writes its replies to a file.

    What the file holds already is answered from there, so that a run and its replay agree where
    a model would not answer the same question the same way twice. Delete the file to begin anew.

    Parameters
    ----------
    inner : BaseChatModel
        The model that is asked.
    path : Path
        The recording; written anew, beside and renamed, at each reply.

    Raises
    ------
    FormatError
        Where the file is there and is no recording.
    """

    inner: BaseChatModel
    _guard: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def model_post_init(self, context: Any, /) -> None:
        if self.path.exists():
            self._rows = {row["key"]: row for row in _read(self.path)}

    @property
    def model_name(self) -> str:
        """The recorded model's name."""
        return model_name(self.inner)

    @property
    def _llm_type(self) -> str:
        return "toolgrove-recording"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        row = _question(self.model_name, messages, stop, kwargs)
        if row["key"] not in self._rows:
            self._keep(row, self._bound(kwargs).invoke(messages, stop=stop))
        return _result(self._rows[row["key"]])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        row = _question(self.model_name, messages, stop, kwargs)
        if row["key"] not in self._rows:
            self._keep(row, await self._bound(kwargs).ainvoke(messages, stop=stop))
        return _result(self._rows[row["key"]])

    def _bound(self, kwargs: Mapping[str, Any]) -> Runnable[LanguageModelInput, AIMessage]:
        rest = {k: v for k, v in kwargs.items() if k not in ("tools", "tool_choice")}
        if "tools" not in kwargs:
            return self.inner.bind(**rest)
        choice = {k: v for k, v in kwargs.items() if k == "tool_choice"}
        return self.inner.bind_tools(kwargs["tools"], **choice, **rest)

    def _keep(self, row: Row, reply: AIMessage) -> None:
        row["reply"] = {
            "content": reply.content,
            "tool_calls": [{"name": c["name"], "args": c["args"]} for c in reply.tool_calls],
            "invalid_tool_calls": [dict(c) for c in reply.invalid_tool_calls],
            "usage": reply.usage_metadata,
            "metadata": reply.response_metadata,
        }
        with self._guard:
            self._rows.setdefault(row["key"], row)
            ordered = sorted(self._rows.values(), key=_place)
            write_beside(self.path, (codec.dumps(row) + b"\n" for row in ordered))


class ReplayChatModel(_Recorded):
    """Replies what a real model replied to the very same question.

    Parameters
    ----------
    path : Path
        A recording.
    model : str
        Which model's replies; may be empty where the file holds only one model's.

    Raises
    ------
    FormatError
        Where the file is no recording.
    UsageError
        Where it holds several models' replies and none was named, or none of the named model.
    ReplayMiss
        From a call: where the question was not recorded.
    """

    model: str = ""

    def model_post_init(self, context: Any, /) -> None:
        rows = _read(self.path)
        models = sorted({row["model"] for row in rows})
        if not self.model and len(models) == 1:
            self.model = models[0]
        if self.model not in models:
            raise UsageError(
                f"{self.path} holds replies of {', '.join(models) or 'no model'}. "
                f"Name one: replay:{self.path}#MODEL"
            )
        self._rows = {row["key"]: row for row in rows if row["model"] == self.model}

    @property
    def model_name(self) -> str:
        """The recorded model's name, marked as a replay."""
        return f"replay:{self.model}"

    @property
    def _llm_type(self) -> str:
        return "toolgrove-replay"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        row = _question(self.model, messages, stop, kwargs)
        if row["key"] not in self._rows:
            raise ReplayMiss(_missed(self.path, row, messages[-1]))
        return _result(self._rows[row["key"]])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, **kwargs)


def _question(
    model: str, messages: Sequence[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any]
) -> Row:
    """A row without its reply: what names the question, and what shows a reader which it is."""
    tags: dict[str, str] = {}  # of quotations, which are drawn anew for each prompt
    conversation = [_canonical(message, tags) for message in messages]
    options = {"stop": stop, **kwargs} if stop else dict(kwargs)
    asked = next((m.text for m in messages if m.type == "human"), "")
    return {
        "key": codec.digest([model, conversation, options]),
        "model": model,
        "request": asked[:_SHOWN],
        "step": len(messages),
        "tools": [tool["function"]["name"] for tool in kwargs.get("tools", ())],
    }


def _canonical(message: BaseMessage, tags: dict[str, str]) -> list[Any]:
    said = message.content
    said = without_nonces(said, tags) if isinstance(said, str) else said
    if isinstance(message, AIMessage):
        calls: list[Any] = [*message.tool_calls, *message.invalid_tool_calls]
        return [message.type, said, [[call["name"], call["args"]] for call in calls]]
    if isinstance(message, ToolMessage):
        return [message.type, said, message.name]
    return [message.type, said]


def _place(row: Row) -> tuple[Any, ...]:
    """Rows of one conversation stay together and in order, whatever order they came in."""
    return row["model"], row["request"], row["tools"], row["step"], row["key"]


def _result(row: Row) -> ChatResult:
    reply = row["reply"]
    message = AIMessage(
        reply["content"],
        tool_calls=[{**call, "id": str(i)} for i, call in enumerate(reply["tool_calls"])],
        invalid_tool_calls=reply["invalid_tool_calls"],
        usage_metadata=reply["usage"],
        response_metadata=reply["metadata"],
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def _read(file: Path) -> list[Row]:
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = codec.loads(line)
            _result(row)
            row["key"], _place(row)
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                str(file),
                f"line {number}",
                "a recorded reply: key, model, request, step, tools, reply",
                f"Record it anew ({type(error).__name__}: {error}).",
            ) from error
        rows.append(row)
    return rows


def _missed(file: Path, row: Row, last: BaseMessage) -> str:
    said = " ".join(last.text.split())[:_SHOWN]
    return (
        f"{file} holds no reply of {row['model']} to message {row['step']} of the conversation "
        f"that begins {row['request']!r} and ends with {last.type} {said!r}, with the tools "
        f"{', '.join(row['tools']) or 'none'}. The prompt, the tools or a result changed since it "
        f"was recorded. Record it with the live model: record:{file}:local"
    )
