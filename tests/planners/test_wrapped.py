"""Models in LangChain's wrappers are models, and errors that may pass are no end of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableLambda

from toolgrove import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.errors import ModelError
from toolgrove.planners.cascade import _brief
from toolgrove.planners.chat import Chat, model_name

ASKED: list[BaseMessage] = [HumanMessage("hi")]
FUNCTION = {"name": "f", "description": "", "parameters": {"type": "object", "properties": {}}}


class Busy(Exception):
    """What a provider raises that has too much to do."""

    status_code = 429
    headers = {"retry-after": "0"}  # noqa: RUF012 - a constant


class Told(ScriptedModel):
    """Notes what is bound to each of its calls."""

    given: list[dict[str, Any]] = []  # noqa: RUF012 - pydantic copies it

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=list(tools), **kwargs)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        self.given.append({name: kwargs[name] for name in sorted(kwargs) if kwargs[name]})
        return await super()._agenerate(*args, **kwargs)


def failing(times: int, error: Exception, then: AIMessage) -> Callable[[Any], AIMessage]:
    left = [error] * times

    def reply(messages: Any) -> AIMessage:
        if left:
            raise left.pop()
        return then

    return reply


WRAPPED: dict[str, Callable[[Any], Any]] = {
    "retried": lambda model: model.with_retry(stop_after_attempt=2),
    "with fallbacks": lambda model: Told(
        script=failing(99, ValueError(), finish(""))
    ).with_fallbacks([model]),
    "bound": lambda model: model.bind(stop=["x"]),
    "configured": lambda model: model.with_config(tags=["a"]),
    "all of them": lambda model: model.bind(stop=["x"]).with_retry().with_fallbacks([model]),
}


@pytest.mark.parametrize("how", WRAPPED)
async def test_a_wrapped_model_is_offered_tools_inside_its_wrapper(how: str) -> None:
    model = Told(script=failing(0, Busy(), AIMessage("hello")))
    chat = Chat(WRAPPED[how](model), [FUNCTION])
    reply = await chat.ask(ASKED, "c")
    assert reply.message.content == "hello"
    (bound,) = model.given
    assert bound["tools"][0]["function"]["name"] == "f"
    assert ("stop" in bound) is (how in ("bound", "all of them"))


async def test_a_retried_model_stays_retried_when_tools_are_bound() -> None:
    """``model.with_retry().bind_tools(…)`` of LangChain's own loses the retry."""
    told = Told(script=failing(1, ValueError("odd"), AIMessage("hello")))
    model = told.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    assert (await Chat(model, [FUNCTION]).ask(ASKED, "c")).message.content == "hello"


async def test_tools_that_somebody_bound_before_are_not_offered() -> None:
    model = Told(script=failing(0, Busy(), AIMessage("hello")))
    other = {"type": "function", "function": {**FUNCTION, "name": "theirs"}}
    chat = Chat(model.bind(tools=[other], tool_choice="theirs", stop=["x"]), [FUNCTION])
    await chat.ask(ASKED, "c")
    (bound,) = model.given
    assert [tool["function"]["name"] for tool in bound["tools"]] == ["f"]
    assert bound["stop"] == ["x"]
    assert "tool_choice" not in bound


@pytest.mark.parametrize("how", WRAPPED)
async def test_a_wrapped_model_still_streams(how: str) -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage("one two three")]))
    heard: list[str] = []
    reply = await Chat(WRAPPED[how](model), ()).stream(ASKED, heard.append)
    assert reply.message.content == "one two three"
    assert len(heard) > 1


@pytest.mark.parametrize("how", WRAPPED)
def test_an_agent_takes_a_wrapped_model(how: str) -> None:
    def double(x: int) -> int:
        """Double a number."""
        return 2 * x

    model = Told(replies=[call("double", x=21), finish("42")], model_name="told")
    outcome = Agent(model=WRAPPED[how](model), tools=[double]).invoke("What is 21 doubled?")
    assert outcome.answer == "42"
    assert model_name(model.with_retry()) == "told"


def test_short_replies_are_asked_for_inside_a_wrapper() -> None:
    class Short(ScriptedModel):
        max_tokens: int = 100

    brief: Any = _brief(Short(replies=[]).with_retry(), 4)
    assert brief.bound.max_tokens == 4


def test_what_cannot_be_offered_tools_is_told() -> None:
    for model in (RunnableLambda(lambda _: AIMessage("x")), RunnableLambda(str).with_retry()):
        with pytest.raises(ModelError, match="has no bind_tools"):
            Chat(model, [FUNCTION])  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("times", [1, 2])
async def test_a_model_with_passing_trouble_is_asked_again(times: int) -> None:
    model = ScriptedModel(script=failing(times, Busy(), AIMessage("hello")))
    assert (await Chat(model, ()).ask(ASKED, "c")).message.content == "hello"
    model = ScriptedModel(script=failing(times, Busy(), AIMessage("hello")))
    assert (await Chat(model, ()).stream(ASKED, lambda _: None)).message.content == "hello"


async def test_a_model_whose_trouble_stays_is_given_up() -> None:
    for error, times in ((Busy(), 99), (ValueError("wrong"), 1)):
        model = ScriptedModel(script=failing(times, error, AIMessage("hello")))
        with pytest.raises(ModelError, match="did not answer"):
            await Chat(model, ()).ask(ASKED, "c")


async def test_a_stream_that_was_heard_is_not_begun_again() -> None:
    class Breaking(GenericFakeChatModel):
        async def _astream(self, *args: Any, **kwargs: Any) -> Any:
            async for piece in super()._astream(*args, **kwargs):
                yield piece
                raise Busy

    heard: list[str] = []
    model = Breaking(messages=iter([AIMessage("one two"), AIMessage("one two")]))
    with pytest.raises(ModelError, match="did not answer"):
        await Chat(model, ()).stream(ASKED, heard.append)
    assert heard == ["one"]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [('"{\\"a\\": 1}"', {"a": 1}), ("", {}), ('{"a": ', None), ("[1]", None)],
)
async def test_arguments_that_langchain_could_not_read_are_taken_where_they_are_plain(
    text: str, arguments: Any
) -> None:
    invalid: Any = {"name": "f", "args": text, "id": "1", "error": None}
    model = ScriptedModel(replies=[AIMessage("", invalid_tool_calls=[invalid])])
    (made,) = (await Chat(model, ()).ask(ASKED, "c")).message.calls
    assert (made.malformed is None) is (arguments is not None)
    assert made.arguments == (arguments or {})
