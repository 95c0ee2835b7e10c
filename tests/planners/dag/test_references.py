"""What is a reference, what is money, and what a reference gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.planners.dag.references import NoSuchField, fill, mentioned

GAVE = {
    1: {"id": 7, "name": "Porto", "at": [41.1, -8.6], "first-train": {"a b": None}},
    2: [{"id": 1}, {"id": 2}],
    3: "plain words",
    5: 4.5,
}


def filled(value: Any) -> Any:
    return fill(value, GAVE, GAVE.__getitem__)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("$1", GAVE[1]),
        ("${1}", GAVE[1]),
        ("$1.id", 7),
        ("${1.at[0]}", 41.1),
        ("$1.at[-1]", -8.6),
        ("${ 1.id }", 7),
        ("$2[1].id", 2),
        ('$1["first-train"]["a b"]', None),
        ("$1.first-train['a b']", None),
        ("$5", 4.5),
        ("$3", "plain words"),
        (["$1.id", {"to": "$2[0].id"}], [7, {"to": 1}]),
    ],
)
def test_a_whole_argument_keeps_the_json_type(written: Any, value: Any) -> None:
    assert filled(written) == value


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("It is $1.name.", "It is Porto."),
        ("$5 and ${5}", "4.5 and 4.5"),
        ("at $1.at", "at [41.1,-8.6]"),
        ("${3}.txt", "plain words.txt"),
        ("$3-$5", "plain words-4.5"),
        ("($3)", "(plain words)"),
        ("is $1['first-train']", 'is {"a b":null}'),
    ],
)
def test_inside_a_longer_text_it_becomes_text(written: str, text: str) -> None:
    assert filled(written) == text


@pytest.mark.parametrize(
    "text",
    [
        "$100",
        "${100}",
        "$4",
        "$1.50",
        "$1,000",
        "$5M",
        "$1st",
        "$",
        "US$ 1",
        "$x",
        "${1",
        "$1234567890",
        "costs $5.00 or $100",
    ],
)
def test_money_and_numbers_that_no_task_has_stay_text(text: str) -> None:
    assert filled(text) == text


def test_two_dollar_signs_stand_for_one() -> None:
    assert filled("$$5 and $$100 and $${5} at ${5} and $$") == "$5 and $100 and ${5} at 4.5 and $$"
    assert mentioned("$$5 ${2}") == {2}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("$1.nam", '$1.nam: there is no "nam". $1 has: id, name, at, first-train.'),
        ("$1.at[2]", "$1.at[2]: there is no [2]. $1.at is a list of 2: write [0] for the first."),
        ("$2.id", '$2.id: there is no "id". $2 is a list of 2: write [0] for the first.'),
        ("see $3.id", '$3.id: there is no "id". $3 is just: plain words.'),
        ("$3[0]", "$3[0]: there is no [0]. $3 is just: plain words."),
        (
            "$1.at[0].name",
            '$1.at[0].name: there is no "name". $1.at[0] is just: 41.1. There is $1.name.',
        ),
        ("$1[0]", "$1[0]: there is no [0]. $1 has: id, name, at, first-train."),
        ("$1.name.x", '$1.name.x: there is no "x". $1.name is just: Porto.'),
        ('$1["first-train"].x', '$1.first-train.x: there is no "x". $1.first-train has: a b.'),
    ],
)
def test_a_field_that_is_not_there_is_told_with_those_that_are(written: str, told: str) -> None:
    with pytest.raises(NoSuchField) as error:
        filled(written)
    assert str(error.value) == told


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_without_tasks_nothing_changes_but_the_escape(value: Any) -> None:
    def unescaped(part: Any) -> Any:
        return fill(part, (), lambda number: None)

    assert unescaped(value) == value or "$$" in str(value)


@given(JSON, JSON)
def test_a_reference_anywhere_gives_the_very_value(gave: Any, beside: Any) -> None:
    assert fill({"a": ["$9"]}, {9}, lambda number: gave) == {"a": [gave]}
