"""``toolgrove make tools`` and ``toolgrove tools`` say what they did, also as JSON."""

from __future__ import annotations

import asyncio
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.embedders import need_minilm
from toolgrove.agent.agent import Agent
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.cli.main import app
from toolgrove.data.records import Reference, Task
from toolgrove.errors import CatalogError, UsageError

pytestmark = pytest.mark.skipif(
    find_spec("pydantic_monty") is None,
    reason="pydantic-monty is not installed: pip install 'toolgrove[sandbox]'",
)
MODULE = '''
from toolgrove import tool

@tool(effect="read")
def find_city(name: str) -> dict[str, str]:
    """Find the code of a city."""
    return {"code": f"code of {name}"}

@tool(effect="read")
def population(code: str) -> dict[str, int]:
    """Population of a city."""
    return {"people": 500_000 + len(code)}

TOOLS = [find_city, population]
'''


def solves(messages: Any) -> Any:
    city = str(messages[1].content).rpartition(" in ")[2].strip("?")
    done = sum(message.type == "tool" for message in messages)
    steps = [call("find_city", name=city), call("population", code=f"code of {city}")]
    return [*steps, finish(f"{500_000 + len(f'code of {city}')} people.")][done]


def toolgrove(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def told(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def test_tools_are_made_listed_shown_tried_again_and_retired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    need_minilm(monkeypatch)
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "trusted.json"))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "made_here.py").write_text(MODULE)
    with Catalog.open(tmp_path / "c") as catalog:
        catalog.index("made_here:TOOLS")
        agent = Agent(
            model=ScriptedModel(script=solves),
            catalog=catalog,
            planner="react",
            trusted=["made_here:TOOLS"],
        )
        tasks = [
            Task(
                city, f"How many people live in {city}?", reference=Reference("number", 500_000 + n)
            )
            for city, n in (("Oslo", 12), ("Bordeaux", 16), ("Bergen", 14))
        ]
        asyncio.run(Evaluation(agent).run(tasks, tmp_path / "results"))
    folder = ("--catalog", tmp_path / "c")
    missing = toolgrove("tools", "list", *folder)
    assert isinstance(missing.exception, CatalogError)
    assert "make tools" in str(missing.exception)
    made = told(toolgrove("make", "tools", tmp_path / "results", *folder, "--json"))
    assert (made["runs"], made["new_runs"], made["made"], made["tools"]) == (
        3,
        3,
        ["population_by_name"],
        1,
    )
    [row] = told(toolgrove("tools", "list", *folder, "--json"))["tools"]
    assert (row["version"], row["calls"], row["tried"], row["retired"]) == (1, 2, 2, "")
    assert "2/2" in toolgrove("tools", "list", *folder).stdout
    shown = toolgrove("tools", "show", row["name"], *folder).stdout
    assert "step_2 = population(code=step_1['code'])" in shown
    about = ("--for", "How many people live in Bonn?")
    assert told(toolgrove("tools", "list", *about, *folder, "--json"))["tools"] == [row]
    with Catalog.open(tmp_path / "c") as catalog:
        assert len(catalog) == 2, "it is no part of the catalogue that others use"
        told_of = Agent(model=ScriptedModel(replies=[]), catalog=catalog, made_tools=True)
        offered = told_of.offered(Task("t", "How many people live in Bonn?"))
        assert "Made/population_by_name" in {spec.id for spec in offered}
    again = told(toolgrove("make", "tools", *folder, "--json"))
    assert (again["runs"], again["kept"]) == (0, ["population_by_name"])
    assert "1 passed again" in " ".join(toolgrove("make", "tools", *folder).stderr.split())
    assert told(toolgrove("tools", "retire", row["name"], *folder, "--json")) == {
        "retired": "population_by_name"
    }
    assert told(toolgrove("make", "tools", *folder, "--json"))["tools"] == 0
    unknown = toolgrove("tools", "show", "nothing", *folder)
    assert isinstance(unknown.exception, UsageError)
