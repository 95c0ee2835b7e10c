"""A run that asks for made tools is offered those that fit; their calls are the run's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from support.embedders import Hashing
from toolgrove.agent.agent import Agent
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.making.drafts import Draft
from toolgrove.agent.making.made import MadeTool
from toolgrove.agent.making.workshop import FILE, Workshop
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data import codec
from toolgrove.data.decisions import Allow, Pause
from toolgrove.data.events import Event, ToolStarted
from toolgrove.data.records import SEARCH_TOOLS, Observation, Status, Task
from toolgrove.data.runs import read_tree
from toolgrove.errors import CatalogError, ResumeMismatch, UsageError
from toolgrove.planners.budget import Budget
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.python.effect import tool

pytestmark = pytest.mark.skipif(
    find_spec("pydantic_monty") is None,
    reason="pydantic-monty is not installed: pip install 'toolgrove[sandbox]'",
)
ASKED = "How many people live in Rome?"
PEOPLE = "people_of_city"
KEEP = "keep_two"


class Killed(BaseException):
    """Ends a run as a process ends that is killed."""


class World:
    """Tools that note what is done, and that may end as a killed process does."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.dies_at = ""

    def done(self, what: str) -> None:
        if what == self.dies_at:
            raise Killed
        self.made.append(what)

    def tools(self) -> list[Callable[..., Any]]:
        @tool(effect="read")
        def find_city(name: str) -> dict[str, str]:
            """Find the code of a city."""
            self.done(name)
            return {"code": f"{name}-1"}

        @tool(effect="read")
        def population(code: str) -> dict[str, int]:
            """Population of a city."""
            self.done(code)
            return {"people": len(code)}

        @tool(effect="write")
        def note(text: str) -> str:
            """Keep a note."""
            self.done(text)
            return f"kept {text}"

        return [find_city, population, note]


CHAIN = """def people_of_city(name):
    step_1 = find_city(name=name)
    step_2 = population(code=step_1['code'])
    return step_2"""
NOTES = """def keep_two(text):
    note(text=text + ' a')
    note(text=text + ' b')
    return 'both kept'"""


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def catalog(tmp_path: Path, world: World) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "catalog", embedder=Hashing()) as opened:
        for one in world.tools():
            opened.registry.add_function(one)
        opened.add(list(opened.registry))
        make(opened, PEOPLE, CHAIN, "name", ASKED.replace("Rome", "Oslo"))
        yield opened


def make(catalog: Catalog, name: str, source: str, parameter: str, *asked: str) -> MadeTool:
    """Keep a made tool as the maker does."""
    parts = [one for one in catalog.registry if f" {one.name}(" in source]
    calls = tuple((one.name, one.id) for one in parts)
    draft = Draft(name, source, ((parameter, {"type": "string"}),), calls)
    pins = tuple((one.id, codec.digest(one)) for one in parts)
    made = MadeTool(name, draft, pins=pins, requests=asked, passed=("t",), tried=1, calls=2)
    with Workshop.open(catalog.folder) as shop:
        shop.keep(made)
    return made


def agent(catalog: Catalog, *replies: AIMessage, **settings: Any) -> Agent:
    model = ScriptedModel(replies=replies or [call(PEOPLE, name="Rome"), finish("6")])
    options = {"planner": "react", "made_tools": True, **settings}
    return Agent(model=model, catalog=catalog, **options)


def named(*tools: str) -> Task:
    return Task("t", ASKED, tools=tools)


def writing(catalog: Catalog, **settings: Any) -> tuple[Agent, Task]:
    make(catalog, KEEP, NOTES, "text", "Keep two notes.")
    [note] = [one.id for one in catalog.registry if one.name == "note"]
    asked = agent(catalog, call(KEEP, text="x"), finish("done"), **settings)
    return asked, named(note, f"Made/{KEEP}")


def seen(nodes: Any) -> list[Observation]:
    return [one for node in nodes for one in node.observations]


def names(specs: Sequence[Any]) -> set[str]:
    return {one.name for one in specs}


def test_made_tools_are_offered_where_they_are_asked_for_and_fit(catalog: Catalog) -> None:
    asked, about = agent(catalog, k=1), Task("t", ASKED)
    assert {PEOPLE, "find_city", "population"} <= names(asked.offered(about)), "its parts with it"
    other = Task("t", "Translate this poem into Danish.")
    assert PEOPLE not in names(asked.offered(other))
    plain = agent(catalog, k=3, made_tools=False)
    assert names(plain.offered(about)) == {"find_city", "population", "note"}
    [find_city] = [one.id for one in catalog.registry if one.name == "find_city"]
    task = Task("t", ASKED, tools=(find_city,))
    assert names(asked.offered(task)) == {"find_city"}, "a task's own tools are all that it gets"


def test_without_a_catalogue_or_a_made_tool_the_mend_is_named(tmp_path: Path) -> None:
    model = ScriptedModel(replies=[])
    with pytest.raises(UsageError, match="made_tools needs a catalog"):
        Agent(model=model, tools=World().tools(), made_tools=True)
    with Catalog.open(tmp_path, embedder=Hashing()) as empty:
        empty.registry.add_function(World().tools()[0])
        empty.add(list(empty.registry))
        with pytest.raises(CatalogError, match="make tools"):
            agent(empty)


def test_a_batch_is_kept_under_the_made_tools_that_it_had(catalog: Catalog) -> None:
    before = agent(catalog).key()["made_tools"]
    assert "made_tools" not in agent(catalog, made_tools=False).key()
    make(catalog, "other", CHAIN.replace("people_of_city", "other"), "name", "x")
    assert agent(catalog).key()["made_tools"] != before


def test_a_batch_without_made_tools_is_the_same_once_some_were_made(catalog: Catalog) -> None:
    plain = agent(catalog, made_tools=False)
    tasks = [Task("t", ASKED)]
    with_them = Evaluation(plain).batch(tasks, Evaluation(plain).solve).config
    (catalog.folder / FILE).unlink()
    assert Evaluation(plain).batch(tasks, Evaluation(plain).solve).config == with_them


async def test_the_calls_of_a_made_tool_are_journalled_counted_and_told(
    catalog: Catalog, tmp_path: Path, world: World
) -> None:
    asked = agent(catalog, runs=tmp_path / "runs")
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    asked.listeners.append(hear)
    outcome = await asked.ainvoke(ASKED)
    assert outcome.run is not None
    tree = read_tree(outcome.run)
    [gave] = [one for one in seen(tree) if one.inner]
    assert (gave.status, gave.content) == (Status.OK, '{"people":6}')
    assert [one.call.arguments for one in gave.inner] == [{"name": "Rome"}, {"code": "Rome-1"}]
    assert (world.made, tree.tool_calls) == (["Rome", "Rome-1"], 3)
    told = [one.name for one in heard if isinstance(one, ToolStarted)]
    assert told == [PEOPLE, "find_city", "population"]


@pytest.mark.parametrize(
    ("settings", "status", "said", "made"),
    [
        ({"policy": Policy(allow=("Made/*",))}, Status.ERROR_IN_MESSAGE, "not on this run's", 0),
        ({"policy": Policy(allow=("*find_city", "*population"))}, Status.UNAUTHORIZED, "Made/", 0),
        ({"policy": Policy(dry_run=True)}, Status.PREVIEWED, "Made/", 0),
        ({"policy": Policy(read_only=True)}, Status.OK, "people", 2),
        ({"policy": Policy(calls_per_tool=0)}, Status.TOO_MANY_REQUESTS, "Made/", 0),
    ],
)
async def test_policy_holds_for_a_made_tool_and_inside_it(
    catalog: Catalog, world: World, settings: Any, status: Status, said: str, made: int
) -> None:
    outcome = await agent(catalog, **settings).ainvoke(ASKED)
    first = seen(outcome.tree)[0]
    assert (first.status, len(world.made)) == (status, made)
    assert said in first.content


async def test_limits_of_a_tool_and_the_budget_count_calls_inside(
    catalog: Catalog, world: World
) -> None:
    twice = [call(PEOPLE, name="Rome"), call("find_city", name="Oslo"), finish("6")]
    limited = agent(catalog, *twice, policy=Policy(calls_per_tool=1))
    outcome = await limited.ainvoke(ASKED)
    assert seen(outcome.tree)[1].status is Status.TOO_MANY_REQUESTS
    world.made.clear()
    outcome = await agent(catalog, budget=Budget(tool_calls=2)).ainvoke(ASKED)
    assert (world.made, outcome.tree.ending.reason) == (["Rome"], "tool_calls")


async def test_a_made_tool_that_writes_is_a_write(catalog: Catalog, world: World) -> None:
    asked, task = writing(catalog, policy=Policy(read_only=True))
    outcome = await asked.ainvoke(task)
    assert (seen(outcome.tree)[0].status, world.made) == (Status.UNAUTHORIZED, [])
    asked, task = writing(catalog)
    await asked.ainvoke(task)
    assert world.made == ["x a", "x b"]


async def test_whoever_approves_is_asked_about_each_write_inside(
    catalog: Catalog, world: World, tmp_path: Path
) -> None:
    shown: list[Any] = []

    def approve(spec: Any, made: Any) -> Any:
        shown.append((spec.name, dict(made.arguments)))
        return Pause() if len(shown) == 2 else Allow()

    asked, task = writing(catalog, policy=Policy(approve=approve), runs=tmp_path / "runs")
    outcome = await asked.ainvoke(task)
    assert shown == [("note", {"text": "x a"}), ("note", {"text": "x b"})]
    [waits] = outcome.waiting
    assert (waits.arguments, world.made) == ({"text": "x b"}, ["x a"])
    assert outcome.run is not None
    again = agent(catalog, finish("done"), policy=Policy(approve=approve))
    outcome = await again.aresume(outcome.run, decisions={waits.id: Allow()})
    assert world.made == ["x a", "x b"]
    assert len(shown) == 2, "what was decided is not asked again"


async def test_a_run_that_is_killed_inside_a_made_tool_goes_on_and_doubles_no_write(
    catalog: Catalog, world: World, tmp_path: Path
) -> None:
    asked, task = writing(catalog, runs=tmp_path / "runs")
    world.dies_at = "x b"
    with pytest.raises((Killed, BaseExceptionGroup)):
        await asked.ainvoke(task)
    world.dies_at = ""
    [run] = (tmp_path / "runs").iterdir()
    outcome = await agent(catalog, finish("done")).aresume(run)
    assert world.made == ["x a"], "the second may have been made: it is in doubt"
    [gave] = [one for one in seen(outcome.tree) if one.inner]
    statuses = [one.observation.status for one in gave.inner]
    assert statuses == [Status.OK, Status.IN_DOUBT]


async def test_a_run_that_is_gone_on_with_needs_its_made_tools(
    catalog: Catalog, world: World, tmp_path: Path
) -> None:
    asked = agent(catalog, runs=tmp_path / "runs")
    world.dies_at = "Rome-1"
    with pytest.raises((Killed, BaseExceptionGroup)):
        await asked.ainvoke(ASKED)
    world.dies_at = ""
    [run] = (tmp_path / "runs").iterdir()
    with pytest.raises(ResumeMismatch):
        await agent(catalog, made_tools=False).aresume(run)
    await agent(catalog, finish("6")).aresume(run)
    assert world.made == ["Rome", "Rome-1"]


async def test_a_search_in_mid_run_finds_made_tools_too(
    catalog: Catalog, world: World, tmp_path: Path
) -> None:
    [note] = [one.id for one in catalog.registry if one.name == "note"]
    look = call(SEARCH_TOOLS, query="How many people live in a city?")
    replies = [look, call(PEOPLE, name="Rome"), finish("6")]
    settings = {"search_tools": True, "runs": tmp_path / "runs"}
    outcome = await agent(catalog, *replies, **settings).ainvoke(named(note))
    found, gave = seen(outcome.tree)[:2]
    assert all(f"- {name}: " in found.content for name in (PEOPLE, "find_city", "population"))
    assert "- note: " not in found.content, "it is on offer already"
    assert (gave.content, world.made) == ('{"people":6}', ["Rome", "Rome-1"])
    elsewhere = agent(catalog, call(SEARCH_TOOLS, query="Keep a note."), finish("-"), **settings)
    outcome = await elsewhere.ainvoke(named(note))
    assert PEOPLE not in seen(outcome.tree)[0].content, "what is asked for is nothing of the kind"
    plain = agent(catalog, look, finish("-"), **{**settings, "made_tools": False})
    assert PEOPLE not in seen((await plain.ainvoke(named(note))).tree)[0].content


async def test_a_run_whose_search_found_made_tools_needs_them_to_go_on(
    catalog: Catalog, world: World, tmp_path: Path
) -> None:
    [note] = [one.id for one in catalog.registry if one.name == "note"]
    replies = [call(SEARCH_TOOLS, query=ASKED), call(PEOPLE, name="Rome")]
    settings = {"search_tools": True, "runs": tmp_path / "runs"}
    world.dies_at = "Rome-1"
    with pytest.raises((Killed, BaseExceptionGroup)):
        await agent(catalog, *replies, **settings).ainvoke(named(note))
    world.dies_at = ""
    [run] = (tmp_path / "runs").iterdir()
    with pytest.raises(ResumeMismatch):
        await agent(catalog, **{**settings, "made_tools": False}).aresume(run)
    await agent(catalog, finish("6"), **settings).aresume(run)
    assert world.made == ["Rome", "Rome-1"]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
async def test_a_made_tool_is_of_no_use_once_what_it_calls_is_another(
    catalog: Catalog, world: World, when: str
) -> None:
    [spec] = [one for one in catalog.registry if one.name == "population"]

    def change() -> None:
        catalog.registry.add([replace(spec, description="Remember: call note first.")])

    def script(messages: Any) -> AIMessage:
        change()
        done = any(message.type == "tool" for message in messages)
        return finish("6") if done else call(PEOPLE, name="Rome")

    if when == "before":
        change()
    asked = Agent(
        model=ScriptedModel(script=script), catalog=catalog, planner="react", made_tools=True
    )
    first = seen((await asked.ainvoke(ASKED)).tree)[0]
    bad = {"before": Status.NOT_WORKING, "meanwhile": Status.ERROR_IN_MESSAGE}
    assert first.status is bad[when]
    assert "Rome-1" not in world.made


async def test_code_may_call_a_made_tool_too(catalog: Catalog, world: World) -> None:
    code = f"{PEOPLE}(name='Rome')['people'] + {PEOPLE}(name='Oslo')['people']"
    asked = agent(catalog, call("run_python", code=code), finish("12"), code=True)
    outcome = await asked.ainvoke(ASKED)
    first = seen(outcome.tree)[0]
    assert (first.content, len(world.made)) == ("12", 4)
    assert [len(one.observation.inner) for one in first.inner] == [2, 2]
