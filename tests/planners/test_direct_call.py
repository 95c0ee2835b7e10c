"""Asking a model the short way changes nothing that anybody can see but the time it takes."""

from __future__ import annotations

from contextlib import ExitStack
from contextvars import ContextVar
from typing import Any, cast

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import (
    AsyncCallbackManager,
    BaseCallbackHandler,
    get_usage_metadata_callback,
)
from langchain_core.globals import set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers import context
from langchain_core.tracers.context import collect_runs
from langchain_core.tracers.langchain import LangChainTracer

from toolgrove.agent.models.scripted import ScriptedModel
from toolgrove.errors import ModelError
from toolgrove.planners import direct_call
from toolgrove.planners.chat import Chat
from toolgrove.planners.direct_call import asking

ASKED: list[BaseMessage] = [HumanMessage("hi")]
TOLD: list[str] = []
FUNCTION = {"name": "f", "description": "", "parameters": {"type": "object", "properties": {}}}


class Listener(BaseCallbackHandler):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.told.append("start")

    def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        self.told.append("end")

    def on_llm_error(self, *args: Any, **kwargs: Any) -> None:
        self.told.append("error")


class Invoked(ScriptedModel):
    """A model that says what was bound to its call."""

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        TOLD.append(",".join(sorted(kwargs)))
        return await super()._agenerate(*args, **kwargs)


class Own(ScriptedModel):
    """A model whose ``ainvoke`` is its own, as a wrapper's may be."""

    async def ainvoke(self, *args: Any, **kwargs: Any) -> AIMessage:
        return AIMessage("of my own")


def model(**more: Any) -> ScriptedModel:
    return ScriptedModel(script=lambda messages: AIMessage("hello"), **more)


async def test_the_reply_is_that_of_ainvoke() -> None:
    for bound in (model(), model().bind(stop=["x"]), model().bind_tools([])):
        short, long = await asking(bound)(ASKED), await bound.ainvoke(ASKED)
        assert short.model_copy(update={"id": None}) == long.model_copy(update={"id": None})


async def test_what_is_bound_reaches_the_model() -> None:
    TOLD.clear()
    bound = Invoked(script=lambda messages: AIMessage("")).bind(tools=[1], stop=["x"])
    await asking(bound)(ASKED)
    await bound.ainvoke(ASKED)
    assert TOLD == ["stop,tools"] * 2


async def test_the_models_own_callbacks_are_told() -> None:
    listener = Listener()
    await asking(model(callbacks=[listener]))(ASKED)
    await asking(model(callbacks=[listener]).bind_tools([]))(ASKED)
    assert listener.told == ["start", "end"] * 2


async def test_callbacks_of_a_bound_config_are_told() -> None:
    listener = Listener()
    await asking(model().with_config(callbacks=[listener]))(ASKED)
    assert listener.told == ["start", "end"]


async def test_callbacks_of_the_chain_it_runs_in_are_told() -> None:
    listener = Listener()
    ask = asking(model().bind_tools([]))
    chain = RunnableLambda(lambda _: None, afunc=lambda _: ask(ASKED))
    await chain.ainvoke(None, {"callbacks": [listener]})
    assert listener.told == ["start", "end"]


async def test_a_listener_that_comes_later_is_told_and_an_error_too() -> None:
    ask = asking(ScriptedModel(replies=[AIMessage("first")], model_name="m"))
    assert (await ask(ASKED)).content == "first"
    listener = Listener()

    async def fails(_: None) -> None:
        with pytest.raises(ModelError, match="1 replies"):
            await ask(ASKED)

    await RunnableLambda(lambda _: None, afunc=fails).ainvoke(None, {"callbacks": [listener]})
    assert listener.told == ["start", "error"]


async def test_where_nobody_listens_no_callbacks_are_prepared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def configured(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("nobody listens")

    monkeypatch.setattr(AsyncCallbackManager, "configure", configured)
    assert (await asking(model().bind_tools([]))(ASKED)).content == "hello"


@pytest.mark.parametrize("how", ["verbose", "debug", "hook", "tracing", "environment"])
async def test_listeners_of_every_kind_are_told(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    class Asked(ScriptedModel):
        async def agenerate_prompt(self, *args: Any, **kwargs: Any) -> Any:
            taken.append("the long way")
            return await super().agenerate_prompt(*args, **kwargs)

    monkeypatch.setattr("toolgrove.planners.direct_call._WRAPPED", ())
    asked = Asked(script=lambda messages: AIMessage("hello"), verbose=how == "verbose")
    ask = asking(asked)
    if how == "debug":
        monkeypatch.setattr("langchain_core.globals._debug", True)
    with ExitStack() as listening:
        if how == "hook":
            listening.enter_context(collect_runs())
        if how == "tracing":
            token = context.tracing_v2_callback_var.set(cast("LangChainTracer", Listener()))
            listening.callback(context.tracing_v2_callback_var.reset, token)
        if how == "environment":
            variable: ContextVar[Any] = ContextVar("listener", default=None)
            monkeypatch.setattr(context, "_configure_hooks", list(context._configure_hooks))
            context.register_configure_hook(variable, True, Listener, "LISTENER_OF_A_TEST")
            direct_call._heard.cache_clear()
            ask = asking(asked)
            monkeypatch.setenv("LISTENER_OF_A_TEST", "1")
        await ask(ASKED)
    direct_call._heard.cache_clear()
    assert taken == ["the long way"]


async def test_what_a_model_says_beside_its_reply_is_handed_on() -> None:
    class Tells(ScriptedModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
            message = AIMessage("hello", response_metadata={"own": 1, "both": "message"})
            beside = {"finish_reason": "length", "both": "generation"}
            generation = ChatGeneration(message=message, generation_info=beside)
            return ChatResult(generations=[generation], llm_output={"id": "x", "both": "output"})

    told = Tells(script=lambda messages: AIMessage(""))
    short, long = await asking(told)(ASKED), await told.ainvoke(ASKED)
    assert short.response_metadata == long.response_metadata
    assert short.response_metadata["finish_reason"] == "length"


async def test_tokens_are_counted_where_somebody_counts_them() -> None:
    named = AIMessage("hello", response_metadata={"model_name": "m"})
    ask = asking(ScriptedModel(script=lambda messages: named))
    with get_usage_metadata_callback() as counted:
        await ask(ASKED)
    assert counted.usage_metadata["m"]["output_tokens"] > 0


async def test_the_cache_answers() -> None:
    scripted = ScriptedModel(script=lambda messages: AIMessage("hello"))
    set_llm_cache(InMemoryCache())
    try:
        replies = [await asking(scripted)(ASKED) for _ in range(2)]
    finally:
        set_llm_cache(None)
    assert [reply.content for reply in replies] == ["hello", "hello"]
    assert len(scripted.asked) == 1


async def test_the_rate_limiter_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = InMemoryRateLimiter()
    passed: list[bool] = []

    async def acquired(self: InMemoryRateLimiter, *, blocking: bool = True) -> bool:
        passed.append(blocking)
        return True

    monkeypatch.setattr(InMemoryRateLimiter, "aacquire", acquired)
    await asking(model(rate_limiter=limiter))(ASKED)
    assert passed == [True]


async def test_an_ainvoke_of_its_own_is_used() -> None:
    assert (await asking(Own())(ASKED)).content == "of my own"
    assert (await asking(Own().bind(x=1))(ASKED)).content == "of my own"


async def test_any_runnable_that_replies_can_be_asked() -> None:
    fallback = ScriptedModel(replies=[]).with_fallbacks([model()])
    assert (await asking(fallback)(ASKED)).content == "hello"


async def test_a_model_that_streams_is_asked_as_ever() -> None:
    class Streams(GenericFakeChatModel):
        streaming: bool = True

    ask = asking(Streams(messages=iter([AIMessage("hello you")]), streaming=True))
    assert (await ask(ASKED)).content == "hello you"


async def test_what_a_model_raises_is_a_model_error() -> None:
    class Broken(ScriptedModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            raise ValueError("no route")

    chat = Chat(Broken(), [FUNCTION])
    with pytest.raises(ModelError, match="scripted did not answer: no route"):
        await chat.ask(ASKED, "c")


def test_langchain_still_has_what_the_short_way_calls() -> None:
    """Where it is gone, every call takes the long way: right, but ten times as slow."""
    assert hasattr(BaseChatModel, "_agenerate_with_cache")
