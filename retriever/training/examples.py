"""What retrievers are trained on: queries, documents, which belong together, and honest splits."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolgrove.data import codec
from toolgrove.data.formats.query_sets import labels
from toolgrove.data.records import Task, ToolSpec
from toolgrove.errors import UsageError
from toolgrove.retriever.documents import document
from toolgrove.retriever.fusion import convex
from toolgrove.retriever.lexical import Lexical

__all__ = [
    "Examples",
    "held_out",
    "mined",
    "sharing_no_tool",
    "tool_disjoint",
    "training_examples",
]


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled queries over documents, no two of which are the same text.

    Parameters
    ----------
    queries : tuple of str
    documents : tuple of str
        Of every tool of the catalogue, not of the relevant ones only.
    positives : tuple of tuple of int
        For each query the places of its relevant documents, at least one.
    """

    queries: tuple[str, ...]
    documents: tuple[str, ...]
    positives: tuple[tuple[int, ...], ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the whole data: the same for the same examples in the same order."""
        return codec.digest([self.queries, self.documents, self.positives])

    def __len__(self) -> int:
        return len(self.queries)

    def take(self, places: Iterable[int]) -> Examples:
        """The queries of some places, over the same documents."""
        chosen = list(places)
        return Examples(
            tuple(self.queries[i] for i in chosen),
            self.documents,
            tuple(self.positives[i] for i in chosen),
        )


def training_examples(tasks: Iterable[Task], specs: Iterable[ToolSpec]) -> Examples:
    """Training data of labelled tasks over a catalogue.

    Tools whose documents are the same text count as one document, so that none of them is ever a
    negative where another is wanted. Tasks without a relevant tool in the catalogue are left out.

    Raises
    ------
    UsageError
        No task has one.
    """
    places: dict[str, int] = {}
    of_tool = {spec.id: places.setdefault(document(spec), len(places)) for spec in specs}
    queries: list[str] = []
    positives: list[tuple[int, ...]] = []
    for task in tasks:
        wanted = sorted({of_tool[one] for one in labels(task) if one in of_tool})
        if wanted and task.query.strip():
            queries.append(" ".join(task.query.split()))
            positives.append(tuple(wanted))
    if not queries:
        raise UsageError(
            "none of the queries is labelled with a tool of the catalogue. Index the tools that "
            "the query files name, and give query files with relevant tools."
        )
    return Examples(tuple(queries), tuple(places), tuple(positives))


def held_out(
    tasks: Sequence[Task], share: float = 0.2, seed: int = 0
) -> tuple[list[Task], list[Task]]:
    """Training and test tasks, split at random by query.

    A query that occurs twice is on one side only.
    """
    queries = sorted({task.query for task in tasks})
    random.Random(seed).shuffle(queries)
    tests = set(queries[: max(1, round(share * len(queries)))])
    return (
        [task for task in tasks if task.query not in tests],
        [task for task in tasks if task.query in tests],
    )


def sharing_no_tool(
    tasks: Iterable[Task], tests: Iterable[Task], specs: Mapping[str, ToolSpec]
) -> list[Task]:
    """The tasks that share no tool with any test, APIs of one tool counted as the same tool."""
    seen = {tool for task in tests for tool in _tools(task, specs)}
    return [task for task in tasks if seen.isdisjoint(_tools(task, specs))]


def tool_disjoint(
    tasks: Sequence[Task], specs: Mapping[str, ToolSpec], share: float = 0.2, seed: int = 0
) -> tuple[list[Task], list[Task]]:
    """Training and test tasks that share no tool.

    Tools are drawn at random until their tasks are ``share`` of all; every other task that uses
    one of those tasks' tools is on neither side.
    """
    tools = sorted({tool for task in tasks for tool in _tools(task, specs)})
    random.Random(seed).shuffle(tools)
    wanted, chosen = max(1, round(share * len(tasks))), set[str]()
    tests: list[Task] = []
    for tool in tools:
        if len(tests) >= wanted:
            break
        chosen.add("\n".join(tool))
        tests = [t for t in tasks if any("\n".join(u) in chosen for u in _tools(t, specs))]
    return sharing_no_tool(tasks, tests, specs), tests


def _tools(task: Task, specs: Mapping[str, ToolSpec]) -> set[tuple[str, str]]:
    found = (specs[one] for one in labels(task) if one in specs)
    return {(spec.category, spec.tool) for spec in found}


def mined(
    data: Examples, dense: NDArray[np.float32], n: int, *, skip: int = 0
) -> list[tuple[int, ...]]:
    """Hard negatives: what BM25 and cosine together rank high although it is not relevant.

    Parameters
    ----------
    data : Examples
    dense : float32 array of shape (queries, documents)
        Cosines.
    n : int
        Negatives for a query.
    skip : int
        Best-ranked documents that are passed over: many are relevant but not labelled so.

    Returns
    -------
    list of tuple of int
        For each query the places of documents, the hardest first; never one of its positives.
    """
    with tempfile.TemporaryDirectory() as folder:
        Lexical.build(enumerate(data.documents), Path(folder, "bm25"))
        words = Lexical.load(Path(folder, "bm25")).scores(data.queries)
    order = np.argsort(-convex(words, dense), axis=1, kind="stable")
    return [
        _without(row[: skip + n + len(own)].tolist(), own)[skip : skip + n]
        for row, own in zip(order, data.positives, strict=True)
    ]


def _without(places: Sequence[int], own: Collection[int]) -> tuple[int, ...]:
    return tuple(place for place in places if place not in own)
