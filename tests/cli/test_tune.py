"""``toolgrove tune strategy``: strategies chosen by some tasks and shown on others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toolgrove.cli.main import app
from toolgrove.data.world import specs
from toolgrove.errors import UsageError

TOOL = specs()[0].id


def lines(file: Path, *values: int) -> Path:
    """A file of tasks, each with a number for its answer."""
    tasks = [
        {"id": f"{file.stem}{n}", "query": f"How far is {file.stem}{n}?", "tools": [TOOL]}
        | {"reference": {"kind": "number", "value": n}}
        for n in values
    ]
    file.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    return file


def tune(folder: Path, *options: str) -> Any:
    where = [str(lines(folder / "a.jsonl", 7, 8)), "--out", str(folder / "out")]
    model = ["--planner", "react", "--model", f"scripted:{folder / 'm.json'}"]
    asked = ["tune", "strategy", *where, *model, *options]
    return CliRunner().invoke(app, asked, catch_exceptions=False)


def test_it_says_what_was_tried_and_what_the_front_does_on_held_out_tasks(tmp_path: Path) -> None:
    finish = {"return_type": "give_answer", "final_answer": "It is 9 km."}
    replies = [{"calls": [{"name": "Finish", "arguments": finish}]}] * (2 + 4 + 1)
    (tmp_path / "m.json").write_text(json.dumps(replies))
    held_out = ["--held-out", str(lines(tmp_path / "b.jsonl", 9))]
    options = [*held_out, "--strategy", "sample(3) | vote", "--budget", "50"]
    said = json.loads(tune(tmp_path, *options, "--json").stdout)
    assert said["spent"] == 6
    tried = {one["strategy"]: one["model_calls"] for one in said["development"]}
    assert tried == {"sample(1)": 1.0, "sample(3) | vote(answer)": 2.0}
    [plain] = said["held_out"]  # a vote that passes no more is beaten
    assert (plain["strategy"], plain["tasks"], plain["rate"]) == ("sample(1)", 1, 1.0)
    shown = tune(tmp_path, *options).stdout  # the same again asks the model nothing
    assert "6 model calls for choosing" in shown
    assert "100.0%" in shown


def test_a_task_to_choose_by_is_not_held_out(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("[]")
    with pytest.raises(UsageError, match="is a development task"):
        tune(tmp_path, "--held-out", str(lines(tmp_path / "a.jsonl", 7, 8)))
