"""``toolgrove calibrate``: the table of recorded judges, and one that is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from toolgrove.cli.main import app


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "120")
    rows = [
        {"query": "How far?", "response": "5 km", "human": "success", "judges": {"m": "success"}},
        {"query": "How long?", "response": "1 h", "human": "failure", "judges": {"m": "success"}},
        {"query": "How high?", "response": "9 m", "human": "success", "judges": {"m": None}},
    ]
    file = tmp_path / "labels.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_without_a_judge_it_prints_the_recorded_ones(labels: Path) -> None:
    done = CliRunner().invoke(app, ["calibrate", "--on", str(labels)])
    assert done.exit_code == 0, done.output
    [row] = [line for line in done.stdout.splitlines() if line.startswith("m ")]
    assert (
        row.split() == ["m", "33.33%", "(6-79)", "0.00", "(-1.00", "to", "1.00)", "1/1", "0/2", "1"]
        or "1/1" in row
    )
    assert "says success agrees on 66.7%" in done.stdout


def test_the_published_table_is_printed(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    file = shared_data / "livemcp" / "human_verdicts.jsonl"
    done = CliRunner().invoke(app, ["calibrate", "--on", str(file)])
    for cell in ("openai_gpt-4.1-mini", "85.26%", "58.95%", "60.00%", "as_published"):
        assert cell in done.stdout


def test_a_judge_is_asked_and_its_calibration_kept(labels: Path, tmp_path: Path) -> None:
    replies = [{"text": f"Verdict: {said}"} for said in ("Solved", "Unsolved", "Unsolved")]
    script = tmp_path / "judge.json"
    script.write_text(json.dumps(replies))
    options = ["--judge", f"scripted:{script}", "--votes", "1", "--on", str(labels), "--json"]
    done = CliRunner().invoke(app, ["calibrate", *options])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["judge"]["agreement"]["value"] == pytest.approx(2 / 3)
    assert found["labels"] == {"success": 2, "failure": 1}
    assert [row["judge"] for row in found["others"]] == ["m"]
    assert Path(found["file"]).is_file()
    assert not list(Path(found["file"]).parent.glob("*.tmp"))
