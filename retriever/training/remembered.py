"""Embedding a text once, however many trainings and measurements ask for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolgrove.retriever.embedding import Embedder, PartEmbedder

__all__ = ["Remembered"]


class Remembered:
    """An embedder that keeps every vector it gave in memory, for the time of a training."""

    def __init__(self, base: Embedder) -> None:
        self.base = base
        self.name, self.dimension = base.name, base.dimension
        self._known: dict[tuple[str, bool], NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """See :meth:`toolgrove.retriever.embedding.Embedder.embed`."""
        new = [text for text in dict.fromkeys(texts) if (text, query) not in self._known]
        if new:
            vectors = self.base.embed(new, query=query)
            self._known.update(zip(((text, query) for text in new), vectors, strict=True))
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([self._known[text, query] for text in texts])

    def embed_parts(self, parts: Sequence[str]) -> NDArray[np.float32]:
        """See :meth:`toolgrove.retriever.embedding.PartEmbedder.embed_parts`; not remembered."""
        if isinstance(self.base, PartEmbedder):
            return self.base.embed_parts(parts)
        return self.embed(parts, query=True)
