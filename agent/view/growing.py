"""What a page that grows is told: the parts of a run, or the rows of a table, that changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from toolgrove.agent.view.batch import HeldRun, runs_in, unreadable
from toolgrove.agent.view.data import ShownRun, node_rows, opening, wholes
from toolgrove.agent.view.sections import changing_parts
from toolgrove.agent.view.table import RunRow, row_of, table_row
from toolgrove.data.following import Following
from toolgrove.data.runs import JOURNAL
from toolgrove.errors import FormatError
from toolgrove.evaluators.judgements import Judgements, not_judged
from toolgrove.evaluators.store import DATABASE

__all__ = ["GrowingRun", "GrowingTable"]


@dataclass
class GrowingRun:
    """A run that somebody watches."""

    run: Path
    following: Following = field(init=False)
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _parts: dict[str, Any] = field(default_factory=dict)
    _wholes: dict[str, Any] = field(default_factory=dict)
    _doing: str = ""

    def __post_init__(self) -> None:
        self.following = Following(self.run)

    @property
    def shown(self) -> ShownRun:
        """The run as it is now; a batch may have judged it meanwhile."""
        tree = self.following.tree
        try:
            judged = Judgements().of(tree, self.run)
        except FormatError as error:
            judged = not_judged(str(error))
        return ShownRun(self.run.resolve().name, tree, self.run, judged)

    @property
    def ended(self) -> bool:
        return self.following.ended

    def changes(self) -> dict[str, Any] | None:
        """What is new since the last time; None where nothing is.

        Raises
        ------
        JournalError
            Where the journal is damaged.
        """
        grew = self.following.read()
        if not grew and self._parts:
            return None
        run = self.shown
        rows = node_rows(run)
        parts = {name: part.plain() for name, part in changing_parts(run).items()}
        found = wholes(run)
        running = not self.ended and len(rows) > 0
        changed = {
            "rows": {
                n: row for n, row in enumerate(rows) if n >= len(self._rows) or row != self._rows[n]
            },
            "count": len(rows),
            "parts": {n: part for n, part in parts.items() if part != self._parts.get(n)},
            "wholes": {n: whole for n, whole in found.items() if n not in self._wholes},
            "open": len(rows) - 1 if running else opening(run.tree),
            "doing": self.following.doing,
        }
        self._rows, self._parts, self._wholes = rows, parts, found
        return changed


@dataclass
class GrowingTable:
    """A folder of runs that somebody watches."""

    folder: Path
    held: list[HeldRun] = field(default_factory=list)
    rows: list[RunRow] = field(default_factory=list)
    ended = False
    _looked: dict[Path, tuple[tuple[int, int], RunRow]] = field(default_factory=dict)
    _results: list[tuple[int, int]] = field(default_factory=list)

    def look(self) -> list[int]:
        """Read what changed; the places of the rows that did.

        Raises
        ------
        FormatError
            Where a batch's results cannot be read.
        """
        results = [_stamp(self.folder / f"{DATABASE}{end}") for end in ("", "-wal")]
        if not self.held or results != self._results or not any(map(max, results)):
            self.held, self._results = runs_in(self.folder), results
        judgements = Judgements()
        rows = [self._row(held, n, judgements) for n, held in enumerate(self.held, 1)]
        changed = [
            place
            for place, row in enumerate(rows)
            if place >= len(self.rows)
            or (row, row.link) != (self.rows[place], self.rows[place].link)
        ]
        self.rows = rows
        return changed

    def _row(self, held: HeldRun, number: int, judgements: Judgements) -> RunRow:
        begun = held.path is not None and (held.path / JOURNAL).is_file()
        link = f"/run/{number}" if begun else ""
        if held.row is not None:
            return replace(held.row, link=link)
        assert held.path is not None
        stamp = _stamp(held.path / JOURNAL)
        if held.path not in self._looked or self._looked[held.path][0] != stamp:
            shown = held.read(judgements)
            row = unreadable(held) if shown is None else row_of(shown)
            self._looked[held.path] = stamp, replace(row, link=link)
        return self._looked[held.path][1]

    def changes(self) -> dict[str, Any] | None:
        """The rows that are new or changed, by their numbers; None where none is."""
        changed = self.look()
        if not changed:
            return None
        return {str(n + 1): table_row(self.rows[n], n + 1).plain() for n in changed}


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return 0, 0
    return about.st_mtime_ns, about.st_size
