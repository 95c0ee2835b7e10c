"""``toolgrove run --strategy``: composed runs, gone on with, under one budget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toolgrove.cli.main import app
from toolgrove.data.records import ToolSpec
from toolgrove.errors import FormatError, UsageError
from toolgrove.tools.registry import Registry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a catalogue, and a scripted model that answers 1, 2, 2, 3."""
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("COLUMNS", "200")
    with Registry.open(tmp_path / "catalog") as registry:
        registry.add([ToolSpec("Desk/list", "Desk", "notes", "list")])
    rows = [
        {
            "calls": [
                {"name": "Finish", "arguments": {"return_type": "give_answer", "final_answer": n}}
            ]
        }
        for n in ("1", "2", "2", "3")
    ]
    (tmp_path / "m.json").write_text(json.dumps(rows))
    return tmp_path


def run(*options: str) -> Any:
    result = CliRunner().invoke(app, ["run", *options, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def begun(folder: Path) -> list[str]:
    model = f"scripted:{folder / 'm.json'}"
    asked = ["How far?", "--tool", "Desk/list", "--planner", "react", "--model", model]
    return [*asked, "--runs", str(folder / "runs")]


def test_a_strategy_is_run_and_gone_on_with(folder: Path) -> None:
    said = run(*begun(folder), "--strategy", "sample(3) | vote")
    assert (said["answer"], said["passed"], said["model_calls"]) == ("2", True, 3)
    kept = str(Path(said["run"]).parent)
    assert run("--resume", kept, "--strategy", "sample(3) | vote") == said
    shown = CliRunner().invoke(app, ["run", "--resume", kept, "--strategy", "sample(3) | vote"])
    assert "3 runs, 3 model calls" in shown.stdout
    assert "2 of 3: 2" in shown.stdout


def test_its_folder_knows_the_strategy_and_the_budget_of_all_runs(folder: Path) -> None:
    budget = ["--max-model-calls", "4", "--in-flight", "2"]
    said = run(*begun(folder), "--strategy", "sample(2) | vote", *budget)
    kept = Path(said["run"]).parent
    (folder / "m.json").write_text((folder / "m.json").read_text().replace('"1"', '"2"'))
    more = run("--resume", str(kept), "--strategy", "sample(4)")  # the journals have half of it
    assert (more["model_calls"], len(more["runs"])) == (4, 4)
    assert run("--resume", str(kept)) == more
    (kept / "strategy.json").write_text("{}")
    with pytest.raises(FormatError, match=r"strategy\.json"):
        run("--resume", str(kept))


def test_the_budget_is_that_of_all_runs(folder: Path) -> None:
    said = run(*begun(folder), "--strategy", "sample(4) | vote", "--max-model-calls", "2")
    assert (said["answer"], said["model_calls"]) == ("1", 2)


def test_a_strategy_that_waits_says_how_to_decide_and_how_to_go_on(folder: Path) -> None:
    with Registry.open(folder / "catalog") as registry:
        binding = {"kind": "http", "url": "http://127.0.0.1:9/post", "method": "POST"}
        registry.add([ToolSpec("Desk/post", "Desk", "post a note", "post", binding=binding)])
        name = registry.alias("Desk/post")
    (folder / "m.json").write_text(json.dumps([{"calls": [{"name": name, "arguments": {}}]}]))
    query, _, _, *rest = begun(folder)
    asked = [query, "--tool", "Desk/post", "--allow-private", *rest]
    result = CliRunner().invoke(app, ["run", *asked, "--strategy", "sample(2)", "--json"])
    assert result.exit_code == 3, result.output
    said = json.loads(result.stdout)
    assert (said["ended"], said["passed"], said["answer"]) == ("waiting", False, None)
    assert f"toolgrove approve {said['run']}" in result.stderr
    assert f"toolgrove run --resume {Path(said['run']).parent}\n" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--strategy", "dream"], "none of the steps"),
        (["--strategy", "vote"], "made no run"),
        (["--strategy", "sample(2)", "--samples", "2"], "leave --samples out"),
    ],
)
def test_what_does_not_fit_is_refused(folder: Path, options: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(*begun(folder), *options)
