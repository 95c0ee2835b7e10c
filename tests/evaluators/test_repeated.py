"""pass@k, pass^k, and how far an evaluation moves when it is repeated."""

from __future__ import annotations

from itertools import combinations
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.evaluators.repeated import pass_at_k, pass_hat_k, repeated

tries = st.lists(st.booleans(), min_size=1, max_size=7)


@given(tries, st.data())
def test_both_are_the_share_of_all_choices_of_k_tries(
    passed: list[bool], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(passed)))
    chosen = list(combinations(passed, k))
    n, c = len(passed), sum(passed)
    assert pass_at_k(n, c, k) == pytest.approx(fmean(any(one) for one in chosen))
    assert pass_hat_k(n, c, k) == pytest.approx(fmean(all(one) for one in chosen))


@given(st.integers(1, 60), st.data())
def test_more_tries_find_more_and_hold_less_and_the_failures_mirror_the_passes(
    n: int, data: st.DataObject
) -> None:
    c = data.draw(st.integers(0, n))
    at = [pass_at_k(n, c, k) for k in range(1, n + 1)]
    hat = [pass_hat_k(n, c, k) for k in range(1, n + 1)]
    assert at == sorted(at)
    assert hat == sorted(hat, reverse=True)
    assert at[0] == pytest.approx(c / n)
    assert hat[0] == pytest.approx(c / n)
    assert at == pytest.approx([1 - pass_hat_k(n, n - c, k) for k in range(1, n + 1)])


@pytest.mark.parametrize("counts", [(3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, 0), (0, 0, 1)])
def test_what_is_no_count_is_refused(counts: tuple[int, int, int]) -> None:
    for estimate in (pass_at_k, pass_hat_k):
        with pytest.raises(ValueError, match="no counts"):
            estimate(*counts)


def test_mean_and_deviation_are_of_whole_epochs() -> None:
    found = repeated({"a": {0: 1.0, 1: 1.0, 2: 0.0}, "b": {0: 0.5, 1: 1.0, 2: 0.0}})
    assert found is not None
    means = [0.75, 1.0, 0.0]
    assert (found.epochs, found.mean) == (3, pytest.approx(fmean(means)))
    assert found.deviation == pytest.approx(stdev(means))
    # a half pass is none: a passed 2 of 3 tries, b 1 of 3
    assert found.pass_at == pytest.approx({1: 1 / 2, 2: (1 + 2 / 3) / 2, 3: 1})
    assert found.pass_hat == pytest.approx({1: 1 / 2, 2: (1 / 3 + 0) / 2, 3: 0})


def test_a_task_with_fewer_tries_counts_as_far_as_it_was_tried() -> None:
    found = repeated({"a": {0: 1.0, 1: 0.0}, "b": {1: 1.0}})
    assert found is not None
    assert found.pass_at == {1: 0.75, 2: 1.0}
    assert repeated({"a": {0: 1.0}, "b": {1: 1.0}}) is None
    assert repeated({}) is None
