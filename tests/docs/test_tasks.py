"""The pages that people copy from do what they say, from the first line to the last."""

from __future__ import annotations

import doctest
import json
import socket
from pathlib import Path

import pytest

from support.embedders import need_minilm
from support.pages import ROOT, work_through


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder to work in, beside the recordings of the clone."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "trusted.json"))
    return tmp_path


def rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_the_tutorial_ends_in_a_file_of_pairs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_minilm(monkeypatch)
    assert len(work_through("tutorial.md", folder)) == 9
    pairs = rows(folder / "pairs.jsonl")
    assert len(pairs) == 2
    assert all(row.keys() >= {"prompt", "chosen", "rejected", "tools"} for row in pairs)


def test_an_api_with_a_key_is_called_and_a_write_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_minilm(monkeypatch)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert len(work_through("connect-an-api.md", folder, {"8765": str(port)})) == 6
    for kept in (folder / "runs").rglob("*"):
        assert not kept.is_file() or b"open-sesame" not in kept.read_bytes()


def test_an_agent_is_evaluated_and_its_failures_become_a_pair(folder: Path) -> None:
    assert len(work_through("evaluate-my-agent.md", folder)) == 3
    assert len(rows(folder / "pairs.jsonl")) == 1


@pytest.mark.parametrize(
    ("page", "commands"),
    [
        ("give-instructions.md", 2),
        ("keep-a-conversation.md", 3),
        ("train-on-failures.md", 2),
        ("write-a-planner.md", 1),
    ],
)
def test_a_page_does_what_it_says(page: str, commands: int, folder: Path) -> None:
    assert len(work_through(page, folder)) == commands


def test_the_snippets_about_models_run() -> None:
    failed, tried = doctest.testfile(str(ROOT / "docs" / "models.md"), module_relative=False)
    assert (failed, tried) == (0, 2)
