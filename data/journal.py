"""The one writer of a run's journal. What it holds and how it is read: toolgrove.data.runs."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast
from uuid import uuid4

from toolgrove.data import codec
from toolgrove.data.blocks import BLOCKS, keep_block
from toolgrove.data.decisions import Decision, journalled
from toolgrove.data.records import JsonObject, Node, Task, ToolCall, ToolSpec
from toolgrove.data.runs import JOURNAL, OBSERVATIONS, VERSION, CallKey, Record, has_begun, read_run
from toolgrove.errors import JournalError, JournalLocked
from toolgrove.machine.files import write_beside

__all__ = ["Journal"]


class Journal:
    """The one writer of a run. Open it with :meth:`create` or :meth:`resume`, and close it.

    Every method that writes returns only when the event has left the process.
    """

    def __init__(self, run: Path, stream: IO[bytes] | None, lock: Any, record: Record) -> None:
        self.run = run
        self.record = record
        self._stream = stream
        self._lock = lock

    @classmethod
    def create(
        cls,
        run: str | Path,
        *,
        task: Task,
        tools: tuple[ToolSpec, ...] | list[ToolSpec],
        aliases: JsonObject,
        config: JsonObject,
        encoded: JsonObject | None = None,
    ) -> Journal:
        """Begin a run in a new or empty folder, or in one that holds but half a header.

        ``encoded`` is the JSON of what of this many runs share, by name
        (:class:`toolgrove.data.codec.Encoded`).

        Raises
        ------
        JournalError
            Where the folder holds a run already.
        JournalLocked
            Where another process is beginning one there.
        """
        folder = Path(run)
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = _locked(folder)
        if has_begun(folder):
            lock.release()
            raise JournalError(f"{folder}: holds a run already. Resume it, or name another folder.")
        record = _begun(folder.name, task, tools, aliases, config)
        with _told(folder):
            stream = _opened(folder / JOURNAL, lock)
            stream.truncate(0)
            journal = cls(folder, stream, lock, record)
        try:  # the first write's intent takes it to the disk as well
            journal._write({**record.header, **(encoded or {})})
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    def in_memory(
        cls,
        *,
        task: Task,
        tools: tuple[ToolSpec, ...] | list[ToolSpec],
        aliases: JsonObject,
        config: JsonObject,
        encoded: JsonObject | None = None,
    ) -> Journal:
        """Begin a run that nobody wants to go on with, of which nothing is left when it is closed.

        Only whole observations go to disk, into a temporary folder that is made for the first.
        """
        folder = Path(tempfile.gettempdir()) / f"toolgrove-{uuid4().hex}"
        return cls(folder, None, None, _begun(folder.name, task, tools, aliases, config))

    @classmethod
    def resume(cls, run: str | Path) -> Journal:
        """Go on with a run; a torn last line is cut off first.

        Raises
        ------
        JournalError
            As :func:`read_run`.
        JournalLocked
            Where another process is writing it.
        """
        folder = Path(run)
        if not (folder / JOURNAL).is_file():
            raise JournalError(f"{run}: no {JOURNAL} here. Name the folder of a run.")
        with _told(folder):
            lock = _locked(folder)
            stream = _opened(folder / JOURNAL, lock)
        try:
            record = read_run(folder)
            if record.lost:
                os.truncate(folder / JOURNAL, record.size)
            for half in (*folder.glob(f"{OBSERVATIONS}/.*.tmp"), *folder.glob(f"{BLOCKS}/.*.tmp")):
                half.unlink(missing_ok=True)
            return cls(folder, stream, lock, record)
        except BaseException:
            stream.close()
            lock.release()
            raise

    def _write(self, event: JsonObject, *, sync: bool = False) -> None:
        if self._stream is None:
            return
        line = codec.line(event)
        with _told(self.run):
            written = self._stream.write(line)
            if written < len(line):  # the disk is full: half a line would spoil what follows
                size = os.fstat(self._stream.fileno()).st_size
                os.ftruncate(self._stream.fileno(), size - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(self._stream.fileno())

    def intent(self, key: CallKey, *, write: bool = False) -> None:
        """Say that a call is about to leave; for a write, on disk before it does (promise 6)."""
        self._write({"t": "intent", **_key(key), "write": write}, sync=write)
        self.record.intents[key] = write

    def result(self, key: CallKey, value: Any) -> None:
        """Keep what a call gave, before anybody uses it."""
        self._write({"t": "result", **_key(key), "value": value})
        self.record.results[key] = value

    def waiting(self, key: CallKey, call: ToolCall) -> None:
        """Keep a call that waits for a decision; it has no intent, because nothing has left."""
        if key not in self.record.waited:
            self._write({"t": "waiting", **_key(key), "call": call}, sync=True)
            self.record.waited[key] = call

    def decision(self, key: CallKey, call: ToolCall, decision: Decision) -> None:
        """Keep what was decided of a call, before it leaves; the run goes on then."""
        event = {"t": "decision", **_key(key), "call": call.id}
        self._write({**event, "decision": journalled(decision)}, sync=key in self.record.waited)
        self.record.decisions[key] = call.id, decision
        self.record.ended = None

    def node(self, node: Node) -> None:
        """Keep a complete step; the same node twice is written once."""
        if self.record.nodes.get(node.id) == node:
            return
        self._write({"t": "node", "node": node})
        self.record.nodes[node.id] = node

    def end(self, reason: str) -> None:
        """Say why the run ended: ``answered``, ``exhausted``, ``waiting`` or the budget."""
        if self.record.ended != reason:
            self._write({"t": "end", "reason": reason})
            self.record.ended = reason

    def store(self, content: str) -> str:
        """Keep a whole observation on disk and return its name (promise 2, and no cut data)."""
        name = f"{codec.digest(content)}.txt"
        folder = self.run / OBSERVATIONS
        with _told(self.run):
            if not folder.is_dir():
                self.run.mkdir(mode=0o700, exist_ok=True)
                folder.mkdir(exist_ok=True)
            path = folder / name
            if not path.exists():
                write_beside(path, [content.encode("utf-8", "surrogatepass")])
        return name

    def keep(self, data: bytes, mime: str) -> str:
        """Keep bytes of a kind beside the journal, and give the text that stands for them."""
        with _told(self.run):
            self.run.mkdir(mode=0o700, parents=True, exist_ok=True)
            return keep_block(self.run, data, mime)

    def close(self) -> None:
        """Let go of the run."""
        if self._stream is None:
            shutil.rmtree(self.run, ignore_errors=True)
        elif not self._stream.closed:
            self._stream.close()
            self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _begun(
    run: str, task: Task, tools: Sequence[ToolSpec], aliases: JsonObject, config: JsonObject
) -> Record:
    header = {
        "t": "run",
        "version": VERSION,
        "run": run,
        "task": task,
        "tools": tools,
        "aliases": dict(aliases),
        "config": dict(config),
    }
    return Record(header=header, _began=(task, tuple(tools)))


def _key(key: CallKey) -> dict[str, Any]:
    return {"node": key.node, "kind": key.kind, "asked": key.asked, "attempt": key.attempt}


@contextmanager
def _told(run: Path) -> Iterator[None]:
    """Say in our words that a run's folder cannot be written."""
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"{run}: cannot be written ({error.strerror or error}). Make room on the disk or let "
            "the folder be written, then resume the run; nothing that it holds is lost."
        ) from error


def _opened(path: Path, lock: Any) -> IO[bytes]:
    """The journal to write, held as the lock file is: who deletes that one lets nobody in."""
    stream = path.open("ab", buffering=0)
    try:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # where there is none, a file that is open cannot be deleted
        pass
    except BlockingIOError:
        stream.close()
        lock.release()
        raise _in_use(path.parent) from None
    return cast("IO[bytes]", stream)


def _in_use(folder: Path) -> JournalLocked:
    return JournalLocked(
        f"{folder}: another process is writing this run. Wait for it, or stop it first."
    )


def _locked(folder: Path) -> Any:
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _in_use(folder) from None
    return lock
