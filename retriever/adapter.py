"""A query adapter: a small change to query vectors, learnt in seconds; documents stay as they are.

``q`` becomes ``q + g · B A q``, scaled to length 1, with ``A`` of shape (rank, dimension) and ``B``
of shape (dimension, rank): a residual of low rank, that starts at nothing and is pulled towards it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import FormatError
from toolgrove.retriever import artefact
from toolgrove.retriever.artefact import Manifest
from toolgrove.retriever.embedding import Embedder, PartEmbedder, normalised

__all__ = ["AdaptedEmbedder"]


class AdaptedEmbedder:
    """An embedder whose query vectors pass through an adapter.

    It has the name of the embedder below, because the vectors of documents are the same: an index
    that was made with that one answers to this one.

    Parameters
    ----------
    base : Embedder
    manifest : Manifest
    down, up : float32 arrays of shape (rank, dimension) and (dimension, rank)
    """

    def __init__(
        self,
        base: Embedder,
        manifest: Manifest,
        down: NDArray[np.float32],
        up: NDArray[np.float32],
    ) -> None:
        self.base, self.manifest = base, manifest
        self.name, self.dimension = base.name, base.dimension
        self._down, self._up = down, up

    @classmethod
    def load(cls, folder: str | Path, base: Embedder) -> AdaptedEmbedder:
        """Read a folder that :meth:`save` or ``toolgrove train retriever`` wrote.

        Raises
        ------
        FormatError
            It is damaged, something else, or was trained for another embedder.
        """
        manifest, tensors = artefact.load(folder, kind="adapter")
        file = str(Path(folder) / artefact.MANIFEST)
        if manifest.base != base.name:
            raise FormatError(
                file, "$.base", f"an adapter for {base.name}, not for {manifest.base}", "Open it "
                "with that embedder, or train an adapter for this one.",
            )  # fmt: skip
        down, up = (tensors.get(name, np.zeros(0)) for name in ("down", "up"))
        if down.ndim != 2 or down.shape[1] != base.dimension or up.shape != down.shape[::-1]:
            raise FormatError(
                file, "$.weights", f"matrices for {base.dimension} dimensions", "Train it again."
            )
        return cls(base, manifest, down.astype(np.float32), up.astype(np.float32))

    def save(self, folder: str | Path) -> None:
        """Write the adapter, without the embedder below."""
        artefact.save(folder, self.manifest, {"down": self._down, "up": self._up})

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """See :meth:`toolgrove.retriever.embedding.Embedder.embed`."""
        vectors = self.base.embed(texts, query=query)
        return self.adapted(vectors) if query else vectors

    def embed_parts(self, parts: Sequence[str]) -> NDArray[np.float32]:
        """See :meth:`toolgrove.retriever.embedding.PartEmbedder.embed_parts`."""
        if isinstance(self.base, PartEmbedder):
            return self.adapted(self.base.embed_parts(parts))
        return self.embed(parts, query=True)

    def adapted(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Query vectors of the embedder below, changed; float32 of shape (n, dimension)."""
        change = vectors @ self._down.T @ self._up.T
        return normalised((vectors + change).astype(np.float32), self.name)
