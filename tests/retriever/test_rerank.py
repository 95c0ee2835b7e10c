"""Rerankers: what a model says is checked, and never loses a hit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import FakeListChatModel

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.data.records import ToolSpec
from toolgrove.retriever.rerank import ChatReranker, CrossEncoderReranker, reordered


@given(st.text(), st.integers(0, 6))
def test_whatever_a_model_replies_every_document_has_a_place(reply: str, count: int) -> None:
    scores = ChatReranker(FakeListChatModel(responses=[reply]))("q", ["d"] * count)
    assert sorted(scores) == [float(n) for n in range(1, count + 1)]


@given(st.lists(st.integers(-3, 9)))
def test_the_documents_that_a_model_names_come_first_in_its_order(numbers: list[int]) -> None:
    rerank = ChatReranker(FakeListChatModel(responses=[json.dumps({"tools": numbers})]))
    documents = ["1", "2", "3", "4"]
    named = [str(n) for n in dict.fromkeys(numbers) if 1 <= n <= 4]
    rest = [text for text in documents if text not in named]
    assert reordered(documents, rerank("q", documents)) == [*named, *rest]


def test_braces_in_third_party_text_are_text() -> None:
    rerank = ChatReranker(FakeListChatModel(responses=['{"tools": [2]}']))
    assert rerank("{query} {0}", ["{tools}", "{}"]) == [1.0, 2.0]


def test_a_catalogue_lets_a_reranker_look_deeper_than_k(tmp_path: Path) -> None:
    specs = [ToolSpec(f"c/t/{n}", "c", "t", n, f"rain {n}") for n in ("one", "two", "three")]
    seen: list[int] = []

    def last_first(query: str, documents: list[str]) -> list[float]:
        seen.append(len(documents))
        return [float(place) for place in range(len(documents))]

    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        catalog.add(specs)
        plain = [spec.id for _, spec in catalog.search("rain", 3)]
        again = [spec.id for _, spec in catalog.search("rain", 1, rerank=last_first)]
    assert again == plain[-1:]
    assert seen == [3]


@pytest.mark.train
def test_any_cross_encoder_gives_a_score_a_document(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "rain", "sun"]))
    BertTokenizerFast(str(vocabulary)).save_pretrained(tmp_path / "model")
    shape = BertConfig(
        vocab_size=7, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=8, num_labels=1,
    )  # fmt: skip
    BertForSequenceClassification(shape).save_pretrained(tmp_path / "model")
    scores = CrossEncoderReranker(str(tmp_path / "model"))("rain", ["rain", "sun", "rain"])
    assert len(scores) == 3
    assert scores[0] == pytest.approx(scores[2])
