"""A model that looks for further tools in mid-search: ``search_tools``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from typer.testing import CliRunner

from support.embedders import Hashing
from toolgrove.agent.agent import Agent
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.agent.view.page import render
from toolgrove.cli.main import app
from toolgrove.data import codec
from toolgrove.data.formats.trl import dump_pair
from toolgrove.data.records import (
    SEARCH_TOOLS,
    Message,
    PreferencePair,
    Reference,
    Role,
    Status,
    Task,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.runs import JOURNAL, read_tree
from toolgrove.data.tree import ROOT
from toolgrove.errors import ModelError, ResumeMismatch, UsageError
from toolgrove.evaluators.calls import CallEvaluator
from toolgrove.planners.budget import Budget
from toolgrove.tools.python.effect import tool
from toolgrove.tools.python.function import function_spec

CALLED: list[str] = []


@tool(effect="read")
def lottery(country: str) -> str:
    """Latest lottery numbers of a country."""
    CALLED.append("lottery")
    return f"{country}: 7"


@tool(effect="read")
def forecast(city: str) -> str:
    """Weather forecast of a city: rain, wind and temperature."""
    CALLED.append("forecast")
    return f"{city}: rain"


@tool(effect="read")
def hotels(city: str) -> str:
    """Hotels of a city with free rooms."""
    CALLED.append("hotels")
    return f"{city}: full"


TOOLS: tuple[Callable[..., Any], ...] = (lottery, forecast, hotels)


def filled(folder: Path) -> Catalog:
    catalog = Catalog.open(folder, embedder=Hashing())
    catalog.add([function_spec(one) for one in TOOLS])
    for one in TOOLS:
        catalog.registry.add_function(one)
    return catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    CALLED.clear()
    with filled(tmp_path / "catalog") as catalog:
        yield catalog


def identity(tool: Callable[..., Any]) -> str:
    return function_spec(tool).id


def wrong_start(query: str = "Will it rain in Oslo?") -> Task:
    return Task("t", query, tools=(identity(lottery),))


LOOK = call(SEARCH_TOOLS, query="weather forecast")
LUCKY = [LOOK, call("forecast", city="Oslo"), finish("rain")]


async def test_a_wrong_first_retrieval_is_not_fatal(catalog: Catalog, tmp_path: Path) -> None:
    model = ScriptedModel(replies=LUCKY)
    agent = Agent(model=model, catalog=catalog, k=1, planner="react", search_tools=True)
    tree = await agent.solve(wrong_start(), tmp_path / "r")
    assert tree.answer == "rain"
    assert CALLED == ["forecast"]
    first = tree.children(ROOT)[0]
    assert first.observations[0].status is Status.OK
    assert "- forecast: Weather forecast of a city" in first.observations[0].content
    offered = [tool["function"]["name"] for tool in model.offered]
    assert offered == ["lottery", "forecast", SEARCH_TOOLS, "Finish"]


async def test_the_tree_read_back_holds_what_was_found(catalog: Catalog, tmp_path: Path) -> None:
    agent = Agent(
        model=ScriptedModel(replies=LUCKY), catalog=catalog, k=1, planner="react", search_tools=True
    )
    await agent.solve(wrong_start(), tmp_path / "r")
    tree = read_tree(tmp_path / "r")
    assert [spec.name for spec in tree.tools] == ["lottery", "forecast"]
    assert tree.aliases == {"lottery": identity(lottery), "forecast": identity(forecast)}


async def test_without_the_option_nothing_is_searched(catalog: Catalog, tmp_path: Path) -> None:
    model = ScriptedModel(replies=[LOOK, give_up()])
    agent = Agent(model=model, catalog=catalog, planner="react")
    tree = await agent.solve(wrong_start(), tmp_path / "r")
    assert tree.children(ROOT)[0].observations[0].status is Status.NO_SUCH_TOOL
    assert SEARCH_TOOLS not in [tool["function"]["name"] for tool in model.offered]


async def test_what_one_branch_found_is_not_on_offer_in_another(
    catalog: Catalog, tmp_path: Path
) -> None:
    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        if len(messages) == 2:
            return LOOK
        if messages[-1].type == "tool" and len(messages) == 4:
            return give_up()
        return call("forecast", city="Oslo")

    agent = Agent(
        model=ScriptedModel(script=script),
        catalog=catalog,
        k=1,
        planner="dfsdt:back=2,depth=3",
        budget=Budget(model_calls=3),
        search_tools=True,
    )
    tree = await agent.solve(wrong_start(), tmp_path / "r")
    looked, other = tree.children(ROOT)
    assert looked.calls[0].name == SEARCH_TOOLS
    assert other.observations[0].status is Status.NO_SUCH_TOOL
    assert CALLED == []


@pytest.mark.parametrize("kept", range(1, 14))
async def test_a_run_cut_after_any_event_comes_to_the_same_tree(
    catalog: Catalog, tmp_path: Path, kept: int
) -> None:
    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        return LUCKY[(len(messages) - 2) // 2]

    def agent(catalog: Catalog) -> Agent:
        model = ScriptedModel(script=script)
        return Agent(model=model, catalog=catalog, k=1, planner="react", search_tools=True)

    whole = await agent(catalog).solve(wrong_start(), tmp_path / "r")
    path = tmp_path / "r" / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    found = b"".join(lines[:kept]).count(b'"kind":"search"') == 2
    path.write_bytes(b"".join(lines[:kept]))
    if found:  # what was found is journalled: the catalogue need not find it again
        catalog.search_index.remove([identity(forecast)])
    again = await agent(catalog).solve(wrong_start(), tmp_path / "r")
    assert again.answer == whole.answer
    assert [node.id for node in again] == [node.id for node in whole]
    assert again.tools == whole.tools


async def test_a_run_is_not_resumed_without_its_search(catalog: Catalog, tmp_path: Path) -> None:
    agent = Agent(
        model=ScriptedModel(replies=[LOOK]), catalog=catalog, planner="react", search_tools=True
    )
    with pytest.raises(ModelError):
        await agent.solve(wrong_start(), tmp_path / "r")
    plain = Agent(model=ScriptedModel(replies=[finish("?")]), catalog=catalog, planner="react")
    with pytest.raises(ResumeMismatch, match="tools"):
        await plain.solve(wrong_start(), tmp_path / "r")


async def test_a_search_counts_as_a_tool_call(catalog: Catalog, tmp_path: Path) -> None:
    agent = Agent(
        model=ScriptedModel(replies=[LOOK]),
        catalog=catalog,
        planner="react",
        budget=Budget(tool_calls=0),
        search_tools=True,
    )
    tree = await agent.solve(wrong_start(), tmp_path / "r")
    assert tree.ended == "tool_calls"


async def test_a_search_without_words_is_answered_with_what_it_needs(
    catalog: Catalog, tmp_path: Path
) -> None:
    agent = Agent(
        model=ScriptedModel(replies=[call(SEARCH_TOOLS), finish("?")]),
        catalog=catalog,
        planner="react",
        search_tools=True,
    )
    seen = (await agent.solve(wrong_start(), tmp_path / "r")).children(ROOT)[0].observations[0]
    assert seen.status is Status.INVALID_REQUEST
    assert "query" in seen.content


def test_there_has_to_be_a_catalog() -> None:
    with pytest.raises(UsageError, match="catalog"):
        Agent(model=ScriptedModel(), tools=[lottery], search_tools=True)


def test_done_and_dead_tools_are_not_proposed_again(catalog: Catalog) -> None:
    done = (identity(forecast), Status.OK)
    dead = (identity(hotels), Status.NOT_WORKING)
    later = (identity(lottery), Status.RATE_LIMITED)
    hits = catalog.next("forecast, hotels and lottery", [done, dead, later])
    assert [spec.name for _, spec in hits] == ["lottery"]


def test_what_is_not_served_yet_comes_first(catalog: Catalog) -> None:
    query = "The weather forecast with rain and wind of Oslo, a city, and its hotels"
    assert [spec.name for _, spec in catalog.search(query, 1)] == ["forecast"]
    hits = catalog.next(query, [(identity(forecast), Status.OK)])
    assert hits[0][1].name == "hotels"


def test_the_command_searches_and_resumes_with_what_it_was_begun_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolgrove.retriever.embedding.MiniLM", Hashing)
    specs = [
        ToolSpec("lots", "Games", "Lotto", "draws", "Latest lottery numbers."),
        ToolSpec("sky", "Weather", "Sky", "forecast", "Weather forecast of a city."),
    ]
    with Catalog.open(tmp_path / "catalog", embedder=Hashing()) as catalog:
        catalog.add(specs)
    look = {"calls": [{"name": SEARCH_TOOLS, "arguments": {"query": "weather forecast"}}]}
    (tmp_path / "script.json").write_bytes(codec.dumps([look]))  # then the model breaks down
    command = ["run", "Will it rain?", "--tool", "lots", "--catalog", str(tmp_path / "catalog")]
    command += ["--model", f"scripted:{tmp_path / 'script.json'}", "--runs", str(tmp_path / "runs")]
    assert CliRunner().invoke(app, [*command, "--planner", "react", "--search-tools"]).exit_code
    [run] = (tmp_path / "runs").iterdir()
    answer = {"return_type": "give_answer", "final_answer": "rain"}
    end = {"calls": [{"name": "Finish", "arguments": answer}]}
    (tmp_path / "script.json").write_bytes(codec.dumps([end]))
    told = CliRunner().invoke(app, ["run", "--resume", str(run), "--json"])
    assert codec.loads(told.stdout)["answer"] == "rain"
    assert [spec.id for spec in read_tree(run).tools] == ["lots", "sky"]


async def test_what_reads_runs_reads_one_that_searched(catalog: Catalog, tmp_path: Path) -> None:
    agent = Agent(
        model=ScriptedModel(replies=LUCKY), catalog=catalog, k=1, planner="react", search_tools=True
    )
    wanted = ToolCall("r", identity(forecast), {"city": "Oslo"})
    task = replace(wrong_start(), reference=Reference("text", "rain", calls=(wanted,)))
    tree = await agent.solve(task, tmp_path / "r")
    assert (await CallEvaluator().score(tree)).value == 1, "looking for a tool is no wrong call"
    assert SEARCH_TOOLS in render([tmp_path / "r"])


def test_training_rows_offer_the_search_where_it_is_called() -> None:
    asked = Message(Role.USER, "?")
    looked = Message(Role.ASSISTANT, calls=(ToolCall("c", SEARCH_TOOLS, {"query": "rain"}),))
    plain = Message(Role.ASSISTANT, calls=(ToolCall("c", "lottery", {"country": "NO"}),))
    spec = function_spec(lottery)
    for chosen, offered in ((looked, True), (plain, False)):
        row = dump_pair(PreferencePair([asked], [chosen], [plain], tools=(spec,)))
        names = [tool["function"]["name"] for tool in codec.loads(row["tools"])]
        assert (SEARCH_TOOLS in names) is offered
