"""A file is whole or not there."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.errors import UsageError
from toolgrove.machine import files
from toolgrove.machine.files import (
    lies_in,
    made_folder,
    refuse_to_replace,
    safe_name,
    write_beside,
)


def test_a_file_that_could_not_be_written_whole_leaves_the_old_one(tmp_path: Path) -> None:
    def pieces() -> Any:
        yield b"half"
        raise RuntimeError

    file = tmp_path / "out.json"
    write_beside(file, [b"old"])
    with pytest.raises(RuntimeError):
        write_beside(file, pieces())
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_half_that_a_killed_writer_left_does_not_stay(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    beside: list[Path] = []

    def pieces() -> Any:
        beside.extend(tmp_path.iterdir())
        yield b"whole"

    write_beside(file, pieces())
    beside[0].write_bytes(b"a longer half")
    write_beside(file, [b"new"])
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


class _NoLocks:
    """A disk that knows no locks."""

    LOCK_EX = 0

    def flock(self, stream: object, kind: int) -> None:
        raise OSError


@pytest.mark.parametrize("locks", ["the system's", _NoLocks(), None])
def test_writers_at_once_take_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locks: Any
) -> None:
    if not isinstance(locks, str):
        monkeypatch.setattr(files, "_locks", lambda: locks)
    file = tmp_path / "out"
    with ThreadPoolExecutor(8) as pool:
        done = pool.map(
            lambda n: write_beside(file, [b"%d" % n] * 500), [n % 10 for n in range(80)]
        )
        assert len(list(done)) == 80
    assert len(set(file.read_bytes())) == 1
    assert len(file.read_bytes()) == 500
    write_beside(file, [b"late"], over=False)
    assert len(file.read_bytes()) == 500
    assert list(tmp_path.iterdir()) == [file]


@given(st.lists(st.text(max_size=80), unique=True, max_size=8))
def test_a_safe_name_is_one_file_of_one_text(texts: list[str]) -> None:
    names = [safe_name(text) for text in texts]
    assert len(set(names)) == len(texts)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,60}", name)


def test_a_plain_name_stays_and_half_a_character_is_no_trouble() -> None:
    assert safe_name("world-1") == "world-1"
    assert safe_name("a" * 61) == "a" * 61
    assert safe_name("a" * 62) == "a" * 40 + "." + safe_name("a" * 62)[-12:]
    assert safe_name("\ud800").startswith("_.")
    assert safe_name("-rf").startswith("-rf.")


def test_through_a_link_its_target_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link, target = tmp_path / "out.json", tmp_path / "disk" / "kept.json"
    link.symlink_to(target)
    for content in (b"first", b"second"):
        write_beside(link, [content])
        assert link.is_symlink()
        assert target.read_bytes() == content
    assert [one.name for one in target.parent.iterdir()] == ["kept.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes of a name")
def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = sorted(tmp_path.iterdir())
    for name, why in [
        ("pipe", "it is no regular file"),
        ("folder", "it is a folder"),
        ("file/below", "it, or one above it, is a file"),
        ("file/far/below", "it, or one above it, is a file"),
        ("loop", "it is a link to itself"),
        ("loop/below", "cannot be written"),
    ]:
        with pytest.raises(UsageError, match=why):
            write_beside(tmp_path / name, [b"new"])
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "file").read_text() == "mine"
    with pytest.raises(UsageError, match=r"Name another folder\."):
        made_folder(tmp_path / "file")


def test_a_file_that_is_read_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "journal.jsonl").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "run" / "journal.jsonl")
    for name in ("run/journal.jsonl", "link", "run"):
        with pytest.raises(UsageError, match="is read here"):
            refuse_to_replace(tmp_path / name, [tmp_path / "run"])
    refuse_to_replace(tmp_path / "run" / "new.jsonl", [tmp_path / "run"])
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refuse_to_replace(tmp_path / "loop", [tmp_path / "run"])
    with pytest.raises(UsageError, match="is read here"):
        refuse_to_replace(tmp_path / "run", [tmp_path / "loop", tmp_path / "run"])


def test_what_leads_out_of_a_folder_or_nowhere_does_not_lie_in_it(tmp_path: Path) -> None:
    batch = tmp_path / "batch"
    batch.mkdir()
    (batch / "run").mkdir()
    (batch / "out").symlink_to(tmp_path)
    (batch / "loop").symlink_to(batch / "loop")
    (tmp_path / "link").symlink_to(batch)
    lie = {name: lies_in(batch / name, batch) for name in ("run", "out", "loop", "../batch2", "..")}
    assert [name for name, inside in lie.items() if inside] == ["run"]
    assert lies_in(tmp_path / "link" / "run", batch)
    assert lies_in(batch / "not there yet", tmp_path / "link")
