"""The edge to LangChain: our messages to its messages, its replies to ours."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from toolgrove.data import codec
from toolgrove.data.chat_text import model_name
from toolgrove.data.codec import DEEPEST, deeper
from toolgrove.data.events import ModelEnded, ModelStarted
from toolgrove.data.listening import SCOPE, Scope, new_id
from toolgrove.data.passing import ATTEMPTS, wait_after
from toolgrove.data.records import Message, Role, ToolCall, Usage
from toolgrove.data.reply import Reply
from toolgrove.errors import ModelError
from toolgrove.planners.arguments import given_arguments
from toolgrove.planners.direct_call import AskModel, asking
from toolgrove.planners.refused import refused_function
from toolgrove.planners.showing import WithBlocks, as_taken
from toolgrove.planners.tokens import Hearing, Pieces
from toolgrove.planners.wrapped import with_tools

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall

    from toolgrove.planners.wrapped import ChatModel

__all__ = ["Chat", "Chatting", "all_to_langchain", "model_name", "to_langchain"]


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


def all_to_langchain(messages: Iterable[Message]) -> list[BaseMessage]:
    """Messages as LangChain has them."""
    return [to_langchain(message) for message in messages]


def _as_told(message: BaseMessage) -> Message:
    """Any message of LangChain's as ours, for those who listen."""
    calls = tuple(
        ToolCall(call["id"] or "", call["name"], call["args"])
        for call in getattr(message, "tool_calls", ())
    )
    call_id = getattr(message, "tool_call_id", None)
    role = _ROLES.get(message.type, Role.USER)
    return Message(role, str(message.text), calls, call_id=call_id, name=message.name)


_ROLES = {"system": Role.SYSTEM, "ai": Role.ASSISTANT, "tool": Role.TOOL}


def _from_langchain(reply: AIMessage, name_calls: str) -> Message:
    """A reply as ours; calls are named by us, because models repeat or omit their ids."""
    found: list[tuple[str, dict[str, Any], str | None]] = [
        (c["name"], c["args"], None) for c in reply.tool_calls
    ]
    found += [_mended(c) for c in reply.invalid_tool_calls]
    calls = tuple(
        ToolCall(f"{name_calls}_{i}", name, *_flat(arguments, malformed))
        for i, (name, arguments, malformed) in enumerate(found)
    )
    return Message(Role.ASSISTANT, _text(reply), calls)


def _flat(arguments: dict[str, Any], malformed: str | None) -> tuple[dict[str, Any], str | None]:
    """Arguments that can be written down, and why these can't, where they nest too deep."""
    if deeper(arguments):
        return {}, f"nested more than {DEEPEST} deep"
    return arguments, malformed


def _mended(call: InvalidToolCall) -> tuple[str, dict[str, Any], str | None]:
    """A call that LangChain could not read, with its arguments where they can be told."""
    name, args = call["name"] or "", call["args"]
    try:
        return name, given_arguments(args), None
    except ValueError:
        return name, {}, args or call["error"] or "nothing"


def _text(reply: AIMessage) -> str:
    return str(reply.text).strip()


_log = logging.getLogger(__name__)


class Chat:
    """A LangChain chat model with a run's functions bound.

    Where the model's provider refuses a request because of one function, it is asked again without
    it, and is not offered it any more: the reply's ``notes`` say which under ``refused``, with
    the provider's words, and a warning is logged.

    Parameters
    ----------
    model : BaseChatModel
        Any chat model that has ``bind_tools``, also in LangChain's wrappers (``with_retry``,
        ``with_fallbacks``, ``bind``).
    functions : sequence of dict
        OpenAI function schemas; without any, the model is asked for plain text.
    refused : dict
        Functions that the provider is known to refuse, and why; it is added to.

    Raises
    ------
    ModelError
        Where the model cannot bind tools.
    """

    calls = 1

    def __init__(
        self,
        model: ChatModel,
        functions: Sequence[Mapping[str, Any]],
        refused: dict[str, str] | None = None,
    ) -> None:
        self.name = model_name(model)
        self.models = (self.name,)
        self._model = model
        self.takes_grammar: bool = getattr(model, "takes_grammar", False) is True
        self.functions = codec.digest([dict(f) for f in functions])
        self._offered = tuple(functions)
        self._refused = {} if refused is None else refused
        self._ask = self._asking()

    def _asking(self) -> AskModel:
        """How to ask with the functions that are not known to be refused."""
        functions = [one for one in self._offered if one["name"] not in self._refused]
        self._names = [str(one["name"]) for one in functions]
        bound = self._model
        try:
            if functions:  # services refuse an empty list of tools
                tools = [{"type": "function", "function": dict(f)} for f in functions]
                bound = with_tools(self._model, tools)
        except NotImplementedError:
            raise ModelError(
                f"{self.name} has no bind_tools, so it cannot be offered tools. "
                "Use a chat model that supports tool calling."
            ) from None
        self._bound = bound
        return asking(bound)

    def offering(self, functions: Sequence[Mapping[str, Any]], reads: Collection[str] = ()) -> Chat:
        """The same model with other functions bound."""
        return Chat(self._model, functions, self._refused)

    async def ask(self, messages: Sequence[BaseMessage], name_calls: str) -> Reply:
        """Ask for the next message; after an error that may pass, again.

        Raises
        ------
        ModelError
            Where the model did not answer; what it raised is the cause.
        """
        listed = messages if isinstance(messages, list) else list(messages)
        if isinstance(messages, WithBlocks):
            listed = as_taken(messages, self._model, self.name)
        if SCOPE.get() is None:
            return await self._replied(listed, name_calls, None)
        return await self._told(partial(self._replied, listed, name_calls), listed, self._names)

    def _told(
        self,
        work: Callable[[Scope | None], Awaitable[Reply]],
        messages: Sequence[BaseMessage],
        functions: Sequence[str],
    ) -> Awaitable[Reply]:
        """The work, which is told of where somebody listens.

        Only pieces of the reply belong to it: a plan's calls begin while it is written.
        """
        scope = SCOPE.get()
        if scope is None:
            return work(None)
        said = tuple(map(_as_told, messages))
        begin = partial(
            ModelStarted,
            model=self.name,
            messages=said,
            functions=tuple(functions),
            provider=str(getattr(self._model, "_llm_type", "")),
        )
        end = partial(ModelEnded, model=self.name)
        inner = replace(scope, id=new_id())
        return scope.around(work(inner), begin, end, "reply", known=inner.id, holds=False)

    async def _replied(
        self, listed: list[BaseMessage], name_calls: str, scope: Scope | None
    ) -> Reply:
        began = time.monotonic()
        made = 0
        while True:
            try:
                reply = await (self._ask(listed) if scope is None else self._said(listed, scope))
                break
            except Exception as error:
                made += 1
                wait = wait_after(error, made) if made < ATTEMPTS else None
                if wait is None:
                    if not self._goes_on_without(error):
                        raise self._unanswered(error) from error
                    made, wait = 0, 0.0
            await asyncio.sleep(wait)
        message = _from_langchain(reply, name_calls)
        found = Reply(message, _usage(reply), time.monotonic() - began, self.name)
        if not self._refused:
            return found
        names = {str(one["name"]) for one in self._offered}
        refused = {name: why for name, why in self._refused.items() if name in names}
        return replace(found, notes={"refused": refused}) if refused else found

    async def _said(self, listed: list[BaseMessage], scope: Scope) -> AIMessage:
        """The model's reply, in pieces for those who want them."""
        if not scope.tokens:
            return await self._ask(listed)
        hearing = Hearing(scope)
        return hearing.strict(await self._bound.ainvoke(listed, hearing.config()))

    def _unanswered(self, error: Exception) -> ModelError:
        if isinstance(error, ModelError):
            return error
        return ModelError(f"{self.name} did not answer: {error}")

    def _goes_on_without(self, error: Exception) -> bool:
        """Whether a function was to blame, which is then not offered any more."""
        found = refused_function(error, self._names)
        if found is None:
            return False
        name, why = found
        self._refused[name] = why
        _log.warning("%s refuses the tool %s, so the run goes on without it: %s", self.name, *found)
        self._ask = self._asking()
        return True

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
        return await self._told(partial(self._heard, messages, hear, grammar), messages, ())

    async def _heard(
        self,
        messages: Sequence[BaseMessage],
        hear: Callable[[str], bool],
        grammar: str,
        scope: Scope | None,
    ) -> Reply:
        began = time.monotonic()
        if isinstance(messages, WithBlocks):
            messages = as_taken(messages, self._model, self.name)
        text: list[str] = []
        usage = Usage()
        enough = cut = False
        heard = Pieces(scope)
        async with aclosing(self._pieces(messages, grammar)) as pieces:
            async for piece in pieces:
                usage += _usage(piece)
                cut = cut or _is_cut(piece)
                text.append(str(piece.text))
                await heard.add(text[-1])
                if enough := hear(text[-1]):
                    break
        await heard.end()
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
        for made in range(1, ATTEMPTS + 1):
            heard = False
            stream: Any = self._model.astream(list(messages), **form)
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


_UNCOUNTED = Usage()
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
    return Usage(counted["input_tokens"], counted["output_tokens"]) if counted else _UNCOUNTED
