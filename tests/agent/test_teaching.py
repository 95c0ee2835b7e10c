"""What a run is told of earlier ones: where it stands, that it is kept, and that it can be off."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from support.embedders import Hashing
from support.openings import opening_of
from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.memory import Memory
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import Reference, Task
from toolgrove.data.runs import read_run
from toolgrove.errors import ModelError, UsageError
from toolgrove.planners.registry import PLANNERS, parse_planner
from toolgrove.tools.python.effect import tool

POPULATIONS = {"101": 900, "102": 800, "103": 700, "104": 600}
CITIES = {"Oslo": "101", "Rome": "102", "Lima": "103", "Bonn": "104"}
TASKS = [
    Task(city, f"How many people live in {city}?", reference=Reference("number", POPULATIONS[code]))
    for city, code in CITIES.items()
]


@tool(effect="read")
def find_city(name: str) -> dict[str, str]:
    """Find the code of a city."""
    return {"code": CITIES[name]}


@tool(effect="read")
def population(code: str) -> dict[str, int]:
    """Population of a city."""
    return {"people": POPULATIONS[code]}


def solves(messages: Any) -> AIMessage:
    """Finds the city, then its population, then says it; whatever way the planner asks."""
    request = next(str(m.content) for m in messages if "How many people" in str(m.content))
    city = request.rpartition("How many people live in ")[2].partition("?")[0]
    text = str(messages[-1].content)
    if "one digit" in text:
        return AIMessage("7")
    if "one letter" in text:
        return AIMessage("A")
    if "Tools:\n" in text:
        return AIMessage(f'1. population(code="{CITIES[city]}")\njoin()')
    if "Write the plan now" in text:
        return AIMessage("1. population\n2. answer")
    answer = f"{POPULATIONS[CITIES[city]]} people live there."
    if "Results:\n" in text:
        return AIMessage(f"Finish({answer})")
    results = [m for m in messages if m.type == "tool"]
    if not results:
        return call("find_city", name=city)
    return call("population", code=CITIES[city]) if len(results) == 1 else finish(answer)


def agent(model: ScriptedModel | None = None, planner: str = "react", **options: Any) -> Agent:
    model = model or ScriptedModel(script=solves)
    return Agent(model=model, tools=[find_city, population], planner=planner, **options)


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """What an evaluation of two tasks taught, while it went on."""
    out = tmp_path_factory.mktemp("memory")
    with Memory.open(out / "m", embedder=Hashing()) as opened:
        made = agent(memory=opened, update_memory=True)
        asyncio.run(Evaluation(made).run(TASKS[:2], out / "results"))
        yield opened


CHAIN = "Such a request was answered by 1. find_city(name from the request) 2. population"
SOLVED = '"How many people live in '


def test_an_evaluation_may_teach_while_it_goes_on(memory: Memory) -> None:
    [entry] = memory.entries()
    assert entry.tasks == 2
    assert len(memory.solved()) == 2


async def test_a_test_split_teaches_nothing_while_it_goes_on(tmp_path: Path) -> None:
    tests = [Task(f"t{i}", one.query, meta={"split": "test"}) for i, one in enumerate(TASKS)]
    with Memory.open(tmp_path, embedder=Hashing()) as opened:
        await Evaluation(agent(memory=opened, update_memory=True)).run(tests, tmp_path / "r")
        assert opened.entries(unripe=True) == []


@pytest.mark.parametrize("planner", sorted(PLANNERS))
async def test_every_planner_shows_it_with_the_request_and_keeps_its_rules_as_they_are(
    planner: str, memory: Memory
) -> None:
    model = ScriptedModel(script=solves)
    made = agent(model, planner, memory=memory, examples=memory)
    outcome = await made.ainvoke(TASKS[2])
    assert outcome.answer == "700 people live there."
    says = "react" if planner == "auto" else planner  # one wish: it begins with a step
    opening = opening_of(says, TASKS[2].query, outcome.tree.tools)
    rules = [m.content for m in opening if m.role.value == "system"]
    asked = model.asked[0]
    shown = next(str(m.content) for m in asked if m.type == "human" and CHAIN in str(m.content))
    assert shown.index(CHAIN) < shown.index(SOLVED) < shown.index(TASKS[2].query)
    assert [m.content for m in asked if m.type == "system"] == rules
    assert "Lima" not in shown.partition(TASKS[2].query)[0]


@pytest.mark.parametrize("planner", sorted(PLANNERS))
async def test_where_nothing_is_known_the_prompt_is_what_it_was(
    planner: str, tmp_path: Path
) -> None:
    with Memory.open(tmp_path, embedder=Hashing()) as empty:
        outcome = await agent(planner=planner, memory=empty).ainvoke(TASKS[2])
    assert outcome.tree.root.messages == opening_of(planner, TASKS[2].query, outcome.tree.tools)
    assert outcome.tree.meta["prompt"] == parse_planner(planner).prompts.digest


def _dies(messages: Any) -> AIMessage:
    if messages[-1].type == "tool":
        raise ConnectionError("gone")
    return solves(messages)


async def test_a_resumed_run_is_told_what_it_was_told_whatever_was_learnt_since(
    tmp_path: Path, memory: Memory
) -> None:
    run = tmp_path / "r"
    with pytest.raises(ModelError):
        await agent(ScriptedModel(script=_dies), memory=memory).solve(TASKS[2], run)
    kept = read_run(run).header["config"]["brief"]
    assert kept["learnt_from"]["memory"] == memory.digest
    assert kept["learnt_from"]["lessons"] == [one.id for one in memory.entries()]
    for other in (None, Memory.open(tmp_path / "other", embedder=Hashing())):
        model = ScriptedModel(script=solves)
        outcome = await agent(model, memory=other).aresume(run)
        assert outcome.answer == "700 people live there."
        assert all(CHAIN in str(said) for said in model.asked)


def test_results_are_kept_under_what_the_memory_holds(tmp_path: Path, memory: Memory) -> None:
    plain, told = agent().key(), agent(memory=memory).key()
    assert "memory" not in plain
    assert told["memory"] == memory.digest
    assert agent(memory=memory, update_memory=True).key()["memory"] == memory.identity
    with Memory.open(tmp_path, embedder=Hashing()) as other:
        assert agent(memory=other).key() != told
    with pytest.raises(UsageError, match="update_memory needs a memory"):
        agent(update_memory=True)


async def test_uses_are_counted_from_the_runs_that_are_learnt(
    tmp_path: Path, memory: Memory
) -> None:
    with Memory.open(tmp_path / "m", embedder=Hashing()) as own:
        teach = agent(memory=own, update_memory=True)
        await Evaluation(teach).run(TASKS, tmp_path / "r")
        [entry] = own.entries()
        assert (entry.tasks, entry.used, entry.solved) == (4, 2, 2)


def test_an_agent_without_a_memory_loads_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("teaching", "memory", "lessons", "lesson_mining", "flows"):
        monkeypatch.setitem(sys.modules, f"toolgrove.agent.{name}", None)  # cannot be imported
    assert agent().invoke(TASKS[2]).answer == "700 people live there."
