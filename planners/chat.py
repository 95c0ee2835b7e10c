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
from toolgrove.planners.arguments import given_arguments
from toolgrove.planners.direct_call import asking
from toolgrove.planners.wrapped import with_tools
from toolgrove.tools.calls.passing import ATTEMPTS, asked_again, wait_after
from toolgrove.tools.model_name import model_name

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall

    from toolgrove.planners.wrapped import ChatModel

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
    found += [_mended(c) for c in reply.invalid_tool_calls]
    calls = tuple(
        ToolCall(f"{name_calls}_{i}", name, arguments, malformed)
        for i, (name, arguments, malformed) in enumerate(found)
    )
    return Message(Role.ASSISTANT, _text(reply), calls)


def _mended(call: InvalidToolCall) -> tuple[str, dict[str, Any], str | None]:
    """A call that LangChain could not read, with its arguments where they can be told."""
    name, args = call["name"] or "", call["args"]
    try:
        return name, given_arguments(args), None
    except ValueError:
        return name, {}, args or call["error"] or "nothing"


def _text(reply: AIMessage) -> str:
    return str(reply.text).strip()


class Chat:
    """A LangChain chat model with a run's functions bound.

    Parameters
    ----------
    model : BaseChatModel
        Any chat model that has ``bind_tools``, also in LangChain's wrappers (``with_retry``,
        ``with_fallbacks``, ``bind``).
    functions : sequence of dict
        OpenAI function schemas; without any, the model is asked for plain text.

    Raises
    ------
    ModelError
        Where the model cannot bind tools.
    """

    calls = 1

    def __init__(self, model: ChatModel, functions: Sequence[Mapping[str, Any]]) -> None:
        self.name = model_name(model)
        self.models = (self.name,)
        self._model = model
        self.functions = codec.digest([dict(f) for f in functions])
        bound = model
        try:
            if functions:  # services refuse an empty list of tools
                tools = [{"type": "function", "function": dict(f)} for f in functions]
                bound = with_tools(model, tools)
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
        """Ask for the next message; after an error that may pass, again.

        Raises
        ------
        ModelError
            Where the model did not answer; what it raised is the cause.
        """
        began = time.monotonic()
        try:
            asked = messages if isinstance(messages, list) else list(messages)
            reply = await asked_again(lambda: self._ask(asked))
        except (asyncio.CancelledError, ModelError):
            raise
        except Exception as error:
            raise ModelError(f"{self.name} did not answer: {error}") from error
        message = _from_langchain(reply, name_calls)
        return Reply(message, _usage(reply), time.monotonic() - began, self.name)

    async def stream(self, messages: Sequence[BaseMessage], hear: Callable[[str], None]) -> Reply:
        """Ask for plain text, whatever functions are bound.

        ``hear`` is given each piece of the text as it comes: one, where the model does not stream.

        Raises
        ------
        ModelError
            Where the model did not answer, or not to the end.
        """
        began = time.monotonic()
        text: list[str] = []
        usage = Usage()
        async with aclosing(self._pieces(messages)) as pieces:
            async for piece in pieces:
                usage += _usage(piece)
                text.append(str(piece.text))
                hear(text[-1])
        message = Message(Role.ASSISTANT, "".join(text))
        return Reply(message, usage, time.monotonic() - began, self.name)

    async def _pieces(self, messages: Sequence[BaseMessage]) -> AsyncGenerator[AIMessage, None]:
        for made in range(1, ATTEMPTS + 1):
            heard = False
            stream: Any = self._model.astream(list(messages))
            try:
                async with aclosing(stream) as pieces:
                    async for piece in pieces:
                        heard = True
                        yield piece
                return
            except (asyncio.CancelledError, ModelError):
                raise
            except Exception as error:
                wait = wait_after(error, made)
                if heard or made == ATTEMPTS or wait is None:  # what was heard cannot be unsaid
                    raise ModelError(f"{self.name} did not answer: {error}") from error
            await asyncio.sleep(wait)


def _usage(reply: AIMessage) -> Usage:
    counted = reply.usage_metadata
    return Usage(counted["input_tokens"], counted["output_tokens"]) if counted else Usage()
