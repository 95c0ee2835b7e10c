"""An SQLite file of ours is whole, ours and usable, or an error says what to do."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from toolgrove.errors import CatalogError, ToolgroveError
from toolgrove.evaluators.store import ResultStore
from toolgrove.machine.sqlite import Database, Schema
from toolgrove.retriever.store import IndexStore
from toolgrove.tools.registry import Registry
from toolgrove.tools.virtual.cache import AnswerCache

SCHEMA = Schema(
    "a box",
    tables="CREATE TABLE things (name TEXT PRIMARY KEY);",
    error=CatalogError,
    mend="Pack another.",
    application=7,
    version=2,
)
OWNERS: dict[str, Callable[[Path], Any]] = {
    "registry.sqlite": Registry.open,
    "answers.sqlite": lambda folder: AnswerCache(folder / "answers.sqlite"),
    "results.sqlite": lambda folder: ResultStore(folder, {"planner": "react"}),
    "index.sqlite": IndexStore,
}


@pytest.fixture
def box(tmp_path: Path) -> Any:
    database = Database(tmp_path / "box", SCHEMA)
    yield database
    database.close()


def add(box: Database, *names: str) -> None:
    with box.writing() as db:
        db.executemany("INSERT INTO things VALUES (?)", [(name,) for name in names])


def test_a_transaction_is_kept_whole_or_not_at_all(box: Database) -> None:
    add(box, "hat")
    with pytest.raises(CatalogError, match="UNIQUE"):
        add(box, "coat", "hat")
    assert box.rows("SELECT name FROM things") == [("hat",)]


def test_what_a_stream_raises_stays_what_it_is(box: Database) -> None:
    def read() -> Iterator[tuple[str]]:
        yield ("hat",)
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError), box.writing() as db:
        db.executemany("INSERT INTO things VALUES (?)", read())
    assert box.rows("SELECT * FROM things") == []


def test_a_locked_a_full_and_a_read_only_file_say_their_mend(box: Database, tmp_path: Path) -> None:
    other = Database(tmp_path / "box", SCHEMA)
    other.rows("PRAGMA busy_timeout = 0")
    with box.writing(), pytest.raises(CatalogError, match=r"box: .*locked.* wait for that"):
        add(other, "hat")
    pages = other.rows("PRAGMA page_count")[0][0]
    other.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CatalogError, match=r"full.* Make room"):
        add(other, "x" * 100_000)
    other.rows("PRAGMA query_only = 1")
    with pytest.raises(CatalogError, match=r"readonly.* Let it .* be written"):
        add(other, "hat")
    other.close()
    with pytest.raises(CatalogError, match=r"box: .*closed"):
        add(other, "hat")


def test_a_file_of_another_version_or_program_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "box"
    Database(path, SCHEMA).close()
    later = Schema(SCHEMA.name, SCHEMA.tables, CatalogError, SCHEMA.mend, 7, version=3)
    with pytest.raises(CatalogError, match=r"schema version 2, this Toolgrove reads 3\. Pack"):
        Database(path, later)
    theirs = tmp_path / "theirs"
    with closing(sqlite3.connect(theirs)) as db, db:
        db.execute("CREATE TABLE letters (text)")
    before = theirs.read_bytes()
    with pytest.raises(CatalogError, match=r"is not a box.*Name another place"):
        Database(theirs, SCHEMA)
    assert theirs.read_bytes() == before


@pytest.mark.parametrize("name", OWNERS)
@pytest.mark.parametrize("damage", ["empty", "text", "cut", "foreign", "folder"])
def test_every_owner_tells_of_a_file_it_cannot_use(name: str, damage: str, tmp_path: Path) -> None:
    path = tmp_path / name
    match damage:
        case "empty":
            path.touch()
        case "text":
            path.write_bytes(b"not a database, whatever its name says" * 100)
        case "cut":
            OWNERS[name](tmp_path).close()
            path.write_bytes(path.read_bytes()[:2000])
        case "foreign":
            with closing(sqlite3.connect(path)) as db, db:
                db.execute("CREATE TABLE letters (text)")
        case "folder":
            path.mkdir()
    with pytest.raises(ToolgroveError, match=f"{name}: .+") as told:
        OWNERS[name](tmp_path)
    assert str(told.value).endswith(".")


_PROCESS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_sqlite import SCHEMA, add
from toolgrove.machine.sqlite import Database
sys.stdin.readline()  # all begin at once
box = Database(Path(sys.argv[2]), SCHEMA)
for number in range(20):
    add(box, f"{sys.argv[3]}-{number}")
box.close()
"""


def test_processes_that_begin_at_once_make_one_file(tmp_path: Path) -> None:
    path, here = tmp_path / "box", str(Path(__file__).parent)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, here, str(path), str(n)], stdin=subprocess.PIPE
        )
        for n in range(3)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in running:
        process.communicate()
        assert process.returncode == 0
    box = Database(path, SCHEMA)
    assert box.rows("SELECT count(*) FROM things") == [(60,)]
    box.close()
    assert [file.name for file in tmp_path.iterdir()] == ["box"]
