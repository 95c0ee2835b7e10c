"""``toolgrove pairs`` and ``toolgrove validate``: training rows exported, counted and checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from support.training_rows import PAIRS, pair, says, write
from toolgrove.cli.main import app
from toolgrove.errors import FormatError, UsageError


def toolgrove(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write(tmp_path / "pairs.jsonl", PAIRS)


def test_export_says_what_was_written_and_what_was_left_out(pairs: Path, tmp_path: Path) -> None:
    told = toolgrove("pairs", "export", pairs, "--for", "llamafactory", "--out", tmp_path / "out")
    assert told.exit_code == 0, told.output
    assert "dpo.jsonl: 2 rows" in told.stdout
    assert (tmp_path / "out" / "dataset_info.json").is_file()
    made = toolgrove("pairs", "export", pairs, "--for", "trl", "--out", tmp_path / "trl", "--json")
    assert json.loads(made.stdout)["files"] == {"dpo.jsonl": 2, "kto.jsonl": 4, "sft.jsonl": 2}


def test_export_without_the_tokenizer_that_it_needs_names_the_flag(
    pairs: Path, tmp_path: Path
) -> None:
    told = toolgrove("pairs", "export", pairs, "--for", "axolotl", "--out", tmp_path / "out")
    assert isinstance(told.exception, UsageError)
    assert "--tokenizer" in str(told.exception)


def test_stats_count_by_rule_fault_task_and_tool(pairs: Path) -> None:
    found = json.loads(toolgrove("pairs", "stats", pairs, "--json").stdout)
    assert found["rows"] == 2
    assert found["counts"]["rule"] == {"step": 1, "arguments": 1}
    assert found["counts"]["fault"] == {"empty_thought": 1}
    assert found["counts"]["tool"] == {"far_for_map": 1, "zip_for_post": 1}
    assert found["lengths"]["chosen"]["least"] < found["lengths"]["chosen"]["most"]
    told = toolgrove("pairs", "stats", pairs).stdout
    assert "step 1, arguments 1" in told


def test_stats_of_a_bad_or_empty_file_say_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("[1]\n")
    told = toolgrove("pairs", "stats", tmp_path / "bad.jsonl")
    assert isinstance(told.exception, FormatError)
    assert "line 1: $: expected a JSON object. Write one JSON object a line." in str(told.exception)
    (tmp_path / "empty.jsonl").write_text("")
    assert isinstance(toolgrove("pairs", "stats", tmp_path / "empty.jsonl").exception, UsageError)


def test_validate_exits_with_1_where_rows_are_lost(pairs: Path, tmp_path: Path) -> None:
    told = toolgrove("validate", pairs, "--for", "trl")
    assert (told.exit_code, "2 rows for trl, 0 lost" in told.stdout) == (0, True)
    bad = write(tmp_path / "bad.jsonl", [*PAIRS, pair([says("Yes")], [says("Yes")]), {"a": 1}])
    told = toolgrove("validate", bad)
    assert told.exit_code == 1
    assert "lost: 1 × both sides are the same (line 3)" in told.stdout
    assert "line 4: $.prompt: expected" in told.stderr.replace("\n", " ")
    found = json.loads(toolgrove("validate", bad, "--json").stdout)
    assert (found["lost"], found["findings"]) == (2, {"equal_sides": [3], "not_a_row": [4]})
