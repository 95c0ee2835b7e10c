"""Files and folders of any format we read, told apart by what is in them and streamed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.data.formats.check import read_json, unreadable
from toolgrove.data.formats.importers import (
    IMPORTERS,
    Holds,
    Importer,
    Loaded,
    known_to,
    load_by,
)
from toolgrove.data.formats.openapi import is_openapi, load_openapi, parse_openapi
from toolgrove.data.formats.openapi_text import MOST_BYTES, parse_text, read_bytes
from toolgrove.data.formats.tool_lines import load_query_lines, load_tool_lines
from toolgrove.data.formats.toolbench_answers import parse_answers
from toolgrove.data.formats.toolbench_corpus import load_corpus
from toolgrove.data.formats.toolbench_queries import parse_queries
from toolgrove.data.formats.toolbench_tools import parse_tool_file
from toolgrove.data.formats.toolbench_trees import name_parts, parse_answer_tree
from toolgrove.data.records import Task
from toolgrove.data.runs import JOURNAL, STRATEGY, USER, VERDICT, read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.errors import FormatError, ToolgroveError

__all__ = [
    "SPECS",
    "TASKS",
    "TREES",
    "SourceKind",
    "Sources",
    "load_sources",
    "openapi_at_a_glance",
    "sniff",
]

_CATALOG = "registry.sqlite"
_BESIDE_RUNS = frozenset({STRATEGY, USER, VERDICT})
_YAML = (".yaml", ".yml")
_YAML_KEY = re.compile(rb"""(?m)^( *)['"]?(?:openapi|swagger)['"]?[ \t]*:""")
_YAML_START = re.compile(rb"(?m)^( *)[^ #%\r\n-]")
_BOM = b"\xef\xbb\xbf"
_JSON_KEY = re.compile(rb'"(?:openapi|swagger)"\s*:')
_GLANCE = 4096


class SourceKind(StrEnum):
    """What a file turned out to be."""

    OPENAPI = "OpenAPI or Swagger document"
    TOOL_FILE = "ToolBench tool file"
    QUERIES = "ToolBench query file"
    CORPUS = "ToolBench retriever corpus"
    TOOL_LINES = "tool collection, one JSON object a line"
    QUERY_LINES = "query collection, one JSON object a line"
    ANSWER_TREE = "ToolBench answer tree"
    ANSWERS = "ToolEval converted answers"
    RUN = "run"
    """A folder of ours with a journal in it."""
    RESPONSES = "ToolBench response examples"
    """Read along with the tool file they belong to."""
    VOTES = "ToolEval votes"
    """Pass-rate and preference votes: what another judge said, for ``toolgrove score --votes``."""


SPECS = frozenset(
    {
        SourceKind.OPENAPI,
        SourceKind.TOOL_FILE,
        SourceKind.QUERIES,
        SourceKind.CORPUS,
        SourceKind.TOOL_LINES,
    }
)
"""Kinds that hold tool specs."""

TREES = frozenset({SourceKind.ANSWER_TREE, SourceKind.ANSWERS, SourceKind.RUN})
"""Kinds that hold search trees."""

TASKS = frozenset({SourceKind.QUERIES, SourceKind.QUERY_LINES})
"""Kinds that hold tasks."""


_BY_NAME = frozenset({SourceKind.CORPUS, SourceKind.TOOL_LINES, SourceKind.QUERY_LINES})
"""Kinds that a file has by its ending, whatever is in it; importers are asked first."""

_HELD: Mapping[Holds, frozenset[SourceKind]] = {"specs": SPECS, "tasks": TASKS, "trees": TREES}


def load_sources(
    paths: Sequence[str | Path],
    kinds: Collection[SourceKind],
    *,
    skip_bad: bool = False,
    importers: Sequence[Importer] = (),
    base: str = "",
    overlays: bool = True,
) -> Sources:
    """Everything of the wanted kinds in files and folders, one file in memory at a time.

    Parameters
    ----------
    paths : sequence of path
        Files, and folders that are searched through (hidden folders left out).
    kinds : collection of SourceKind
        What is wanted, for instance :data:`SPECS`. In a folder, files of other kinds are passed
        over; a file that was named has to be of a wanted kind.
    skip_bad : bool
        Go on after a bad file; it is then in ``skipped``.
    importers : sequence of Importer
        What else can be read, besides our formats and those of installed packages.
    base : str
        Where OpenAPI documents are served that name no server
        (:func:`toolgrove.data.formats.openapi.load_openapi`).
    overlays : bool
        Whether ToolBench's trees keep what they can be written again with; who only reads them is
        faster without.

    Returns
    -------
    Sources
        Iterate over it; its counts are whole when the iteration is over.

    Raises
    ------
    FormatError
        While iterating, for the first bad file, unless ``skip_bad``.
    """
    return Sources(
        paths, kinds, skip_bad=skip_bad, importers=importers, base=base, overlays=overlays
    )


class Sources:
    """An iteration over files that counts what it reads and leaves out.

    Attributes
    ----------
    files : list of (Path, Path)
        Every candidate, and the named path that it was found in or is.
    done : int
        Candidates dealt with so far.
    read : int
        Files of a wanted kind that were read.
    passed : int
        Good files of another kind.
    skipped : list of ToolgroveError
        What was wrong with the bad ones, and with bad answers of good files.
    unread : list of (Path, Task)
        Whose answers these are, as far as that can be told, and where they stand.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        kinds: Collection[SourceKind],
        *,
        skip_bad: bool,
        importers: Sequence[Importer],
        base: str,
        overlays: bool,
    ) -> None:
        self._kinds, self._skip_bad, self._base = kinds, skip_bad, base
        self._overlays = overlays
        self._importers = [*importers, *IMPORTERS.plugins().values()]
        self.files = [found for path in paths for found in _find(Path(path), self._importers)]
        self.done = self.read = self.passed = 0
        self.skipped: list[ToolgroveError] = []
        self.unread: list[tuple[Path, Task]] = []

    def __iter__(self) -> Iterator[Loaded]:
        for path, named in self.files:
            try:
                loaded = self._load(path, path == named)
            except ToolgroveError as error:
                if not self._skip_bad:
                    raise
                self.skipped.append(error)
                query, group, _ = name_parts(str(path))
                self.unread.append((path, Task(query, "", group=group)))
                loaded = None
            self.done += 1
            if loaded is not None:
                self.read += 1
                yield _with_name(loaded, named)

    def _load(self, path: Path, named: bool) -> Loaded | None:
        importer, kind, data = self._told(path)
        if importer is not None and _HELD[importer.holds] & set(self._kinds):
            return load_by(importer, path)
        if kind is SourceKind.OPENAPI and kind in self._kinds:
            return _openapi(path, data, self._base)
        if kind is SourceKind.ANSWER_TREE and kind in self._kinds:
            tree = parse_answer_tree(data, str(path), overlays=self._overlays)
            return Loaded(path, kind, trees=[tree])
        if kind is SourceKind.ANSWERS and kind in self._kinds:
            return Loaded(path, kind, trees=list(self._answers(path, data)))
        if kind is not None and kind in self._kinds:
            return _LOAD[kind](path, data)
        told = kind if importer is None else importer.kind
        if named or (told is None and path.suffix not in _YAML):  # YAML may be anything
            wanted = ", ".join(sorted(self._kinds))
            found = f"not: {told}" if told else "and it is nothing that we know"
            mend = "Name another file, or leave it out."
            raise FormatError(str(path), "$", f"one of: {wanted}; {found}", mend)
        self.passed += 1
        return None

    def _answers(self, path: Path, data: Any) -> Iterator[SearchTree]:
        """A file's answers one by one, so that a bad one does not take the others with it."""
        for query, answer in data.items():
            try:
                yield from parse_answers({query: answer}, str(path))
            except FormatError as error:
                if not self._skip_bad:
                    raise
                self.skipped.append(error)
                self.unread.append((path, Task(query, "")))

    def _told(self, path: Path) -> tuple[Importer | None, SourceKind | None, Any]:
        """The importer that reads a file, or else its kind, and its content if that is JSON."""
        try:
            kind, data = _recognise(path)
        except FormatError:  # of ours in name only, perhaps
            importer = known_to(self._importers, path)
            if importer is None:
                raise
            return importer, None, None
        if kind is None or kind in _BY_NAME:
            importer = known_to(self._importers, path)
            if importer is not None:
                return importer, None, None
        return None, kind, data


def _with_name(loaded: Loaded, named: Path) -> Loaded:
    name = loaded.path.absolute().relative_to(named.absolute().parent).as_posix()
    for tree in loaded.trees:
        query = f"#{tree.task.id}" if loaded.kind is SourceKind.ANSWERS else ""
        tree.meta = {**tree.meta, "run": name + query}
    return replace(loaded, name=name)


def _find(path: Path, importers: Sequence[Importer]) -> Iterator[tuple[Path, Path]]:
    if path.name == JOURNAL:
        path = path.parent
    if not path.is_dir() or (path / JOURNAL).is_file():
        yield path, path
        return
    for folder, below, files in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        if _CATALOG in files:  # what was made from sources is none
            below.clear()
            continue
        if JOURNAL in files:
            below.clear()
            yield Path(folder), path
            continue
        for name in sorted(files):
            if name in _BESIDE_RUNS and _is_beside_runs(Path(folder, name), below):
                continue
            ours = name.endswith((".json", ".jsonl", *_YAML)) or name == "corpus.tsv"
            if ours or known_to(importers, Path(folder, name)) is not None:
                yield Path(folder, name), path


def _is_beside_runs(path: Path, below: Sequence[str]) -> bool:
    """Whether a file is what runs that belong together keep beside them, and no source."""
    if not {"sample-1", "turn-1"}.isdisjoint(below):
        return True
    try:  # of a strategy whose first run had not begun
        data = read_json(path)
    except FormatError:
        return False  # whoever reads it says so
    return isinstance(data, dict) and data.keys() == {"strategy", "budget"}


def _recognise(path: Path) -> tuple[SourceKind | None, Any]:
    """A file's kind, None where it is none of ours, and its content if that is one JSON value."""
    if path.is_dir():
        return SourceKind.RUN, None
    if path.suffix == ".tsv":
        return SourceKind.CORPUS, None
    if path.suffix == ".jsonl":
        return _sniff_line(path), None
    content = read_bytes(path)
    document = openapi_at_a_glance(content, str(path))
    if document is not None:
        return SourceKind.OPENAPI, document
    if path.suffix in _YAML:
        return None, None
    data = read_json(path, content if len(content) <= MOST_BYTES else None)
    kind = sniff(data)
    # its own reader has bounds that a stranger's document needs, and ToolBench's files would break
    return kind, None if kind is SourceKind.OPENAPI else data


def openapi_at_a_glance(text: bytes, file: str) -> Any:
    """The OpenAPI document in a file's bytes, if it says early that it is one; None otherwise.

    Raises
    ------
    FormatError
        Where it says so and cannot be read.
    """
    text = text.removeprefix(_BOM)
    if text.lstrip()[:1] in (b"{", b"["):
        says = _JSON_KEY.search(text, 0, _GLANCE) is not None
    else:  # a key of the document itself, however far all of it is indented
        start = _YAML_START.search(text)
        says = start is not None and any(key[1] == start[1] for key in _YAML_KEY.finditer(text))
    data = parse_text(text, file) if says else None
    return data if is_openapi(data) else None


def _sniff_line(path: Path) -> SourceKind:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            first = stream.readline()
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        keys = set(codec.loads(first))
    except (ValueError, TypeError):
        keys = set()
    return SourceKind.QUERY_LINES if keys & {"qid", "query"} else SourceKind.TOOL_LINES


def sniff(data: Any) -> SourceKind | None:
    """What parsed JSON looks like, judged by its keys; a bad file is still told apart.

    Examples
    --------
    >>> sniff({"tool_name": "Quotes", "apis": []})
    <SourceKind.TOOL_FILE: 'ToolBench tool file'>
    >>> sniff({"openapi": "3.1.0", "paths": {}})
    <SourceKind.OPENAPI: 'OpenAPI or Swagger document'>
    >>> sniff([{"query": "How far?", "api_list": []}])
    <SourceKind.QUERIES: 'ToolBench query file'>
    >>> sniff({"name": "toolgrove", "version": "1"}) is None
    True
    """
    if isinstance(data, list):
        keys = set(data[0]) if data and isinstance(data[0], dict) else set()
        return SourceKind.QUERIES if keys & {"query", "api_list", "relevant APIs"} else None
    if not isinstance(data, dict):
        return None
    if is_openapi(data):
        return SourceKind.OPENAPI
    if data.keys() & {"answer_generation", "trys"}:
        return SourceKind.ANSWER_TREE
    if data.keys() & {"tool_name", "tool_description"}:
        return SourceKind.TOOL_FILE
    if "api_list" in data:
        return SourceKind.RESPONSES
    first = next(iter(data.values()), None)
    keys = set(first) if isinstance(first, dict) else set()
    if keys & {"answer", "available_tools"}:
        return SourceKind.ANSWERS
    if "is_solved" in keys or any(key.startswith("round_") for key in keys):
        return SourceKind.VOTES
    return None


def _openapi(path: Path, data: Any, base: str) -> Loaded:
    if data is None:
        document = load_openapi(path, base=base)
    else:
        document = parse_openapi(data, str(path), base=base)
    left = [f"{path}: {one.where}: {one.why}" for one in document.left]
    return Loaded(path, SourceKind.OPENAPI, specs=document.specs, left=left)


def _tools(path: Path, data: Any) -> Loaded:
    return Loaded(path, SourceKind.TOOL_FILE, specs=parse_tool_file(data, path))


def _queries(path: Path, data: Any) -> Loaded:
    tasks, specs = parse_queries(data, str(path))
    return Loaded(path, SourceKind.QUERIES, specs=specs, tasks=tasks)


def _run(path: Path, data: Any) -> Loaded:
    return Loaded(path, SourceKind.RUN, trees=[read_tree(path)])


_LOAD: dict[SourceKind, Callable[[Path, Any], Loaded]] = {
    SourceKind.TOOL_FILE: _tools,
    SourceKind.QUERIES: _queries,
    SourceKind.CORPUS: lambda path, _: Loaded(
        path, SourceKind.CORPUS, specs=load_corpus(path).specs
    ),
    SourceKind.TOOL_LINES: lambda path, _: Loaded(
        path, SourceKind.TOOL_LINES, specs=load_tool_lines(path)
    ),
    SourceKind.RUN: _run,
    SourceKind.QUERY_LINES: lambda path, _: Loaded(
        path, SourceKind.QUERY_LINES, tasks=load_query_lines(path)
    ),
}
