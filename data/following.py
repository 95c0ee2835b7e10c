"""A run's journal read while it grows, by whoever watches."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from toolgrove.data.records import Task
from toolgrove.data.runs import JOURNAL, Record, fold, took_in
from toolgrove.data.tree import Ending, SearchTree
from toolgrove.errors import JournalError

__all__ = ["Following"]

_UNBEGUN = Task("", "A run that has not begun")


@dataclass(slots=True)
class Following:
    """What a journal holds so far. It is only read, and nobody who writes it is waited for.

    Parameters
    ----------
    run : Path
        The run's folder; it may have no journal yet.
    """

    run: Path
    record: Record | None = None
    _read: int = 0
    _lines: int = 0
    _same: tuple[int, int] = field(default=(0, 0))

    def read(self) -> bool:
        """Take in the lines that were written since; whether there were any.

        A line that is only half there is left for the next time.

        Raises
        ------
        JournalError
            Where a whole line is damaged.
        """
        path = self.run / JOURNAL
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            return False
        except OSError as error:
            raise JournalError(f"{path}: cannot be read ({error.strerror})") from error
        with stream:
            about = path.stat()
            same = (about.st_dev, about.st_ino)
            if same != self._same or about.st_size < self._read:  # another run took its place
                self.record, self._read, self._lines, self._same = None, 0, 0, same
            stream.seek(self._read)
            before = self._read
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                self._lines += 1
                self.record = took_in(self.record, path, self._lines, line)
                self._read += len(line)
        return self._read > before

    @property
    def tree(self) -> SearchTree:
        """The tree so far."""
        if self.record is None:
            return SearchTree(_UNBEGUN, ending=Ending())
        return fold(self.record)

    @property
    def ended(self) -> bool:
        """Whether the run has come to its end; it may be gone on with later."""
        return self.record is not None and self.record.ended is not None

    @property
    def doing(self) -> str:
        """What is waited for, in words."""
        record = self.record
        if record is None:
            return "waiting for the run to begin"
        if self.ended:
            return "the run has ended"
        kinds = [key.kind for key in record.intents if key not in record.results]
        asked = sum(kind in ("model", "judge") for kind in kinds)
        called = len(kinds) - asked
        parts = [f"{called} tool calls" if called > 1 else "a tool" if called else ""]
        parts.append(f"{asked} replies of the model" if asked > 1 else "the model" if asked else "")
        said = " and ".join(filter(None, parts))
        return f"waiting for {said}" if said else "at work"
