"""``toolgrove world new``, and ``toolgrove eval`` on what it wrote, on splits and on own files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toolgrove.cli.main import app
from toolgrove.data.formats.task_lines import load_tasks
from toolgrove.data.records import Task
from toolgrove.data.world import specs, tasks
from toolgrove.errors import FormatError, UsageError
from toolgrove.tools.registry import Registry


def run(*options: str | Path) -> Any:
    return CliRunner().invoke(app, list(map(str, options)))


def script(file: Path, chosen: list[Task]) -> Path:
    """Replies that make each task's reference calls and give its answer, or decline."""
    registry, replies = Registry(), []
    registry.add(specs())
    for task in chosen:
        assert task.reference is not None
        replies += [
            {"calls": [{"name": registry.alias(call.name), "arguments": dict(call.arguments)}]}
            for call in task.reference.calls
        ]
        value = task.reference.value
        said = ", ".join(value) if isinstance(value, list) else f"{value} {task.reference.unit}"
        if task.reference.kind == "unsolvable":
            said = "I cannot answer that with these tools."
        end = {"return_type": "give_answer", "final_answer": f"It is {said}."}
        replies.append({"calls": [{"name": "Finish", "arguments": end}]})
    file.write_text(json.dumps(replies))
    return file


def right(done: Any) -> tuple[int, float]:
    assert done.exit_code == 0, done.output
    total = json.loads(done.stdout)["groups"]["total"]
    return total["runs"], total["rates"]["answer/2"]["value"]


def test_a_fresh_set_is_written_evaluated_and_the_same_again(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for file in (first, second):
        done = run("world", "new", "--seed", "5", "--tasks", "6", "--out", file, "--json")
        assert json.loads(done.stdout)["tasks"] == 6
    assert first.read_bytes() == second.read_bytes()
    model = script(tmp_path / "script.json", load_tasks(first))
    out = ["--planner", "react", "--model", f"scripted:{model}", "--out", tmp_path / "out"]
    assert right(run("eval", first, *out, "--json")) == (6, 1.0)


def test_a_split_of_the_world_is_chosen(tmp_path: Path) -> None:
    chosen = tasks("test-tools")[:2]
    model = script(tmp_path / "script.json", chosen)
    options = ["--limit", "2", "--model", f"scripted:{model}", "--out", tmp_path / "out", "--json"]
    done = run("eval", "world", "--split", "test-tools", "--planner", "react", *options)
    assert right(done) == (2, 1.0)


def test_own_tasks_are_chosen_by_the_split_they_say(tmp_path: Path) -> None:
    [task] = [task for task in tasks() if task.id == "g1-capital-1"]
    lines = [
        {"query": "Hm?", "tools": task.tools, "meta": {"split": "train"}},
        {
            "query": task.query, "tools": task.tools, "group": "capitals",
            "reference": {"kind": "name", "value": "Ulaanbaatar"}, "meta": {"split": "test"},
        },
    ]  # fmt: skip
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    model = script(tmp_path / "script.json", [task])
    options = ["--planner", "react", "--model", f"scripted:{model}", "--out", tmp_path / "out"]
    done = run("eval", file, "--split", "test", *options, "--json")
    assert right(done) == (1, 1.0)
    assert "capitals" in json.loads(done.stdout)["groups"]


@pytest.mark.parametrize(
    ("line", "error", "told"),
    [
        ('{"query": "Hm?", "tools": ["a/b/c"]}', FormatError, r"mine.jsonl.*line 1.*tools\[0\]"),
        ('{"query": "Hm?"}', UsageError, "task '1' of .*mine.jsonl names no tools.*--catalog"),
        ('{"query": 3}', FormatError, r"mine.jsonl.*line 1: \$.query"),
    ],
)
def test_own_tasks_that_cannot_be_run_are_told_before_anything_runs(
    tmp_path: Path, line: str, error: type[Exception], told: str
) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(line)
    done = run("eval", file, "--model", "scripted:none.json", "--out", tmp_path / "out")
    with pytest.raises(error, match=told):
        raise done.exception or AssertionError(done.output)
    assert not (tmp_path / "out").exists()


def test_splits_and_seeds_that_are_not_there_are_told(tmp_path: Path) -> None:
    done = run("eval", "world", "--split", "test", "--out", tmp_path / "out")
    assert "test-facts" in str(done.exception)
    done = run("world", "new", "--seed", "1", "--split", "x", "--out", tmp_path / "x.jsonl")
    assert isinstance(done.exception, UsageError)
    assert not (tmp_path / "x.jsonl").exists()
