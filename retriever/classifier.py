"""A multi-label classifier over a small fixed set of tools, with no document in sight.

After ToolRAG (TinyAgent, Erdogan et al., 2024): which of a handful of tools a query needs, learnt
from labelled queries. It knows the tools that it was trained on and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import FormatError, UsageError
from toolgrove.retriever import artefact
from toolgrove.retriever.artefact import Manifest
from toolgrove.retriever.embedding import Embedder

__all__ = ["ToolClassifier"]


class ToolClassifier:
    """A logistic head for each tool over a query's vector.

    Parameters
    ----------
    embedder : Embedder
    manifest : Manifest
        Its settings name the tools.
    weights, bias : float32 arrays of shape (tools, dimension) and (tools,)
    """

    def __init__(
        self,
        embedder: Embedder,
        manifest: Manifest,
        weights: NDArray[np.float32],
        bias: NDArray[np.float32],
    ) -> None:
        self.manifest = manifest
        self.tools: tuple[str, ...] = tuple(manifest.settings["tools"])
        self._embedder, self._weights, self._bias = embedder, weights, bias

    @classmethod
    def load(cls, folder: str | Path, embedder: Embedder) -> ToolClassifier:
        """Read a folder that :meth:`save` or ``toolgrove train retriever`` wrote.

        Raises
        ------
        FormatError
            It is damaged, something else, or was trained for another embedder.
        """
        manifest, tensors = artefact.load(folder, kind="classifier")
        file = str(Path(folder) / artefact.MANIFEST)
        if manifest.base != embedder.name:
            raise FormatError(
                file, "$.base", f"a classifier over {embedder.name}, not over {manifest.base}",
                "Open it with that embedder, or train one for this one.",
            )  # fmt: skip
        tools = manifest.settings.get("tools")
        weights, bias = (tensors.get(name, np.zeros(0)) for name in ("weights", "bias"))
        shape = (len(tools) if isinstance(tools, list) else -1, embedder.dimension)
        if weights.shape != shape or bias.shape != shape[:1]:
            raise FormatError(
                file, "$.settings.tools", "a row of weights a tool", "Train it again."
            )
        return cls(embedder, manifest, weights, bias)

    def save(self, folder: str | Path) -> None:
        """Write the heads, without the embedder below."""
        tensors = {"weights": self._weights, "bias": self._bias}
        artefact.save(folder, self.manifest, tensors)

    def probabilities(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """How likely each query needs each tool: array of shape (queries, tools)."""
        vectors = self._embedder.embed(queries, query=True)
        logits = vectors @ self._weights.T + self._bias
        chances: NDArray[np.float64] = 0.5 + 0.5 * np.tanh(0.5 * logits.astype(np.float64))
        return chances

    def predict(self, query: str, k: int = 5) -> list[tuple[str, float]]:
        """The ``k`` likeliest tools with their probabilities, best first.

        Weighting the positives makes the probabilities too high; compare them, or choose a
        threshold on queries of your own.

        Raises
        ------
        UsageError
            The query is empty, or ``k`` is below 1.
        """
        if not query.strip() or k < 1:
            raise UsageError("predict takes words, and k of 1 or more.")
        (chances,) = self.probabilities([query])
        best = np.argsort(-chances, kind="stable")[:k]
        return [(self.tools[i], float(chances[i])) for i in best]
