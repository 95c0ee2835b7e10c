"""Which queries were asked, and which of them a system answered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from toolgrove.data.formats.check import read_json, read_text
from toolgrove.data.formats.sources import TREES, SourceKind, load_sources, sniff
from toolgrove.data.formats.tool_lines import load_query_lines
from toolgrove.data.formats.toolbench_queries import parse_queries
from toolgrove.data.records import Task
from toolgrove.data.tree import SearchTree
from toolgrove.errors import FormatError, ToolgroveError, UsageError
from toolgrove.machine.progress import Tick, silent

__all__ = [
    "TEST_SET",
    "AnswerSet",
    "AskedQuery",
    "ids_of",
    "known_of",
    "load_answer_set",
    "load_asked",
    "test_set_of",
]

V = TypeVar("V")

TEST_SET = "test_set"
"""Key in ``SearchTree.meta`` under which the test set is kept that its file names."""

ALL = "all"
"""What is written in the place of a test set where no file names one."""
_TEST_SET = re.compile(r"G[123]_(?:instruction|category|tool)(?![a-z])")


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """A query of the denominator.

    Parameters
    ----------
    id : str
        As the file of queries has it.
    test_set : str
        Whose query it is, ``G1_instruction``; "" where no file name says so.
    task : Task or None
        With a reference, perhaps; only query files have it, lists of ids do not.
    """

    id: str
    test_set: str = ""
    task: Task | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """What one system answered.

    Parameters
    ----------
    name : str
        The system's, from the files' names.
    asked : tuple of AskedQuery
        The denominator.
    trees : mapping
        Its answers by query; a query without one is not among the keys.
    unknown : tuple of str
        Ids of answers to queries that were not asked. They count nowhere.
    skipped : tuple of ToolgroveError
        What was wrong with files and answers that were left out.
    unread : frozenset of AskedQuery
        Queries whose answer is among these: nobody knows whether it was right.
    test_set : str
        The one that all its files name; "" where they name none or several.
    """

    name: str
    asked: tuple[AskedQuery, ...]
    trees: Mapping[AskedQuery, SearchTree]
    unknown: tuple[str, ...] = ()
    skipped: tuple[ToolgroveError, ...] = ()
    unread: frozenset[AskedQuery] = frozenset()
    test_set: str = ""


def load_asked(paths: Sequence[str | Path]) -> tuple[AskedQuery, ...]:
    """The queries of files and of folders of them.

    Parameters
    ----------
    paths : sequence of path
        ToolBench's query files or its files of test ids (``{"588": 0}``), a JSON list of ids, a
        collection with one query a line (``.jsonl``), or text with one id a line.

    Raises
    ------
    FormatError
        Where a file is none of these, or none names a query.
    UsageError
        Where two files ask other things under one id.
    """
    files = [file for path in paths for file in _files(Path(path))]
    found: dict[AskedQuery, AskedQuery] = {}
    for file in files:
        for query in _asked(file):
            known = found.setdefault(query, query)
            if known.task is None:
                found[query] = query
            elif query.task is not None and not same_text(known.task.query, query.task.query):
                raise UsageError(
                    f"{file}: query {query.id!r} is another one than in a file before it. Name "
                    "the files after their test sets (G1_instruction…), or one at a time."
                )
    if not found:
        raise FormatError(
            ", ".join(map(str, paths)), "$", "a query at least", "Name another file or folder."
        )
    return tuple(found.values())


def same_text(one: str, other: str) -> bool:
    """Whether two texts of a query are the same, whatever their spaces."""
    return one.split() == other.split()


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if one.suffix in (".json", ".jsonl", ".txt"))


def _asked(file: Path) -> Iterable[AskedQuery]:
    test_set = test_set_of(file)
    if file.suffix == ".jsonl":
        return [AskedQuery(task.id, test_set, task) for task in load_query_lines(file)]
    if file.suffix != ".json":
        lines = (line.strip() for line in read_text(file).splitlines())
        return [AskedQuery(line, test_set) for line in lines if line]
    data = read_json(file)
    if sniff(data) is SourceKind.QUERIES:
        return [AskedQuery(task.id, test_set, task) for task in parse_queries(data, str(file))[0]]
    if isinstance(data, dict):
        return [AskedQuery(query, test_set) for query in data]
    if isinstance(data, list) and all(type(one) in (str, int) for one in data):
        return [AskedQuery(str(one), test_set) for one in data]
    raise FormatError(
        str(file), "$", "ids of queries, or a ToolBench query file", "Name another file."
    )


def known_of(found: Mapping[AskedQuery, V], query: AskedQuery) -> V | None:
    """What is kept of a query; where one side names no test set, the only one of its id."""
    if query in found:
        return found[query]
    same = [
        one
        for other, one in found.items()
        if other.id == query.id and not (other.test_set and query.test_set)
    ]
    return same[0] if len(same) == 1 else None


def ids_of(task: Task) -> tuple[str, str]:
    """A task's id as its file has it, and without the group that a tree's file puts before it."""
    return task.id, task.id.removeprefix(f"{task.group}_")


def test_set_of(path: Path) -> str:
    """The test set that a file's name says, or the nearest folder's that says one."""
    absolute = path.absolute()
    found = (
        _TEST_SET.search(name) for name in (absolute.name, *(p.name for p in absolute.parents))
    )
    return next((one[0] for one in found if one), "")


def load_answer_set(
    paths: Sequence[str | Path],
    asked: Sequence[AskedQuery] | None = None,
    *,
    skip_bad: bool = False,
    tick: Tick = silent,
) -> AnswerSet:
    """The answers of one system, in files and folders.

    Parameters
    ----------
    paths : sequence of path
        ToolBench's answer trees, converted answers, and runs of ours.
    asked : sequence of AskedQuery or None
        The denominator; None takes the answered queries, so that no other counts.
    skip_bad : bool
        Leave bad files and bad answers out; they are in ``skipped``.
    tick : callable
        Told how many files were read.

    Raises
    ------
    FormatError
        For the first bad file, unless ``skip_bad``.
    UsageError
        Where a query has two answers.
    """
    sources = load_sources([*paths], TREES, skip_bad=skip_bad)
    known = None if asked is None else _Known(asked)
    trees: dict[AskedQuery, SearchTree] = {}
    unknown: list[str] = []
    sets: set[str] = set()
    for loaded in sources:
        for tree in loaded.trees:
            test_set = test_set_of(loaded.path)
            sets.add(test_set)
            tree.meta = {**tree.meta, TEST_SET: test_set}
            query = (
                AskedQuery(tree.task.id, test_set) if known is None else known(tree.task, test_set)
            )
            if query is None:
                unknown.append(tree.task.id)
            elif query in trees:
                raise UsageError(
                    f"two answers to query {query.id!r}: {trees[query].meta['run']} and "
                    f"{tree.meta['run']}. Name the answers of one system at a time."
                )
            else:
                trees[query] = tree
        tick(sources.done, len(sources.files))
    found = tuple(trees) if asked is None else tuple(asked)
    named = sets.pop() if len(sets) == 1 else ""
    bad = [] if known is None else [known(task, test_set_of(path)) for path, task in sources.unread]
    unread = frozenset(query for query in bad if query is not None and query not in trees)
    return AnswerSet(
        _name(paths), found, trees, tuple(unknown), tuple(sources.skipped), unread, named
    )


class _Known:
    """Finds the query that an answer is to."""

    def __init__(self, asked: Sequence[AskedQuery]) -> None:
        self._asked = {query: query for query in asked}

    def __call__(self, task: Task, test_set: str) -> AskedQuery | None:
        """Of the test set that the file names, else the id's only one; none where texts differ."""
        found = (known_of(self._asked, AskedQuery(id_, test_set)) for id_ in ids_of(task))
        query = next((query for query in found if query is not None), None)
        if query is None or (query.test_set and _TEST_SET.match(f"{task.group}_tool")
                             and not query.test_set.startswith(task.group)):  # fmt: skip
            return None
        differs = (
            query.task is not None and task.query and not same_text(query.task.query, task.query)
        )
        return None if differs else query


def _name(paths: Sequence[str | Path]) -> str:
    """What ToolEval would call the system: the file or folder without its test set."""
    path = Path(paths[0]).absolute()
    stem = path.name if path.is_dir() else path.stem
    rest = "" if stem == ALL else _TEST_SET.sub("", stem).strip("._-")
    named = rest if rest and (path.is_dir() or len(paths) == 1) else path.parent.name
    return named or stem
