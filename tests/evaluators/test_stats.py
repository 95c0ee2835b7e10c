"""Intervals and tests against published values and their own properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.evaluators.stats import kappa, mcnemar, wilson


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


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (9, 1, 0.021484),  # the sign test's table: 2 * 11 / 1024
        (11, 1, 0.00634765625),  # the example of mlxtend's manual
        (121, 59, 4.434e-06),  # the example that statsmodels is tested on
        (5, 5, 1.0),
        (0, 0, 1.0),
        (0, 5, 0.0625),
        (0, 6, 0.03125),
    ],
)
def test_mcnemars_test_is_the_exact_one(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p, rel=5e-3)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemars_test_takes_no_side_and_grows_surer(first: int, second: int) -> None:
    p = mcnemar(first, second)
    assert 0 <= p <= 1
    assert p == mcnemar(second, first)
    if first >= second:
        assert mcnemar(first + 1, second) <= p


def table(*rows: tuple[int, ...]) -> list[tuple[str, str]]:
    return [
        (str(i), str(j)) for i, row in enumerate(rows) for j, n in enumerate(row) for _ in range(n)
    ]


@pytest.mark.parametrize(
    ("pairs", "value", "error"),
    [
        # Fleiss, Levin and Paik 2003, tables 18.1 and 18.3: two raters, 100 subjects
        (table((75, 1, 4), (5, 4, 1), (0, 0, 10)), 0.676, 0.0877),
        # 2 * 2: Cohen's own arithmetic by hand
        (table((20, 5), (10, 15)), 0.4, 0.1275),
    ],
)
def test_kappa_and_its_error_are_the_published_ones(
    pairs: list[tuple[str, str]], value: float, error: float
) -> None:
    found = kappa(pairs)
    assert found is not None
    assert found.value == pytest.approx(value, abs=5e-4)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, abs=1e-3)


labels = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=60)


@given(labels)
def test_kappa_minds_neither_order_nor_sides_and_is_1_only_where_all_agree(
    pairs: list[tuple[str, str]],
) -> None:
    found = kappa(pairs)
    if found is None:
        assert len({label for pair in pairs for label in pair}) <= 1
        return
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (found.value == 1) == all(one == other for one, other in pairs)
    turned = kappa([(other, one) for one, other in reversed(pairs)])
    assert turned is not None
    assert (turned.value, turned.low) == pytest.approx((found.value, found.low))
