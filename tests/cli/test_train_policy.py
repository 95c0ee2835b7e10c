"""``toolgrove train policy``: what it refuses before it loads anything."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from toolgrove.cli.main import app
from toolgrove.errors import FormatError, ToolgroveError, UsageError

CALL = {"id": "c", "type": "function", "function": {"name": "find", "arguments": {}}}
ROW = {
    "prompt": [{"role": "user", "content": "Where?"}],
    "chosen": [{"role": "assistant", "content": "I look.", "tool_calls": [CALL]}],
    "rejected": [{"role": "assistant", "content": "Here."}],
    "tools": json.dumps([{"type": "function", "function": {"name": "find", "parameters": {}}}]),
}
TALK = {"messages": [*ROW["prompt"], *ROW["chosen"]], "tools": ROW["tools"]}


def train(folder: Path, *options: object) -> None:
    arguments = ["train", "policy", "--out", folder / "out", *options]
    CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    (tmp_path / "pairs.jsonl").write_text(json.dumps(ROW) + "\n")
    (tmp_path / "sft.jsonl").write_text(json.dumps(TALK) + "\n")
    (tmp_path / "bad.jsonl").write_text('{"prompt": []}\n')
    return tmp_path


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ((), UsageError, "needs --sft or --pairs"),
        (("--method", "sft"), UsageError, "needs --sft or --pairs"),
        (("--method", "dpo", "--sft", "sft.jsonl"), UsageError, "dpo needs --pairs"),
        (("--pairs", "none.jsonl"), FormatError, r"none\.jsonl"),
        (("--pairs", "bad.jsonl"), FormatError, r"bad\.jsonl: at line 1"),
        (("--pairs", "pairs.jsonl"), UsageError, "1 a reply without a call where tools"),
        (("--pairs", "pairs.jsonl", "--model", "openai:gpt-5"), UsageError, "local or local:"),
    ],
)
def test_what_cannot_be_trained_is_told_and_nothing_is_written(
    rows: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    error: type[ToolgroveError],
    said: str,
) -> None:
    monkeypatch.chdir(rows)
    with pytest.raises(error, match=said):
        train(rows, *options)
    assert not (rows / "out").exists()


def test_a_missing_package_is_named_with_its_extra(
    rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: name != "peft" and found(name, *more)
    )
    with pytest.raises(UsageError, match=r"'toolgrove\[train\]'.*peft"):
        train(rows, "--method", "sft", "--sft", rows / "sft.jsonl")
    assert not (rows / "out").exists()
