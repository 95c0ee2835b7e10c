"""``toolgrove learn memory`` and ``toolgrove memory`` say what they did, also as JSON."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.judged_batch import RIGHT, WRONG, evaluate
from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.cli.main import app
from toolgrove.data.records import Reference, Task
from toolgrove.errors import CatalogError, UsageError
from toolgrove.tools.python.effect import tool


@tool(effect="read")
def find_city(name: str) -> dict[str, str]:
    """Find the code of a city."""
    return {"code": f"code of {name}"}


@tool(effect="read")
def population(code: str) -> dict[str, int]:
    """Population of a city."""
    return {"people": 500_000}


def solves(messages: Any) -> Any:
    city = str(messages[1].content).rpartition(" in ")[2].strip("?")
    done = sum(message.type == "tool" for message in messages)
    steps = [call("find_city", name=city), call("population", code=f"code of {city}")]
    return [*steps, finish("500000 people.")][done]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("learning") / "results"
    tasks = [
        Task(city, f"How many people live in {city}?", reference=Reference("number", 500_000))
        for city in ("Oslo", "Lima", "Bonn")
    ]
    agent = Agent(model=ScriptedModel(script=solves), tools=[find_city, population])
    asyncio.run(Evaluation(agent).run(tasks, out))
    return out


def toolgrove(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_runs_are_learnt_listed_shown_and_forgotten(results: Path, tmp_path: Path) -> None:
    folder = ("--catalog", tmp_path / "c")
    learnt = told(toolgrove("learn", "memory", results, *folder, "--json"))
    assert learnt == {
        "runs": 3,
        "new_runs": 3,
        "known_runs": 0,
        "refused_runs": 0,
        "lessons": 1,
        "examples": 3,
    }
    assert told(toolgrove("learn", "memory", results, *folder, "--json"))["known_runs"] == 3
    [row] = told(toolgrove("memory", "list", *folder, "--json"))["lessons"]
    assert (row["kind"], row["rule"], row["tasks"], row["ripe"]) == ("worked", "chain", 3, True)
    assert "find_city(name from the request)" in " ".join(
        toolgrove("memory", "list", *folder).stdout.split()
    )
    shown = told(toolgrove("memory", "show", row["id"], *folder, "--json"))
    assert {one["task"] for one in shown["evidence"]} == {"Oslo", "Lima", "Bonn"}
    assert "right" in toolgrove("memory", "show", row["id"], *folder).stdout
    assert told(toolgrove("memory", "forget", row["id"], *folder, "--json")) == {"forgotten": 1}
    assert told(toolgrove("memory", "list", *folder, "--json"))["lessons"] == []


def test_held_out_tasks_are_refused_and_counted(results: Path, tmp_path: Path) -> None:
    held = tmp_path / "held.jsonl"
    held.write_text('{"id": "x", "query": "How many people live in Oslo?"}\n')
    folder = ("--catalog", tmp_path / "c", "--held-out", held)
    learnt = told(toolgrove("learn", "memory", results, *folder, "--json"))
    assert (learnt["new_runs"], learnt["refused_runs"]) == (2, 1)
    said = toolgrove("learn", "memory", results, *folder).stderr
    assert "3 runs read, 0 new, 1 of test tasks refused" in " ".join(said.split())


async def test_another_evaluator_decides_what_is_right(tmp_path: Path) -> None:
    await evaluate(tmp_path / "r", RIGHT, WRONG)
    folder = ("--catalog", tmp_path / "c")
    wrong = toolgrove("learn", "memory", tmp_path / "r", *folder, "--success", "nobody/1")
    assert isinstance(wrong.exception, UsageError)
    assert "nobody/1" in str(wrong.exception)


def test_a_missing_memory_and_a_missing_entry_are_told(tmp_path: Path) -> None:
    missing = toolgrove("memory", "list", "--catalog", tmp_path)
    assert isinstance(missing.exception, CatalogError)
    assert "learn memory" in str(missing.exception)
    shutil.rmtree(tmp_path)


def test_runs_are_told_by_the_flags(results: Path, tmp_path: Path) -> None:
    told(toolgrove("learn", "memory", results, "--catalog", tmp_path / "c", "--json"))
    no = toolgrove("run", "?", "--update-memory", "--catalog", tmp_path / "c")
    assert isinstance(no.exception, (UsageError, CatalogError))
    elsewhere = toolgrove("run", "?", "--memory", tmp_path / "x", "--catalog", tmp_path / "c")
    assert isinstance(elsewhere.exception, CatalogError)
    assert str(tmp_path / "x") in str(elsewhere.exception)
