"""How well, and how fast, a search finds the tools that labelled queries need.

A search is any callable that takes a query and gives ids, best first. Each query is asked twice:
the first time its embedding is computed, the second time it is remembered.

Queries are judged by those of their relevant tools that the catalogue has, since no search can
find the others; a query that has none left is skipped, and both are counted.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from toolgrove.data.formats.query_sets import QuerySet, labels
from toolgrove.data.records import Task
from toolgrove.errors import UsageError
from toolgrove.retriever.fusion import convex
from toolgrove.retriever.metrics import bootstrap, ndcg, recall, reciprocal_rank

if TYPE_CHECKING:
    from toolgrove.retriever.index import Index

__all__ = [
    "BASELINES",
    "CUTS",
    "OVERALL",
    "Answered",
    "Estimate",
    "Latency",
    "Plan",
    "Question",
    "RetrievalFigures",
    "answers",
    "baseline",
    "cuts",
    "figures",
    "latency",
    "peak_memory",
    "plan",
]

Search: TypeAlias = Callable[[str], Sequence[str]]
"""From a query to ids, best first, none twice."""

CUTS = (1, 3, 5, 10)
_WARM_UP = "warm up"


OVERALL = "overall"
BASELINES = ("bm25", "dense", "convex")
"""Rankings by one score of the whole query: BM25, cosine, both scaled and averaged."""
_MEASURES: dict[str, Callable[[Sequence[str], Sequence[str], int], float]] = {
    "recall": recall,
    "ndcg": ndcg,
    "mrr": reciprocal_rank,
}


@dataclass(frozen=True, slots=True)
class Question:
    """A query to ask: its text, the groups it counts in, and the relevant tools that are there."""

    text: str
    groups: tuple[str, ...]
    relevant: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked, and what cannot be.

    Parameters
    ----------
    questions : tuple of Question
    groups : tuple of str
        Names of the splits, in order: files, and below a file the splits that it tells apart.
    unlabelled : int
        Queries without a word or without a relevant tool.
    skipped : Counter
        By split, and ``overall``, queries none of whose relevant tools is in the catalogue.
    missing : Counter
        Ids of relevant tools that are not in the catalogue, with the number of queries they are
        relevant to.
    """

    questions: tuple[Question, ...]
    groups: tuple[str, ...]
    unlabelled: int
    skipped: Counter[str]
    missing: Counter[str]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its ranking, and the seconds that it took first and then again.

    ``cold`` is None where the same text was asked before.
    """

    question: Question
    ranked: tuple[str, ...]
    cold: float | None
    cached: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries as a fraction, and its 95% bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    """The figures of one split: ``metrics`` by name, ``recall@5``, ``ndcg@5``, ``mrr@5``, …"""

    queries: int
    skipped: int
    relevant_per_query: float
    metrics: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of a query, from its text to its tools: median and 95th percentile."""

    queries: int
    p50: float
    p95: float


def cuts(depth: int) -> tuple[int, ...]:
    """Where rankings of a depth are cut.

    Examples
    --------
    >>> cuts(10), cuts(4), cuts(20)
    ((1, 3, 5, 10), (1, 3, 4), (1, 3, 5, 10, 20))
    """
    return (*(k for k in CUTS if k < depth), depth)


def plan(
    sets: Sequence[QuerySet], known: Container[str], *, limit: int | None = None, seed: int = 0
) -> Plan:
    """Which queries can be asked of a catalogue, and what is missing there.

    Parameters
    ----------
    sets : sequence of QuerySet
    known : container of str
        Ids of the catalogue's tools.
    limit : int, optional
        Ask so many of each set, drawn without replacement by ``seed``.

    Raises
    ------
    UsageError
        No query's relevant tools are in the catalogue.
    """
    questions: list[Question] = []
    groups: dict[str, None] = {}
    unlabelled = 0
    skipped: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    rng = np.random.default_rng(seed)
    for one in sets:
        usable = [task for task in one.tasks if task.query.strip() and labels(task)]
        unlabelled += len(one.tasks) - len(usable)
        tasks = _sample(usable, limit, rng)
        splits = _splits(tasks)
        groups |= dict.fromkeys((one.name, *(f"{one.name}:{s}" for s in sorted(set(splits)) if s)))
        for task, split in zip(tasks, splits, strict=True):
            names = (one.name, f"{one.name}:{split}") if split else (one.name,)
            there = tuple(id_ for id_ in labels(task) if id_ in known)
            missing.update(set(labels(task)).difference(there))
            if there:
                questions.append(Question(task.query, names, there))
            else:
                skipped.update((OVERALL, *names))
    if not questions:
        some = ", ".join(id_ for id_, _ in missing.most_common(3))
        raise UsageError(
            f"the catalogue has none of the tools that these queries need ({some}, …). Index the "
            "files that describe them first: toolgrove index FILE --catalog DIR."
        )
    return Plan(tuple(questions), tuple(groups), unlabelled, skipped, missing)


def _sample(tasks: list[Task], limit: int | None, rng: np.random.Generator) -> list[Task]:
    if limit is None or limit >= len(tasks):
        return tasks
    return [tasks[i] for i in sorted(rng.choice(len(tasks), limit, replace=False).tolist())]


def _splits(tasks: Sequence[Task]) -> list[str]:
    """Each task's split where the file tells several apart, or else its ToolBench group."""
    for found in ([task.meta.get("split") for task in tasks], [task.group for task in tasks]):
        if len(set(found)) > 1:
            return [str(one or "other") for one in found]
    return [""] * len(tasks)


def answers(questions: Iterable[Question], search: Search) -> Iterator[Answered]:
    """Ask every question, twice, one after another.

    The search is warmed up first, so that loading a model is in no query's time.
    """
    search(_WARM_UP)
    asked: set[str] = set()
    for question in questions:
        ranked, first = _timed(search, question.text)
        _, again = _timed(search, question.text)
        yield Answered(question, ranked, None if question.text in asked else first, again)
        asked.add(question.text)


def baseline(index: Index, name: str, depth: int) -> Search:
    """A search that orders an index's candidates by one score of the whole query only.

    The candidates are those that the index's own search looks at, the best of BM25 and of cosine
    among them; so it takes as long.

    Parameters
    ----------
    index : Index
    name : str
        One of :data:`BASELINES`.
    depth : int
        How many tools at most.

    Raises
    ------
    UsageError
        There is no such baseline.
    """
    if name not in BASELINES:
        raise UsageError(f"no ranking is called {name!r}. There are: {', '.join(BASELINES)}.")

    def search(query: str) -> list[str]:
        known = index.evidence(query, depth)
        if known is None:
            return []
        lexical, dense = known.lexical[0], known.dense[0]
        scores = {"bm25": lexical, "dense": dense}.get(name, convex(lexical, dense))
        return [known.ids[i] for i in np.argsort(-scores, kind="stable")[:depth].tolist()]

    return search


def _timed(search: Search, text: str) -> tuple[tuple[str, ...], float]:
    began = time.perf_counter()
    ranked = tuple(search(text))
    return ranked, time.perf_counter() - began


def figures(
    answered: Sequence[Answered],
    depth: int,
    *,
    skipped: int = 0,
    resamples: int = 1000,
    seed: int = 0,
) -> RetrievalFigures:
    """The metrics of answered questions at every cut, with bootstrap intervals.

    Where nothing was answered there are no metrics.
    """
    if not answered:
        return RetrievalFigures(0, skipped, 0.0, {})
    at = [(name, measure, k) for name, measure in _MEASURES.items() for k in cuts(depth)]
    values = np.array(
        [[measure(a.ranked, a.question.relevant, k) for _, measure, k in at] for a in answered]
    )
    low, high = bootstrap(values, resamples=resamples, seed=seed)
    ends = zip(values.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True)
    return RetrievalFigures(
        queries=len(answered),
        skipped=skipped,
        relevant_per_query=sum(len(a.question.relevant) for a in answered) / len(answered),
        metrics={f"{name}@{k}": Estimate(*end) for (name, _, k), end in zip(at, ends, strict=True)},
    )


def latency(seconds: Sequence[float]) -> Latency | None:
    """Percentiles of durations, in milliseconds; None of nothing."""
    if not seconds:
        return None
    p50, p95 = (1000 * np.percentile(seconds, [50, 95])).tolist()
    return Latency(len(seconds), p50, p95)


def peak_memory() -> int | None:
    """Bytes of memory that this process has held at most; None where the system does not say."""
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
