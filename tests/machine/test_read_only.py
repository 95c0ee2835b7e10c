"""An SQLite file of ours that another process writes, or that lies where nothing can be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.media import unwritable
from toolgrove.errors import CatalogError
from toolgrove.machine.sqlite import Database, Schema

SCHEMA = Schema(
    "a box",
    tables="CREATE TABLE things (name TEXT PRIMARY KEY);",
    error=CatalogError,
    mend="Pack another.",
)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "box", SCHEMA)
    yield database
    database.close()


def add(box: Database, *names: str) -> None:
    with box.writing() as db:
        db.executemany("INSERT INTO things VALUES (?)", [(name,) for name in names])


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system names no lock's holder")
def test_a_locked_file_names_the_process_that_writes_it(box: Database, tmp_path: Path) -> None:
    with box.writing(), closing(Database(tmp_path / "box", SCHEMA)) as other:
        other.rows("PRAGMA busy_timeout = 0")
        with pytest.raises(CatalogError, match=rf"written by process {os.getpid()}:"):
            add(other, "hat")


def test_what_lies_where_nothing_can_be_written_is_read_all_the_same(
    box: Database, tmp_path: Path
) -> None:
    add(box, "hat")
    box.close()
    with unwritable(tmp_path), closing(Database(tmp_path / "box", SCHEMA)) as again:
        assert (again.frozen, again.rows("SELECT name FROM things")) == (True, [("hat",)])
        with pytest.raises(CatalogError, match=r"box: .*readonly.* Let it .* be written"):
            add(again, "coat")
    with closing(Database(tmp_path / "box", SCHEMA)) as again:
        add(again, "coat")
        assert not again.frozen


def test_what_was_written_last_is_not_passed_over_where_nothing_can_be_written(
    box: Database, tmp_path: Path
) -> None:
    add(box, "hat")
    copied = tmp_path / "copied"
    copied.mkdir()
    for part in ("box", "box-wal"):
        (copied / part).write_bytes((tmp_path / part).read_bytes())
    with unwritable(copied), pytest.raises(CatalogError, match=r"box: .*be written"):
        Database(copied / "box", SCHEMA)
