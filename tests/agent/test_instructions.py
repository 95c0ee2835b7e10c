"""Instructions reach every model that has a say in a run, whatever its planner, and are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from support.bench import Bench
from support.openings import opening_of
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import Task
from toolgrove.data.runs import read_run
from toolgrove.errors import ModelError, ResumeMismatch, UsageError
from toolgrove.planners.budget import Budget
from toolgrove.planners.registry import PLANNERS, parse_planner

SAID = "Speak like a pirate, and never name a price."
BENCH = Bench()
GRAPHS = ("dag", "dta")


def _script(messages: Any) -> AIMessage:
    """Two steps and an answer, whatever way the planner asks for them."""
    text = str(messages[-1].content)
    if "one digit" in text:
        return AIMessage("7")
    if "one letter" in text:
        return AIMessage("A")
    if "Tools:\n" in text:
        return AIMessage("1. add(a=1, b=2)\njoin()")
    if "Write the plan now" in text:
        return AIMessage("1. add\n2. answer")
    if "Results:\n" in text:
        return AIMessage("Finish(It be 3.)")
    results = [message for message in messages if message.type == "tool"]
    return finish("It be 3.") if len(results) > 1 else call("add", a=len(results), b=2)


def agent(planner: str = "react", model: ScriptedModel | None = None, **options: Any) -> Agent:
    made = Agent(model=model or ScriptedModel(script=_script), planner=planner, **options)
    made.registry = BENCH.registry
    return made


def told(model: ScriptedModel) -> list[bool]:
    """Of each conversation that a model was asked: whether it holds the instructions, once."""
    return ["".join(str(m.content) for m in said).count(SAID) == 1 for said in model.asked]


@pytest.mark.parametrize("planner", sorted(PLANNERS))
async def test_every_planner_tells_every_model_call_the_instructions(planner: str) -> None:
    model = ScriptedModel(script=_script)
    outcome = await agent(planner, model, instructions=SAID).ainvoke("What is 1 and 2?")
    assert outcome.answer == "It be 3."
    assert told(model) == [True] * len(model.asked)
    assert len(model.asked) >= 2
    assert all(SAID in str(said[0].content) and said[0].type == "system" for said in model.asked)


@pytest.mark.parametrize("planner", sorted(PLANNERS))
async def test_a_planner_that_is_told_nothing_says_its_own_words(planner: str) -> None:
    model = ScriptedModel(script=_script)
    outcome = await agent(planner, model).ainvoke("What is 1 and 2?")
    opening = opening_of(planner, "What is 1 and 2?", outcome.tree.tools)
    assert outcome.tree.root.messages == opening
    assert outcome.tree.meta["prompt"] == parse_planner(planner).prompts.digest
    assert "brief" not in outcome.tree.meta
    if planner in GRAPHS:
        assert model.asked[0][0].content == opening[0].content


async def test_a_graph_that_goes_on_call_by_call_is_still_told() -> None:
    def script(messages: Any) -> AIMessage:
        text = str(messages[-1].content)
        if "Tools:\n" in text:
            return AIMessage("1. add(a=1, b=2)\njoin()")
        if "Write the next plan" in text:
            return AIMessage("2. add(a=5, b=5)\njoin()")
        return AIMessage("Replan(more)") if "Results:\n" in text else finish("It be 3.")

    model = ScriptedModel(script=script)
    outcome = await agent("dag", model, instructions=SAID).ainvoke("What?")
    assert outcome.answer == "It be 3."
    assert [node.variant for node in outcome.tree][-1] == "plain"
    assert told(model) == [True] * len(model.asked)


@pytest.mark.parametrize("how", ["specreason", "planact"])
async def test_both_models_of_a_cascade_are_told(how: str) -> None:
    fast, strong = (ScriptedModel(script=_script, model_name=name) for name in ("fast", "strong"))
    made = agent("react", fast, strong=strong, cascade=how, instructions=SAID)
    assert (await made.ainvoke("What is 1 and 2?")).answer == "It be 3."
    for model in (fast, strong):
        assert model.asked
        assert told(model) == [True] * len(model.asked)


async def test_other_instructions_are_another_prompt_and_another_key(tmp_path: Path) -> None:
    plain, told_one = agent(), agent(instructions=SAID)
    assert plain.key() != told_one.key() != agent(instructions="Be brief.").key()
    assert "instructions" not in plain.key()
    run = tmp_path / "r"
    tree = await told_one.solve(Task("1", "What?"), run)
    with pytest.raises(ResumeMismatch, match="prompt"):
        await agent(instructions="Be brief.").aresume(run)
    assert (await told_one.aresume(run)).answer == tree.answer


def _dies(messages: Any) -> AIMessage:
    if len(messages) > 2:
        raise ConnectionError("gone")
    return call("add", a=1, b=2)


async def test_a_callable_is_asked_once_a_run_and_its_text_is_journalled(tmp_path: Path) -> None:
    asked: list[str] = []

    def instructions(task: Task) -> str:
        asked.append(task.id)
        return f"{SAID} This is call {len(asked)}."

    with pytest.raises(ModelError):
        await agent(model=ScriptedModel(script=_dies), instructions=instructions).solve(
            Task("t", "What?"), tmp_path / "r"
        )
    kept = read_run(tmp_path / "r").header["config"]
    assert kept["brief"]["instructions"] == f"{SAID} This is call 1."
    assert "instructions" not in kept["settings"]
    model = ScriptedModel(script=_script)
    await agent(model=model, instructions=instructions).aresume(tmp_path / "r")
    assert asked == ["t"]
    assert f"{SAID} This is call 1." in str(model.asked[0][0].content)


async def test_a_run_goes_on_under_its_instructions_where_nobody_repeats_them(
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelError):
        await agent(model=ScriptedModel(script=_dies), instructions=SAID).solve(
            Task("t", "What?"), tmp_path / "r"
        )
    model = ScriptedModel(script=_script)
    assert (await agent(model=model).aresume(tmp_path / "r")).answer == "It be 3."
    assert told(model) == [True, True]


async def test_a_callable_may_be_async_and_has_to_give_a_text() -> None:
    async def later(task: Task, context: Any) -> str:
        return f"{SAID} {context}"

    model = ScriptedModel(script=_script)
    await agent(model=model, instructions=later).ainvoke("What?")
    assert all(told(model))
    with pytest.raises(UsageError, match="text"):
        await agent(instructions=lambda task: 5).ainvoke("What?")


async def test_instructions_cost_a_planner_without_a_system_prompt_nothing_else() -> None:
    from toolgrove.data.records import Message, Role
    from toolgrove.data.request import RunRequest

    request = (Message(Role.USER, "What?"),)
    assert RunRequest("What?").opening("") == request
    system, asked = RunRequest("What?", told=f"\n\n{SAID}").opening("")
    assert (system.role, system.content, asked) == (Role.SYSTEM, SAID, request[0])


async def test_a_window_keeps_the_instructions_in_sight() -> None:
    def script(messages: Any) -> AIMessage:
        made = sum(message.type == "tool" for message in messages)
        return finish("3") if made > 8 or len(model.asked) > 20 else call("add", a=made, b=made)

    model = ScriptedModel(script=script)
    await agent(
        "react:depth=30",
        model,
        instructions=SAID,
        context_tokens=500,
        budget=Budget(model_calls=22),
    ).ainvoke("What?")
    assert all(told(model))
