"""The results in a batch's folder, read without taking part in the batch."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Reference
from toolgrove.errors import FormatError
from toolgrove.evaluators.store import (
    COLUMNS,
    DATABASE,
    DONE,
    INFRASTRUCTURE,
    MENDED,
    PENDING,
    WAITING,
    KeptResult,
    ResultRow,
    result_of,
)
from toolgrove.machine.sqlite import mend_of

__all__ = ["holds_results", "read_batch", "read_kept", "read_mended", "read_results"]


def holds_results(folder: str | Path) -> bool:
    """Whether a folder is that of a batch.

    Raises
    ------
    FormatError
        Where its results cannot be read, so that nobody knows.
    """
    file = Path(folder) / DATABASE
    if not os.path.isfile(file):  # also where a folder above may not be looked into
        return False
    with _reading(file) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    return {"config", "result"} <= tables


def read_results(folder: str | Path) -> Iterator[ResultRow]:
    """All rows of a batch's folder, of every configuration, without taking part in the batch.

    Raises
    ------
    FormatError
        Where the file is missing or damaged.
    """
    file = Path(folder) / DATABASE
    with _reading(file) as db:
        for record in db.execute(f"SELECT {COLUMNS} FROM result ORDER BY config, task, epoch"):
            yield _known(file, record)


def read_batch(folder: str | Path) -> Iterator[tuple[JsonObject, ResultRow]]:
    """All rows of a batch's folder, each with its configuration, as :func:`read_results`."""
    for kept in read_kept(folder):
        yield kept.config, kept.row


def read_kept(folder: str | Path) -> Iterator[KeptResult]:
    """All rows of a batch's folder with what they are kept under, as :func:`read_results`."""
    file = Path(folder) / DATABASE
    with _reading(file) as db:
        configs = {
            name: codec.decode(dict[str, Any], codec.loads(config))
            for name, config in db.execute("SELECT hash, config FROM config")
        }
        for name, content, *record in db.execute(
            f"SELECT config, content, {COLUMNS} FROM result ORDER BY config, task, epoch"
        ):
            yield KeptResult(name, configs.get(name, {}), content, _known(file, tuple(record)))


def read_mended(folder: str | Path) -> dict[str, Reference | None]:
    """The references that took the place of those in the runs' journals, by the task's digest.

    Raises
    ------
    FormatError
        As :func:`read_results`.
    """
    with _reading(Path(folder) / DATABASE) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (MENDED,)).fetchone():
            return {}
        return {
            content: None if known is None else codec.decode(Reference, known)
            for content, text in db.execute(f"SELECT content, reference FROM {MENDED}")
            for known in [codec.loads(text)]
        }


def _known(file: Path, record: tuple[Any, ...]) -> ResultRow:
    row = codec.decode(ResultRow, codec.to_json(result_of(record)))
    if row.state not in (PENDING, DONE, INFRASTRUCTURE, WAITING):
        raise _damaged(file, f"{row.state!r} is no state of a result")
    return row


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing; what is wrong with the file is one FormatError."""
    if not file.exists():
        raise FormatError(
            str(file.parent),
            "$",
            f"results of an evaluation, and there are none here (no {DATABASE})",
            "Name the folder that toolgrove eval was given as --out.",
        )
    try:
        db = _opened(file)
        try:
            yield db
        finally:
            db.close()
    except sqlite3.Error as error:
        mend = mend_of(error, file)
        if mend is None:
            raise _damaged(file, str(error)) from error
        raise FormatError(str(file), "$", f"results that can be read ({error})", mend) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise _damaged(file, str(error)) from error


def _opened(file: Path) -> sqlite3.Connection:
    uri = file.absolute().as_uri()
    db = sqlite3.connect(f"{uri}?mode=rw", uri=True, timeout=60, isolation_level=None)
    try:
        db.execute("PRAGMA query_only = ON")
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        db.close()
        told = not isinstance(error, sqlite3.OperationalError)  # that it is no database
        if told or file.with_name(f"{DATABASE}-wal").exists():
            raise
        # SQLite wants to write beside it, and may not: then nobody else writes there either
        db = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
    return db


def _damaged(file: Path, why: str) -> FormatError:
    said = " ".join(why.split())[:200]
    mend = "Mend or restore it, or mine without scores (toolgrove mine --success answered)."
    return FormatError(str(file), "table result", f"the results of a batch ({said})", mend)
