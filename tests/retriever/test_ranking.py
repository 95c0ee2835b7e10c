"""Fusion, ranking and metrics: what holds for every array of scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from toolgrove.retriever import fusion, metrics
from toolgrove.retriever.documents import MAX_PARTS, parts
from toolgrove.retriever.ranker import DEFAULT
from toolgrove.retriever.ranking import best, evidence, ranked
from toolgrove.retriever.store import Candidate

finite = st.floats(-1e6, 1e6, width=32)
rows = arrays(np.float64, st.integers(1, 12), elements=finite)
grids = arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 12)), elements=finite)


@given(grids)
def test_min_max_keeps_order_and_ends_at_0_and_1(scores: NDArray[np.float64]) -> None:
    scaled = fusion.min_max(scores)
    assert ((scaled >= 0) & (scaled <= 1)).all()
    for before, after in zip(scores, scaled, strict=True):
        assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0).all()
        assert before.max() == before.min() or (after.min(), after.max()) == (0, 1)


@given(rows, st.floats(0, 1))
def test_convex_of_a_ranking_with_itself_is_that_ranking(
    scores: NDArray[np.float64], weight: float
) -> None:
    assert np.allclose(fusion.convex(scores, scores, weight), fusion.min_max(scores))


def test_no_candidates_are_no_trouble() -> None:
    nothing = np.zeros((2, 0))
    assert fusion.convex(nothing, nothing).shape == (2, 0)
    assert best(np.zeros((2, 0), np.float32), 5).size == 0


def test_best_takes_each_rows_best_and_nothing_without_a_shared_word() -> None:
    scores = np.array([[0, 9, 8, 7, 0], [5, 0, 0, 0, 0]], dtype=np.float32)
    assert best(scores, 2).tolist() == [0, 1, 2]


def test_a_row_newer_than_the_bm25_index_counts_by_its_vector() -> None:
    vectors = np.eye(2, dtype=np.float32)
    old = Candidate(3, "old", "c", "t1", "old", vectors[0])
    new = Candidate(9, "new", "c", "t2", "new", vectors[1])
    words = np.array([[4.0]], dtype=np.float32)
    known = evidence(
        ["q"], [old, new], vectors[1:], words, np.array([3]), np.ones(1), lambda token: 1.0, 1.0
    )
    hits = ranked(known, DEFAULT, 5)
    assert {hit.id: (hit.lexical, hit.dense) for hit in hits} == {"old": (1, 0), "new": (0, 1)}


@given(st.permutations("abcdef"), st.sets(st.sampled_from("abcdef"), min_size=1), st.integers(1, 6))
def test_metrics_are_1_for_a_perfect_ranking_and_never_more(
    ranking: list[str], relevant: set[str], k: int
) -> None:
    perfect = sorted(ranking, key=lambda item: item not in relevant)
    assert metrics.ndcg(perfect, relevant, k) == pytest.approx(1)
    assert 0 <= metrics.ndcg(ranking, relevant, k) <= 1 + 1e-9
    assert metrics.recall(ranking, relevant, len(ranking)) == 1
    assert metrics.recall(ranking, relevant, k) <= metrics.recall(perfect, relevant, k)


def test_metrics_need_something_relevant() -> None:
    with pytest.raises(ValueError, match="without relevant"):
        metrics.recall(["a"], [], 5)


@given(st.text())
def test_any_query_has_bounded_parts_that_can_be_written(query: str) -> None:
    found = parts(query)
    assert 1 <= len(found) <= MAX_PARTS + 1
    assert all(part.encode() and part == " ".join(part.split()) for part in found[1:])


def test_a_pasted_page_is_not_searched_line_by_line() -> None:
    assert len(parts("One more line.\n" * 500)) == MAX_PARTS + 1
