"""The registry's SQLite file: how it is made, known and written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolgrove.errors import CatalogError

__all__ = ["FILE", "LOCK", "ORIGINS", "TABLES", "check", "is_made", "make", "written"]

FILE = "registry.sqlite"
LOCK = "registry.lock"
VERSION = 1
_APPLICATION = 0x7467_7276  # "tgrv" in the file's header, so that another program's file is told
TABLES = """
CREATE TABLE specs (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE aliases (
    id TEXT PRIMARY KEY, alias TEXT NOT NULL UNIQUE COLLATE NOCASE) WITHOUT ROWID;
"""
ORIGINS = """
CREATE TABLE IF NOT EXISTS origins (
    id TEXT PRIMARY KEY, source TEXT NOT NULL) WITHOUT ROWID
"""
"""Where each spec came from; made when it is first written, since older registries lack it."""


@contextmanager
def written(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One transaction that holds the write lock from its start, so that it cannot deadlock."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite has rolled back by itself where the disk was full
            db.execute("ROLLBACK")
        raise


def is_made(path: Path) -> bool:
    """Whether a file is an SQLite database in WAL mode, which is the last step of making ours."""
    if not path.exists():
        return False
    with path.open("rb") as stream:
        header = stream.read(20)
    return header[:6] == b"SQLite" and header[18:] == b"\2\2"


def make(path: Path) -> None:
    """Make an empty registry, unless the file holds something.

    Under a lock and not left to SQLite: the change to WAL mode fails at once where another
    connection is open, whatever the timeout.
    """
    db = sqlite3.connect(path, timeout=30.0, isolation_level=None)
    try:
        if _state(db) == (0, 0, 0):
            with written(db):
                for statement in filter(str.strip, TABLES.split(";")):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {_APPLICATION}")
                db.execute(f"PRAGMA user_version = {VERSION}")
        if _state(db)[0] == _APPLICATION:
            db.execute("PRAGMA journal_mode=WAL")
    finally:
        db.close()


def check(db: sqlite3.Connection, path: str) -> None:
    application, version, _ = _state(db)
    if application != _APPLICATION:
        raise CatalogError(f"{path}: is another program's database. Name another folder.")
    if version != VERSION:
        raise CatalogError(
            f"{path}: has schema version {version}, this Toolgrove reads {VERSION}. "
            "Index the sources into a new folder."
        )
    db.execute("PRAGMA synchronous=NORMAL")


def _state(db: sqlite3.Connection) -> tuple[int, int, int]:
    """Application id, schema version and number of tables, indices and the like."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (things,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return application, version, things
