"""The edge to LangChain: our messages to its messages, its replies to ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Message, Role, ToolCall, Usage
from toolgrove.errors import ModelError
from toolgrove.planners.direct_call import asking

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import Runnable

__all__ = ["Chat", "Chatting", "Reply", "model_name", "to_langchain"]


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


class Chatting(Protocol):
    """One model or several with a run's functions bound: what a search asks for its next step.

    ``functions`` names what is bound, ``models`` who may be asked, and ``calls`` is the most model
    calls that one reply takes.
    """

    @property
    def name(self) -> str: ...
    @property
    def models(self) -> tuple[str, ...]: ...
    @property
    def functions(self) -> str: ...
    @property
    def calls(self) -> int: ...

    def offering(
        self, functions: Sequence[Mapping[str, Any]], reads: Collection[str] = ()
    ) -> Chatting:
        """The same with other functions bound; ``reads`` names those that change nothing."""
        ...

    async def ask(self, messages: Sequence[BaseMessage], name_calls: str) -> Reply:
        """Ask for the next message; its calls get ids that begin with ``name_calls``."""
        ...


def model_name(model: object) -> str:
    """What a chat model, or what stands for one, calls itself."""
    for attribute in ("model_name", "model"):
        name = getattr(model, attribute, None)
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
        OpenAI function schemas; without any, the model is asked for plain text.

    Raises
    ------
    ModelError
        Where the model cannot bind tools.
    """

    calls = 1

    def __init__(self, model: BaseChatModel, functions: Sequence[Mapping[str, Any]]) -> None:
        self.name = model_name(model)
        self.models = (self.name,)
        self._model = model
        self.takes_grammar: bool = getattr(model, "takes_grammar", False) is True
        self.functions = codec.digest([dict(f) for f in functions])
        bound: Runnable[Any, AIMessage] = model
        try:
            if functions:  # services refuse an empty list of tools
                bound = model.bind_tools(
                    [{"type": "function", "function": dict(f)} for f in functions]
                )
        except NotImplementedError:
            raise ModelError(
                f"{self.name} has no bind_tools, so it cannot be offered tools. "
                "Use a chat model that supports tool calling."
            ) from None
        self._ask = asking(bound)

    def offering(self, functions: Sequence[Mapping[str, Any]], reads: Collection[str] = ()) -> Chat:
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
            reply = await self._ask(messages if isinstance(messages, list) else list(messages))
        except (asyncio.CancelledError, ModelError):
            raise
        except Exception as error:
            raise ModelError(f"{self.name} did not answer: {error}") from error
        message = _from_langchain(reply, name_calls)
        return Reply(message, _usage(reply), time.monotonic() - began, self.name)

    async def stream(
        self, messages: Sequence[BaseMessage], hear: Callable[[str], bool], grammar: str = ""
    ) -> Reply:
        """Ask for plain text, whatever functions are bound.

        Parameters
        ----------
        messages : sequence of BaseMessage
            The conversation.
        hear : callable
            Given each piece of the text as it comes: one, where the model does not stream. Once it
            says that it has heard enough, the model is stopped. Most services count tokens at the
            end only: those of a stopped reply are estimated then, at four characters each.
        grammar : str
            What the reply must be, for a model that says with ``takes_grammar`` that it is decoded
            under llama.cpp's grammars; others do not hear of it.

        Returns
        -------
        Reply
            ``notes`` has ``cut`` where the model's limit of tokens cut it.

        Raises
        ------
        ModelError
            Where the model did not answer, or not to the end.
        """
        began = time.monotonic()
        text: list[str] = []
        usage = Usage()
        enough = cut = False
        async with aclosing(self._pieces(messages, grammar)) as pieces:
            async for piece in pieces:
                usage += _usage(piece)
                cut = cut or _is_cut(piece)
                text.append(str(piece.text))
                if enough := hear(text[-1]):
                    break
        if enough:
            usage = Usage(
                usage.input_tokens or _estimated(*(str(message.text) for message in messages)),
                usage.output_tokens or _estimated(*text),
            )
        message = Message(Role.ASSISTANT, "".join(text))
        notes = {"cut": True} if cut else {}
        return Reply(message, usage, time.monotonic() - began, self.name, notes=notes)

    async def _pieces(
        self, messages: Sequence[BaseMessage], grammar: str
    ) -> AsyncGenerator[AIMessage, None]:
        form: dict[str, Any] = {"grammar": grammar} if grammar and self.takes_grammar else {}
        stream: Any = self._model.astream(list(messages), **form)
        try:
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    yield piece
        except (asyncio.CancelledError, ModelError):
            raise
        except Exception as error:
            raise ModelError(f"{self.name} did not answer: {error}") from error


_CUT = frozenset({"length", "max_tokens", "max_output_tokens"})


def _is_cut(piece: AIMessage) -> bool:
    """Whether a limit of tokens ended the reply, in the words of whichever service it is."""
    said = piece.response_metadata
    ends = (said.get(word) for word in ("finish_reason", "stop_reason", "done_reason"))
    return any(isinstance(end, str) and end.lower() in _CUT for end in ends)


def _estimated(*texts: str) -> int:
    return -(-sum(map(len, texts)) // 4)


def _usage(reply: AIMessage) -> Usage:
    counted = reply.usage_metadata
    return Usage(counted["input_tokens"], counted["output_tokens"]) if counted else Usage()
