"""``toolgrove report``: the same figures as a table, as CSV, as JSON and on a page."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.results import keep_results
from toolgrove.cli.main import app
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.stats import wilson


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    keep_results(out, {"planner": "react"}, {"1": [1], "2": [0], "3": [None], "4": [0.5]})
    keep_results(out, {"planner": "dag"}, {"1": [1], "2": [1]})
    return out


def said(*options: str | Path) -> str:
    done = CliRunner().invoke(app, ["report", *map(str, options)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_every_form_has_the_same_figures(folder: Path) -> None:
    report = json.loads(said(folder, "--format", "json"))
    by_name = {one["name"]: one for one in report["settings"]}
    rate = by_name["planner=react"]["summary"]["groups"]["total"]["rates"]["answer/2"]
    assert [rate[end] for end in ("value", "low", "high")] == [0.5, *wilson(1.5, 3)]
    outcomes = {"right": 1, "partly": 1, "wrong": 1, "broke down": 1}
    assert by_name["planner=react"]["outcomes"]["total"] == outcomes
    runs = [Path(run["run"]) for run in by_name["planner=dag"]["runs"]]
    assert [run.name for run in runs] == ["1.0", "2.0"]
    assert all(run.is_relative_to(folder / "runs") for run in runs)

    rows = list(csv.DictReader(io.StringIO(said(folder, "--format", "csv"))))
    [row] = [r for r in rows if r["setting"] == "planner=react" and r["group"] == "total"]
    assert [float(row[f"answer/2{end}"]) for end in ("", " low", " high")] == [
        0.5, *wilson(1.5, 3),
    ]  # fmt: skip
    assert {name: int(row[name]) for name in outcomes} == outcomes

    table = said(folder)
    low, high = wilson(1.5, 3)
    assert f"| planner=react | total | 3 | 50.0% ({low:.0%}-{high:.0%}) | 1 | 1 | 1 | 1 |" in table


def test_a_page_is_written_beside_the_results_or_where_it_is_wanted(folder: Path) -> None:
    assert said(folder, "--format", "html").strip() == str(folder / "report.html")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Passed by answer/2" in page
    other = folder / "deep" / "other.csv"
    said(folder, "--format", "csv", "--to", other)
    assert other.read_text(encoding="utf-8") == said(folder, "--format", "csv")


def test_a_judge_without_calibration_is_said(tmp_path: Path) -> None:
    name = "tooleval-pass/1@mx3"
    keep_results(tmp_path, {"planner": "dag"}, {"1": [1]}, evaluator=name, judge="m")
    assert f"- {name}: no calibration." in said(tmp_path)
    assert f"{name}: no calibration." in said(tmp_path, "--format", "html") + (
        tmp_path / "report.html"
    ).read_text(encoding="utf-8")


def test_what_others_wrote_is_text_in_every_form(tmp_path: Path) -> None:
    keep_results(tmp_path, {"planner": "=1+1|<b>`x`\x1b[2J"}, {"1": [1]})
    keep_results(tmp_path, {"planner": "dag"}, {"1": [1]})
    table = said(tmp_path)
    assert "\\|&lt;b>\\`x\\`" in table
    assert "\x1b" not in table
    rows = list(csv.DictReader(io.StringIO(said(tmp_path, "--format", "csv"))))
    assert all(not row["setting"].startswith("=") for row in rows)


def test_why_runs_broke_down_is_told_in_every_form_that_is_read(folder: Path) -> None:
    line = "1 broke down: the model did not answer"
    assert f"- {line}" in said(folder)
    said(folder, "--format", "html")
    assert line in (folder / "report.html").read_text(encoding="utf-8")


def test_where_nobody_scored_a_run_no_evaluator_is_named(tmp_path: Path) -> None:
    keep_results(tmp_path, {"planner": "react"}, {"1": [None]})
    assert "Nobody scored a run." in said(tmp_path)
    said(tmp_path, "--format", "html")
    assert "Passed (nobody scored a run)" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize("command", ["report", "compare", "regrade"])
def test_a_folder_without_results_is_told_with_its_mend(tmp_path: Path, command: str) -> None:
    for out in (tmp_path, tmp_path / "missing"):
        done = CliRunner().invoke(app, [command, str(out)])
        assert isinstance(done.exception, FormatError)
        assert "there are none here" in str(done.exception)
        assert "--out" in done.exception.mend


def test_who_scored_nothing_and_where_nothing_is_are_told(folder: Path, tmp_path: Path) -> None:
    for options, error, words in (
        ([str(folder), "--by", "pass"], UsageError, "Scores by: answer/2"),
        ([str(tmp_path)], FormatError, "results"),
    ):
        done = CliRunner().invoke(app, ["report", *options])
        assert isinstance(done.exception, error)
        assert words in str(done.exception)
