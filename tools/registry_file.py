"""The registry's SQLite file."""

from __future__ import annotations

from toolgrove.errors import CatalogError
from toolgrove.machine.sqlite import Schema

__all__ = ["FILE", "ORIGINS", "SCHEMA"]

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
