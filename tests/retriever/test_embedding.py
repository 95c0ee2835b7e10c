"""The default embedder is all-MiniLM-L6-v2; other libraries' models can take its place."""

from __future__ import annotations

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from support.embedders import need_minilm
from toolgrove.errors import ModelError
from toolgrove.retriever.documents import parts
from toolgrove.retriever.embedding import (
    LangChainEmbedder,
    MiniLM,
    PartEmbedder,
    batches,
    normalised,
)


@pytest.fixture
def minilm(monkeypatch: pytest.MonkeyPatch) -> MiniLM:
    return need_minilm(monkeypatch)


def test_it_agrees_with_the_publishers_model(minilm: MiniLM) -> None:
    """The three sentences and cosines that sentence-transformers' own quickstart prints."""
    vectors = minilm.embed(
        [
            "The weather is lovely today.",
            "It's so sunny outside!",
            "He drove to the stadium.",
        ]
    )
    published = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    assert vectors.shape == (3, minilm.dimension)
    assert np.abs(vectors @ vectors.T - published).max() < 0.02


def test_a_text_has_one_vector_whatever_it_is_embedded_with(minilm: MiniLM) -> None:
    texts = ["", "lottery", "the latest results of every lottery draw " * 3, "word " * 2000]
    together = minilm.embed(texts)
    alone = np.concatenate([minilm.embed([text]) for text in texts])
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1)
    assert np.abs(together - alone).max() < 1e-5
    assert minilm.embed([]).shape == (0, 384)


def test_batches_hold_every_text_once_with_bounded_padding() -> None:
    lengths = [3, 256, 9, 256, 60, 61, 256, 4, 256, 256, 10]
    made = list(batches(lengths))
    assert sorted(i for some in made for i in some) == list(range(len(lengths)))
    for some in made:
        longest = max(lengths[i] for i in some)
        assert longest * len(some) <= 1024
        assert longest <= 1.5 * min(lengths[i] for i in some)


def test_any_langchain_embeddings_will_do() -> None:
    embedder = LangChainEmbedder(DeterministicFakeEmbedding(size=32), "fake/32")
    documents = embedder.embed(["one", "two"])
    assert embedder.dimension == 32
    assert documents.shape == (2, 32)
    assert np.allclose(embedder.embed(["one"], query=True), documents[:1])


@pytest.mark.parametrize("bad", [0.0, float("nan"), float("inf")])
def test_a_vector_without_direction_is_an_error(bad: float) -> None:
    with pytest.raises(ModelError, match="model/1 gave a vector"):
        normalised(np.full((1, 3), bad, dtype=np.float32), "model/1")


def test_a_query_and_its_sentences_are_embedded_in_one_pass_nearly_as_one_by_one(
    minilm: MiniLM,
) -> None:
    texts = parts("I'm off to Oslo. Will it rain? Book a table for two.")
    together, apart = minilm.embed_parts(texts), minilm.embed(texts, query=True)
    assert isinstance(minilm, PartEmbedder)
    assert np.allclose(together[0], apart[0], atol=1e-4)
    near = (together @ apart.T)[1:, 1:]
    assert (near.argmax(axis=1) == np.arange(3)).all()


def test_a_part_that_is_past_the_models_reach_has_a_vector_of_its_own(minilm: MiniLM) -> None:
    texts = parts("word " * 300 + ". Will it rain?")
    together = minilm.embed_parts(texts)
    assert np.allclose(together[2], minilm.embed(["Will it rain?"])[0], atol=1e-4)
