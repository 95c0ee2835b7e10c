"""Examples that differ, and recommendations whose reasons can be checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.data.records import ToolSpec
from toolgrove.retriever.arguments import Found
from toolgrove.retriever.examples import diverse, likeness, shape
from toolgrove.retriever.recommendation import recommend, shared_words

RATES = ToolSpec(
    "F/rates/convert", "Finance", "rates", "convert", "Convert an amount between currencies.",
    {"type": "object", "properties": {
        "amount": {"type": "number"},
        "to": {"type": "string", "description": "Currency code"},
        "day": {"type": "string", "format": "date"}},
     "required": ["amount", "to", "day"]},
)  # fmt: skip
SKY = ToolSpec("W/sky/now", "Weather", "sky", "now", "Rain and temperature in a city.")
EARLIER = {
    RATES.id: [
        "Convert 5 GBP to NOK",
        "Convert 6 GBP to SEK",
        "How many dollars would I get for my yen at today's rate?",
        "Convert 100 USD to EUR.",
        "convert  5 GBP to NOK",
    ]
}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path, embedder=Hashing()) as opened:
        opened.add([RATES, SKY])
        yield opened


def test_a_recommendation_says_why_what_is_missing_and_how_it_was_asked(catalog: Catalog) -> None:
    query = "Will it rain? Convert 100 USD to EUR."
    found = recommend(query, catalog.search(query), catalog.search_index.embedder, EARLIER)
    by_id = {one.spec.id: one for one in found}
    rates, sky = by_id[RATES.id], by_id[SKY.id]
    assert rates.part == "Convert 100 USD to EUR."
    assert rates.shared == ("Convert",)
    assert [(one.name, one.value, one.found) for one in rates.arguments] == [
        ("amount", "100", Found.PERHAPS),
        ("to", "EUR", Found.GIVEN),
        ("day", None, Found.MISSING),
    ]
    assert rates.missing == ("day",)
    assert rates.examples[0].query.startswith("Convert")
    assert "How many dollars" in rates.examples[1].query, "before another of the same form"
    assert "Convert 100 USD to EUR." not in {one.query for one in rates.examples}, "is asked now"
    assert 'It answers "Convert 100 USD to EUR." (shared words: Convert).' in rates.reason
    assert f'needed it: "{rates.examples[0].query}"' in rates.reason
    assert (sky.part, sky.shared, sky.examples, sky.missing) == ("Will it rain?", ("rain",), (), ())
    assert [one.score for one in found] == [hit.score for hit, _ in catalog.search(query)]


def test_without_a_shared_word_the_reason_says_so(catalog: Catalog) -> None:
    found = recommend("umbrella", catalog.search("umbrella", 1), catalog.search_index.embedder)
    assert "(by its meaning only)" in found[0].reason


def test_shared_words_are_those_of_the_query() -> None:
    assert shared_words("Raining cats, rained dogs", "rain and dog") == ("Raining", "dogs")
    assert shared_words("the and of", "the and of") == ()


sentences = st.lists(st.text("ab 0?", max_size=12), min_size=1, max_size=6)


@given(sentences)
def test_likeness_is_symmetric_and_bounded(texts: list[str]) -> None:
    alike = likeness(texts, Hashing().embed(texts))
    assert alike.shape == (len(texts), len(texts))
    assert np.allclose(alike, alike.T)
    assert ((alike >= 0) & (alike <= 1 + 1e-6)).all()
    assert (np.diag(alike) == 1).all()


def test_each_side_of_likeness_counts() -> None:
    apart = np.eye(2, dtype=np.float32)
    together = np.ones((2, 1), dtype=np.float32)

    def alike(one: str, other: str, vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]]
              ) -> float:  # fmt: skip
        return float(likeness([one, other], vectors)[0, 1])

    nothing = alike("Which dog barks?", "cats", apart)
    assert nothing == 0
    assert alike("Which dog barks?", "dog", apart) > nothing, "a word"
    assert alike("Which dog barks?", "Which cat sleeps?", apart) == pytest.approx(1 / 3), "a form"
    assert alike("Which dog barks?", "cats", together) == pytest.approx(1 / 3), "a meaning"


def test_a_shape_keeps_function_words_and_forgets_the_rest() -> None:
    assert shape("Convert 5 GBP to NOK") == shape("Move 77 boxes to Rome")
    assert shape("") == []


@given(st.integers(0, 8), st.integers(0, 5), st.integers(0, 99))
def test_diverse_chooses_each_example_once_and_the_nearest_first(
    count: int, n: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    near, among = rng.random(count), rng.random((count, count))
    chosen = diverse(near, among, n)
    assert len(chosen) == len(set(chosen)) == min(n, count)
    if chosen:
        assert chosen[0] == near.argmax()
