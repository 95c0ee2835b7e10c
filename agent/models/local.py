"""``local``: a small language model inside this process, with no server, key or network.

It is Qwen2.5-Coder-1.5B-Instruct unless another GGUF file is given. Its tool calls are decoded
under a grammar made from the offered tools' schemas, so that every call is well-formed; whether
it is the right call is another matter (see ``benchmarks/local_model.py`` for what was measured).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, ClassVar, TypeAlias, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr

from toolgrove.agent.models import local_prompt
from toolgrove.agent.models.local_adapter import Adapter, read_adapter
from toolgrove.agent.models.local_engine import Completion, ContextExceeded, Engine, worker
from toolgrove.agent.models.local_repeats import identity, ruled_out
from toolgrove.agent.models.local_replies import parsed
from toolgrove.agent.models.local_schema import narrow, reply_schema
from toolgrove.data import codec
from toolgrove.errors import ModelError, UsageError

__all__ = ["LocalChatModel"]

_DEFAULT = "qwen2.5-coder-1.5b-instruct-q4_k_m"
_SHORTEST = 60
"""Characters of a result below which nothing more is cut away."""

Functions = list[dict[str, Any]]


class LocalChatModel(BaseChatModel):
    """A chat model that llama.cpp runs inside this process.

    With tools bound, every reply is one tool call with a short thought; without, it is plain
    text, which ``stream`` and ``astream`` give as it is written: who stops listening stops the
    model at its next token. The model loads at the first call, once a process, and calls run one
    after another.

    ``bind`` takes ``max_tokens`` and ``stop``; for plain text also ``response_format``, a JSON
    Schema as OpenAI has it, or ``grammar``, as llama.cpp has it: ``bind(max_tokens=1,
    grammar='root ::= [0-9]')`` asks for one digit at the price of one token.

    Temperature is 0; a reply can still differ between a cold and a warm prompt cache, because
    llama.cpp sums in another order then.

    Parameters
    ----------
    path : Path or None
        A GGUF file with a chat template; None is Qwen2.5-Coder-1.5B-Instruct, or what the adapter
        was trained on.
    adapter : Path or None
        A folder that ``toolgrove train policy`` wrote; ``model_name`` names it by its digest.
    context : int
        Size of the context window in tokens.
    threads : int or None
        Threads to compute with; None is one a core, at most eight.
    max_tokens : int
        Longest reply in tokens.
    result_chars : int
        Characters of a tool's result that the model is shown.

    Raises
    ------
    FormatError
        Where the adapter's folder is not whole.
    ModelError
        From a call: where ``xllamacpp`` or the file is missing, the adapter was trained on another
        model, or the conversation does not fit the context window even with its tool results cut.
    """

    takes_images: ClassVar[bool] = False
    takes_grammar: ClassVar[bool] = True
    """Whether ``grammar`` may be bound, for callers that know models of several kinds."""
    path: Path | None = None
    adapter: Path | None = None
    context: int = Field(default=8192, ge=512)
    threads: int | None = Field(default=None, ge=1)
    max_tokens: int = Field(default=512, ge=1)
    result_chars: int = Field(default=1500, ge=_SHORTEST)
    _refused: set[str] = PrivateAttr(default_factory=set)
    _trained: Adapter | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        if self.adapter is not None:
            self._trained = read_adapter(self.adapter)
            self.path = self.path or self._trained.path

    @property
    def model_name(self) -> str:
        """The file's name without its suffix, and the adapter's digest."""
        base = self.path.stem if self.path else _DEFAULT
        return f"{base}+{self._trained.digest}" if self._trained else base

    @property
    def _examples(self) -> bool:
        """Whether the prompt's examples are shown: as the adapter was trained."""
        return self._trained is None or self._trained.examples

    @property
    def _llm_type(self) -> str:
        return "toolgrove-local"

    @property
    def _prompt(self) -> str:
        return local_prompt.prompt_digest(self._examples)

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model_name, "prompt": self._prompt}

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools: OpenAI functions, LangChain tools, pydantic classes or functions.

        ``tool_choice`` narrows the choice where it names a tool; the model always calls one.
        """
        offered = [convert_to_openai_tool(tool) for tool in tools]
        if isinstance(tool_choice, dict):
            tool_choice = tool_choice.get("function", {}).get("name")
        chosen = [tool for tool in offered if tool["function"]["name"] == tool_choice]
        return self.bind(tools=chosen or offered, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        stopping = threading.Event()
        try:
            return self._submit(messages, stop, kwargs, stopping).result()
        finally:
            stopping.set()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        stopping = threading.Event()
        try:
            return await asyncio.wrap_future(self._submit(messages, stop, kwargs, stopping))
        finally:
            stopping.set()  # cancelled: the engine stops at its next token

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        stopping, heard = threading.Event(), SimpleQueue[_Piece | None]()
        counted = _Counted()
        try:
            said = self._submit(messages, stop, kwargs, stopping, heard.put)
            said.add_done_callback(lambda _: heard.put(None))
            while (piece := heard.get()) is not None:
                yield counted.chunk(piece)
            yield counted.last(said.result())
        finally:
            stopping.set()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        stopping, heard = threading.Event(), asyncio.Queue[_Piece | None]()
        counted = _Counted()
        loop = asyncio.get_running_loop()

        def put(piece: _Piece | None) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(heard.put_nowait, piece)

        try:
            said = self._submit(messages, stop, kwargs, stopping, put)
            said.add_done_callback(lambda _: put(None))
            while (piece := await heard.get()) is not None:
                yield counted.chunk(piece)
            yield counted.last(said.result())
        finally:
            stopping.set()

    def _submit(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        options: Mapping[str, Any],
        stopping: threading.Event,
        hear: Callable[[_Piece], None] = lambda piece: None,
    ) -> Future[ChatResult]:
        """Queue a call; ``hear`` is given the pieces of a plain reply, none of a tool call."""
        functions = [tool["function"] for tool in options.get("tools") or ()]
        longest = options.get("max_tokens") or self.max_tokens
        request: dict[str, Any] = {"max_tokens": longest, "stop": stop, "stopping": stopping}
        if functions:
            job = partial(self._call, messages, functions, request)
        else:
            request |= {"schema": _form(options), "hear": hear}
            job = partial(self._chat, messages, request)
        return worker(self.path, self.context, self.threads, self.adapter).submit(job)

    def _chat(
        self, messages: list[BaseMessage], request: Mapping[str, Any], engine: Engine
    ) -> ChatResult:
        """A plain reply."""
        said = engine.complete(local_prompt.render_chat(messages), **request)
        return self._result(AIMessage(said.text), [said])

    def _call(
        self,
        messages: list[BaseMessage],
        functions: Functions,
        request: Mapping[str, Any],
        engine: Engine,
    ) -> ChatResult:
        """A reply that calls a tool.

        It is asked for again, at the price of the new tokens, in two cases: without the tool, where
        it repeats a call that the conversation rules out; and under a grammar that leaves the
        arguments' names open, where llama.cpp could not build the tight one. It does not say so,
        but the reply does not parse then.
        """
        offered, repeats = codec.digest(functions), ruled_out(messages)
        choice, said = functions, []
        while True:
            schema = reply_schema(choice, loose=offered in self._refused)
            said.append(self._fitted(engine, messages, functions, {**request, "schema": schema}))
            message = parsed(said[-1], {f["name"] for f in choice})
            if not message.tool_calls:
                if said[-1].finish == "length" or offered in self._refused:
                    break
                self._refused.add(offered)
                continue
            call = message.tool_calls[0]
            if len(choice) == 1 or identity(call["name"], call["args"]) not in repeats:
                break
            choice = [f for f in choice if f["name"] != call["name"]]
        return self._result(message, said)

    def _fitted(
        self,
        engine: Engine,
        messages: list[BaseMessage],
        functions: Functions,
        request: Mapping[str, Any],
    ) -> Completion:
        """Ask, with the results cut further as long as the conversation does not fit."""
        longest = self.result_chars
        while True:
            try:
                shown = local_prompt.render(
                    messages, functions, longest=longest, examples=self._examples
                )
                return engine.complete(shown, **request)
            except ContextExceeded as error:
                if longest <= _SHORTEST:
                    raise ModelError(
                        f"The conversation does not fit the local model's context window of "
                        f"{self.context} tokens. Offer fewer tools, or pass a larger context."
                    ) from error
                longest = max(_SHORTEST, longest // 2)

    def _result(self, message: AIMessage, said: list[Completion]) -> ChatResult:
        asked = sum(one.usage["prompt_tokens"] for one in said)
        wrote = sum(one.usage["completion_tokens"] for one in said)
        details = [one.usage.get("prompt_tokens_details", {}) for one in said]
        message.usage_metadata = {
            "input_tokens": asked,
            "output_tokens": wrote,
            "total_tokens": asked + wrote,
            "input_token_details": {"cache_read": sum(d.get("cached_tokens", 0) for d in details)},
        }
        message.response_metadata = {
            "model_name": self.model_name,
            "finish_reason": said[-1].finish,
            "timings": dict(said[-1].timings),
            "prompt_digest": self._prompt,
            **message.response_metadata,
        }
        return ChatResult(generations=[ChatGeneration(message=message)])


def _form(options: Mapping[str, Any]) -> Mapping[str, Any] | str | None:
    """What a plain reply must be, where that is bound.

    Raises
    ------
    UsageError
        For a ``response_format`` other than a JSON Schema's.
    """
    form = options.get("response_format")
    if form is None:
        grammar: str | None = options.get("grammar")
        return grammar
    try:
        return narrow(form["json_schema"]["schema"])
    except (KeyError, TypeError):
        raise UsageError(
            "The local model's response_format is "
            '{"type": "json_schema", "json_schema": {"name": "…", "schema": {…}}}'
        ) from None


_Piece: TypeAlias = tuple[str, int]
"""A piece of a reply, and the tokens of its prompt."""


class _Counted:
    """The chunks of a stream, each with its own tokens: who stops listening knows what it cost."""

    def __init__(self) -> None:
        self._asked = self._wrote = 0

    def chunk(self, piece: _Piece) -> ChatGenerationChunk:
        text, prompt = piece
        asked, self._asked = prompt - self._asked, prompt
        self._wrote += 1
        usage = UsageMetadata(input_tokens=asked, output_tokens=1, total_tokens=asked + 1)
        return ChatGenerationChunk(message=AIMessageChunk(content=text, usage_metadata=usage))

    def last(self, result: ChatResult) -> ChatGenerationChunk:
        """The end: the tokens that are left, how it ended, and a tool call, which comes whole."""
        message = cast("AIMessage", result.generations[0].message)
        called = message.tool_calls or message.invalid_tool_calls
        usage = message.usage_metadata
        if usage is not None:
            asked = usage["input_tokens"] - self._asked
            wrote = usage["output_tokens"] - self._wrote
            usage = UsageMetadata(
                **{
                    **usage,
                    "input_tokens": asked,
                    "output_tokens": wrote,
                    "total_tokens": asked + wrote,
                }
            )
        return ChatGenerationChunk(
            message=AIMessageChunk(
                content=message.content if called else "",
                tool_calls=message.tool_calls,
                invalid_tool_calls=message.invalid_tool_calls,
                usage_metadata=usage,
                response_metadata=message.response_metadata,
                chunk_position="last",
            )
        )
