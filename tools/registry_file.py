"""The registry's SQLite file."""

from __future__ import annotations

import sqlite3
from typing import Literal

from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError, SpecError
from toolgrove.machine.sqlite import Schema
from toolgrove.tools.names import candidates

__all__ = ["FILE", "ORIGINS", "SCHEMA", "put"]

FILE = "registry.sqlite"
SCHEMA = Schema(
    "a registry",
    application=0x7467_7276,  # "tgrv"
    version=1,
    error=CatalogError,
    mend="Move it away and index the sources again; the index beside it keeps what is embedded.",
    tables="""
CREATE TABLE specs (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE aliases (
    id TEXT PRIMARY KEY, alias TEXT NOT NULL UNIQUE COLLATE NOCASE) WITHOUT ROWID;
""",
)
ORIGINS = """
CREATE TABLE IF NOT EXISTS origins (
    id TEXT PRIMARY KEY, source TEXT NOT NULL) WITHOUT ROWID
"""
"""Where each spec came from; made when it is first written, since older registries lack it."""

_INSERT = "INSERT INTO specs (id, digest, body) VALUES (?, ?, ?)"
_UPDATE = "UPDATE specs SET digest = ?, body = ? WHERE id = ?"


def put(
    db: sqlite3.Connection, spec: ToolSpec, digest: str, body: bytes
) -> Literal["added", "changed", "unchanged"]:
    """Write a spec's row; a new one is given an alias. Says what came of it."""
    row = db.execute("SELECT digest, body FROM specs WHERE id = ?", (spec.id,)).fetchone()
    if row is None:
        db.execute(_INSERT, (spec.id, digest, body))
        _name(db, spec)
        return "added"
    if row[0] != digest:
        db.execute(_UPDATE, (digest, body, spec.id))
        return "changed"
    if row[1] != body:  # it was damaged
        db.execute(_UPDATE, (digest, body, spec.id))
    return "unchanged"


def _name(db: sqlite3.Connection, spec: ToolSpec) -> None:
    """Give a spec the first of its aliases that is free, unless it had one before."""
    if db.execute("SELECT 1 FROM aliases WHERE id = ?", (spec.id,)).fetchone():
        return
    for alias in candidates(spec):
        row = (spec.id, alias)
        if db.execute("INSERT OR IGNORE INTO aliases VALUES (?, ?)", row).rowcount:
            return
    raise SpecError(f"{spec.id}: every alias is taken")
