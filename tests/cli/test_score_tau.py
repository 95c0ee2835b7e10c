"""``toolgrove score`` and ``toolgrove verify`` on recorded conversations of τ-bench."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from support import small_tau
from support.small_tau import BOOK, tau, tau2
from toolgrove.cli.main import app
from toolgrove.errors import UsageError


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Path]:
    """A result file: one right, one wrong, one of a task that nobody has."""
    path = tmp_path / "runs" / "gpt-4o-airline.json"
    path.parent.mkdir()
    done = ("book_reservation", BOOK["arguments"], "{}")
    entries = [tau(done), tau(task_id=1, reward=0.0), tau(task_id=2, info={})]
    path.write_text(json.dumps(entries), encoding="utf-8")
    with small_tau.installed(tmp_path / "site"):
        yield path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_each_conversation_gets_a_line_with_its_verdict(results: Path, tmp_path: Path) -> None:
    done = call("score", results)
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(v["id"], v["valid"]) for v in lines] == [(0, True), (1, False), (2, None)]
    assert {"rule", "data", "trial", "recorded"} <= lines[0].keys()
    assert "1 of 2 valid (50.0%)" in done.stderr
    assert "equal to the recorded reward: 2 of 3" in done.stderr
    assert "1 without a verdict: user ''" in done.stderr
    out = tmp_path / "verdicts.jsonl"
    assert call("score", results.parent, "--out", out).stdout == ""
    assert out.read_text("utf-8") == done.stdout


def test_options_that_say_nothing_of_conversations_are_refused(results: Path) -> None:
    done = call("score", results, "--judge", "openai:some")
    assert isinstance(done.exception, UsageError)
    assert "--judge" in str(done.exception)


def test_verify_compares_with_recorded_rewards(results: Path, tmp_path: Path) -> None:
    done = call("verify", "tau", results)
    assert done.exit_code == 1
    assert "equal 2 of 3 outputs for 3 items, 2 of them right" in done.stdout
    assert "no verdict" in done.stdout
    equal = small_tau.tau2_file(tmp_path / "two.json", tau2(BOOK))
    assert call("verify", "tau", equal).exit_code == 0


def test_verify_makes_conversations_of_its_own(results: Path) -> None:
    done = call("verify", "tau", "--category", "airline")
    assert done.exit_code == 0, done.output
    assert "airline: equal 15 of 15 outputs for 2 items, 5 of them right" in done.stdout
