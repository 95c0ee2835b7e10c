"""What each step of the ranking is worth, and what fitting it to labelled queries adds.

    python benchmarks/retrieval.py                       # the bundled world's tools and tasks
    python benchmarks/retrieval.py QUERIES.json …        # ToolBench query files
    python benchmarks/retrieval.py queries.jsonl --tools corpus.jsonl --every 3
    python benchmarks/retrieval.py A.json B.json C.json --fit    # and with fitted weights
    python benchmarks/retrieval.py --all                 # the default on every collection at hand

Prints Recall and NDCG (percent) on all tools of the files: first of a pipeline of well-known parts,
the one to beat, then of the catalogue's own ranking without and with what it knows beyond that,
with a bootstrap interval of NDCG@5. The last line is one JSON object. ``--all`` is one line a
collection (retrieval_collections.py says where they are looked for) and keeps vectors between runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from retrieval_collections import Collection, KeptVectors, collections, shared_folder

from toolgrove.agent.catalog import Catalog
from toolgrove.data import world
from toolgrove.data.formats.query_sets import labels
from toolgrove.data.formats.sources import SPECS, TASKS, load_sources
from toolgrove.data.records import Task, ToolSpec
from toolgrove.retriever.documents import document, parts
from toolgrove.retriever.embedding import Embedder
from toolgrove.retriever.evaluation import BASELINES, baseline
from toolgrove.retriever.features import FEATURES
from toolgrove.retriever.fusion import convex
from toolgrove.retriever.lexical import Lexical
from toolgrove.retriever.metrics import bootstrap, ndcg, recall
from toolgrove.retriever.ranker import DEFAULT, LabelledQuery, Ranker, fit
from toolgrove.retriever.ranking import ranked

CUTS = (1, 5, 10)
SHOWN = len(CUTS) + CUTS.index(5)  # of a row's numbers: NDCG@5


@dataclass(frozen=True)
class Data:
    """Tools by id, tasks that have relevant tools, and the file that each task is from."""

    specs: dict[str, ToolSpec] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def loaded(queries: Sequence[Path], tools: Path | None, every: int) -> Data:
    """What the files hold."""
    if not queries:
        data = Data({spec.id: spec for spec in world.specs()}, world.tasks())
        data.files.extend(["world"] * len(data.tasks))
    else:
        data = Data()
        for path in queries:
            for one in load_sources([path], TASKS):
                data.specs.update((spec.id, spec) for spec in one.specs)
                data.tasks.extend(one.tasks)
                data.files.extend([path.stem] * len(one.tasks))
        for one in load_sources([tools], SPECS) if tools else ():
            data.specs.update((spec.id, spec) for spec in one.specs)
    kept = [i for i, task in enumerate(data.tasks) if labels(task)][::every]
    return Data(data.specs, [data.tasks[i] for i in kept], [data.files[i] for i in kept])


def judged(ranking: Sequence[str], task: Task) -> list[float]:
    """Recall at the cuts, then NDCG, in percent."""
    return [100 * measure(ranking, labels(task), k) for measure in (recall, ndcg) for k in CUTS]


def row(name: str, values: Sequence[list[float]]) -> float:
    """Print one line of the table; returns NDCG@5."""
    means = np.mean(values, axis=0)
    low, high = bootstrap(np.array(values))
    interval = f"  [{low[SHOWN]:.1f}, {high[SHOWN]:.1f}]"
    print(f"{name:28s}" + "".join(f"{value:7.1f}" for value in means) + interval, flush=True)
    return float(means[SHOWN])


def reciprocal_rank(*rankings: NDArray[Any], k: int = 60) -> NDArray[Any]:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)."""
    places = [np.argsort(np.argsort(-scores, kind="stable"), kind="stable") for scores in rankings]
    return np.sum([1 / (k + 1 + place) for place in places], axis=0)


def sentences_best(scores: NDArray[Any]) -> NDArray[Any]:
    """The mean of the whole query's score and the best that any sentence gives."""
    return scores[0] if len(scores) == 1 else (scores[0] + scores[1:].max(axis=0)) / 2


def tool_prior(scores: NDArray[Any], tools: NDArray[np.int64]) -> NDArray[Any]:
    """The mean of each score and the best of its tool's."""
    best = np.full(tools.max() + 1, -np.inf)
    np.maximum.at(best, tools, scores)
    return (scores + best[tools]) / 2


def to_beat(data: Data, embedder: Embedder) -> dict[str, float]:
    """The pipeline of well-known parts, on the scores of all tools; NDCG@5 of each step."""
    ids, documents = list(data.specs), [document(spec) for spec in data.specs.values()]
    vectors = embedder.embed(documents)
    families: dict[tuple[str, str], int] = {}
    tools = np.array(
        [families.setdefault((s.category, s.tool), len(families)) for s in data.specs.values()]
    )
    ways: dict[str, Callable[[Any, Any], Any]] = {
        "BM25": lambda words, dense: words[0],
        "all-MiniLM-L6-v2": lambda words, dense: dense[0],
        "reciprocal rank": lambda words, dense: reciprocal_rank(words[0], dense[0]),
        "convex": lambda words, dense: convex(words, dense)[0],
        "+ sentences": lambda words, dense: sentences_best(convex(words, dense)),
        "+ tool prior": lambda words, dense: tool_prior(
            sentences_best(convex(words, dense)), tools
        ),
    }
    found: dict[str, list[list[float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        Lexical.build(enumerate(documents), Path(folder, "bm25"), k1=2.0, b=0.9)
        lexical = Lexical.load(Path(folder, "bm25"))
        for task in data.tasks:
            texts = parts(task.query)
            words, dense = lexical.scores(texts), embedder.embed(texts, query=True) @ vectors.T
            for name, way in ways.items():
                order = np.argsort(-way(words, dense), kind="stable")[: max(CUTS)]
                found[name].append(judged([ids[i] for i in order], task))
    return {name: row(name, values) for name, values in found.items()}


def only(*names: str) -> Ranker:
    """The default ranker with the weights of these features alone."""
    pairs = zip(FEATURES, DEFAULT.weights, strict=True)
    return Ranker(tuple(weight if name in names else 0.0 for name, weight in pairs))


def left_out(name: str) -> Ranker:
    """The default without a feature; ``whole`` and ``sentence`` stand in for each other."""
    weights = dict(zip(FEATURES, DEFAULT.weights, strict=True))
    other = {"whole": "sentence", "sentence": "whole"}.get(name)
    if other is not None:
        weights[other] += weights[name]
    return Ranker(tuple({**weights, name: 0.0}.values()))


def ours(data: Data, catalog: Catalog, fitted: bool) -> dict[str, float]:
    """The catalogue's ranking, feature by feature; NDCG@5 of each step."""
    known = [catalog.search_index.evidence(task.query, max(CUTS)) for task in data.tasks]
    steps = {
        "weighed words, one query": only("whole"),
        "+ sentences ": only("whole", "sentence"),
        "+ the tool's best": only("whole", "sentence", "tool_best"),
        "+ families that fit": only("whole", "sentence", "tool_best", "tool_fit", "category_fit"),
        "+ names said (the default)": DEFAULT,
    }

    def rows(rankers: Sequence[Ranker]) -> Iterator[list[float]]:
        for one, task, ranker in zip(known, data.tasks, rankers, strict=True):
            hits = [] if one is None else ranked(one, ranker, max(CUTS))
            yield judged([hit.id for hit in hits], task)

    found = {}
    for name, ranker in steps.items():
        found[name.strip()] = row(name, list(rows([ranker] * len(known))))
    for disjoint in (False, True) if fitted else ():
        name = "fitted, " + ("no tool in common" if disjoint else "other files")
        examples = [
            LabelledQuery(one.features, np.isin(one.ids, list(labels(task)))) if one else None
            for one, task in zip(known, data.tasks, strict=True)
        ]
        rankers = {test: _fitted(data, examples, test, disjoint) for test in set(data.files)}
        found[name] = row(name, list(rows([rankers[file] for file in data.files])))
    return found


def _fitted(
    data: Data, examples: Sequence[LabelledQuery | None], test: str, disjoint: bool
) -> Ranker:
    """Weights fitted to the files that are not ``test``, on tools that it does not use."""

    def tools(task: Task) -> set[tuple[str, str]]:
        known = [data.specs[one] for one in labels(task) if one in data.specs]
        return {(spec.category, spec.tool) for spec in known}

    pairs = list(zip(data.tasks, data.files, strict=True))
    used = {tool for task, file in pairs if file == test for tool in tools(task)}
    return fit(
        [
            one
            for one, (task, file) in zip(examples, pairs, strict=True)
            if one and file != test and not (disjoint and used & tools(task))
        ]
    )


def all_collections() -> None:
    """Print NDCG@5 and recall@10 by collection, then what each feature is worth there.

    The worth is the default's NDCG@5 less that without the feature: below 0 where it costs.
    """
    names = (*BASELINES, "default")
    heads = [f"{measure} {name}" for measure in ("N@5", "R@10") for name in names]
    print(f"{'percent':26s}{'tools':>6s}{'n':>6s}" + "".join(f"{head:>14s}" for head in heads))
    embedder, found, worth = KeptVectors(), {}, {}
    for one in collections(shared_folder()):
        values, worth[one.name] = compared(one, embedder)
        found[one.name] = dict(zip(names, values[:, 0].round(2).tolist(), strict=True))
        print(
            f"{one.name:26s}{len(one.specs):6d}{len(one.tasks):6d}"
            + "".join(f"{value:14.1f}" for value in values.T.ravel()),
            flush=True,
        )
    print(f"{'worth of':26s}" + "".join(f"{name:>14s}" for name in FEATURES))
    for name, values in worth.items():
        print(f"{name:26s}" + "".join(f"{value:+14.1f}" for value in values))
    print(json.dumps({"name": "retrieval, all collections", "unit": "ndcg@5", "found": found}))


def compared(one: Collection, embedder: Embedder) -> tuple[NDArray[Any], NDArray[Any]]:
    """NDCG@5 and recall@10 in percent, a row for each baseline and the default; then the worths."""

    def means(search: Callable[[str], Sequence[str]]) -> NDArray[Any]:
        rows = [(search(task.query), labels(task)) for task in one.tasks]
        return np.mean([(100 * ndcg(f, r, 5), 100 * recall(f, r, 10)) for f, r in rows], axis=0)

    with tempfile.TemporaryDirectory() as folder, Catalog.open(folder, embedder=embedder) as opened:
        opened.add(one.specs)
        index = opened.search_index
        known = {task.query: index.evidence(task.query, 10) for task in one.tasks}

        def by(ranker: Ranker) -> Callable[[str], list[str]]:
            def search(query: str) -> list[str]:
                evidence = known[query]
                return [] if evidence is None else [h.id for h in ranked(evidence, ranker, 10)]

            return search

        default = means(lambda query: [hit.id for hit, _ in opened.search(query, 10)])
        without = [means(by(left_out(name)))[0] for name in FEATURES]
        values = [*(means(baseline(index, name, 10)) for name in BASELINES), default]
    return np.array(values), default[0] - np.array(without)


def main() -> None:
    """Read the files, print the table."""
    told = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    told.add_argument("queries", nargs="*", type=Path)
    told.add_argument("--tools", type=Path, help="where query files do not describe their tools")
    told.add_argument("--every", type=int, default=1, help="take every Nth query")
    told.add_argument("--fit", action="store_true", help="also leave each file out, fit the rest")
    told.add_argument("--all", action="store_true", help="one table over all collections at hand")
    given = told.parse_args()
    if given.all:
        all_collections()
        return
    data = loaded(given.queries, given.tools, given.every)
    embedder = KeptVectors()
    print(f"{len(data.specs)} tools, {len(data.tasks)} queries")
    print(
        f"{'percent':28s}" + "".join(f"{f'{m}@{k}':>7s}" for m in "RN" for k in CUTS) + "  N@5 95%"
    )
    beaten = to_beat(data, embedder)
    with tempfile.TemporaryDirectory() as folder, Catalog.open(folder, embedder=embedder) as opened:
        opened.add(data.specs.values())
        reached = ours(data, opened, given.fit)
    best, peer = reached["+ names said (the default)"], beaten["+ tool prior"]
    print(
        json.dumps(
            {
                "name": "retrieval",
                "ours": round(best / 100, 4),
                "peer": round(peer / 100, 4),
                "peer_name": "hybrid with sentences and tool prior",
                "unit": "ndcg@5",
                "ratio": round(best / peer, 4),
                "n": len(data.tasks),
            }
        )
    )


if __name__ == "__main__":
    main()
