"""``toolgrove score`` on BFCL's result files, and ``toolgrove verify`` without its package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from support import small_bfcl
from toolgrove.cli.main import app
from toolgrove.errors import UsageError


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Path]:
    """A result file: one right, one wrong, one that is no call at all."""
    outputs = ["[unit.convert(value=3, to='feet')]", "[unit.convert(value=4, to='feet')]", None]
    path = tmp_path / "maker" / "BFCL_v4_simple_python_result.json"
    path.parent.mkdir()
    lines = ({"id": f"simple_python_{n}", "result": r} for n, r in enumerate(outputs))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with small_bfcl.installed(tmp_path / "site"):
        yield path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_each_item_gets_a_line_with_its_verdict(results: Path, options: list[str]) -> None:
    done = call("score", results, *options)
    assert done.exit_code == 0, done.output
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [v["id"] for v in verdicts] == [f"simple_python_{n}" for n in range(3)]
    assert [v["valid"] for v in verdicts] == [True, False, False]
    assert ("1 of 3 valid (33.3%)" in done.stderr) is not options


def test_a_folder_is_scored_and_written_where_out_says(results: Path, tmp_path: Path) -> None:
    more = results.with_name("BFCL_v4_irrelevance_result.json")
    more.write_text('{"id": "irrelevance_0", "result": "No."}\n', encoding="utf-8")
    out = tmp_path / "verdicts.jsonl"
    done = call("score", results.parent, "--out", out)
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    lines = out.read_text("utf-8").splitlines()
    assert json.loads(lines[0]) == {"id": "irrelevance_0", "valid": True}
    assert len(lines) == 4


def test_options_that_say_nothing_of_bfcls_files_are_refused(results: Path) -> None:
    done = call("score", results, "--judge", "openai:some")
    assert isinstance(done.exception, UsageError)
    assert "--judge" in str(done.exception)


def test_verify_says_how_to_install_what_it_needs(results: Path) -> None:
    done = call("verify", "bfcl")
    assert isinstance(done.exception, UsageError)
    assert "pip install" in str(done.exception)
    assert isinstance(call("verify", "other").exception, UsageError)
