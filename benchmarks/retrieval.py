"""What each step of the ranking is worth, and what a search costs.

    python benchmarks/retrieval.py                       # the bundled world's tools and tasks
    python benchmarks/retrieval.py QUERIES.json …        # ToolBench query files
    python benchmarks/retrieval.py queries.jsonl --tools corpus.jsonl

Prints Recall and NDCG (percent) of every step on all tools of the files, then what the catalogue
itself reaches and takes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolgrove.agent.catalog import Catalog
from toolgrove.data import world
from toolgrove.data.formats.sources import SPECS, TASKS, load_sources
from toolgrove.data.records import Task, ToolSpec
from toolgrove.retriever import fusion
from toolgrove.retriever.documents import document, parts
from toolgrove.retriever.embedding import MiniLM
from toolgrove.retriever.lexical import Lexical
from toolgrove.retriever.metrics import ndcg, recall

CUTS = (1, 5, 10)


def relevant(task: Task) -> set[str]:
    """The tools a task's labels, or its reference calls, name."""
    reference = () if task.reference is None else task.reference.calls
    return set(task.relevant) or {call.name for call in reference}


def loaded(queries: Sequence[Path], tools: Path | None) -> tuple[dict[str, ToolSpec], list[Task]]:
    """Tools by id and the tasks that have relevant tools."""
    if not queries:
        specs, tasks = world.specs(), world.tasks()
    else:
        read = list(load_sources(queries, TASKS))
        tasks = [task for one in read for task in one.tasks]
        specs = [spec for one in read for spec in one.specs]
        if tools is not None:
            specs += [spec for one in load_sources([tools], SPECS) for spec in one.specs]
    return {spec.id: spec for spec in specs}, [task for task in tasks if relevant(task)]


def row(name: str, values: list[list[float]]) -> None:
    """One line of the table: Recall at the cuts, then NDCG."""
    means = 100 * np.mean(values, axis=0)
    print(f"{name:26s}" + "".join(f"{value:7.1f}" for value in means))


def judged(ranking: Sequence[str], task: Task) -> list[float]:
    """Recall at the cuts, then NDCG."""
    return [measure(ranking, relevant(task), k) for measure in (recall, ndcg) for k in CUTS]


def steps(specs: dict[str, ToolSpec], tasks: list[Task], embedder: MiniLM) -> None:
    """The ranking's steps on full score arrays."""
    ids, documents = list(specs), [document(spec) for spec in specs.values()]
    began, cpu = time.perf_counter(), time.process_time()
    vectors = embedder.embed(documents)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{len(ids)} tools, {len(tasks)} queries")
    print(f"{len(ids) / wall:.0f} documents embedded a second, {len(ids) / cpu:.0f} a CPU second\n")
    families: dict[tuple[str, str], int] = {}
    tools = np.array(
        [families.setdefault((s.category, s.tool), len(families)) for s in specs.values()]
    )
    ways: dict[str, Callable[[Any, Any], Any]] = {
        "BM25": lambda words, dense: words[0],
        embedder.name: lambda words, dense: dense[0],
        "reciprocal rank": lambda words, dense: fusion.reciprocal_rank(words[0], dense[0]),
        "convex": lambda words, dense: fusion.convex(words, dense)[0],
        "+ sentences": lambda words, dense: fusion.sentences_best(fusion.convex(words, dense)),
        "+ tool prior": lambda words, dense: fusion.tool_prior(
            fusion.sentences_best(fusion.convex(words, dense)), tools
        ),
    }
    found: dict[str, list[list[float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        Lexical.build(enumerate(documents), Path(folder, "bm25"))
        lexical = Lexical.load(Path(folder, "bm25"))
        for task in tasks:
            texts = parts(task.query)
            words, dense = lexical.scores(texts), embedder.embed(texts, query=True) @ vectors.T
            for name, way in ways.items():
                order = np.argsort(-way(words, dense), kind="stable")[: max(CUTS)]
                found[name].append(judged([ids[i] for i in order], task))
    print(f"{'percent':26s}" + "".join(f"{f'{m}@{k}':>7s}" for m in "RN" for k in CUTS))
    for name, values in found.items():
        row(name, values)


def catalogue(specs: dict[str, ToolSpec], tasks: list[Task], embedder: MiniLM) -> None:
    """The catalogue as it is used: candidates from Chroma and BM25, everything on disk."""
    values: list[list[float]] = []
    cold: list[float] = []
    warm: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Catalog.open(folder, embedder=embedder) as opened:
        opened.add(specs.values())
        for task in tasks:
            for seconds in (cold, warm):
                began = time.perf_counter()
                hits = opened.search(task.query, max(CUTS))
                seconds.append(time.perf_counter() - began)
            values.append(judged([hit.id for hit, _ in hits], task))
    row("the catalogue", values)
    for name, seconds in (("a search", cold), ("its query met before", warm)):
        p50, p95 = 1000 * np.percentile(seconds, [50, 95])
        print(f"{name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")


def main() -> None:
    """Read the files, print the table."""
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_argument("queries", nargs="*", type=Path)
    told.add_argument("--tools", type=Path, help="where query files do not describe their tools")
    given = told.parse_args()
    specs, tasks = loaded(given.queries, given.tools)
    embedder = MiniLM()
    embedder.embed(["load"])
    steps(specs, tasks, embedder)
    catalogue(specs, tasks, embedder)


if __name__ == "__main__":
    main()
