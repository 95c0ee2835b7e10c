"""An agent's stream: its events, the pieces of replies, and what stopping it leaves."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableLambda

from support.streaming import PiecewiseModel, StreamingModel
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.events import (
    Event,
    ModelEnded,
    ModelStarted,
    ModelToken,
    RunEnded,
    RunStarted,
    ToolEnded,
    ToolStarted,
)
from toolgrove.data.runs import read_run, read_tree
from toolgrove.errors import ModelError
from toolgrove.tools.python.effect import tool

SENT: list[str] = []


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


@tool(effect="write")
def send(text: str) -> str:
    """Send a text."""
    SENT.append(text)
    return "sent"


def replies() -> list[Any]:
    return [call("double", "I double it.", x=21), finish("42")]


async def test_a_stream_gives_the_events_and_ends_with_the_outcome(tmp_path: Path) -> None:
    agent = Agent(model=ScriptedModel(replies=replies()), tools=[double], runs=tmp_path)
    events = [event async for event in agent.astream("What is 21 doubled?")]
    assert isinstance(events[0], RunStarted)
    last = events[-1]
    assert isinstance(last, RunEnded)
    assert last.outcome is not None
    assert (last.outcome.answer, last.outcome.ended) == ("42", "answered")
    assert last.outcome.run is not None
    assert list(read_tree(last.outcome.run)) == list(last.outcome.tree)
    same = Agent(model=ScriptedModel(replies=replies()), tools=[double]).invoke(
        "What is 21 doubled?"
    )
    assert [node.id for node in same.tree] == [node.id for node in last.outcome.tree]


def test_sync_code_streams_too() -> None:
    agent = Agent(model=ScriptedModel(replies=replies()), tools=[double])
    events = list(agent.stream("What is 21 doubled?"))
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunEnded)
    assert sum(isinstance(event, ToolEnded) for event in events) == 1


async def test_pieces_of_replies_come_as_they_are_written() -> None:
    agent = Agent(model=PiecewiseModel(replies=replies()), tools=[double], planner="react")
    events = [event async for event in agent.astream("What is 21 doubled?")]
    first = next(event.id for event in events if isinstance(event, ModelStarted))
    pieces = [e for e in events if isinstance(e, ModelToken) and e.parent == first]
    assert "".join(piece.text for piece in pieces) == "I double it."
    assert "".join(piece.call for piece in pieces) == '{"x": 21}'
    assert len(pieces) > 5
    [ended] = [e for e in events if isinstance(e, ModelEnded) and e.id == first]
    assert events.index(ended) > events.index(pieces[-1])
    assert isinstance(events[-1], RunEnded)
    assert events[-1].outcome is not None
    assert events[-1].outcome.answer == "42"


async def test_a_streamed_run_comes_to_the_tree_of_one_that_is_not() -> None:
    streamed = Agent(model=PiecewiseModel(replies=replies()), tools=[double], planner="react")
    plain = Agent(model=PiecewiseModel(replies=replies()), tools=[double], planner="react")
    [*_, last] = [event async for event in streamed.astream("What is 21 doubled?")]
    assert isinstance(last, RunEnded)
    assert last.outcome is not None
    for one, other in zip(
        last.outcome.tree, (await plain.ainvoke("What is 21 doubled?")).tree, strict=True
    ):
        assert (one.messages, one.usage) == (other.messages, other.usage)


async def test_a_plan_streams_and_its_calls_begin_meanwhile() -> None:
    plan = AIMessage("1. double(x=2)\n2. double(x=3)\n3. join()")
    model = StreamingModel(replies=[plan, AIMessage("Action: Finish(4 and 6)")])
    agent = Agent(model=model, tools=[double], planner="dag")
    events = [event async for event in agent.astream("Double 2 and 3.")]
    first = next(event.id for event in events if isinstance(event, ModelStarted))
    text = "".join(e.text for e in events if isinstance(e, ModelToken) and e.parent == first)
    assert text.startswith("1. double(x=2)")
    began = next(place for place, e in enumerate(events) if isinstance(e, ToolStarted))
    ended = next(place for place, e in enumerate(events) if isinstance(e, ModelEnded))
    assert began < ended


async def test_a_secret_in_two_pieces_is_no_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLGROVE_SECRET_KEY", "k-12345678")
    said = [call("double", "It is k-12345678, or k-1.", x=1), finish("k-12345678")]
    agent = Agent(model=PiecewiseModel(replies=said), tools=[double], planner="react")
    pieces = [e async for e in agent.astream("?") if isinstance(e, ModelToken)]
    text = "".join(piece.text for piece in pieces)
    assert text == "It is [secret KEY], or k-1."
    assert "12345678" not in "".join(piece.call for piece in pieces)


async def test_a_call_is_not_made_before_its_start_was_taken(tmp_path: Path) -> None:
    SENT.clear()
    model = ScriptedModel(script=lambda messages: call("send", text="hello"))
    agent = Agent(model=model, tools=[send], planner="react", runs=tmp_path)
    async with aclosing(agent.astream("Send it.")) as events:
        async for event in events:
            if isinstance(event, ToolStarted):
                for _ in range(20):
                    await asyncio.sleep(0)
                break
    assert SENT == []
    [run] = tmp_path.iterdir()  # noqa: ASYNC240 - a test's own folder
    assert not any(read_run(run).intents[key] for key in read_run(run).intents)


@pytest.mark.parametrize("kind", [RunStarted, ModelStarted, ModelEnded, ToolStarted, ToolEnded])
@pytest.mark.parametrize("planner", ["react", "dfsdt", "dag"])
async def test_who_stops_listening_stops_the_run_and_it_can_be_gone_on_with(
    kind: type[Event], planner: str, tmp_path: Path
) -> None:
    SENT.clear()
    before = asyncio.all_tasks()
    agent = Agent(model=script_of(planner), tools=[send], planner=planner, runs=tmp_path)
    async with aclosing(agent.astream("Send it.")) as events:
        async for event in events:
            if isinstance(event, kind):
                break
    assert asyncio.all_tasks() == before
    [run] = tmp_path.iterdir()  # noqa: ASYNC240 - a test's own folder
    if kind is RunStarted:
        assert list(run.iterdir()) == []
        return
    assert read_run(run).ended is None
    outcome = await agent.aresume(run)
    assert outcome.answer == "sent it"
    assert SENT == ["hello"]
    assert not any(o.status == "in_doubt" for node in outcome.tree for o in node.observations)


def script_of(planner: str) -> ScriptedModel:
    def chat(messages: Any) -> Any:
        return finish("sent it") if SENT else call("send", text="hello")

    def plan(messages: Any) -> Any:
        return AIMessage("Action: Finish(sent it)" if SENT else '1. send(text="hello")\n2. join()')

    return ScriptedModel(script=plan if planner == "dag" else chat)


def test_a_sync_stream_that_is_left_stops_the_run(tmp_path: Path) -> None:
    SENT.clear()
    agent = Agent(model=script_of("react"), tools=[send], planner="react", runs=tmp_path)
    for event in agent.stream("Send it."):
        if isinstance(event, ToolStarted):
            break
    del event
    assert SENT == []
    [run] = tmp_path.iterdir()
    assert agent.resume(run).answer == "sent it"
    assert SENT == ["hello"]


async def test_what_a_run_raises_is_raised_after_its_last_event() -> None:
    agent = Agent(model=ScriptedModel(replies=[]), tools=[double])
    events: list[Event] = []

    async def listen() -> None:
        async for event in agent.astream("?"):
            events.append(event)  # noqa: PERF401 - it raises

    with pytest.raises(ModelError, match="0 replies"):
        await listen()
    assert isinstance(events[-1], RunEnded)
    assert "0 replies" in events[-1].error


async def test_in_a_chain_a_stream_gives_the_outcome() -> None:
    agent = Agent(model=ScriptedModel(replies=replies()), tools=[double])
    chain: Any = (
        PromptTemplate.from_template("What is {x} doubled?")
        | RunnableLambda(lambda prompt: prompt.to_string())
        | agent
        | RunnableLambda(lambda outcome: outcome.answer)
        | StrOutputParser()
    )
    assert [piece async for piece in chain.astream({"x": 21})] == ["42"]
