"""Metrics agree with their definitions written out, and intervals with plain resampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.retriever.metrics import bootstrap, ndcg, recall, reciprocal_rank

IDS = [f"t{n}" for n in range(12)]
rankings = st.lists(st.sampled_from(IDS), unique=True)
relevant_sets = st.sets(st.sampled_from(IDS), min_size=1)
cuts = st.integers(1, 15)


def gains(ranked: list[str], relevant: set[str], k: int) -> list[int]:
    """1 or 0 for each of ``k`` places, those past the ranking's end among them."""
    return [int(i < len(ranked) and ranked[i] in relevant) for i in range(k)]


@given(rankings, relevant_sets, cuts)
def test_metrics_are_what_their_definitions_say(
    ranked: list[str], relevant: set[str], k: int
) -> None:
    found = gains(ranked, relevant, k)
    best = ([1] * len(relevant) + [0] * k)[:k]
    dcg, ideal = (
        sum(gain / math.log2(place + 2) for place, gain in enumerate(some))
        for some in (found, best)
    )
    assert recall(ranked, relevant, k) == pytest.approx(sum(found) / len(relevant))
    assert ndcg(ranked, relevant, k) == pytest.approx(dcg / ideal)
    first = found.index(1) + 1 if 1 in found else math.inf
    assert reciprocal_rank(ranked, relevant, k) == pytest.approx(1 / first)


@given(rankings, relevant_sets, st.integers(1, 11))
def test_a_deeper_cut_never_lowers_recall_or_reciprocal_rank(
    ranked: list[str], relevant: set[str], k: int
) -> None:
    for measure in (recall, reciprocal_rank):
        assert 0 <= measure(ranked, relevant, k) <= measure(ranked, relevant, k + 1) <= 1
    assert 0 <= ndcg(ranked, relevant, k) <= 1


@given(relevant_sets, cuts)
def test_the_best_ranking_has_all_there_is(relevant: set[str], k: int) -> None:
    ranked = [*relevant, *(id_ for id_ in IDS if id_ not in relevant)]
    assert recall(ranked, relevant, k) == pytest.approx(min(1, k / len(relevant)))
    assert ndcg(ranked, relevant, k) == pytest.approx(1)
    assert reciprocal_rank(ranked, relevant, k) == 1


@pytest.mark.parametrize("measure", [recall, ndcg, reciprocal_rank])
def test_what_has_no_value_is_refused(measure: object) -> None:
    assert callable(measure)
    for relevant, k in ((set(), 5), ({"a"}, 0)):
        with pytest.raises(ValueError, match="k below 1"):
            measure(["a"], relevant, k)


def test_intervals_are_those_of_resampling_row_by_row() -> None:
    values = np.random.default_rng(3).random((80, 2)) ** np.array([1, 4])
    low, high = bootstrap(values, resamples=20_000, seed=1)
    rng = np.random.default_rng(2)
    means = np.array([values[rng.integers(0, 80, 80)].mean(axis=0) for _ in range(20_000)])
    assert low == pytest.approx(np.quantile(means, 0.025, axis=0), abs=2e-3)
    assert high == pytest.approx(np.quantile(means, 0.975, axis=0), abs=2e-3)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.integers(0, 2**32),
)
def test_intervals_are_seeded_and_inside_the_values(column: list[float], seed: int) -> None:
    values = np.array([column, column[::-1]]).T
    low, high = bootstrap(values, resamples=50, seed=seed)
    again = bootstrap(values, resamples=50, seed=seed)
    assert np.array_equal(low, again[0])
    assert np.array_equal(high, again[1])
    assert (low <= high).all()
    assert (low >= min(column) - 1e-12).all()
    assert (high <= max(column) + 1e-12).all()


def test_many_queries_are_resampled_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random((40, 1))
    whole = bootstrap(values, resamples=100, seed=5)
    monkeypatch.setattr("toolgrove.retriever.metrics._COUNTS", 120)
    pieces = bootstrap(values, resamples=100, seed=5)
    assert np.allclose(whole, pieces, rtol=1e-12)


def test_no_query_has_no_interval() -> None:
    with pytest.raises(ValueError, match="no query"):
        bootstrap(np.empty((0, 2)))
