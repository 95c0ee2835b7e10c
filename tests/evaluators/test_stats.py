"""Wilson's interval against published values and its own properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.evaluators.stats import wilson


@pytest.mark.parametrize(
    ("passed", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(passed: int, n: int, low: float, high: float) -> None:
    assert wilson(passed, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_rate_and_mirrors(counted: tuple[int, int]) -> None:
    passed, n = counted
    low, high = wilson(passed, n)
    assert 0 <= low <= passed / n <= high <= 1 or passed in (0, n)
    assert wilson(n - passed, n) == pytest.approx((1 - high, 1 - low))


def test_nothing_is_known_of_no_tasks() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_more_passed_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="no rate"):
        wilson(3, 2)
