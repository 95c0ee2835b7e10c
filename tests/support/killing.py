"""The command line in a process of its own, which SIGKILL ends at a chosen moment of its work.

A moment is a change of what lies below a folder that is about to be made: a file that is opened to
be written, moved or removed, a statement of SQL that writes, a line of a journal. Of a line of a
journal half is there when the process is gone. So any moment of a command is the same each time.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeAlias

from support.dying import processes

__all__ = ["Ready", "held", "killed", "left_over"]

Ready: TypeAlias = Callable[[Path], AbstractContextManager[Any]]
"""What the process needs besides, such as modules on its path; given the folder."""
_CHANGES = frozenset({"os.link", "os.remove", "os.rename", "os.truncate"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def killed(folder: Path, asked: Sequence[object], at: int | str, ready: Ready = nullcontext) -> int:
    """Have the command line killed at a moment of its work below a folder; its exit code.

    Parameters
    ----------
    folder : path
    asked : sequence of object
        The command's words.
    at : int or str
        The moment's number, from 1, or a part of its description: the first such moment.
    ready : callable
    """
    child = _started(folder, asked, at, ready, dies=True)
    child.join()
    assert child.exitcode is not None
    return child.exitcode


@contextmanager
def held(
    folder: Path, asked: Sequence[object], at: int | str, ready: Ready = nullcontext
) -> Iterator[None]:
    """Have the command line wait at a moment of its work for the end of this block, and end."""
    fifo = _fifo(folder)
    os.mkfifo(fifo)
    child = _started(folder, asked, at, ready, dies=False)
    with fifo.open("w"):  # which waits until the other side is there
        yield
    child.join()
    assert child.exitcode == 0


def left_over(folder: Path) -> list[str]:
    """What writers that are gone left: halves of files, logs, the locks of their claims."""
    there = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    return [one for one in there if one.endswith((".tmp", "-wal", "-shm")) or "owners/" in one]


def _started(
    folder: Path, asked: Sequence[object], at: int | str, ready: Ready, *, dies: bool
) -> Any:
    words = [str(one) for one in asked]
    child = processes.Process(target=_work, args=(folder, words, at, ready, dies))
    child.start()
    return child


def _fifo(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.held")


def _work(folder: Path, asked: Sequence[str], at: int | str, ready: Ready, dies: bool) -> None:
    from toolgrove.cli.main import app

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with ready(folder):
        _Moments(folder, at, dies).watch()
        app(list(asked), standalone_mode=False)


class _Moments:
    """The moments of this process, until the one at which it dies or waits."""

    def __init__(self, folder: Path, at: int | str, dies: bool) -> None:
        self.folder, self.at, self.dies, self.passed, self.over = folder, at, dies, 0, False

    def watch(self) -> None:
        from toolgrove.data import codec
        from toolgrove.data.journal import Journal
        from toolgrove.machine.sqlite import Database

        connect, write = Database._connect, Journal._write

        def connected(db: Database, path: str, **options: Any) -> Any:
            made = connect(db, path, **options)
            made.set_trace_callback(lambda said: self._stated(path, said))
            return made

        def wrote(journal: Journal, event: Any, **options: Any) -> None:
            stream, what = journal._stream, f"{event['t']} {event.get('kind', '')}"
            if stream is not None and self._is_it(f"line {journal.run} {what}"):
                if self.dies:
                    line = codec.line(event)
                    stream.write(line[: len(line) // 2])
                self._stop()
            write(journal, event, **options)

        Database._connect, Journal._write = connected, wrote  # type: ignore[method-assign]  # here only
        sys.addaudithook(self._heard)

    def _heard(self, event: str, args: tuple[Any, ...]) -> None:
        """What Python's audit tells of."""
        if event == "open":
            changes = isinstance(args[2], int) and bool(args[2] & _WRITES)
        else:
            changes = event in _CHANGES
        if changes and isinstance(args[0], str | os.PathLike):
            self._pass(f"{event} {os.fspath(args[0])}")

    def _stated(self, path: str, statement: str) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "--")):
            self._pass(f"sql {path} {statement}")

    def _pass(self, told: str) -> None:
        if self._is_it(told):
            self._stop()

    def _is_it(self, told: str) -> bool:
        if self.over or f" {self.folder}{os.sep}" not in told:
            return False
        self.passed += 1
        self.over = self.at in told if isinstance(self.at, str) else self.at == self.passed
        return self.over

    def _stop(self) -> None:
        if self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        _fifo(self.folder).read_text()
