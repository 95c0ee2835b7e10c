"""Values that say the same, calls that are the expected ones, and how they are paired."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import ToolCall, ToolSpec
from toolgrove.evaluators.matching import (
    agreement,
    fits,
    matched,
    pairings,
    pairs_of,
    same_call,
    same_value,
)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
json = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(), scalars, max_size=3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.1 + 0.2, 0.3),
        (1, 1.0),
        ("1", 1),
        ("1.50", 1.5),
        (" Oslo", "oslo "),
        (True, "true"),
        ([0.1 + 0.2, {"n": 1}], [0.3, {"n": 1.0, "x": None}]),
        (0, -0.0),
        (1e3, "1000"),
        (10**30, 10**30),
    ],
)
def test_what_says_the_same(one: Any, other: Any) -> None:
    assert same_value(one, other)
    assert same_value(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0),
        ("true", 1),
        ("02139", 2139),
        ("1e5x", 1e5),
        ([1, 2], [2, 1]),
        ([1], 1),
        ({"a": 1}, {"a": 1, "b": 2}),
        (None, "none"),
        (None, 0),
        ("", 0),
        (10**15, 10**15 + 1),
        (10**30, 10**30 + 1),
        (0.3, 0.3001),
        (0, 1e-12),
        ([], {}),
    ],
)
def test_what_only_looks_alike_differs(one: Any, other: Any) -> None:
    assert not same_value(one, other)
    assert not same_value(other, one)


@given(json, json)
def test_saying_the_same_is_reflexive_and_symmetric(one: Any, other: Any) -> None:
    assert same_value(one, one)
    assert same_value(one, other) == same_value(other, one)


@given(st.dictionaries(st.text(), json, min_size=1, max_size=4))
def test_the_order_of_keys_does_not_count_and_a_changed_value_does(value: dict[str, Any]) -> None:
    assert same_value(dict(reversed(value.items())), value)
    key = next(iter(value))
    assert not same_value({**value, key: ["changed", value[key]]}, value)


@given(st.integers(-(10**15), 10**15))
def test_a_number_is_the_same_as_integer_float_and_text(number: int) -> None:
    assert same_value(number, float(number))
    assert same_value(number, f" {number}.0 ")
    assert not same_value(number, number + 1)


SPEC = ToolSpec(
    "far", "c", "t", "far", parameters={"properties": {"to": {}, "unit": {"default": "km"}}}
)


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ({"to": "LHR"}, True),
        ({"to": "london"}, True),
        ({"to": "LHR", "unit": "km"}, True),
        ({"to": "LHR", "unit": None}, True),
        ({"to": "LHR", "unit": "mi"}, False),
        ({"to": "LHR", "via": "AMS"}, False),
        ({"to": "JFK"}, False),
        ({}, False),
    ],
)
def test_a_call_fits_by_any_right_value_and_its_defaults(
    arguments: dict[str, Any], right: bool
) -> None:
    expected = ExpectedCall("far", {"to": ("LHR", "London")})
    assert fits(expected, ToolCall("1", "far", arguments), {"far": SPEC}) == right
    assert not fits(expected, ToolCall("1", "near", arguments))


def test_what_is_expected_to_equal_the_default_may_be_left_out_where_the_tool_is_known() -> None:
    expected, call = ExpectedCall("far", {"unit": ("km",)}), ToolCall("1", "far", {})
    assert fits(expected, call, {"far": SPEC})
    assert not fits(expected, call)


@pytest.mark.parametrize("values", [("mi",), (None,), (None, "mi")])
def test_what_a_reference_leaves_open_may_be_left_out_whatever_the_default(
    values: tuple[Any, ...],
) -> None:
    expected = ExpectedCall(
        "far", {"unit": values}, optional=("unit",) if None not in values else ()
    )
    for arguments in ({}, {"unit": None}):
        assert fits(expected, ToolCall("1", "far", arguments), {"far": SPEC})
        assert fits(expected, ToolCall("1", "far", arguments))
    assert not fits(expected, ToolCall("1", "far", {"unit": "km"}), {"far": SPEC})


def test_calls_that_cannot_be_read_are_the_same_only_to_the_letter() -> None:
    one, other = (ToolCall("1", "far", {}, malformed=text) for text in ('{"to": ', '{"via": '))
    assert same_call(one, one)
    assert not same_call(one, other)
    assert not same_call(one, ToolCall("1", "far", {}))


@given(st.lists(st.sets(st.integers(0, 2)), max_size=4), st.lists(st.integers(0, 2), max_size=4))
def test_every_largest_pairing_comes_once_and_the_one_in_order_first(
    wanted: list[set[int]], made: list[int]
) -> None:
    def same(values: set[int], value: int) -> bool:
        return value in values

    ways = list(pairings(wanted, made, same))
    size = matched(wanted, made, same)
    tried = [
        dict(zip(left, right, strict=True))
        for left in combinations(range(len(wanted)), size)
        for right in permutations(range(len(made)), size)
        if all(same(wanted[i], made[j]) for i, j in zip(left, right, strict=True))
    ]
    assert sorted(map(sorted, map(dict.items, ways))) == sorted(map(sorted, map(dict.items, tried)))
    if len(wanted) == len(made) and all(map(same, wanted, made)):
        assert ways[0] == {i: i for i in range(len(wanted))}


@given(st.lists(st.sets(st.integers(0, 4)), max_size=4), st.lists(st.integers(0, 4), max_size=4))
def test_the_largest_pairing_is_found(wanted: list[set[int]], made: list[int]) -> None:
    """Against trying every way to give each expected one away."""

    def most(i: int, free: frozenset[int]) -> int:
        if i == len(wanted):
            return 0
        taken = [1 + most(i + 1, free - {j}) for j in free if made[j] in wanted[i]]
        return max([most(i + 1, free), *taken])

    same = matched(wanted, made, lambda values, value: value in values)
    assert same == most(0, frozenset(range(len(made))))
    pairs = pairs_of(wanted, made, lambda values, value: value in values)
    assert len({*pairs.values()}) == len(pairs)
    assert all(made[j] in wanted[i] for i, j in pairs.items())


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_agreement_lies_between_0_and_1_and_f1_between_its_parts(a: int, b: int, c: int) -> None:
    both, one, other = min(a, b, c), a, b
    found = agreement(both, one, other)
    assert all(0 <= value <= 1 for value in found.values())
    low, high = sorted((found["precision"], found["recall"]))
    assert low - 1e-9 <= found["f1"] <= high + 1e-9
    assert (found["f1"] == 1) == (both == one == other)
