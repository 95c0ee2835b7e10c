"""What the index knows, in one SQLite file: entries, their vectors, and how whole it is.

This file is the truth; the Chroma collection and the BM25 folder beside it are made from it.
Vectors are kept by the digest of the text they embed, so that a text is embedded once however
many entries have it, and a batch that is committed is never embedded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import CatalogError
from toolgrove.machine.sqlite import Database, Schema

__all__ = ["CLEAN", "FIELDS", "PARTIAL", "WRITING", "Candidate", "IndexEntry", "IndexStore"]

FILE = "index.sqlite"
VERSION = "2"
FIELDS = ("category", "tool", "source", "effect")
"""What results can be filtered by."""

CLEAN = "clean"
PARTIAL = "partial"
"""Whole in itself, but the writing that made it broke off: something is missing."""
WRITING = "writing"
"""Somebody is writing, or died doing so: what is derived may not fit the entries."""

_SCHEMA = Schema(
    "an index",
    error=CatalogError,
    mend="Move the folder that it is in away and index the sources again.",
    tables=f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,
    category TEXT NOT NULL, tool TEXT NOT NULL, source TEXT NOT NULL, effect TEXT NOT NULL,
    name TEXT NOT NULL, mark TEXT NOT NULL, document TEXT NOT NULL, words TEXT NOT NULL);
CREATE INDEX entries_digest ON entries (digest);
CREATE TABLE vectors (digest TEXT PRIMARY KEY, vector BLOB NOT NULL);
INSERT INTO meta VALUES ('version', '{VERSION}');
""",
)
_UPSERT = """
INSERT INTO entries (id, digest, category, tool, source, effect, name, mark, document, words)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET (digest, category, tool, source, effect, name, mark, document, words)
= (excluded.digest, excluded.category, excluded.tool, excluded.source, excluded.effect,
    excluded.name, excluded.mark, excluded.document, excluded.words)
"""
_ENTRY = "id, digest, category, tool, source, effect, name, mark"
_MANY = 500  # values in one IN (…)


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One tool as the index sees it.

    ``document`` is what is embedded, ``digest`` its digest; ``words`` is what BM25 searches;
    ``mark`` changes whenever anything of the entry does.
    """

    id: str
    digest: str
    category: str
    tool: str
    source: str
    effect: str
    name: str
    mark: str
    document: str = ""
    words: str = ""

    @property
    def metadata(self) -> dict[str, str]:
        """What the collection keeps beside the vector."""
        return {name: getattr(self, name) for name in (*FIELDS, "digest")}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that a query may be about."""

    row: int
    id: str
    category: str
    tool: str
    name: str
    vector: NDArray[np.float32]


class IndexStore:
    """The file ``index.sqlite`` of a folder. Threads may share it; so may processes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.database = Database(self.path, _SCHEMA)
        version = self.get("version")
        if version != VERSION:
            self.close()
            raise CatalogError(
                f"{self.path}: made by another version (schema {version}, this one reads "
                f"{VERSION}). {_SCHEMA.mend}"
            )

    @property
    def frozen(self) -> bool:
        """Whether it lies where nothing can be written."""
        return self.database.frozen

    def damaged(self, error: Exception) -> CatalogError:
        """What came of rows that are not what was written."""
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return CatalogError(f"{self.path}: its rows are damaged ({why}). {_SCHEMA.mend}")

    def get(self, key: str, default: str = "") -> str:
        """A remembered setting."""
        rows = self.database.rows("SELECT value FROM meta WHERE key = ?", [key])
        return str(rows[0][0]) if rows else default

    def settings(self) -> dict[str, str]:
        """All remembered settings, of one moment."""
        return dict(self.database.rows("SELECT key, value FROM meta"))

    def put(self, **settings: str) -> None:
        """Remember settings."""
        with self.database.writing() as db:
            db.executemany(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                settings.items(),
            )

    def __len__(self) -> int:
        return int(self.database.rows("SELECT count(*) FROM entries")[0][0])

    def ids(self) -> set[str]:
        """Every entry's id."""
        return {row[0] for row in self.database.rows("SELECT id FROM entries")}

    def entries(self, ids: Sequence[str]) -> dict[str, IndexEntry]:
        """The entries of ids, where there are any, without their texts."""
        query = f"SELECT {_ENTRY} FROM entries WHERE id IN"
        return {row[0]: IndexEntry(*row) for row in self._among(query, ids)}

    def vectors(self, digests: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of texts that were embedded before, by their digest."""
        rows = self._among("SELECT digest, vector FROM vectors WHERE digest IN", digests)
        return {digest: np.frombuffer(blob, np.float32) for digest, blob in rows}

    def write(
        self, entries: Iterable[IndexEntry], vectors: Mapping[str, NDArray[np.float32]]
    ) -> None:
        """Add entries or replace those of the same id, with the vectors they are the first with."""
        with self.database.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                ((digest, vector.tobytes()) for digest, vector in vectors.items()),
            )
            db.executemany(
                _UPSERT,
                map(astuple, entries),
            )

    def delete(self, ids: Sequence[str]) -> None:
        """Remove entries; ids that are not there are passed over."""
        with self.database.writing() as db:
            db.executemany("DELETE FROM entries WHERE id = ?", ((one,) for one in ids))

    def sweep(self) -> None:
        """Forget vectors that no entry has any more."""
        with self.database.writing() as db:
            db.execute("DELETE FROM vectors WHERE digest NOT IN (SELECT digest FROM entries)")

    def documents(self) -> Iterator[tuple[int, str]]:
        """Row and words of every entry, in order, streamed."""
        for rows in self._pages("SELECT row, words FROM entries"):
            yield from rows

    def embedded(self) -> Iterator[tuple[list[IndexEntry], NDArray[np.float32]]]:
        """Every entry with its vector, a page at a time."""
        query = f"SELECT row, {_ENTRY}, vector FROM entries JOIN vectors USING (digest)"
        for rows in self._pages(query):
            vectors = np.frombuffer(b"".join(row[-1] for row in rows), np.float32)
            yield [IndexEntry(*row[1:-1]) for row in rows], vectors.reshape(len(rows), -1)

    def candidates(self, ids: Sequence[str], rows: Sequence[int]) -> list[Candidate]:
        """The entries that have one of these ids or row numbers, in order of row."""
        query = (
            "SELECT row, id, category, tool, name, vector FROM entries JOIN vectors USING (digest)"
        )
        found = {
            row[0]: Candidate(
                row[0], row[1], row[2], row[3], row[4], np.frombuffer(row[5], np.float32)
            )
            for name, values in (("id", ids), ("row", rows))
            for row in self._among(f"{query} WHERE {name} IN", values)
        }
        return [found[row] for row in sorted(found)]

    def rows_where(self, where: Mapping[str, str]) -> list[int]:
        """Row numbers of the entries whose fields have these values."""
        clause = " AND ".join(f"{name} = ?" for name in where)  # names of FIELDS, checked before
        return [
            row[0]
            for row in self.database.rows(
                f"SELECT row FROM entries WHERE {clause}", [*where.values()]
            )
        ]

    def close(self) -> None:
        """Let go of the file; closing twice is harmless."""
        self.database.close()

    def _among(self, query: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        """The rows of a query that ends in ``IN``, asked in pieces of a bearable length."""
        for at in range(0, len(values), _MANY):
            some = values[at : at + _MANY]
            yield from self.database.rows(f"{query} ({','.join('?' * len(some))})", some)

    def _pages(self, query: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query whose first column is the entry's row number."""
        seen = -1
        while rows := self.database.rows(f"{query} WHERE row > ? ORDER BY row LIMIT 1000", [seen]):
            seen = rows[-1][0]
            yield rows
