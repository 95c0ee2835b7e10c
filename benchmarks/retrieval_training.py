"""What training an encoder or a query adapter is worth, each query file tested in turn.

    python benchmarks/retrieval_training.py G1.json G2.json G3.json             # in turn
    python benchmarks/retrieval_training.py G1.json G2.json G3.json --test G2   # one of them

Trained on the other files, once on all their queries and once on those that share no tool with a
query of the tested file. NDCG@5 in percent of cosine alone and of the whole search of a catalogue,
where everything but the embedder is the same; in brackets the gain over the untrained embedder
with its 95 % bootstrap interval.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolgrove.agent.catalog import Catalog
from toolgrove.data.formats.query_sets import labels
from toolgrove.data.formats.sources import TASKS, load_sources
from toolgrove.data.records import Task, ToolSpec
from toolgrove.retriever.documents import document
from toolgrove.retriever.embedding import Embedder, MiniLM
from toolgrove.retriever.metrics import ndcg
from toolgrove.retriever.training.adapter import train_adapter
from toolgrove.retriever.training.encoder import train_encoder
from toolgrove.retriever.training.examples import sharing_no_tool, training_examples
from toolgrove.retriever.training.remembered import Remembered

CUT = 5


def judged(
    embedder: Embedder, tasks: Sequence[Task], specs: dict[str, ToolSpec]
) -> NDArray[np.float64]:
    """NDCG in percent: array of shape (tasks, 2), cosine alone and the catalogue's search."""
    embedder, ids, values = Remembered(embedder), list(specs), []
    vectors = embedder.embed([document(spec) for spec in specs.values()])
    with tempfile.TemporaryDirectory() as folder, Catalog.open(folder, embedder=embedder) as opened:
        opened.add(specs.values())
        for task in tasks:
            (cosines,) = embedder.embed([" ".join(task.query.split())], query=True) @ vectors.T
            near = [ids[i] for i in np.argsort(-cosines, kind="stable")[:CUT]]
            hits = [hit.id for hit, _ in opened.search(task.query, CUT)]
            values.append([100 * ndcg(found, labels(task), CUT) for found in (near, hits)])
    return np.array(values)


def gain(after: NDArray[np.float64], before: NDArray[np.float64]) -> str:
    """The mean gain and its 95 % bootstrap interval over queries."""
    differences = after - before
    drawn = np.random.default_rng(0).integers(len(differences), size=(2000, len(differences)))
    low, high = np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])
    return f"{after.mean():5.1f} ({differences.mean():+.1f}, {low:+.1f} to {high:+.1f})"


def fold(name: str, files: dict[str, list[Task]], specs: dict[str, ToolSpec]) -> None:
    """Test one file; train on the others."""
    base, tests = Remembered(MiniLM()), files[name]
    before = judged(base, tests, specs)
    plain = "".join(f"{value:30.1f}" for value in before.mean(axis=0))
    print(f"{name:16s}{'untrained':28s}{'':8s}{plain}", flush=True)
    others = [task for other, tasks in files.items() if other != name for task in tasks]
    ways = {"": others, ", other tools": sharing_no_tool(others, tests, specs)}
    for way, tasks in ways.items():
        data = training_examples(tasks, specs.values())
        for method in ("adapter", "encoder"):
            began = time.process_time()
            trained: Embedder = (
                train_adapter(data, base) if method == "adapter" else train_encoder(data, base=base)
            )
            seconds = time.process_time() - began
            after = judged(trained, tests, specs)
            told = "".join(f"{gain(after[:, i], before[:, i]):>30s}" for i in (0, 1))
            what = f"{method}{way}, {len(data)} q."
            print(f"{name:16s}{what:28s}{seconds:6.0f} s{told}", flush=True)


def main() -> None:
    """Read the files, train and test."""
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_argument("queries", nargs="+", type=Path)
    told.add_argument("--test", help="only this file, by its name without the ending")
    given = told.parse_args()
    read = list(load_sources(given.queries, TASKS))
    specs = {spec.id: spec for one in read for spec in one.specs}
    files = {one.path.stem: [task for task in one.tasks if labels(task)] for one in read}
    print(f"{len(specs)} tools, {sum(map(len, files.values()))} queries; NDCG@{CUT}, percent")
    print(f"{'tested':16s}{'trained':28s}{'CPU':>8s}{'cosine':>30s}{'search':>30s}", flush=True)
    for name in files if given.test is None else [given.test]:
        fold(name, files, specs)


if __name__ == "__main__":
    main()
