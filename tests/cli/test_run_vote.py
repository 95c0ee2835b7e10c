"""``toolgrove run`` with several samples, two models, and a window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toolgrove.cli.main import app
from toolgrove.data.records import ToolSpec
from toolgrove.data.runs import read_run
from toolgrove.tools.registry import Registry
from toolgrove.tools.sandbox.choosing import SANDBOXES


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("COLUMNS", "200")
    with Registry.open(tmp_path / "catalog") as registry:
        registry.add([ToolSpec(f"Desk/{n}", "Desk", "notes", n) for n in ("list", "count")])
    return tmp_path


def script(path: Path, *replies: str) -> str:
    """A scripted model that answers with these, or says what begins with a colon."""
    rows: list[dict[str, Any]] = [
        {"text": reply[1:]}
        if reply.startswith(":")
        else {
            "calls": [
                {
                    "name": "Finish",
                    "arguments": {"return_type": "give_answer", "final_answer": reply},
                }
            ]
        }
        for reply in replies
    ]
    path.write_text(json.dumps(rows))
    return f"scripted:{path}"


def run(*options: str) -> Any:
    result = CliRunner().invoke(app, ["run", *options, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


TOOLS = ["--tool", "Desk/list", "--tool", "Desk/count", "--planner", "react"]


def test_samples_vote_and_a_vote_is_gone_on_with(catalog: Path) -> None:
    model = script(catalog / "m.json", "7", "20 km", "12.43 miles", "20.0 km", "0")
    begun = ["How far?", *TOOLS, "--model", model, "--runs", str(catalog / "runs")]
    said = run(*begun, "--samples", "5")
    assert said["answer"] == "20 km"
    assert said["tally"] == {"7": 1, "20 km": 3}
    assert (len(said["runs"]), said["model_calls"]) == (4, 4)
    folder = Path(said["run"]).parent
    script(catalog / "m.json")  # nothing is asked again
    assert run("--resume", str(folder), "--samples", "5") == said
    shown = CliRunner().invoke(app, ["run", "--resume", str(folder), "--samples", "5"])
    assert "3 of 4: 20 km" in shown.stdout


def test_two_models_share_a_run_and_its_resumption(catalog: Path) -> None:
    fast = script(catalog / "fast.json", "1 km", "2 km")
    strong = script(catalog / "strong.json", ":9", ":3", "20 km")
    begun = ["How far?", *TOOLS, "--model", fast, "--runs", str(catalog / "runs")]
    begun += ["--strong", strong, "--cascade", "specreason:threshold=5"]
    said = run(*begun)
    assert (said["answer"], said["model_calls"]) == ("1 km", 2)
    config = read_run(said["run"]).header["config"]
    assert "specreason:threshold=5" in config["model"]
    again = run("--resume", said["run"])
    assert (again["answer"], again["model_calls"]) == ("1 km", 2)


def test_subtasks_and_a_window_are_settings_of_the_run(catalog: Path) -> None:
    model = script(catalog / "m.json", "20 km")
    said = run(
        *["How far?", *TOOLS, "--model", model, "--runs", str(catalog / "runs")],
        *["--subtasks", "--context-tokens", "4000"],
    )
    settings = read_run(said["run"]).header["config"]["settings"]
    assert (settings["subtasks"], settings["context_tokens"]) == (True, 4000)
    assert run("--resume", said["run"])["answer"] == "20 km"


@pytest.mark.parametrize(
    ("given", "kept"), [(["--code"], True), (["--sandbox", "sandlock"], "sandlock")]
)
def test_code_is_a_setting_of_the_run(given: list[str], kept: bool | str, catalog: Path) -> None:
    if missing := SANDBOXES["monty" if kept is True else str(kept)]().missing():
        pytest.skip(missing)
    model = script(catalog / "m.json", "20 km")
    said = run(*["How far?", *TOOLS, "--model", model, "--runs", str(catalog / "runs")], *given)
    settings = read_run(said["run"]).header["config"]["settings"]
    assert settings["code"] == kept
    assert run("--resume", said["run"])["answer"] == "20 km"
