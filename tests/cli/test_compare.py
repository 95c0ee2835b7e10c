"""``toolgrove compare``: what is printed, and that it is what the JSON says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.results import keep_results
from toolgrove.cli.main import app
from toolgrove.errors import FormatError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "160")
    keep_results(tmp_path, {"planner": "react"}, {str(n): [int(n < 4)] * 2 for n in range(20)})
    keep_results(tmp_path, {"planner": "dag"}, {str(n): [int(n < 14)] * 2 for n in range(20)})
    return tmp_path


def said(*options: str | Path) -> str:
    done = CliRunner().invoke(app, ["compare", *map(str, options)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_the_noise_floor_comes_first_then_the_difference_and_the_flips(folder: Path) -> None:
    told = said(folder, "--a", "planner=react", "--b", "planner=dag")
    parts = [
        "noise floor: the same setting twice", "planner=react", "answer/2", "20.0% (8%-42%)",
        "+50.0 points", "planner=dag is better", "only planner=dag passed 20:", "4.0  What is 4?",
        "toolgrove view RUN_A RUN_B", "6 of 20 tasks that nothing passed", "4 of 20 tasks that",
    ]  # fmt: skip
    places = [told.find(part) for part in parts]
    assert -1 not in places, told
    assert places == sorted(places)


def test_two_settings_of_one_folder_need_no_names_and_json_has_the_figures(folder: Path) -> None:
    found = json.loads(said(folder, "--json"))
    compared = found["comparison"]
    assert abs(compared["difference"]["value"]) == pytest.approx(0.5)
    assert compared["noise"] == 0
    assert len(compared["flips"]) == 20
    assert set(compared["flips"][0]) == {"task", "epoch", "seed", "query", "passed", "a", "b"}
    assert len(found["health"]["never_passed"]) == 6


def test_a_text_from_a_task_draws_nothing(tmp_path: Path) -> None:
    for planner, value in (("x", 0), ("y", 1)):
        keep_results(tmp_path, {"planner": planner}, {"1": [value]}, query="a\x1b[2J\n[red]{}")
    told = said(tmp_path)
    assert "\x1b[2J" not in told
    assert "[red]" in told


def test_what_is_no_folder_of_results_is_an_error_of_ours(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["compare", str(tmp_path)])
    assert isinstance(done.exception, FormatError)
