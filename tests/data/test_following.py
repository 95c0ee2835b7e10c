"""A journal that is read while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.sample_run import sample_tree, write_run
from toolgrove.data.following import Following
from toolgrove.data.runs import read_tree
from toolgrove.errors import JournalError


def test_a_journal_is_followed_byte_by_byte(tmp_path: Path) -> None:
    whole = (write_run(tmp_path / "whole") / "journal.jsonl").read_bytes()
    run = tmp_path / "run"
    run.mkdir()
    following = Following(run)
    assert not following.read()
    assert len(following.tree) == 0
    assert following.doing == "waiting for the run to begin"
    seen = []
    with (run / "journal.jsonl").open("ab", buffering=0) as journal:
        for at in range(0, len(whole), 97):
            journal.write(whole[at : at + 97])
            following.read()
            seen.append(len(following.tree))
    assert seen == sorted(seen)
    assert set(seen) >= set(range(10))
    assert following.ended
    assert list(following.tree) == list(read_tree(run))
    assert not following.read()


def test_a_torn_end_that_is_cut_off_and_written_anew_is_read(tmp_path: Path) -> None:
    journal = write_run(tmp_path / "run", end=False) / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    following = Following(tmp_path / "run")
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    following.read()
    assert len(following.tree) == len(lines) - 2
    with journal.open("r+b") as stream:
        stream.truncate(sum(map(len, lines[:-1])))
    assert not following.read()
    with journal.open("ab") as stream:
        stream.write(lines[-1])
    assert following.read()
    assert len(following.tree) == len(sample_tree())


def test_another_run_in_its_place_is_read_from_the_start(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", " old and longer")
    following = Following(run)
    following.read()
    (write_run(tmp_path / "new") / "journal.jsonl").replace(run / "journal.jsonl")
    assert following.read()
    assert following.tree.task.query == "What is x?"


def test_a_damaged_line_is_told(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    journal = run / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"index":1', '"index":2', 1))
    with pytest.raises(JournalError, match="is damaged"):
        Following(run).read()
