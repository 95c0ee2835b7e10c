"""The labelled collections that retrieval is measured on, and vectors kept between runs.

The bundled world is always there. The others are looked for in ``../shared/data`` or in
``$TOOLGROVE_SHARED/data``: ToolBench's query files, and folders with a ``corpus.jsonl`` of tools
beside ``queries*.jsonl``, so that a collection of one's own is added by putting it there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolgrove.data import codec, world
from toolgrove.data.formats.query_sets import labels
from toolgrove.data.formats.sources import SPECS, TASKS, load_sources
from toolgrove.data.records import Task, ToolSpec
from toolgrove.machine.weights import models_folder
from toolgrove.retriever.embedding import MiniLM

__all__ = ["Collection", "KeptVectors", "collections", "shared_folder"]

LONG = 1000
"""Queries; of a longer file every third is taken."""


@dataclass(frozen=True)
class Collection:
    """Tools, and queries whose relevant tools are among them.

    ``family`` names the tools that several collections have in common: they are left out together.
    """

    name: str
    family: str
    specs: Sequence[ToolSpec]
    tasks: Sequence[Task]


def shared_folder() -> Path:
    """Where collections are looked for."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    return Path(os.environ.get("TOOLGROVE_SHARED", beside)) / "data"


def collections(data: Path) -> Iterator[Collection]:
    """The world, ToolBench's files over the tools of all of them, and the folders of a folder."""
    yield Collection("world", "world", world.specs(), _labelled(world.tasks()))
    files = sorted((data / "toolbench" / "queries").glob("G*.json"))
    read = [(file.stem, one) for file in files for one in load_sources([file], TASKS)]
    specs = list({spec.id: spec for _, one in read for spec in one.specs}.values())
    for name, one in read:
        yield Collection(f"toolbench {name}", "toolbench", specs, _labelled(one.tasks))
    for corpus in sorted(data.glob("*/corpus.jsonl")):
        specs = [spec for one in load_sources([corpus], SPECS) for spec in one.specs]
        for file in sorted(corpus.parent.glob("queries*.jsonl")):
            tasks = [task for one in load_sources([file], TASKS) for task in one.tasks]
            part = file.stem.removeprefix("queries").strip("_")
            every = 3 if len(tasks) > LONG else 1
            name = f"{corpus.parent.name} {part}".strip()
            yield Collection(name, corpus.parent.name, specs, _labelled(tasks)[::every])


def _labelled(tasks: Sequence[Task]) -> list[Task]:
    return [task for task in tasks if labels(task)]


class KeptVectors:
    """The default embedder; every vector that it gave stands in a file of the user's cache."""

    def __init__(self, path: Path | None = None) -> None:
        self.base = MiniLM()
        self.name, self.dimension = self.base.name, self.base.dimension
        path = path or models_folder().parent / "benchmarks" / "vectors.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._kept = sqlite3.connect(path)
        self._kept.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB)")

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """See :meth:`toolgrove.retriever.embedding.Embedder.embed`."""
        keys = [self._key([query, text]) for text in texts]
        known = {key: vector for key in keys if (vector := self._read(key)) is not None}
        new = {k: text for k, text in zip(keys, texts, strict=True) if k not in known}
        if new:
            made = dict(zip(new, self.base.embed(list(new.values()), query=query), strict=True))
            for key, vector in made.items():
                self._write(key, vector)
            self._kept.commit()
            known |= made
        return np.stack([known[key] for key in keys])

    def embed_parts(self, parts: Sequence[str]) -> NDArray[np.float32]:
        """See :meth:`toolgrove.retriever.embedding.PartEmbedder.embed_parts`."""
        key = self._key(["parts", *parts])
        kept = self._read(key)
        if kept is not None:
            return kept.reshape(len(parts), self.dimension)
        made = self.base.embed_parts(parts)
        self._write(key, made)
        self._kept.commit()
        return made

    def _key(self, what: Sequence[object]) -> str:
        return codec.digest([self.name, *what])

    def _read(self, key: str) -> NDArray[np.float32] | None:
        row = self._kept.execute("SELECT vector FROM vectors WHERE key = ?", [key]).fetchone()
        return None if row is None else np.frombuffer(row[0], np.float32)

    def _write(self, key: str, vector: NDArray[np.float32]) -> None:
        row = (key, vector.astype(np.float32).tobytes())
        self._kept.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?)", row)
