"""A final answer has the form that was asked for, whatever planner came to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from pydantic import BaseModel, Field, field_validator
from typing_extensions import TypedDict

from support.bench import Bench
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import Status, Task
from toolgrove.data.runs import read_run, read_tree
from toolgrove.errors import ModelError, ResumeMismatch, UsageError
from toolgrove.planners.budget import Budget
from toolgrove.planners.registry import PLANNERS


class Sum(BaseModel):
    """A sum, and what it is of."""

    total: int = Field(ge=0, description="The sum.")
    parts: list[int]

    @field_validator("parts")
    @classmethod
    def some(cls, parts: list[int]) -> list[int]:
        if not parts:
            raise ValueError("name the parts")
        return parts


class Plain(TypedDict):
    total: int
    parts: list[int]


SCHEMA = {
    "type": "object",
    "properties": {
        "total": {"type": "integer"},
        "parts": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["total", "parts"],
}
RIGHT = {"total": 3, "parts": [1, 2]}
BENCH = Bench()


def agent(model: ScriptedModel | list[AIMessage], planner: str = "react", **options: Any) -> Agent:
    model = ScriptedModel(replies=model) if isinstance(model, list) else model
    made = Agent(model=model, planner=planner, **options)
    made.registry = BENCH.registry
    return made


def typed(value: Any) -> AIMessage:
    """A Finish whose answer is an object, as a model writes it that is offered its schema."""
    return call("Finish", return_type="give_answer", final_answer=value)


def mends(messages: Any) -> AIMessage:
    """A call, an answer in words, and once it is told what does not fit, one that has the form."""
    text = str(messages[-1].content)
    said = "\n".join(str(message.content) for message in messages)
    if "one digit" in text:
        return AIMessage("9")
    if "one letter" in text:
        return AIMessage("A")
    graph = "Write one call a line" in str(messages[0].content)
    told = "does not fit the form" in said
    if graph:
        if "Results:" not in said.rsplit("What is 1 and 2?", 1)[-1]:
            return AIMessage("1. add(a=1, b=2)\njoin()")
        return AIMessage('Finish({"total": 3, "parts": [1, 2]})' if told else "Finish(It is 3.)")
    if not any(message.type == "tool" for message in messages):
        return call("add", a=1, b=2)
    return typed(RIGHT) if told else finish("It is 3.")


@pytest.mark.parametrize("planner", sorted(PLANNERS))
@pytest.mark.parametrize("wanted", [Sum, Plain, SCHEMA], ids=["model", "typed dict", "schema"])
async def test_every_planner_mends_an_answer_that_does_not_fit(planner: str, wanted: Any) -> None:
    model = ScriptedModel(script=mends)
    outcome = await agent(model, planner, response_format=wanted).ainvoke("What is 1 and 2?")
    assert outcome.value == (Sum(**RIGHT) if wanted is Sum else RIGHT)
    assert json.loads(outcome.answer or "") == RIGHT
    assert json.loads(outcome) == RIGHT
    assert all('"total"' in str(said[0].content) for said in model.asked)


async def test_finish_is_offered_with_the_form(tmp_path: Path) -> None:
    model = ScriptedModel(replies=[typed(RIGHT)])
    await agent(model, response_format=Sum).ainvoke("What?")
    [shown] = [t["function"] for t in model.offered if t["function"]["name"] == "Finish"]
    assert shown["parameters"]["properties"]["final_answer"]["required"] == ["total", "parts"]
    plain = ScriptedModel(replies=[finish("3")])
    await agent(plain).ainvoke("What?")
    [shown] = [t["function"] for t in plain.offered if t["function"]["name"] == "Finish"]
    assert shown["parameters"]["properties"]["final_answer"]["type"] == "string"


@pytest.mark.parametrize(
    "given",
    [
        RIGHT,
        '{"total": 3, "parts": [1, 2]}',
        '```json\n{"total": 3, "parts": [1, 2]}\n```',
        {"total": "3", "parts": [1, 2]},
    ],
    ids=["object", "text", "fenced", "number as text"],
)
async def test_what_only_harmless_steps_keep_from_fitting_is_taken(given: Any) -> None:
    assert (await agent([typed(given)], response_format=Sum).ainvoke("?")).value == Sum(**RIGHT)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"total": -1, "parts": [1]}, "total"),
        ({"total": 1}, "parts"),
        ({"total": 1, "parts": []}, "name the parts"),
        ("", "object"),
    ],
)
async def test_the_model_is_told_what_does_not_fit(wrong: Any, told: str) -> None:
    model = ScriptedModel(replies=[typed(wrong), typed(RIGHT)])
    outcome = await agent(model, response_format=Sum).ainvoke("What?")
    refused = outcome.tree.path(outcome.tree.answered[0].id)[1].observations[0]
    assert (refused.status, outcome.value) == (Status.BAD_FINISH, Sum(**RIGHT))
    assert told in refused.content
    assert told in str(model.asked[1][-1].content)


async def test_a_model_that_never_gets_it_right_comes_to_an_end() -> None:
    for planner, reply in (("react:depth=4", typed("no")), ("dfsdt:depth=3", typed("no"))):
        model = ScriptedModel(script=lambda messages, reply=reply: reply)
        outcome = await agent(model, planner, response_format=Sum).ainvoke("What?")
        assert (outcome.answer, outcome.value, outcome.ended) == (None, None, "exhausted")
        assert len(model.asked) < 40
    for planner in ("dag", "dta"):
        model = ScriptedModel(script=lambda messages: AIMessage("Finish(no)"))
        outcome = await agent(model, planner, response_format=Sum).ainvoke("What?")
        assert (outcome.answer, outcome.ended) == (None, "exhausted")
        assert len(model.asked) < 10
    model = ScriptedModel(script=lambda messages: typed("no"))
    spent = agent(model, response_format=Sum, budget=Budget(model_calls=2))
    assert (await spent.ainvoke("What?")).ended == "model_calls"


@pytest.mark.parametrize(
    ("wanted", "said", "value"),
    [
        (int, "5", 5),
        (list[int], "[1, 2]", [1, 2]),
        ({"type": "string"}, "5", "5"),
        ({"type": "string", "enum": ["yes", "no"]}, "yes", "yes"),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}, RIGHT, RIGHT),
    ],
)
async def test_a_form_need_not_be_an_object(wanted: Any, said: Any, value: Any) -> None:
    assert (await agent([typed(said)], response_format=wanted).ainvoke("?")).value == value
    if isinstance(said, str):
        dag = agent([AIMessage(f"Finish({said})")], "dag", response_format=wanted)
        assert (await dag.ainvoke("?")).value == value


async def test_a_plan_that_foretells_its_answer_fills_the_form_in() -> None:
    schema = {"type": "object", "properties": {"km": {"type": "integer"}}, "required": ["km"]}
    plan = AIMessage('1. add(a=1, b=2)\nFinish({"km": $1})')
    outcome = await agent([plan], "dag", response_format=schema).ainvoke("What?")
    assert outcome.value == {"km": 3}


async def test_words_may_be_the_form_too() -> None:
    model = [AIMessage("It is 3."), AIMessage('{"total": 3, "parts": [1, 2]}')]
    outcome = await agent(model, response_format=Sum, finish="text").ainvoke("What?")
    assert outcome.value == Sum(**RIGHT)


def _dies(messages: Any) -> AIMessage:
    if len(messages) > 2:
        raise ConnectionError("gone")
    return typed("no")


async def test_a_run_goes_on_under_its_form_by_the_schema_in_its_journal(tmp_path: Path) -> None:
    run = tmp_path / "r"
    with pytest.raises(ModelError):
        await agent(ScriptedModel(script=_dies), response_format=Sum).solve(Task("t", "?"), run)
    schema = read_run(run).header["config"]["brief"]["schema"]
    assert schema["required"] == ["total", "parts"]
    with pytest.raises(ResumeMismatch, match="prompt"):
        await agent([typed(RIGHT)], response_format=int).aresume(run)
    outcome = await agent([typed(RIGHT)]).aresume(run)  # without the class: by the schema alone
    assert outcome.value == RIGHT
    assert (await agent([], response_format=Sum).aresume(run)).value == Sum(**RIGHT)
    assert read_tree(run).answer == outcome.answer


def test_what_is_no_form_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="response_format"):
        Agent(model=ScriptedModel(), tools=[BENCH.add], response_format=object())
    with pytest.raises(UsageError, match="JSON Schema"):
        Agent(model=ScriptedModel(), tools=[BENCH.add], response_format={"type": "nonsense"})


def test_another_form_is_another_key() -> None:
    keys = [agent([], response_format=one).settings.key() for one in (None, Sum, int)]
    assert "response_format" not in keys[0]
    assert keys[1]["response_format"] != keys[2]["response_format"]
