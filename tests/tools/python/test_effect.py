"""A Python function or LangChain tool writes unless it says that it reads, wherever it comes in."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.tools import BaseTool, StructuredTool
from langchain_core.tools import tool as langchain_tool

import toolgrove
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.data.records import Effect, Observation, Status
from toolgrove.errors import SpecError
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.python.effect import tool
from toolgrove.tools.python.function import function_spec
from toolgrove.tools.python.langchain import from_langchain
from toolgrove.tools.python.source import load_source
from toolgrove.tools.registry import Registry

MADE: list[str] = []


def plain(user: str) -> str:
    """Delete a user's account for ever."""
    MADE.append(user)
    return "deleted"


@tool
def bare(user: str) -> str:
    """Delete a user's account for ever."""
    return plain(user)


@tool(effect="write")
def writes(user: str) -> str:
    """Delete a user's account for ever."""
    return plain(user)


@tool(effect="read")
def reads(user: str) -> str:
    """Look a user's account up."""
    return plain(user)


@tool(effect="read")
async def reads_async(user: str) -> str:
    """Look a user's account up."""
    return plain(user)


def by_hand(user: str) -> str:
    """Look a user's account up."""
    return plain(user)


by_hand.effect = "read"  # type: ignore[attr-defined]  # functions take attributes


@functools.wraps(reads)
def wrapped(user: str) -> str:
    return reads(user)


class Desk:
    """Methods of every kind."""

    def put(self, user: str) -> str:
        """Write."""
        return plain(user)

    @tool(effect="read")
    def look(self, user: str) -> str:
        """Read."""
        return plain(user)

    @tool(effect="read")
    @staticmethod
    def peek(user: str) -> str:
        """Read."""
        return plain(user)

    @staticmethod
    @tool(effect="read")
    def glance(user: str) -> str:
        """Read."""
        return plain(user)

    @tool(effect=Effect.READ)
    @classmethod
    def watch(cls, user: str) -> str:
        """Read."""
        return plain(user)


WRITES = [plain, bare, writes, Desk().put]
READS = [reads, reads_async, by_hand, wrapped, Desk().look, Desk.peek, Desk.glance, Desk.watch]


def _langchain(function: Callable[..., Any]) -> BaseTool:
    if asyncio.iscoroutinefunction(function):
        return StructuredTool.from_function(coroutine=function, name="of", description="Of.")
    return StructuredTool.from_function(function, name="of", description="Of.")


@pytest.mark.parametrize(
    ("function", "effect"),
    [(f, Effect.WRITE) for f in WRITES] + [(f, Effect.READ) for f in READS],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_a_function_says_holds_wherever_it_comes_in(
    function: Callable[..., Any], effect: Effect
) -> None:
    [spec] = Agent(model=ScriptedModel(), tools=[function]).registry
    with Registry() as registry:
        added, wrapped = (
            registry.add_function(function),
            registry.add_langchain(_langchain(function)),
        )
    assert {spec.effect, function_spec(function).effect, added.effect} == {effect}
    assert wrapped.effect is effect
    assert from_langchain(_langchain(function)).effect is effect


def test_indexing_and_handing_over_agree() -> None:
    loaded = load_source(f"{__name__}:Desk").specs
    [handed] = zip(*[Agent(model=ScriptedModel(), tools=[Desk().put]).registry], strict=True)
    assert {spec.name: spec.effect.value for spec in loaded} == {
        "glance": "read",
        "look": "read",
        "peek": "read",
        "put": "write",
        "watch": "read",
    }
    assert handed[0].effect is Effect.WRITE


def test_an_explicit_effect_overrides_what_the_function_says() -> None:
    with Registry() as registry:
        assert registry.add_function(plain, effect=Effect.READ).effect is Effect.READ
        assert registry.add_function(reads, effect=Effect.WRITE).effect is Effect.WRITE
        assert registry.add_langchain(_langchain(plain), effect=Effect.READ).effect is Effect.READ


def test_the_decorator_is_toolgroves_and_leaves_the_function_as_it_is() -> None:
    assert toolgrove.tool is tool
    assert tool(plain) is plain
    del plain.effect  # type: ignore[attr-defined]  # that the decorator set
    assert reads("ada") == "deleted"


def test_a_langchain_tool_says_its_effect_by_metadata_or_decorator() -> None:
    made = langchain_tool(plain)
    assert from_langchain(made).effect is Effect.WRITE
    made.metadata = {"owner": "ada", "effect": "read"}
    assert from_langchain(made).effect is Effect.READ
    decorated = tool(effect="read")(langchain_tool(writes))
    assert from_langchain(decorated).effect is Effect.READ
    assert from_langchain(tool(effect="write")(langchain_tool(reads))).effect is Effect.WRITE


@pytest.mark.parametrize("said", ["reads", "READ", "", True, 1, ["read"]])
def test_what_is_no_effect_is_refused_with_the_mend(said: Any) -> None:
    def odd(user: str) -> str:
        """Look."""
        return user

    odd.effect = said  # type: ignore[attr-defined]  # functions take attributes
    with pytest.raises(SpecError, match=r'odd.*effect.*"read" or "write"'):
        function_spec(odd)
    made = langchain_tool(plain)
    made.metadata = {"effect": said}
    with pytest.raises(SpecError, match=r'plain.*effect.*"read" or "write"'):
        from_langchain(made)
    with pytest.raises(SpecError, match='"read" or "write"'):
        tool(effect=said)(plain)


def _observed(made: Any, **options: Any) -> list[Observation]:
    MADE.clear()
    agent = Agent(model=ScriptedModel(), tools=[made], planner="react", **options)
    name = agent.registry.alias(agent.registry.ids()[0])
    agent.model.replies = [call(name, user="ada"), finish("x")]  # type: ignore[attr-defined]  # a ScriptedModel
    return [o for node in agent.invoke("q").tree for o in node.observations]


@pytest.mark.parametrize("made", [plain, langchain_tool(plain)], ids=["function", "langchain"])
def test_a_policy_holds_back_what_does_not_say_that_it_reads(made: Any) -> None:
    for policy in (Policy(read_only=True), Policy(approve=lambda spec, call: False)):
        seen = _observed(made, policy=policy)
        assert (seen[0].status, MADE) == (Status.UNAUTHORIZED, [])
    seen = _observed(made, policy=Policy(approve=lambda spec, call: True))
    assert (seen[0].status, MADE) == (Status.OK, ["ada"])


@pytest.mark.parametrize("made", [reads, langchain_tool(reads)], ids=["function", "langchain"])
def test_a_policy_lets_through_what_says_that_it_reads(made: Any) -> None:
    seen = _observed(made, policy=Policy(read_only=True))
    assert (seen[0].status, MADE) == (Status.OK, ["ada"])


@pytest.mark.parametrize("function", [plain, reads], ids=["write", "read"])
def test_a_write_is_not_answered_from_the_tree(function: Callable[..., Any]) -> None:
    MADE.clear()
    name = function.__name__
    replies = [call(name, user="ada"), give_up(), call(name, user="ada"), finish("x")]
    model = ScriptedModel(replies=replies)
    Agent(model=model, tools=[function], planner="dfsdt:width=2,depth=4").invoke("q")
    times = 2 if function is plain else 1
    assert ["ada"] * times == MADE


async def test_looking_ahead_makes_no_write_in_a_branch_that_is_thrown_away() -> None:
    sent: list[str] = []

    @tool(effect="read")
    async def lookup(q: str) -> str:
        """Look up."""
        for _ in range(50):  # so that others may go ahead
            await asyncio.sleep(0)
        return "found"

    def send(to: str) -> str:
        """Send a letter."""
        sent.append(to)
        return "sent"

    def script(messages: Any) -> Any:
        if messages[-1].type == "tool":
            return finish("done")
        humans = sum(1 for message in messages if message.type == "human")
        return call("send", to="boss") if humans > 1 else call("lookup", q="a")

    agent = Agent(
        model=ScriptedModel(script=script),
        tools=[lookup, send],
        planner="dfsdt:width=3",
        in_flight=4,
    )
    outcome = await agent.ainvoke("look up a")
    assert (outcome.answer, sent) == ("done", [])
