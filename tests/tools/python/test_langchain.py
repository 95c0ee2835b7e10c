"""LangChain tools as ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import pytest
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import (
    BaseTool,
    InjectedToolArg,
    InjectedToolCallId,
    StructuredTool,
    Tool,
    ToolException,
    tool,
)
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, Field

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import Effect, Observation, Status, ToolCall
from toolgrove.errors import SpecError
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.python.langchain import from_langchain
from toolgrove.tools.registry import Registry


class Place(BaseModel):
    """A place."""

    city: str = Field(description="Its name.")
    country: str = "NO"


class Query(BaseModel):
    """What to look up."""

    place: Place
    days: list[int] = []


@tool(args_schema=Query)
def weather(place: Place, days: list[int]) -> str:
    """Weather of a place."""
    return f"rain in {place.city}, {place.country}, {days}"


@tool
async def delayed(x: int) -> dict[str, int]:
    """Double, asynchronously."""
    return {"x": 2 * x}


@tool
def failing(why: str) -> str:
    """Fail with a ToolException."""
    raise ToolException(why)


@tool
def crashing(why: str) -> str:
    """Crash."""
    raise RuntimeError(why)


@tool
def whose(x: int, call_id: Annotated[str, InjectedToolCallId]) -> str:
    """Tell which call this is."""
    return call_id


@tool(response_format="content_and_artifact")
def drawn(x: int) -> tuple[str, bytes]:
    """Draw."""
    return f"a picture of {x}", b"bytes"


async def observe(tool: BaseTool, **arguments: Any) -> Observation:
    with Registry() as registry:
        spec = registry.add_langchain(tool)
        async with build_stack(registry) as execute:
            return await execute(ToolCall("c7", spec.id, arguments))


def test_a_model_of_arguments_becomes_a_plain_schema() -> None:
    spec = from_langchain(weather)
    assert (spec.id, spec.description) == ("langchain/weather", "Weather of a place.")
    city = spec.parameters["properties"]["place"]["properties"]["city"]
    assert city == {"type": "string", "description": "Its name."}
    assert spec.parameters["required"] == ["place"]
    assert "$defs" not in spec.parameters
    assert from_langchain(whose).parameters["properties"].keys() == {"x"}


def test_a_json_schema_of_arguments_is_taken_as_it_is() -> None:
    schema = {
        "title": "ignored",
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
    }
    made = StructuredTool(name="say", description="Say.", args_schema=schema, func=print)
    assert from_langchain(made).parameters == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
    }


def test_what_says_nothing_of_its_effect_writes() -> None:
    assert from_langchain(weather).effect is Effect.WRITE
    assert from_langchain(weather, effect=Effect.READ).effect is Effect.READ
    reading = weather.model_copy(update={"metadata": {"effect": "read"}})
    assert from_langchain(reading).effect is Effect.READ


@pytest.mark.parametrize(
    ("ask", "status", "content"),
    [
        (
            lambda: observe(weather, place={"city": "Oslo"}, days=[1]),
            Status.OK,
            "rain in Oslo, NO, [1]",
        ),
        (lambda: observe(delayed, x=4), Status.OK, '{"x": 8}'),
        (lambda: observe(drawn, x=3), Status.OK, "a picture of 3"),
        (lambda: observe(whose, x=3), Status.OK, "c7"),
        (lambda: observe(failing, why="closed"), Status.ERROR_IN_MESSAGE, "closed"),
        (
            lambda: observe(failing.model_copy(update={"handle_tool_error": True}), why="closed"),
            Status.ERROR_IN_MESSAGE,
            "closed",
        ),
        (lambda: observe(crashing, why="!"), Status.ERROR_IN_MESSAGE, "RuntimeError: !"),
    ],
)
async def test_every_end_of_a_call_is_an_observation(
    ask: Callable[[], Awaitable[Observation]], status: Status, content: str
) -> None:
    seen = await ask()
    assert (seen.status, seen.content) == (status, content)


async def test_wrong_arguments_are_told() -> None:
    seen = await observe(weather, place="Oslo")
    assert seen.status is Status.INVALID_REQUEST
    assert seen.attempts == 0


async def test_a_tool_of_another_process_is_not_guessed() -> None:
    with Registry() as registry:
        registry.add([from_langchain(weather)])
        async with build_stack(registry) as execute:
            seen = await execute(ToolCall("c", "langchain/weather", {}))
    assert seen.status is Status.NOT_WORKING
    assert "not loaded" in seen.content


def test_two_tools_of_one_name_are_told() -> None:
    with Registry() as registry:
        registry.add_langchain(weather)
        with pytest.raises(SpecError, match="another tool of this name"):
            registry.add_langchain(weather.model_copy())


def test_an_agent_takes_langchain_tools() -> None:
    model = ScriptedModel(replies=[call("delayed_for_langchain", x=21), finish("42")])
    assert Agent(model=model, tools=[delayed]).invoke("What is 21 doubled?").answer == "42"


async def _single(query: str) -> str:
    return f"found {query}"


class Own(BaseTool):
    """A tool of one's own, whose schema LangChain makes from ``_run``."""

    name: str = "own"
    description: str = "Own."

    def _run(
        self, query: str, config: RunnableConfig | None = None, *args: Any, **kwargs: Any
    ) -> str:
        return f"found {query}"


def _dict(**given: Any) -> str:
    return f"found {given['query']}"


@tool
def configured(
    query: str, config: RunnableConfig, user: Annotated[str, InjectedToolArg] = "me"
) -> str:
    """Know the run's configuration."""
    return f"found {query}"


ONE_QUERY = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}


@pytest.mark.parametrize(
    "made",
    [
        Tool(name="search", description="Search.", func=lambda query: f"found {query}"),
        Tool(name="Search the web!", description="Search.", func=lambda q: f"found {q}"),
        Tool(name="ünïcode/検索", description="S.", func=None, coroutine=_single),
        StructuredTool(name="dict", description="D.", args_schema=ONE_QUERY, func=_dict),
        StructuredTool.from_function(coroutine=_single, name="a" * 100, description="A."),
        configured,
    ],
    ids=lambda made: made.name[:20],
)
async def test_a_tool_is_offered_as_langchain_offers_it_and_can_be_called(made: BaseTool) -> None:
    spec = from_langchain(made)
    theirs = convert_to_openai_tool(made)["function"]["parameters"]
    names = set(theirs["properties"])
    assert spec.parameters["properties"].keys() == names
    assert spec.parameters["required"] == theirs["required"]
    [name] = names
    with Registry() as registry:
        added = registry.add_langchain(made)
        call = ToolCall("c", registry.alias(added.id), {name: "it"})
        resolved = registry.offer([added.id]).resolve(call)
        assert isinstance(resolved, ToolCall)
        async with build_stack(registry) as execute:
            seen = await execute(resolved)
    assert (seen.status, seen.content) == (Status.OK, "found it")


async def test_what_langchain_fills_in_is_not_offered() -> None:
    assert from_langchain(Own()).parameters == ONE_QUERY
    assert (await observe(Own(), query="it")).content == "found it"


async def test_what_nobody_injects_is_told_as_no_fault_of_the_models() -> None:
    @tool
    def owned(query: str, user: Annotated[str, InjectedToolArg]) -> str:
        """Search for a user."""
        return query

    assert from_langchain(owned).parameters == ONE_QUERY
    seen = await observe(owned, query="it")
    assert seen.status is Status.NOT_WORKING
    assert "user of owned is injected by nobody here" in seen.content
