"""The journal of a run: what was asked, then what came back, one JSON object a line.

A run is a folder::

    RUN/journal.jsonl      append-only events
    RUN/observations/      whole observations that were too long for a prompt, by content digest
    RUN/lock               held while a process writes

Events (``t``): ``run`` the header, ``intent`` before a model or tool call leaves, ``result`` when
it is back, ``node`` when a step is complete or its state changed, ``waiting`` and ``decision`` of a
call that somebody is asked about, before its intent, ``end``. Intents, results and the like are
keyed by node id, kind, digest of what was asked, and attempt: a journal keyed by position hands
one concurrent branch's result to another after a crash. Each event is flushed before it is used,
which a killed process survives; the intent of a write is synced to disk, which a power cut
survives. Each line ends with a checksum of its own (``crc``): what a disk changed is noticed, and
journals of before, which have none, are read as they are.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
import zlib
from collections import ChainMap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast
from uuid import uuid4

from toolgrove.data import codec
from toolgrove.data.blocks import keep_block
from toolgrove.data.decisions import Decision, decided, journalled
from toolgrove.data.records import JsonObject, Node, Observation, Task, ToolCall, ToolSpec
from toolgrove.data.spending import spending
from toolgrove.data.tree import Ending, SearchTree
from toolgrove.errors import JournalError, JournalLocked

__all__ = ["CallKey", "Journal", "Record", "has_begun", "read_run", "read_tree"]

JOURNAL = "journal.jsonl"
OBSERVATIONS = "observations"
VERSION = 1


@dataclass(frozen=True, slots=True)
class CallKey:
    """What a journalled call is known by, wherever in the run it happens."""

    node: str
    kind: str
    asked: str
    attempt: int = 0


@dataclass(slots=True)
class Record:
    """A journal, read back or as it is written.

    ``lost`` counts the bytes of a torn last line that were left out (a process died mid-write).
    ``summed`` says that every line has to have its checksum.
    """

    header: JsonObject
    results: dict[CallKey, Any] = field(default_factory=dict)
    intents: dict[CallKey, bool] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    waited: dict[CallKey, ToolCall] = field(default_factory=dict)
    decisions: dict[CallKey, tuple[str, Decision]] = field(default_factory=dict)
    ended: str | None = None
    lost: int = 0
    size: int = 0
    summed: bool = False
    _began: tuple[Task, tuple[ToolSpec, ...]] | None = None

    @property
    def waiting(self) -> dict[CallKey, ToolCall]:
        """The calls that wait for somebody's decision, as the model asked for them."""
        if self.ended not in (None, "waiting"):
            return {}
        known = self.decisions.keys() | self.results.keys()
        return {key: call for key, call in self.waited.items() if key not in known}

    @property
    def began(self) -> tuple[Task, tuple[ToolSpec, ...]]:
        """The task, and the tools that the run began with: the header's, as records."""
        if self._began is None:
            specs = tuple(codec.decode(ToolSpec, spec) for spec in self.header["tools"])
            self._began = codec.decode(Task, self.header["task"]), specs
        return self._began


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    at = 0
    with path.open("rb") as stream:
        for line in stream:
            yield at, line
            at += len(line)


_DIGEST = re.compile("[0-9a-f]{32}")
_SUM = b',"crc":"'
_LONG = len(_SUM) + len(b'01234567"}\n')


def _summed(event: bytes) -> bytes:
    """A line of the journal: an event's JSON with a checksum of it."""
    return b'%s%s%08x"}\n' % (event[:-1], _SUM, zlib.crc32(event))


def _intact(line: bytes, needed: bool) -> bool:
    """Whether a line is as it was written; one without a checksum is, unless it needs one."""
    if line[-_LONG:].startswith(_SUM):
        return line == _summed(line[:-_LONG] + b"}")
    return not needed


def has_begun(run: str | Path) -> bool:
    """Whether a run's journal has its whole header; else nothing had been asked or paid for yet."""
    with (Path(run) / JOURNAL).open("rb") as stream:
        return stream.readline().endswith(b"\n")


def read_run(run: str | Path) -> Record:
    """Read a run's journal, whole or cut at any byte.

    Parameters
    ----------
    run : path
        The run's folder, or its ``journal.jsonl``.

    Raises
    ------
    JournalError
        Where there is no journal, its header is not whole, or a line before the last is damaged.
    """
    path = Path(run)
    path = path / JOURNAL if path.is_dir() else path
    if not path.is_file():
        raise JournalError(f"{run}: no {JOURNAL} here. Name the folder of a run.")
    record: Record | None = None
    size = path.stat().st_size
    for number, (at, line) in enumerate(_lines(path), 1):
        if not line.endswith(b"\n"):
            if record is not None:
                record.lost, record.size = size - at, at
            break
        record = took_in(record, path, number, line)
        record.size = at + len(line)
    if record is None:
        raise JournalError(
            f"{path}: the header is not whole; the run had not begun. Start it anew."
        )
    return record


def took_in(record: Record | None, path: Path, number: int, line: bytes) -> Record:
    """A journal's record with one more whole line; the first line begins it.

    Raises
    ------
    JournalError
        Where the line is damaged, or the first is no header.
    """
    try:
        if not _intact(line, record is not None and record.summed):
            raise ValueError("its checksum is another. The disk or somebody changed it")
        event = codec.loads(line)
    except ValueError as error:
        raise JournalError(f"{path}: line {number} is damaged: {error}") from error
    if isinstance(event, dict):
        event.pop("crc", None)
    if record is None:
        if not isinstance(event, dict) or (event.get("t"), event.get("version")) != (
            "run",
            VERSION,
        ):
            raise JournalError(f"{path}: line 1 is not the header of a version {VERSION} run")
        record = Record(header=event, summed=_SUM in line[-_LONG:])
    try:
        _fold(record, event)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise JournalError(f"{path}: line {number} is damaged: {why}") from error
    return record


def _fold(record: Record, event: dict[str, Any]) -> None:
    match event["t"]:
        case "intent" | "result":
            key = _key_of(event)
            if event["t"] == "intent":
                record.intents[key] = bool(event.get("write"))
            else:
                record.results[key] = event["value"]
        case "node":
            node = codec.decode(Node, event["node"])
            record.nodes[node.id] = node
        case "waiting":
            record.waited[_key_of(event)] = codec.decode(ToolCall, event["call"])
        case "decision":
            record.decisions[_key_of(event)] = event["call"], decided(event["decision"])
            record.ended = None
        case "end":
            record.ended = event["reason"]


def _key_of(event: dict[str, Any]) -> CallKey:
    return CallKey(event["node"], event["kind"], event["asked"], event["attempt"])


def read_tree(run: str | Path) -> SearchTree:
    """Fold a run's journal into its search tree.

    Raises
    ------
    JournalError
        As :func:`read_run`.
    """
    record = read_run(run)
    try:
        return fold(record)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise JournalError(f"{run}: the journal's header or nodes are damaged: {why}") from error


def fold(record: Record) -> SearchTree:
    """The tree that a journal's nodes make, whatever order concurrent branches ended in.

    Its tools are those that the run began with, then what its searches found.
    """
    tree = begun_tree(record)
    for node in record.nodes.values():
        tree.add(node)
    return concluded(tree, record)


def begun_tree(record: Record) -> SearchTree:
    """The tree of a run before its first node."""
    task, tools = record.began
    header = record.header
    meta = {**header["config"], "run": header["run"]}
    return SearchTree(task, tools, dict(header["aliases"]), meta)


def concluded(tree: SearchTree, record: Record) -> SearchTree:
    """The tree of a run's nodes, with what its searches found and how the run ended."""
    found = [value for key, value in record.results.items() if key.kind == "search"]
    if found:
        specs = {spec.id: spec for spec in tree.tools}
        for value in found:
            for spec in value["tools"]:
                if spec["id"] not in specs:
                    specs[spec["id"]] = codec.decode(ToolSpec, spec)
        tree.tools = tuple(specs.values())
        tree.aliases = dict(ChainMap(*(value["aliases"] for value in found), dict(tree.aliases)))
        tree.aliases |= record.header["aliases"]
    tree.ending = Ending(record.ended, *spending(record), tuple(record.waiting.values()))
    return tree


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
        """Begin a run in a new or empty folder.

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
        path = folder / JOURNAL
        if path.exists() and path.stat().st_size:
            lock.release()
            raise JournalError(f"{folder}: holds a run already. Resume it, or name another folder.")
        record = _begun(folder.name, task, tools, aliases, config)
        with _told(folder):
            journal = cls(folder, _opened(path, lock), lock, record)
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
            return cls(folder, stream, lock, record)
        except BaseException:
            stream.close()
            lock.release()
            raise

    def _write(self, event: JsonObject, *, sync: bool = False) -> None:
        if self._stream is None:
            return
        line = _summed(codec.dumps(event))
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
                beside = path.with_suffix(f".{os.getpid()}.tmp")
                beside.write_bytes(content.encode("utf-8", "surrogatepass"))
                beside.replace(path)
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


def whole_observation(run: str | Path, observation: Observation) -> str:
    """An observation's uncut content, from the run's folder where it was cut.

    A run may be somebody else's, so no symbolic link is followed out of it.

    Raises
    ------
    JournalError
        Where what is there is not what was stored.
    """
    if observation.stored is None:
        return observation.content
    if Path(observation.stored).name != observation.stored:
        raise JournalError(f"{observation.stored!r} is not the name of a stored observation")
    folder = Path(run) / OBSERVATIONS
    path = folder / observation.stored
    if folder.is_symlink() or not stat.S_ISREG(path.lstat().st_mode):
        raise JournalError(f"{path} is a link, or no file")
    content = path.read_bytes().decode("utf-8", "surrogatepass")
    if path.stem != codec.digest(content):
        raise JournalError(f"{path}: is not what was stored. The disk or somebody changed it.")
    return content
