"""What indexing and searching cost as a catalogue grows, beside two libraries' own tool stores.

    python benchmarks/retrieval_scale.py                       # 16,000 synthetic tools, and peers
    python benchmarks/retrieval_scale.py --operations 33000    # real AWS and Google operations
    python benchmarks/retrieval_scale.py --synthetic 1000000   # a million synthetic tools
    python benchmarks/retrieval_scale.py --folder DIR          # keep the index, or go on with it

Synthetic tools are words of topics, drawn by Zipf's law; their vectors are sums of one random
vector a word, made here and not by a model, so that they lie in clusters. They say what index and
search cost; they say nothing of embedding and nothing of quality. Real operations are embedded by
the default model (``pip install botocore google-api-python-client``).

The peers, langgraph-bigtool's store search and llama-index's ObjectIndex, search the same vectors
in the same process, in turn with ours; one that is not installed is left out. Ours is the whole
search, BM25 and fusion included; theirs is a search by vectors alone. The last line is one JSON
object, of the quicker peer.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolgrove.data.formats.botocore_models import load_botocore
from toolgrove.data.formats.google_discovery import load_google
from toolgrove.data.records import ToolSpec
from toolgrove.retriever.documents import document
from toolgrove.retriever.embedding import Embedder, MiniLM, normalised
from toolgrove.retriever.index import Index
from toolgrove.retriever.lexical import tokens

TOPICS, WORDS, COMMON = 2000, 40, 3000
Search = Callable[[str], object]


class WordSums:
    """Not a model: a text's vector is the sum of one pseudorandom vector a word."""

    name = "word-sums/1"
    dimension = 384

    def __init__(self) -> None:
        self._words: dict[str, NDArray[np.float32]] = {}

    def _word(self, word: str) -> NDArray[np.float32]:
        if word not in self._words:
            draw = np.random.default_rng(zlib.crc32(word.encode()))
            self._words[word] = draw.standard_normal(self.dimension, dtype=np.float32)
        return self._words[word]

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """See :meth:`toolgrove.retriever.embedding.Embedder.embed`."""
        sums = [np.sum([self._word(w) for w in tokens(text) or ["none"]], axis=0) for text in texts]
        return normalised(np.stack(sums), self.name)


def synthetic(count: int) -> Iterator[ToolSpec]:
    """Tools of topics, ten a tool, a hundred a category."""
    draw = np.random.default_rng(0)
    for n in range(count):
        topic = int(draw.integers(TOPICS))
        own = np.minimum(draw.zipf(1.3, 8), WORDS)
        common = np.minimum(draw.zipf(1.3, 6), COMMON)
        said = [f"topic{topic}word{w}" for w in own] + [f"common{w}" for w in common]
        group = topic * 10 + int(own[0]) % 10
        yield ToolSpec(f"t{n}", f"c{topic}", f"tool{group}", f"api{n}", " ".join(said))


def operations(count: int) -> Iterator[ToolSpec]:
    """Real AWS and Google operations."""
    yield from islice(chain(load_botocore(), load_google()), count)


def peak() -> float:
    """The most memory that the process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def built(index: Index, specs: Iterator[ToolSpec]) -> None:
    """Index the specs and say what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    embedded = index.update(specs, lambda done, _: print(f"\r{done:,}", end="", flush=True))
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    size = sum(path.stat().st_size for path in index.folder.rglob("*") if path.is_file()) / 2**20
    print(f"\r{len(index):,} tools, {embedded:,} texts embedded now")
    print(f"indexing: wall {wall:.1f} s, CPU {cpu:.1f} s")
    print(f"on disk {size:.0f} MiB, peak memory {peak():.0f} MiB")


def measured(searches: dict[str, Search], queries: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Wall p50 and p95 and CPU p50 of a search, in ms; the searches take turns."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in searches}
    for query in queries:
        for name, search in searches.items():
            began, cpu = time.perf_counter(), time.process_time()
            search(query)
            spent = time.perf_counter() - began, time.process_time() - cpu
            taken[name].append((1000 * spent[0], 1000 * spent[1]))
    result = {}
    for name, times in taken.items():
        wall, cpus = zip(*times, strict=True)
        p50, p95, cpu50 = np.percentile(wall, 50), np.percentile(wall, 95), np.median(cpus)
        result[name] = (float(p50), float(p95), float(cpu50))
        print(f"{name:44s} wall p50 {p50:8.2f}  p95 {p95:8.2f}  CPU p50 {cpu50:8.2f} ms")
    return result


def bigtool(texts: dict[str, str], embedder: Embedder) -> Search:
    """langgraph-bigtool's retrieval tool on LangGraph's in-memory store."""
    from langgraph.store.memory import InMemoryStore
    from langgraph_bigtool.tools import get_default_retrieval_tool

    def embed(some: list[str]) -> list[list[float]]:
        return embedder.embed(some).tolist()

    store = InMemoryStore(index={"embed": embed, "dims": embedder.dimension, "fields": ["text"]})
    for key, text in texts.items():
        store.put(("tools",), key, {"text": text})
    retrieve, _ = get_default_retrieval_tool(("tools",), limit=5)
    return lambda query: retrieve(query, store=store)


def object_index(texts: dict[str, str], embedder: Embedder) -> Search:
    """llama-index's ObjectIndex over its default vector store."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.objects import ObjectIndex

    class Same(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return embedder.embed([text])[0].tolist()

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    index = ObjectIndex.from_objects(
        list(texts.values()), index_cls=VectorStoreIndex, embed_model=Same()
    )
    return index.as_retriever(similarity_top_k=5).retrieve


PEERS = {"langgraph-bigtool": bigtool, "llama-index ObjectIndex": object_index}


def peers(specs: Sequence[ToolSpec], embedder: Embedder) -> dict[str, Search]:
    """Those that are installed, filled."""
    found = {}
    texts = {spec.id: document(spec) for spec in specs}
    for name, make in PEERS.items():
        try:
            found[name] = make(texts, embedder)
        except ImportError as error:
            print(f"left out {name}: {error}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operations", type=int, metavar="N", help="real operations")
    parser.add_argument("--synthetic", type=int, metavar="N", help="synthetic tools")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="where the index is kept")
    options = parser.parse_args()
    alone = options.operations or options.synthetic
    count = alone or 16_000
    make = operations if options.operations else synthetic
    embedder: Embedder = MiniLM() if options.operations else WordSums()
    with (
        tempfile.TemporaryDirectory() as scratch,
        Index(options.folder or scratch, embedder) as index,
    ):
        built(index, make(count))
        step = max(1, count // options.queries)
        asked = [spec.description for spec in islice(make(count), 0, None, step)]
        queries = [" ".join(text.split()[:20]) or "list" for text in asked][: options.queries]
        index.search("warm up")
        ours: dict[str, Search] = {"toolgrove": index.search}
        if options.operations:
            measured({"toolgrove, embedding included": index.search}, queries)
        else:
            for query in queries:
                index.search(query)
        others = {} if alone else peers(list(make(count)), embedder)
        spent = measured(
            {
                "toolgrove, embedding cached" if k == "toolgrove" else k: v
                for k, v in (ours | others).items()
            },
            queries,
        )
        print(f"peak memory {peak():.0f} MiB")
        tools = len(index)
    mine = spent.pop("toolgrove, embedding cached")[2]
    best = min(spent, key=lambda name: spent[name][2], default=None)
    peer = None if best is None else spent[best][2]
    line = {
        "name": f"search of {tools} tools",
        "ours": round(mine, 3),
        "peer": None if peer is None else round(peer, 3),
        "peer_name": best,
        "unit": "CPU ms, median",
        "ratio": None if peer is None else round(peer / mine, 2),
        "n": len(queries),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
