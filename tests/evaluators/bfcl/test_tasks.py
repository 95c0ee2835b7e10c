"""BFCL's items as tasks: offered as tools, run by a planner, judged by the first turn of calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from support import small_bfcl
from toolgrove.cli.main import app
from toolgrove.data.records import Task
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UsageError
from toolgrove.evaluators.bfcl.tasks import BfclEvaluator, load_tasks


@pytest.fixture(autouse=True)
def bfcl(tmp_path: Path) -> Iterator[None]:
    with small_bfcl.installed(tmp_path / "site"):
        yield


def test_the_types_of_a_function_become_json_schema() -> None:
    tasks, [spec, *_] = load_tasks("simple_python")
    assert [task.id for task in tasks] == [f"simple_python_{n}" for n in range(3)]
    assert tasks[0].tools == (spec.id,)
    assert spec.name == "unit.convert"
    properties = spec.parameters["properties"]
    assert properties["value"] == {"type": "number"}
    assert properties["tags"] == {"type": "array", "items": {"type": "string"}}
    assert properties["more"] == {"type": "object"}
    assert spec.parameters["required"] == ["value", "to"]


def test_a_value_of_another_language_is_asked_for_as_its_source_text() -> None:
    [spec] = load_tasks("simple_java")[1]
    names = spec.parameters["properties"]["names"]
    assert names["type"] == "string"
    assert "Java ArrayList of String" in names["description"]


def test_categories_of_several_turns_are_not_run() -> None:
    with pytest.raises(UsageError, match="scored only"):
        load_tasks("multi_turn_base")


async def test_what_is_no_item_gets_no_opinion() -> None:
    score = await BfclEvaluator().score(SearchTree(Task("1", "How far?")))
    assert score.value is None


def test_a_run_is_judged_by_its_first_turn_of_calls(tmp_path: Path) -> None:
    def convert(item: int, value: float) -> dict[str, Any]:
        name = f"unit_convert_for_simple_python_{item}"
        return {"name": name, "arguments": {"value": value, "to": "feet"}}

    # right, wrong, and an answer without a call
    finish = {"return_type": "give_answer", "final_answer": "9.84 feet"}
    calls = [convert(0, 3), convert(1, 4), {"name": "Finish", "arguments": finish}]
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"calls": [call]} for call in calls]), encoding="utf-8")
    options = ["--model", f"scripted:{script}", "--max-model-calls", "1", "--planner", "react"]
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, ["eval", "bfcl:simple_python", *options, "--out", str(out), "--json"]
    )
    assert done.exit_code == 0, done.output or done.exception
    rate = json.loads(done.stdout)["groups"]["total"]["rates"]["bfcl/4"]
    assert rate["value"] == pytest.approx(1 / 3)
