"""Texts to vectors: one small interface, the default embedder, and an adapter to other models.

The default is all-MiniLM-L6-v2 (Apache-2.0) as ONNX on onnxruntime and tokenizers, which come with
Chroma anyway: no torch, 23 MB, the same vectors on every machine (its weights are stored in 8 bits
and computed with in 32).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import ModelError
from toolgrove.machine import weights

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

    from toolgrove.machine.progress import Tick

__all__ = ["Embedder", "LangChainEmbedder", "MiniLM", "PartEmbedder", "batches", "normalised"]


class Embedder(Protocol):
    """Turns texts into vectors of length 1."""

    @property
    def name(self) -> str:
        """Which model, exactly: vectors of different names are never compared."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """The vectors of texts, as float32 array of shape (texts, dimension), rows of length 1.

        ``query`` tells searches from documents, for models that embed them differently.
        """


@runtime_checkable
class PartEmbedder(Protocol):
    """An embedder that gives the vectors of a query and of its sentences in one pass."""

    def embed_parts(self, parts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of a query, ``parts[0]``, and of the parts of it that follow, in order."""


class MiniLM:
    """all-MiniLM-L6-v2: mean of the last layer, 256 tokens at most, 384 dimensions.

    Parameters
    ----------
    threads : int, optional
        The cores that this process may use, where it is not given. One batch is shared by that
        many threads; of several, each thread computes its own, which takes a tenth less of
        processor time.
    tick : callable, optional
        Told ``(done, total)`` in bytes while the weights are fetched, which happens at the first
        text and once on a machine (:func:`toolgrove.machine.weights.fetch`).

    Examples
    --------
    >>> MiniLM().name, MiniLM().dimension
    ('all-MiniLM-L6-v2/int8-8199be6f', 384)
    """

    name = f"all-MiniLM-L6-v2/int8-{weights.MINILM_INT8.sha256[:8]}"
    dimension = 384
    MAX_TOKENS = 256
    BATCH_TOKENS = 512

    def __init__(self, *, threads: int | None = None, tick: Tick | None = None) -> None:
        self._threads = threads or _cores()
        self._tick = tick
        self._lock = threading.Lock()
        self._tokenizer: Any = None
        self._sessions: dict[tuple[int, int], Any] = {}

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """See :meth:`Embedder.embed`; raises ``WeightsError`` where the weights cannot be had."""
        encoded = self._load()[0].encode_batch(list(texts))
        out = np.empty((len(encoded), self.dimension), dtype=np.float32)
        together = list(batches([len(one.ids) for one in encoded], self.BATCH_TOKENS))
        workers = min(self._threads, len(together))
        session = self._load(1 if workers > 1 else self._threads)[1]

        def compute(some: list[int]) -> None:
            out[some] = _mean_of_last_layer(session, [encoded[i].ids for i in some])

        if workers > 1:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(compute, reversed(together)))  # the longest first: an even end
        else:
            for some in together:
                compute(some)
        return normalised(out, self.name)

    def _model(self) -> str | bytes:
        """The path, or the bytes, of what onnxruntime runs."""
        return str(weights.fetch(weights.MINILM_INT8, tick=self._tick))

    def embed_parts(self, parts: Sequence[str]) -> NDArray[np.float32]:
        """See :meth:`PartEmbedder.embed_parts`: half the work of embedding each part by itself.

        A part's vector is the mean of the last layer over its own tokens, seen in the whole query
        ("late chunking", Günther et al., 2024). A part without tokens of its own, past
        ``MAX_TOKENS`` say, is embedded by itself.
        """
        tokenizer, session = self._load()
        encoded = tokenizer.encode(parts[0])
        hidden = _last_layer(session, [encoded.ids])[0]
        vectors, rest, end = [hidden.mean(axis=0)], [], 0
        for part in parts[1:]:
            start = parts[0].find(part, end)
            end = start + len(part) if start >= 0 else end
            own = [start <= a < b <= end for a, b in encoded.offsets] if start >= 0 else []
            if not any(own):
                rest.append(len(vectors))
            vectors.append(hidden[own].mean(axis=0) if any(own) else hidden[0])
        out = normalised(np.stack(vectors), self.name)
        if rest:
            out[rest] = self.embed([parts[i] for i in rest], query=True)
        return out

    def _load(self, threads: int | None = None) -> tuple[Any, Any]:
        """The tokenizer, and the model for one caller with so many threads."""
        threads = threads or self._threads
        with self._lock:
            if self._tokenizer is None:
                from tokenizers import Tokenizer

                tokenizer = Tokenizer.from_file(str(weights.fetch(weights.MINILM_TOKENIZER)))
                tokenizer.enable_truncation(self.MAX_TOKENS)
                tokenizer.no_padding()
                self._tokenizer = tokenizer
            here = os.getpid(), threads  # a session's threads stay with the parent of a fork
            if here not in self._sessions:
                self._sessions[here] = _session(self._model(), threads)
            return self._tokenizer, self._sessions[here]


def _session(model: str | bytes, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # waiting in a busy loop doubles the CPU time of a query on a machine with work
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def batches(lengths: Sequence[int], tokens: int = 1024) -> Iterator[list[int]]:
    """Places of texts that are worth computing together: little padding, bounded memory.

    Examples
    --------
    >>> list(batches([60, 9, 12, 10]))
    [[1, 3, 2], [0]]
    """
    some: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if some and (lengths[i] > 1.5 * lengths[some[0]] or lengths[i] * (len(some) + 1) > tokens):
            yield some
            some = []
        some.append(i)
    if some:
        yield some


def _last_layer(session: Any, tokens: list[list[int]]) -> NDArray[np.float32]:
    """The last layer, of shape (texts, longest, dimension); what is past a text's end is noise."""
    longest = max(map(len, tokens))
    ids = np.zeros((len(tokens), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(tokens):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    (hidden,) = session.run(["last_hidden_state"], feed)
    return np.asarray(hidden, dtype=np.float32)


def _mean_of_last_layer(session: Any, tokens: list[list[int]]) -> NDArray[np.float32]:
    hidden = _last_layer(session, tokens)
    mask = np.arange(hidden.shape[1]) < np.array([[len(sequence)] for sequence in tokens])
    summed: NDArray[np.float32] = np.einsum("bth,bt->bh", hidden, mask.astype(np.float32))
    mean: NDArray[np.float32] = summed / mask.sum(axis=1, keepdims=True, dtype=np.float32)
    return mean


class LangChainEmbedder:
    """Any LangChain ``Embeddings``, among them ``HuggingFaceEmbeddings`` for local models.

    Parameters
    ----------
    embeddings : langchain_core.embeddings.Embeddings
    name : str
        The model's exact name; it is kept with the index, which no other model may then search.
    """

    def __init__(self, embeddings: Embeddings, name: str) -> None:
        self.name = name
        self._embeddings = embeddings
        self._dimension = 0

    @property
    def dimension(self) -> int:
        """Numbers in a vector, found out by embedding a word."""
        self._dimension = self._dimension or self.embed(["tool"]).shape[1]
        return self._dimension

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """See :meth:`Embedder.embed`."""
        if query:
            vectors = [self._embeddings.embed_query(text) for text in texts]
        else:
            vectors = self._embeddings.embed_documents(list(texts))
        return normalised(np.asarray(vectors, dtype=np.float32), self.name)


def normalised(vectors: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    """Rows scaled to length 1, contiguous.

    Raises
    ------
    ModelError
        A vector is not finite or has no length.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if vectors.size and not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise ModelError(f"{name} gave a vector that is not finite or has no length.")
    return np.ascontiguousarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1
