"""Where tools are made: drafts with their trials, and the tools that passed, in one file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.agent.held_out import HeldOut
from toolgrove.agent.lesson_mining import solved_way
from toolgrove.agent.making.chains import chain_drafts
from toolgrove.agent.making.codes import code_drafts
from toolgrove.agent.making.drafts import Draft, DraftTrial, free_name
from toolgrove.agent.making.made import MadeTool
from toolgrove.agent.memory import Learnt
from toolgrove.data import codec
from toolgrove.data.tree import SearchTree
from toolgrove.errors import CatalogError, UsageError
from toolgrove.machine.sqlite import Database, Schema

if TYPE_CHECKING:
    from toolgrove.evaluators.judgements import Judgement

__all__ = ["FILE", "RipeDraft", "Workshop"]

FILE = "made.sqlite"
_PROPOSE = 1
"""Tasks that a draft is proposed by; the others are held back to try it on."""
_TRIALS = 5
"""Held-back tasks that a draft is tried on at most."""
_SCHEMA = Schema(
    "a workshop of made tools",
    error=CatalogError,
    mend="Move it away, and make the tools again: 'toolgrove make tools RESULTS'.",
    application=0x54474D4B,
    version=1,
    tables="""
CREATE TABLE runs (key TEXT PRIMARY KEY, run TEXT NOT NULL);
CREATE TABLE drafts (draft TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE trials (
    draft TEXT NOT NULL, run TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (draft, run)
);
CREATE TABLE tools (draft TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL);
""",
)


@dataclass(frozen=True, slots=True)
class RipeDraft:
    """A draft that enough tasks share: those that propose it, and those that are held back."""

    draft: Draft
    proposed: tuple[DraftTrial, ...]
    held_back: tuple[DraftTrial, ...]


class Workshop:
    """Drafts and made tools in a folder, usually a catalogue's. Several processes may share it.

    Attributes
    ----------
    folder : Path

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Workshop.open(folder) as shop:
    ...     shop.ripe(), shop.tools()
    ([], [])
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self._db = folder, database
        self._held = HeldOut()

    @classmethod
    def open(cls, folder: str | Path, *, create: bool = True) -> Workshop:
        """Open the workshop in a folder.

        Raises
        ------
        CatalogError
            There is none and none may be made, or its file is damaged or another version's.
        """
        path = Path(folder) / FILE
        if not create and not path.exists():
            raise CatalogError(
                f"{path}: no tools were made here. Make some with "
                f"'toolgrove make tools RESULTS --catalog {folder}'."
            )
        return cls(Path(folder), Database(path, _SCHEMA))

    def hold_out(self, tasks: Iterable[Any]) -> None:
        """Refuse runs of these tasks, too, besides those of the bundled world's tests."""
        self._held = HeldOut(tasks)

    def read(self, tree: SearchTree, judgement: Judgement, run: str) -> Learnt:
        """Read the drafts of one run, unless it was read before or is of a test task.

        Parameters
        ----------
        tree : SearchTree
        judgement : Judgement
            Which of its answers are right. Only those that somebody judged are.
        run : str
            Where it lies, for whoever looks at a tool's evidence.
        """
        if self._held.holds(tree):
            return Learnt.REFUSED
        right = [node for node in tree.answered if judgement.by and judgement.success(node)]
        found = []
        if right:
            answer = right[0].answer or ""
            found = chain_drafts(tree.task, solved_way(tree, right[0]), answer, run)
            found += code_drafts(tree, right[0], run)
        key = codec.digest([tree.task, list(tree)])[:16]
        with self._db.writing() as db:
            if self._db.rows("SELECT 1 FROM runs WHERE key = ?", (key,)):
                return Learnt.KNOWN
            db.execute("INSERT INTO runs VALUES (?, ?)", (key, run))
            for draft, trial in found:
                known = draft.digest, _text(draft)
                db.execute("INSERT OR IGNORE INTO drafts VALUES (?, ?)", known)
                seen = draft.digest, key, _text(trial)
                db.execute("INSERT OR IGNORE INTO trials VALUES (?, ?, ?)", seen)
        return Learnt.NEW

    def ripe(self) -> list[RipeDraft]:
        """Drafts that two tasks or more share with other values; the simplest first."""
        trials: dict[str, list[DraftTrial]] = {}
        for draft, record in self._db.rows("SELECT draft, record FROM trials ORDER BY draft, run"):
            trials.setdefault(draft, []).append(codec.decode(DraftTrial, codec.loads(record)))
        found = []
        for digest, record in self._db.rows("SELECT draft, record FROM drafts ORDER BY draft"):
            apart = _apart(trials.get(digest, ()))
            if len(apart) > _PROPOSE:
                held_back = tuple(apart[_PROPOSE:][:_TRIALS])
                draft = codec.decode(Draft, codec.loads(record))
                found.append(RipeDraft(draft, tuple(apart[:_PROPOSE]), held_back))
        return sorted(found, key=lambda one: (one.draft.written, len(one.draft.source)))

    def tools(self, *, retired: bool = False) -> list[MadeTool]:
        """The tools that are offered, by name; with ``retired`` also the others."""
        rows = self._db.rows("SELECT record FROM tools ORDER BY name")
        found = [codec.decode(MadeTool, codec.loads(record)) for (record,) in rows]
        return [one for one in found if retired or not one.retired]

    def keep(self, tool: MadeTool) -> MadeTool:
        """Keep a tool, or what is new about it, and return it as it is kept.

        Whatever another process did meanwhile holds: no name is given twice, and a tool that
        somebody retired stays so.
        """
        with self._db.writing() as db:
            known = {one.draft.digest: one for one in self.tools(retired=True)}
            before = known.pop(tool.draft.digest, None)
            if before is not None and before.by_hand:
                return before
            taken = {one.name for one in known.values()}
            tool = replace(
                tool, name=free_name(tool.name, taken) if before is None else before.name
            )
            row = tool.draft.digest, tool.name, _text(tool)
            db.execute("INSERT OR REPLACE INTO tools VALUES (?, ?, ?)", row)
        return tool

    def retire(self, name: str) -> MadeTool:
        """Never offer a tool again, whatever it passes.

        Raises
        ------
        UsageError
            There is none of that name.
        """
        known = {one.name: one for one in self.tools(retired=True)}
        if name not in known:
            there = ", ".join(known) or "none"
            raise UsageError(f"{self.folder}: no made tool {name!r}. There: {there}.")
        return self.keep(replace(known[name], retired="retired by hand", by_hand=True))

    def close(self) -> None:
        """Let go of the file; closing twice is harmless."""
        self._db.close()

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _apart(trials: Iterable[DraftTrial]) -> list[DraftTrial]:
    """One trial of each task and of each set of arguments, in an order that chance gave."""
    found: dict[str, DraftTrial] = {}
    seen: set[str] = set()
    for one in sorted(trials, key=lambda one: codec.digest([one.task, one.arguments])):
        given = codec.digest(dict(one.arguments))
        if one.task not in found and given not in seen:
            found[one.task] = one
            seen.add(given)
    return list(found.values())


def _text(record: object) -> str:
    return codec.dumps(codec.to_json(record)).decode()
