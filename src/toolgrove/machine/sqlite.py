"""An SQLite file of ours: how it is made, told from others, read and written.

A file appears whole or not at all: it is made beside its place, in WAL mode, and put there, so that
processes that begin at once agree on one. What goes wrong with it (damage, a lock, a full
disk, rights) is said in the owner's kind of error, with the file and the mend. Where nothing can be
written, on media that are only read, it can be read all the same.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import finalize

from toolgrove.errors import ToolgroveError
from toolgrove.machine.files import write_beside

__all__ = ["Database", "Schema", "mend_of"]

_MEMORY = ":memory:"
_PATIENCE = 30.0  # seconds that another process may write
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
_UNWRITTEN = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR}
)
_MENDS = {
    sqlite3.SQLITE_BUSY: "It is being written{by}: wait for that or end it, then try again.",
    sqlite3.SQLITE_READONLY: "Let it and its folder be written, or name another place.",
    sqlite3.SQLITE_CANTOPEN: "Let it and its folder be written, or name another place.",
    sqlite3.SQLITE_PERM: "Let it and its folder be written, or name another place.",
    sqlite3.SQLITE_FULL: "Make room on the disk, then try again.",
    sqlite3.SQLITE_IOERR: "See to the disk, then try again.",
}


@dataclass(frozen=True, slots=True)
class Schema:
    """What a kind of file holds.

    Parameters
    ----------
    name : str
        What it is, with its article: ``"a registry"``.
    tables : str
        The statements that make an empty one.
    error : type of ToolgroveError
        What is raised where a file cannot be used.
    mend : str
        What to do about a damaged file or one of another version; a sentence.
    application : int
        In the file's header, so that another program's file is told; 0 where there is none.
    version : int
        In the file's header.
    """

    name: str
    tables: str
    error: type[ToolgroveError]
    mend: str
    application: int = 0
    version: int = 0


_LOCKS = Path("/proc/locks")


def mend_of(error: sqlite3.Error, path: str | Path) -> str | None:
    """What to do about an error that is no damage of the file; None where it is damage."""
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF  # a closed file has none
    if code in _DAMAGE or "decode to UTF-8" in str(error):
        return None
    mend = _MENDS.get(code, "See to that, then try again.")
    return mend.format(by=_writers(Path(path))) if code == sqlite3.SQLITE_BUSY else mend


def _writers(path: Path) -> str:
    """Who holds the lock to write a file, where the system tells."""
    try:
        files = [os.stat(one) for one in (path, f"{path}-shm") if os.path.exists(one)]
        held = [line.split() for line in _LOCKS.read_text().splitlines()]
    except OSError:
        return " by another process"
    places = {
        f"{os.major(one.st_dev):02x}:{os.minor(one.st_dev):02x}:{one.st_ino}" for one in files
    }
    found = {line[4] for line in held if line[3:4] == ["WRITE"] and line[5] in places}
    return f" by process {', '.join(sorted(found))}" if found else " by another process"


class Database:
    """An open file. Threads may share it; so may processes. Close it in the end.

    Attributes
    ----------
    frozen : bool
        Whether it lies where nothing can be written, so that it is only read.

    Parameters
    ----------
    path : path or None
        The file, made where there is none; None for one in memory.
    schema : Schema

    Raises
    ------
    ToolgroveError
        ``schema.error``, also from every method: the file is damaged, another program's or
        version's, locked, or cannot be made or written.
    """

    def __init__(self, path: Path | None, schema: Schema) -> None:
        self.path, self.schema = path or _MEMORY, schema
        self.lock = threading.RLock()
        with self._told():
            if path is not None and not path.exists():
                self._make(path)
            self.frozen = False
            self.connection = self._connect(str(self.path))
            try:
                if path is None:
                    self.connection.executescript(schema.tables)
                else:
                    self._look(path)
                    self._check()
                    self.connection.execute("PRAGMA synchronous=NORMAL")
            except BaseException:
                self.connection.close()
                raise
        # what nobody closed is let go of with this object; Python 3.13 warns of it otherwise
        finalize(self, self.connection.close)

    def _connect(self, path: str, **options: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, **options
        )
        return made

    def _look(self, path: Path) -> None:
        """See whether it can be read; SQLite writes beside a file, and here perhaps cannot."""
        try:
            self.connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError as error:
            log = path.with_name(f"{path.name}-wal")
            if error.sqlite_errorcode & 0xFF not in _UNWRITTEN or (
                log.exists() and log.stat().st_size
            ):
                raise
            self.connection.close()
            self.connection = self._connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
            self.frozen = True

    def _make(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make(path, self.schema)
        except OSError as error:
            raise self.schema.error(
                f"{path}: cannot be made ({error.strerror}). Name another place."
            ) from error

    def _check(self) -> None:
        (application,) = self.connection.execute("PRAGMA application_id").fetchone()
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        tables = self.connection.execute("SELECT name FROM sqlite_schema").fetchall()
        wanted = re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", self.schema.tables)
        of_ours = application == self.schema.application
        if of_ours and version != self.schema.version:
            raise self.schema.error(
                f"{self.path}: has schema version {version}, this Toolgrove reads "
                f"{self.schema.version}. {self.schema.mend}"
            )
        if not of_ours or not {name for (name,) in tables}.issuperset(wanted):
            raise self.schema.error(
                f"{self.path}: is not {self.schema.name}, but empty or another program's. "
                "Name another place."
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in the owner's words what SQLite and the system say."""
        try:
            yield
        except sqlite3.Error as error:
            mend = mend_of(error, self.path)
            said = f"{error}. {mend}"
            if mend is None:
                said = f"cannot be read as {self.schema.name} ({error}). {self.schema.mend}"
            raise self.schema.error(f"{self.path}: {said}") from error

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement, which is a transaction of its own unless one is going on."""
        with self.lock, self._told():
            return self.connection.execute(query, values).fetchall()

    @property
    def version(self) -> tuple[int, int]:
        """Another value after every change, by this process or another; equal: nothing changed."""
        others = 0  # that could change what is in memory
        if self.path != _MEMORY:
            others = int(self.rows("PRAGMA data_version")[0][0])
        return others, self.connection.total_changes

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing.

        It holds the write lock from its start, so that it cannot deadlock.
        """
        with self.lock, self._told():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # a full disk has it rolled back already
                    self.connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let go of the file; the last to do so leaves it as one file. Twice is harmless."""
        with self.lock:
            self.connection.close()


def _make(path: Path, schema: Schema) -> None:
    """Put an empty file in its place, unless another process was faster."""
    db = sqlite3.connect(_MEMORY, isolation_level=None)
    try:
        db.executescript(
            f"BEGIN; {schema.tables}; PRAGMA application_id = {schema.application};"
            f"PRAGMA user_version = {schema.version}; COMMIT;"
        )
        made = db.serialize()
    finally:
        db.close()
    wal = b"\x02\x02"  # the file format's versions to write and to read, with a log beside it
    write_beside(path, [made[:18], wal, made[20:]], over=False)
