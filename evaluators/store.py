"""Where a batch keeps its results: one SQLite file, one committed row a query.

A row is unique on task id, configuration hash and epoch, and points at the run's folder. Several
runners, also of different processes, share a store: a row is claimed in one transaction before
anybody works on it. A claim names its runner, and a runner holds a lock file for as long as it
lives; the system lets go of the lock when the process dies, however it dies, so that no claim
outlives its runner and no clock has to be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias
from uuid import uuid4

from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Reference, Score, Task
from toolgrove.errors import UsageError
from toolgrove.machine.files import made_folder
from toolgrove.machine.sqlite import Database, Schema

__all__ = [
    "KeptResult",
    "Regraded",
    "ResultKey",
    "ResultRow",
    "ResultStore",
    "RunFigures",
    "keep_regraded",
]

DATABASE = "results.sqlite"
OWNERS = "owners"
PENDING, DONE, INFRASTRUCTURE, WAITING = "pending", "done", "infrastructure", "waiting"
_SCHEMA = Schema(
    "results of an evaluation",
    error=UsageError,
    mend="Restore it from a copy, or name another folder. Keep the runs beside it: where the file "
    "is moved away, they are scored again from their journals and not paid for again.",
    tables="""
CREATE TABLE config (hash TEXT PRIMARY KEY, config TEXT NOT NULL);
CREATE TABLE result (
    task TEXT NOT NULL, config TEXT NOT NULL REFERENCES config, epoch INTEGER NOT NULL,
    content TEXT NOT NULL, grp TEXT NOT NULL, query TEXT NOT NULL, run TEXT NOT NULL,
    owner TEXT, state TEXT NOT NULL DEFAULT 'pending', reason TEXT NOT NULL DEFAULT '',
    figures TEXT, scores TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (task, config, epoch)
);
""",
)

_FORMER = """
CREATE TABLE IF NOT EXISTS former (
    task TEXT NOT NULL, config TEXT NOT NULL, epoch INTEGER NOT NULL,
    score TEXT NOT NULL, replaced TEXT NOT NULL
);
"""
"""Scores that others have taken the place of; files of before have no such table."""

MENDED = "mended"
_MENDED = f"CREATE TABLE IF NOT EXISTS {MENDED} (content TEXT PRIMARY KEY, reference TEXT NOT NULL)"
"""By a task's digest, the reference that its runs were graded by again: their journals hold the
one of before. Files in which none was mended have no such table."""

COLUMNS = "task, epoch, grp, run, state, reason, figures, scores, query"

ResultKey: TypeAlias = tuple[str, int]
"""Task id and epoch: which row of a configuration."""


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What a finished run came to, apart from its scores.

    ``seconds`` is the time of its model and tool calls, which a resumed run adds up as one that
    was never interrupted does. ``cost`` is None where a price is not known.
    """

    answer: str | None
    ended: str
    gave_up: bool
    model_calls: int
    tool_calls: int
    input_tokens: int
    output_tokens: int
    seconds: float
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A query's result under one configuration; ``figures`` is None until its run has ended."""

    task: str
    epoch: int
    group: str
    run: str
    state: str
    reason: str = ""
    figures: RunFigures | None = None
    scores: tuple[Score, ...] = ()
    query: str = field(default="", compare=False)

    @property
    def key(self) -> ResultKey:
        return self.task, self.epoch

    def lacks(self, evaluators: Iterable[str]) -> bool:
        """Whether there is work left: to run it, or to score it by one of these."""
        scored = {score.evaluator for score in self.scores if not score.infrastructure}
        return self.state != DONE or not scored.issuperset(evaluators)


@dataclass(frozen=True, slots=True)
class KeptResult:
    """A row with its configuration, and the digests of that and of the task."""

    hash: str
    config: JsonObject
    content: str
    row: ResultRow


@dataclass(frozen=True, slots=True)
class Regraded:
    """The scores that take the place of a row's, by the task as it is now.

    ``content`` is that task's digest, and ``reference`` what is right by it.
    """

    kept: KeptResult
    scores: tuple[Score, ...]
    content: str
    reference: Reference | None


class ResultStore:
    """The results under one configuration. Use it in ``with``, or close it.

    Parameters
    ----------
    out : path
        The batch's folder; made where it is missing.
    config : JsonObject
        Everything that decides a result, the task apart. Another one in the same folder keeps its
        own rows.
    """

    def __init__(self, out: str | Path, config: JsonObject) -> None:
        self.out = Path(out)
        self.hash = codec.digest(dict(config))
        self.owner = uuid4().hex
        made_folder(self.out / OWNERS)
        self._lock = self._lock_of(self.owner)
        self._db = Database(self.out / DATABASE, _SCHEMA)
        with self._db.writing():  # so that no lock is looked at before its owner holds it
            self._lock.acquire(timeout=0)
            for one in (self.out / OWNERS).glob("*.lock"):
                self._alive(one.stem)  # which removes that of an owner who was killed
        self._db.rows(_FORMER)
        kept = codec.dumps(dict(config)).decode()
        self._db.rows("INSERT OR IGNORE INTO config VALUES (?, ?)", (self.hash, kept))

    def _lock_of(self, owner: str) -> Any:
        from filelock import FileLock

        return FileLock(self.out / OWNERS / f"{owner}.lock")

    def enter(self, tasks: Sequence[Task], epochs: int, run_of: Mapping[ResultKey, str]) -> None:
        """Make a row for every task and epoch that has none yet.

        Raises
        ------
        UsageError
            Where a task of the same id and another content has results here.
        """
        with self._db.writing():
            for task in tasks:
                content = codec.digest(codec.to_json(task))
                for epoch in range(epochs):
                    self._db.rows(
                        "INSERT OR IGNORE INTO result (task, config, epoch, content, grp, query,"
                        " run) VALUES (?, ?, ?, ?, ?, ?, ?)",
                        (task.id, self.hash, epoch, content, task.group, task.query,
                         run_of[task.id, epoch]),
                    )  # fmt: skip
                self._check(task, content)

    def _check(self, task: Task, content: str) -> None:
        others = self._db.rows(
            "SELECT query FROM result WHERE task = ? AND config = ? AND content != ?",
            (task.id, self.hash, content),
        )
        if not others:
            return
        mend = "Name another folder for these tasks."
        if any(query == task.query for (query,) in others):
            mend = (
                "It asks the same: where its reference was mended, score the runs again by it "
                f"(toolgrove regrade {self.out} --tasks FILE), else name another folder."
            )
        raise UsageError(
            f"{self.out} holds results of another task with the id {task.id!r}. {mend}"
        )

    def rows(self) -> list[ResultRow]:
        """All rows of the configuration, by group, task and epoch."""
        return [result_of(record) for record in self._select("ORDER BY grp, task, epoch")]

    def row(self, key: ResultKey) -> ResultRow:
        """One row."""
        [record] = self._select("AND task = ? AND epoch = ?", *key)
        return result_of(record)

    def _select(self, rest: str, *values: Any) -> Iterable[tuple[Any, ...]]:
        return self._db.rows(
            f"SELECT {COLUMNS} FROM result WHERE config = ? {rest}", (self.hash, *values)
        )

    def claim(self, key: ResultKey, evaluators: Iterable[str]) -> bool:
        """Take a row to work on; False where another runner has it, or nothing is left to do."""
        with self._db.writing():
            [(owner,)] = self._db.rows(
                "SELECT owner FROM result WHERE task = ? AND epoch = ? AND config = ?",
                (*key, self.hash),
            )
            if self._alive(owner) or not self.row(key).lacks(evaluators):
                return False
            self._update(key, "owner = ?", self.owner)
            return True

    def _alive(self, owner: str | None) -> bool:
        from filelock import Timeout

        if owner is None:
            return False
        if owner == self.owner:
            return True
        path = self.out / OWNERS / f"{owner}.lock"
        if not path.exists():
            return False
        lock = self._lock_of(owner)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        path.unlink(missing_ok=True)
        lock.release()
        return False

    def failed(self, key: ResultKey, reason: str) -> None:
        """Say that a run broke down for reasons that are not the agent's; it can be retried."""
        self._update(key, "owner = NULL, state = ?, reason = ?", INFRASTRUCTURE, reason)

    def waits(self, key: ResultKey) -> None:
        """Say that a run waits for somebody's approval; the next batch asks after it."""
        reason = "the run waits for somebody's approval"
        self._update(key, "owner = NULL, state = ?, reason = ?", WAITING, reason)

    def finish(
        self, key: ResultKey, figures: RunFigures, scores: Sequence[Score], run: str = ""
    ) -> None:
        """Commit a run's result; a score that another takes the place of is kept aside.

        ``run`` is the folder of the run that was judged, where it is not the row's own.
        """
        with self._db.writing():
            row = self.row(key)
            _keep_former(self._db, self.hash, row, scores)
            self._update(
                key,
                "owner = NULL, state = ?, reason = '', figures = ?, scores = ?, run = ?",
                DONE,
                _text(figures),
                _text(list(scores)),
                run or row.run,
            )

    def _update(self, key: ResultKey, change: str, *values: Any) -> None:
        self._db.rows(
            f"UPDATE result SET {change} WHERE task = ? AND epoch = ? AND config = ?",
            (*values, *key, self.hash),
        )

    def close(self) -> None:
        """Let go of the file and of everything claimed."""
        self._db.rows("UPDATE result SET owner = NULL WHERE owner = ?", (self.owner,))
        self._db.close()
        (self.out / OWNERS / f"{self.owner}.lock").unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> ResultStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _text(value: Any) -> str:
    return codec.dumps(codec.to_json(value)).decode()


def _keep_former(db: Database, config: str, row: ResultRow, scores: Sequence[Score]) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for score in row.scores:
        if score not in scores and not score.infrastructure:
            values = (row.task, config, row.epoch, _text(score), now)
            db.rows("INSERT INTO former VALUES (?, ?, ?, ?, ?)", values)


def keep_regraded(folder: str | Path, changes: Iterable[Regraded]) -> list[KeptResult]:
    """Put scores in the place of others, all at once; the former ones are kept aside.

    Returns
    -------
    list of KeptResult
        Those that somebody changed since they were read: they stay as they are.
    """
    changed: list[KeptResult] = []
    db = Database(Path(folder) / DATABASE, _SCHEMA)
    try:
        db.rows(_FORMER)
        db.rows(_MENDED)
        with db.writing():
            for change in changes:
                kept, row = change.kept, change.kept.row
                where = (kept.hash, row.task, row.epoch)
                [found] = db.rows(
                    f"SELECT {COLUMNS} FROM result WHERE config = ? AND task = ? AND epoch = ?",
                    where,
                )
                if result_of(found) != row:
                    changed.append(kept)
                    continue
                _keep_former(db, kept.hash, row, change.scores)
                db.rows(
                    "UPDATE result SET scores = ?, content = ? "
                    "WHERE config = ? AND task = ? AND epoch = ?",
                    (_text(list(change.scores)), change.content, *where),
                )
                if change.content != kept.content:
                    db.rows(
                        f"INSERT OR IGNORE INTO {MENDED} VALUES (?, ?)",
                        (change.content, _text(change.reference)),
                    )
    finally:
        db.close()
    return changed


def result_of(record: tuple[Any, ...]) -> ResultRow:
    task, epoch, group, run, state, reason, figures, scores, query = record
    return ResultRow(
        task,
        epoch,
        group,
        run,
        state,
        reason,
        None if figures is None else codec.decode(RunFigures, codec.loads(figures)),
        tuple(codec.decode(Score, score) for score in codec.loads(scores)),
        query,
    )
