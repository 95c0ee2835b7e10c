"""The memory of a catalogue: lessons and examples of runs that were scored, kept in one file.

What is stored is evidence, a row for each place that a lesson was read from; what is told are the
lessons that enough of it holds up (:func:`toolgrove.agent.lessons.ripe`). So learning a run twice
changes nothing, a run that contradicts a lesson takes it back, and a process that is killed loses
at most the run it was at. Runs of test tasks are refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toolgrove.agent.held_out import HeldOut
from toolgrove.agent.lesson_mining import Example, example_of, lessons_of, solved_way, tallies_of
from toolgrove.agent.lessons import Lesson, LessonEvidence, LessonRule, ToolTally, ripe
from toolgrove.data import codec
from toolgrove.data.records import ToolSpec
from toolgrove.data.tree import SearchTree
from toolgrove.errors import CatalogError, UsageError
from toolgrove.machine.sqlite import Database, Schema
from toolgrove.retriever.examples import nearest
from toolgrove.retriever.lexical import tokens

if TYPE_CHECKING:
    from toolgrove.evaluators.judgements import Judgement
    from toolgrove.retriever.embedding import Embedder

__all__ = ["FILE", "Learnt", "Memory", "MemoryEntry"]

T = TypeVar("T")
FILE = "memory.sqlite"
LESSONS, EXAMPLES = 4, 2
"""How many a prompt is given at most."""
NEAR = 0.3
"""Likeness to a request from which a procedure or an example is about it. Of 19 procedures that fit
the tools of tasks of the world's dev split, 6 of the 7 right ones are as near, and 5 of 12 others.
"""
_BETTER = {LessonRule.REPLACED: LessonRule.REFUSED, LessonRule.LOOKUP: LessonRule.FORM}
"""Rules, and those that they say more than of the same tool and parameter."""
_REQUESTS = 8
"""Requests by which one lesson is looked for."""
_FROM = 20
_SCHEMA = Schema(
    "a memory",
    error=CatalogError,
    mend="Delete it and learn again from the results.",
    version=1,
    tables="""
CREATE TABLE memory (id TEXT NOT NULL);
CREATE TABLE learnt (
    kind TEXT NOT NULL, key TEXT NOT NULL, run TEXT NOT NULL, node TEXT NOT NULL,
    record TEXT NOT NULL, PRIMARY KEY (kind, key, run, node)
);
CREATE TABLE forgotten (id TEXT PRIMARY KEY);
CREATE TABLE worded (id TEXT PRIMARY KEY, words TEXT NOT NULL);
INSERT INTO memory VALUES (lower(hex(randomblob(8))));
""",
)


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    """A lesson with all that is known of it.

    Parameters
    ----------
    lesson : Lesson
    evidence : tuple of LessonEvidence
        Where it was read.
    used, solved : int
        How many runs that were learnt from had been told it, and how many of these were right.
    ripe : bool
        Whether enough of it was seen to tell it.
    words : str
        A chat model's words for it, where one wrote some; tools stand in them as ``{0}``, ….
    """

    lesson: Lesson
    evidence: tuple[LessonEvidence, ...]
    used: int = 0
    solved: int = 0
    ripe: bool = True
    words: str = ""

    @property
    def id(self) -> str:
        return self.lesson.id

    @property
    def tasks(self) -> int:
        """How many different tasks it was read from."""
        return len({one.task for one in self.evidence})

    @property
    def requests(self) -> tuple[str, ...]:
        """Words of requests that it applied to, each once, in an order that chance gave.

        The order is of the words alone: the same tasks, run again, teach the same.
        """
        return tuple(sorted({one.request for one in self.evidence}, key=codec.digest))

    @property
    def asked(self) -> tuple[str, ...]:
        """The requests that it is looked for by."""
        return self.requests[:_REQUESTS]

    @property
    def about(self) -> tuple[str, ...]:
        """Words that the requests share: what is general in them, as values differ."""
        shared = [set(tokens(text)) for text in self.requests]
        common = set.intersection(*shared) if shared else set()
        return tuple(sorted(word for word in common if word.isalpha() and len(word) <= _FROM))


class Learnt(StrEnum):
    """What became of a run that was to be learnt from."""

    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"
    """Its task is one of a test."""


class Memory:
    """Lessons and examples in a folder, usually a catalogue's. Several processes may share it.

    Attributes
    ----------
    folder : Path

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Memory.open(folder) as memory:
    ...     len(memory.entries()), memory.search("How far is it?", [])
    (0, [])
    """

    def __init__(self, folder: Path, database: Database, embedder: Embedder | None) -> None:
        self.folder, self._db, self._given = folder, database, embedder
        self._held = HeldOut()
        self._known: dict[str, tuple[object, Any]] = {}

    @classmethod
    def open(
        cls, folder: str | Path, *, create: bool = True, embedder: Embedder | None = None
    ) -> Memory:
        """Open the memory in a folder.

        Parameters
        ----------
        folder : path
            A catalogue's, or one of its own.
        create : bool
            Make it where there is none.
        embedder : Embedder, optional
            Otherwise the catalogue's own, or MiniLM; nothing is loaded before the first search.

        Raises
        ------
        CatalogError
            There is none and none may be made, or its file is damaged or another version's.
        """
        path = Path(folder) / FILE
        if not create and not path.exists():
            raise CatalogError(
                f"{path}: there is no memory. Make one with "
                f"'toolgrove learn memory RESULTS --catalog {folder}'."
            )
        return cls(Path(folder), Database(path, _SCHEMA), embedder)

    @cached_property
    def embedder(self) -> Embedder:
        """What compares requests by their meaning."""
        from toolgrove.retriever.embedding import MiniLM
        from toolgrove.retriever.trained import load_embedder

        kept = self.folder / "embedder"
        return self._given or (load_embedder(kept) if kept.is_dir() else MiniLM())

    def learn(self, tree: SearchTree, judgement: Judgement, run: str) -> Learnt:
        """Learn from one run, unless it was learnt before or is of a test task.

        Parameters
        ----------
        tree : SearchTree
        judgement : Judgement
            Which of its answers are right. Only those that somebody judged are.
        run : str
            Where it lies, for whoever reads the memory.
        """
        if self._held.holds(tree):
            return Learnt.REFUSED
        right = [node for node in tree.answered if judgement.by and judgement.success(node)]
        way = solved_way(tree, right[0]) if right else []
        key = codec.digest([tree.task, list(tree)])[:16]
        world = str(tree.meta.get("world", ""))
        rows: list[tuple[str, str, str, object]] = [("run", key, "", run)]
        for found in lessons_of(tree, way):
            about = (tree.task.id, found.node, world, tree.task.query[:500])
            seen = LessonEvidence(run, *about, bool(right), found.told)
            rows.append(("lesson", _text(found.lesson), found.node, seen))
        rows += [("tally", tool, "", tally) for tool, tally in tallies_of(tree).items()]
        if (example := example_of(tree.task, way)) is not None:
            rows.append(("example", _text(example), "", tree.task.id))
        shown = dict(tree.meta.get("brief", {})).get("learnt_from", {}).get("lessons", ())
        passed = bool(judgement.by) and judgement.value == 1  # also by giving up
        rows += [("use", str(one), "", passed) for one in shown]
        with self._db.writing() as db:
            if self._db.rows("SELECT 1 FROM learnt WHERE kind = 'run' AND key = ?", (key,)):
                return Learnt.KNOWN
            db.executemany(
                "INSERT OR IGNORE INTO learnt VALUES (?, ?, ?, ?, ?)",
                [(kind, what, key, node, _text(record)) for kind, what, node, record in rows],
            )
        return Learnt.NEW

    def hold_out(self, tasks: Iterable[Any]) -> None:
        """Refuse runs of these tasks, too, besides those of the bundled world's tests."""
        self._held = HeldOut(tasks)

    def entries(self, *, unripe: bool = False) -> list[MemoryEntry]:
        """What is told, the most often seen first; with ``unripe`` all that was seen."""
        found: list[MemoryEntry] = self._cached("entries", self._entries)
        return [one for one in found if one.ripe or unripe]

    def _entries(self) -> list[MemoryEntry]:
        evidence: dict[str, list[LessonEvidence]] = {}
        for key, record in self._rows("lesson"):
            evidence.setdefault(key, []).append(codec.decode(LessonEvidence, codec.loads(record)))
        tallies: dict[str, list[ToolTally]] = {}
        for tool, record in self._rows("tally"):
            tallies.setdefault(tool, []).append(codec.decode(ToolTally, codec.loads(record)))
        used: Counter[str] = Counter()
        solved: Counter[str] = Counter()
        for one, record in self._rows("use"):
            used[one] += 1
            solved[one] += bool(codec.loads(record))
        gone = {one for (one,) in self._db.rows("SELECT id FROM forgotten")}
        worded = dict(self._db.rows("SELECT id, words FROM worded"))
        lessons = [(codec.decode(Lesson, codec.loads(key)), seen) for key, seen in evidence.items()]
        entries = [
            MemoryEntry(
                lesson, tuple(seen), used[lesson.id], solved[lesson.id],
                ripe(lesson, seen, tallies), worded.get(lesson.id, ""),
            )
            for lesson, seen in lessons if lesson.id not in gone
        ]  # fmt: skip
        return sorted(entries, key=lambda one: (-one.tasks, one.id))

    def solved(self) -> list[Example]:
        """The examples; of a request that was answered in several ways the one of fewest calls."""
        return self._cached("examples", self._solved)

    def _solved(self) -> list[Example]:
        found: dict[str, Example] = {}
        for key, _ in self._rows("example"):
            one = codec.decode(Example, codec.loads(key))
            kept = found.setdefault(one.request.casefold(), one)
            if len(one.calls) < len(kept.calls):
                found[one.request.casefold()] = one
        return list(found.values())

    def search(self, request: str, specs: Sequence[ToolSpec]) -> list[MemoryEntry]:
        """The few lessons that a request with these tools on offer most likely needs.

        What failed is told whatever is asked, what worked where the request is alike. All tools
        and parameters that a lesson speaks of are on offer. Of two that say the same of a tool,
        the one that knows another tool to call is given.
        """
        entries = [one for one in self.entries() if _fits(one.lesson, specs)]
        said = {(_BETTER.get(one.lesson.rule), one.lesson.subject) for one in entries}
        entries = [one for one in entries if (one.lesson.rule, one.lesson.subject) not in said]
        if not entries:
            return []
        texts = [(place, text) for place, e in enumerate(entries) for text in e.asked]
        order = nearest(request, [text for _, text in texts], self.embedder, len(texts))
        near = {texts[i][0] for i, likeness in order if likeness >= NEAR}
        places = dict.fromkeys(texts[i][0] for i, _ in order)
        found = ((place, entries[place]) for place in places)
        told = [one for place, one in found if place in near or one.lesson.kind == "failed"]
        return told[:LESSONS]

    def examples(self, request: str, specs: Sequence[ToolSpec]) -> list[Example]:
        """The few solved requests that are nearest to one, unlike each other in words and calls.

        All their tools are on offer. The request itself is never one of them.
        """
        offered = {spec.id: set(spec.parameters.get("properties", {})) for spec in specs}
        asked = " ".join(request.casefold().split())
        known = [
            one for one in self.solved()
            if one.request.casefold() != asked
            and all(offered.get(tool, set()) >= {n for n, _ in given} for tool, given in one.calls)
            and offered.keys() >= set(one.tools)
        ]  # fmt: skip
        if not known:
            return []
        texts, graphs = [one.request for one in known], [one.graph for one in known]
        order = nearest(request, texts, self.embedder, EXAMPLES, graphs)
        return [known[place] for place, likeness in order if likeness >= NEAR]

    def forget(self, ids: Collection[str]) -> int:
        """Never tell these again, whatever is learnt; returns how many there were.

        Raises
        ------
        UsageError
            Naming an id that is not there.
        """
        known = {one.id for one in self.entries(unripe=True)}
        for one in ids:
            if one not in known:
                raise UsageError(f"{self.folder}: no entry {one!r}. See 'toolgrove memory list'.")
        with self._db.writing() as db:
            db.executemany("INSERT OR IGNORE INTO forgotten VALUES (?)", [(one,) for one in ids])
        return len(set(ids))

    def word(self, words: Mapping[str, str]) -> None:
        """Keep a chat model's words for entries, by their ids."""
        with self._db.writing() as db:
            db.executemany("INSERT OR REPLACE INTO worded VALUES (?, ?)", list(words.items()))

    @property
    def digest(self) -> str:
        """Names all that it would tell anybody: results are kept under it."""
        return self._cached(
            "digest",
            lambda: codec.digest(
                [
                    [[e.lesson, e.words, e.asked] for e in self.entries()],
                    self.solved(),
                    self.embedder.name,
                ]
            ),
        )

    @property
    def identity(self) -> str:
        """Names it whatever it learns."""
        [(found,)] = self._db.rows("SELECT id FROM memory")
        return str(found)

    def _rows(self, kind: str) -> list[tuple[Any, ...]]:
        return self._db.rows(
            "SELECT key, record FROM learnt WHERE kind = ? ORDER BY key, run, node", (kind,)
        )

    def _cached(self, name: str, make: Callable[[], T]) -> T:
        version = self._db.version
        known = self._known.get(name)
        if known is None or known[0] != version:
            known = self._known[name] = version, make()
        found: T = known[1]
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (str(self.folder.absolute()), self._given)

    def close(self) -> None:
        """Let go of the file; closing twice is harmless."""
        self._db.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _reopened(folder: str, embedder: Embedder | None) -> Memory:
    return Memory.open(folder, create=False, embedder=embedder)


def _fits(lesson: Lesson, specs: Sequence[ToolSpec]) -> bool:
    known = {(spec.id, name) for spec in specs for name in spec.parameters.get("properties", {})}
    return {spec.id for spec in specs}.issuperset(lesson.tools) and known >= lesson.parameters


def _text(record: object) -> str:
    return codec.dumps(codec.to_json(record)).decode()
