"""Whatever happens in a run is told once, in order, under ids that make one tree of it."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from toolgrove.agent import callbacks, telling, watching
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.agent.settings import RunOptions
from toolgrove.agent.watching import run_id
from toolgrove.data import events, listening
from toolgrove.data.events import (
    BudgetUsed,
    Event,
    ModelEnded,
    ModelStarted,
    NodeAdded,
    NodeScored,
    RetrievalEnded,
    RetrievalStarted,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    ToolEnded,
    ToolStarted,
)
from toolgrove.data.records import NodeState, Status, ToolSpec
from toolgrove.data.runs import read_tree
from toolgrove.errors import ModelError
from toolgrove.planners import approval
from toolgrove.planners.budget import Budget
from toolgrove.tools.calls import policy
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.python.effect import tool


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


@tool(effect="read")
def secretive(x: int) -> str:
    """Say a secret."""
    return "the key is k-12345678"


DFSDT = [give_up("no idea"), call("double", x=21), finish("42")]


class Ear:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, *kinds: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kinds)]


def listened(agent: Agent) -> Ear:
    ear = Ear()
    agent.listeners.append(ear)
    return ear


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


async def test_a_search_is_told_from_its_start_to_its_end() -> None:
    agent = Agent(model=ScriptedModel(replies=DFSDT), tools=[double], planner="dfsdt:width=2")
    ear = listened(agent)
    outcome = await agent.ainvoke("What is 21 doubled?")
    told = [kind for kind in kinds(ear.events) if kind != "BudgetUsed"]
    step = ["StepStarted", "ModelStarted", "ModelEnded", "StepEnded", "NodeAdded"]
    called = [*step[:3], "ToolStarted", "ToolEnded", *step[3:]]
    assert told == ["RunStarted", "NodeAdded", *step, *called, *step, "RunEnded"]
    assert ear.of(RunEnded)[0].outcome == outcome
    assert [event.node for event in ear.of(NodeAdded)] == list(outcome.tree)
    [used] = ear.of(BudgetUsed)[-1:]
    assert (used.model_calls, used.tool_calls) == (3, 1)
    assert used.tokens == outcome.tree.usage.total


async def test_the_ids_make_one_tree() -> None:
    agent = Agent(model=ScriptedModel(replies=DFSDT), tools=[double], planner="dfsdt:width=2")
    ear = listened(agent)
    await agent.ainvoke("What is 21 doubled?")
    [run] = ear.of(RunStarted)
    steps = {event.id for event in ear.of(StepStarted)}
    assert run.parent is None
    assert {event.run for event in ear.events} == {run.id}
    assert {event.parent for event in ear.of(StepStarted, NodeAdded)} == {run.id}
    assert {event.parent for event in ear.of(ModelStarted, ToolStarted)} == steps
    for start, end in ((StepStarted, StepEnded), (ModelStarted, ModelEnded)):
        assert sorted(e.id for e in ear.of(start)) == sorted(e.id for e in ear.of(end))
    assert [event.after for event in ear.of(StepStarted)][:2] == ["root", "root"]
    times = [event.time for event in ear.events]
    assert times == sorted(times)


async def test_what_is_said_is_what_was_asked_and_given() -> None:
    agent = Agent(model=ScriptedModel(replies=DFSDT[1:]), tools=[double], planner="react")
    ear = listened(agent)
    await agent.ainvoke("What is 21 doubled?")
    asked = ear.of(ModelStarted)
    assert [message.role.value for message in asked[1].messages][-2:] == ["assistant", "tool"]
    assert set(asked[0].functions) == {"double", "Finish"}
    assert ear.of(ModelEnded)[0].reply.message.calls[0].arguments == {"x": 21}
    [start], [end] = ear.of(ToolStarted), ear.of(ToolEnded)
    assert (start.name, start.spec.name, start.id) == ("double", "double", end.id)
    assert (end.observation.status, end.observation.content) == (Status.OK, "42")


async def test_calls_of_a_plan_belong_to_its_step_and_not_to_the_model() -> None:
    plan = "1. double(x=2)\n2. double(x=3)\n3. join()"
    script = ScriptedModel(replies=[finish_text(plan), finish_text("Action: Finish(4 and 6)")])
    agent = Agent(model=script, tools=[double], planner="dag")
    ear = listened(agent)
    await agent.ainvoke("Double 2 and 3.")
    first = ear.of(StepStarted)[0].id
    assert [event.parent for event in ear.of(ToolStarted)] == [first, first]
    assert ear.of(ModelStarted)[0].parent == first


def finish_text(text: str) -> Any:
    from langchain_core.messages import AIMessage

    return AIMessage(text)


@pytest.mark.parametrize("in_flight", [1, 3])
async def test_looking_ahead_tells_each_step_with_its_end(in_flight: int) -> None:
    replies = [give_up(), give_up(), call("double", x=1), finish("2")]
    model = ScriptedModel(script=lambda messages: replies[min(3, len(messages) - 2)])
    agent = Agent(model=model, tools=[double], planner="dfsdt:width=3", in_flight=in_flight)
    ear = listened(agent)
    outcome = await agent.ainvoke("?")
    started = [event.id for event in ear.of(StepStarted)]
    assert sorted(started) == sorted(event.id for event in ear.of(StepEnded))
    assert [event.node.id for event in ear.of(NodeAdded)] == [node.id for node in outcome.tree]


async def test_scores_and_prunings_are_told() -> None:
    def script(messages: Any) -> Any:
        if not any("tool" in str(m.type) for m in messages) and len(messages) == 1:
            return finish_text("8")
        return call("double", x=len(messages)) if len(messages) < 4 else finish("4")

    model = ScriptedModel(script=script)
    agent = Agent(model=model, tools=[double], planner="beam:width=2,depth=2")
    ear = listened(agent)
    outcome = await agent.ainvoke("?")
    scored = {event.node.id: event.node for event in ear.of(NodeScored)}
    assert scored
    assert all(outcome.tree[node].score == scored[node].score for node in scored)


async def test_a_limit_that_is_met_is_told() -> None:
    model = ScriptedModel(script=lambda messages: call("double", x=len(messages)))
    agent = Agent(model=model, tools=[double], planner="react", budget=Budget(model_calls=2))
    ear = listened(agent)
    assert (await agent.ainvoke("?")).ended == "model_calls"
    assert ear.of(BudgetUsed)[-1].limit == "model_calls"
    assert ear.of(StepEnded)[-1].node is None


async def test_a_run_that_breaks_off_says_why(tmp_path: Path) -> None:
    model = ScriptedModel(replies=[call("double", x=1)])
    agent = Agent(model=model, tools=[double], planner="react", runs=tmp_path)
    ear = listened(agent)
    with pytest.raises(ModelError):
        await agent.ainvoke("?")
    [end] = ear.of(RunEnded)
    assert end.outcome is None
    assert "1 replies" in end.error
    assert "1 replies" in ear.of(ModelEnded)[-1].error


async def test_a_run_that_is_gone_on_with_has_its_id_and_tells_no_call_twice(
    tmp_path: Path,
) -> None:
    replies = [call("double", x=1)]
    broken = Agent(model=ScriptedModel(replies=replies), tools=[double], runs=tmp_path)
    first = listened(broken)
    with pytest.raises(ModelError):
        await broken.ainvoke("?")
    folder = Path(first.of(RunStarted)[0].folder)
    model = ScriptedModel(script=lambda messages: finish("2"))
    again = Agent(model=model, tools=[double], runs=tmp_path)
    second = listened(again)
    await again.aresume(folder)
    assert {e.run for e in first.events} == {e.run for e in second.events} == {run_id(folder)}
    assert not second.of(ToolStarted)
    assert len(second.of(ModelStarted)) == 1
    assert [event.node for event in second.of(NodeAdded)] == list(read_tree(folder))


async def test_the_run_of_an_agent_that_is_a_tool_hangs_below_the_call() -> None:
    inner = Agent(model=ScriptedModel(replies=[finish("inner")]), tools=[double], planner="react")

    @tool(effect="read")
    async def ask(question: str) -> str:
        """Ask another agent."""
        return (await inner.ainvoke(question)).answer or ""

    replies = [call("ask", question="?"), finish("outer")]
    outer = Agent(model=ScriptedModel(replies=replies), tools=[ask], planner="react")
    ear = listened(outer)
    await outer.ainvoke("?")
    first, second = ear.of(RunStarted)
    [asked] = ear.of(ToolStarted)
    assert second.parent == asked.id
    assert first.run == asked.run != second.run


async def test_what_is_retrieved_is_told() -> None:
    found = ToolSpec("a/b/c", "a", "b", "c", "A tool.", binding={"kind": "nothing"})
    agent = Agent(
        model=ScriptedModel(replies=[finish("x")]), retrieve=lambda query, k: [found], k=7
    )
    ear = listened(agent)
    await agent.ainvoke("What?")
    [start], [end] = ear.of(RetrievalStarted), ear.of(RetrievalEnded)
    assert (start.query, start.k, start.asked_by) == ("What?", 7, "task")
    assert (end.id, list(end.tools)) == (start.id, [found])


async def test_no_event_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLGROVE_SECRET_KEY", "k-12345678")
    said = "k-12345678"
    replies = [call("secretive", f"I use {said}", x=1), finish(f"It is {said}.")]
    agent = Agent(model=ScriptedModel(replies=replies), tools=[secretive], planner="react")
    ear = listened(agent)
    await agent.ainvoke(f"Is it {said}?")
    assert said not in repr(ear.events)
    assert "[secret KEY]" in repr(ear.events)
    assert ear.of(RunEnded)[0].outcome.answer == "It is [secret KEY]."


async def test_the_logger_says_what_happens(caplog: pytest.LogCaptureFixture) -> None:
    agent = Agent(model=ScriptedModel(replies=DFSDT[1:]), tools=[double], planner="react")
    with caplog.at_level(logging.WARNING, "toolgrove"):
        await agent.ainvoke("Quiet?")
    assert not caplog.records
    agent = Agent(model=ScriptedModel(replies=DFSDT[1:]), tools=[double], planner="react")
    with caplog.at_level(logging.INFO, "toolgrove"):
        await agent.ainvoke("What is 21 doubled?")
    text = caplog.text
    for said in (
        "run Agent begins",
        "calls double",
        'tool double {"x":21}: ok, 42',
        "answered: 42",
    ):
        assert said in text
    assert all(record.name == "toolgrove" for record in caplog.records)


async def test_where_nobody_listens_no_event_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("nobody listens")

    monkeypatch.setattr("toolgrove.data.listening.new_id", made)
    monkeypatch.setattr("toolgrove.data.listening.Scope.tell", made)
    monkeypatch.setattr("toolgrove.data.listening.Scope.around", made)
    agent = Agent(model=ScriptedModel(replies=DFSDT), tools=[double], planner="dfsdt:width=2")
    outcome = await agent.ainvoke("What is 21 doubled?")
    assert outcome.tree.answered[0].state is NodeState.ANSWERED


@pytest.mark.parametrize("approved", [False, True])
async def test_a_run_enters_nothing_of_listening_and_approving_that_has_neither(
    approved: bool,
) -> None:
    settings: RunOptions = {"policy": Policy(approve=lambda *_: True)} if approved else {}
    replies = [call("double", x=21), finish("42")] * 2
    agent = Agent(model=ScriptedModel(replies=replies), tools=[double], **settings)
    await agent.ainvoke("What is 21 doubled?")
    entered = set()

    def seen(frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            entered.add(frame.f_code.co_filename)

    sys.setprofile(seen)
    try:
        assert (await agent.ainvoke("What is 21 doubled?")).answer == "42"
    finally:
        sys.setprofile(None)
    for module in (watching, callbacks, telling, listening, events):
        assert module.__file__ not in entered
    assert (approval.__file__ in entered, policy.__file__ in entered) == (approved, approved)
