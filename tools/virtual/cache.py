"""The answers of a virtual API server: one SQLite file, which can be shipped with an evaluation.

Several processes may use one file at once, and killing any of them leaves it whole: it is in WAL
mode, and a row is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Status
from toolgrove.errors import CatalogError
from toolgrove.machine.sqlite import Database, Schema
from toolgrove.tools.virtual.protocol import ApiName, Source, VirtualAnswer, canonical, key_of

__all__ = ["AnswerCache", "CachedExample"]

_SCHEMA = Schema(
    "a cache of API answers",
    application=0x7467_7661,  # "tgva"
    version=1,
    error=CatalogError,
    mend="Name another file.",
    tables="""
CREATE TABLE answers (
    key TEXT PRIMARY KEY, category TEXT NOT NULL, tool TEXT NOT NULL, api TEXT NOT NULL,
    arguments TEXT NOT NULL, response TEXT NOT NULL, status TEXT NOT NULL,
    source TEXT NOT NULL, rank INTEGER NOT NULL, model TEXT NOT NULL, prompt TEXT NOT NULL,
    date TEXT NOT NULL);
CREATE INDEX by_api ON answers (category, tool, api, rank);
CREATE TABLE shapes (
    category TEXT NOT NULL, tool TEXT NOT NULL, api TEXT NOT NULL, response TEXT NOT NULL,
    PRIMARY KEY (category, tool, api));
CREATE TABLE about (id TEXT NOT NULL);
INSERT INTO about VALUES (lower(hex(randomblob(16))));
""",
)
_SAVE = """
INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    response = excluded.response, status = excluded.status, source = excluded.source,
    rank = excluded.rank, model = excluded.model, prompt = excluded.prompt, date = excluded.date
WHERE excluded.rank > answers.rank
"""
_RANK = {Source.REAL: 3, Source.IMPORTED: 2, Source.SIMULATED: 1}
_ANSWER = "SELECT status, response, source, model, prompt FROM answers WHERE key = ?"


@dataclass(frozen=True, slots=True)
class CachedExample:
    """What an API answered to some arguments."""

    arguments: JsonObject
    response: Any
    source: Source


class AnswerCache:
    """Answers by call. Use it in ``with``, or close it.

    An answer that is there stays, so that every run sees the same one; only a better source
    replaces it: real before imported before simulated.

    Parameters
    ----------
    path : path
        The file; made where there is none.

    Raises
    ------
    CatalogError
        Where the file is another program's, another version's, damaged or cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> name = ApiName.of("Data", "Zip", "Find")
    >>> with tempfile.TemporaryDirectory() as folder, AnswerCache(f"{folder}/answers") as cache:
    ...     made_up = VirtualAnswer(Status.OK, {"city": "Springfield"}, Source.SIMULATED, model="m")
    ...     _ = cache.save(name, {"code": "02139"}, made_up)
    ...     real = VirtualAnswer(Status.OK, {"city": "Cambridge"}, Source.REAL)
    ...     _ = cache.save(name, {"code": "02139"}, real)
    ...     kept = cache.save(name, {"code": "02139"}, made_up)
    >>> kept.response, kept.source.value
    ({'city': 'Cambridge'}, 'real')
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._db = Database(self.path, _SCHEMA)
        self.id = str(self._db.rows("SELECT id FROM about")[0][0])

    def get(self, name: ApiName, arguments: JsonObject) -> VirtualAnswer | None:
        """The answer that is kept for a call, marked as cached; None where there is none."""
        rows = self._db.rows(_ANSWER, [key_of(name, arguments)])
        return _answer(rows[0]) if rows else None

    def save(self, name: ApiName, arguments: JsonObject, answer: VirtualAnswer) -> VirtualAnswer:
        """Keep an answer, unless one of as good a source is there.

        Parameters
        ----------
        name : ApiName
        arguments : JsonObject
            Kept in their canonical form, which holds no client's key.
        answer : VirtualAnswer
            Of any source but ``NONE``.

        Returns
        -------
        Answer
            The one that is kept: this, or the one that was there.
        """
        row = _row(name, arguments, answer)
        with self._db.writing() as db:
            new = db.execute(_SAVE, row).rowcount
            kept = _answer(db.execute(_ANSWER, row[:1]).fetchone())
        return replace(kept, cached=not new)

    def save_all(self, answers: Iterable[tuple[ApiName, JsonObject, VirtualAnswer]]) -> None:
        """Keep many answers, as :meth:`save` does each, in one transaction."""
        rows = [_row(*one) for one in answers]
        with self._db.writing() as db:
            db.executemany(_SAVE, rows)

    def examples(self, name: ApiName, limit: int = 5) -> list[CachedExample]:
        """What an API answered before, the best sources first; failures left out."""
        rows = self._db.rows(
            "SELECT arguments, response, source FROM answers WHERE category = ? AND tool = ?"
            " AND api = ? AND status = 'ok' ORDER BY rank DESC, rowid LIMIT ?",
            (name.category, name.tool, name.api, limit),
        )
        return [CachedExample(codec.loads(a), codec.loads(r), Source(s)) for a, r, s in rows]

    def save_shape(self, name: ApiName, response: Any) -> None:
        """Keep what an API's response looks like, in place of what was known of it."""
        with self._db.writing() as db:
            row = (name.category, name.tool, name.api, _text(response))
            db.execute("INSERT OR REPLACE INTO shapes VALUES (?, ?, ?, ?)", row)

    def shape(self, name: ApiName) -> Any:
        """What an API's response looks like; None where that is not known."""
        rows = self._db.rows(
            "SELECT response FROM shapes WHERE category = ? AND tool = ? AND api = ?",
            (name.category, name.tool, name.api),
        )
        return codec.loads(rows[0][0]) if rows else None

    def counts(self) -> dict[str, int]:
        """How many answers there are of each source."""
        found = dict(self._db.rows("SELECT source, count(*) FROM answers GROUP BY source"))
        return {source.value: found.get(source.value, 0) for source in _RANK}

    def close(self) -> None:
        """Let go of the file; the last to do so leaves it as one file, ready to be copied."""
        self._db.close()

    def __enter__(self) -> AnswerCache:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _row(name: ApiName, arguments: JsonObject, answer: VirtualAnswer) -> tuple[Any, ...]:
    return (
        key_of(name, arguments),
        *(name.category, name.tool, name.api),
        *(_text(canonical(arguments)), _text(answer.response), answer.status.value),
        *(answer.source.value, _RANK[answer.source], answer.model, answer.prompt),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _answer(row: tuple[Any, ...]) -> VirtualAnswer:
    status, response, source, model, prompt = row
    return VirtualAnswer(Status(status), codec.loads(response), Source(source), True, model, prompt)


def _text(value: Any) -> str:
    return codec.dumps(value).decode()
