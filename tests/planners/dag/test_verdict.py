"""Answers that a plan ends with, and references in answers."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrove.planners.dag.verdict import filled, foretold

GAVE = {
    1: {
        "km": 12.5,
        "open": True,
        "none": None,
        "names": ["Faro", "Porto"],
        "at": [1, {"a": 2}],
        "in": [[1]],
    },
    2: {"roman": "LXXXII"},
    3: "x" * 501,
    4: [],
}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("It is $1.km km.", "It is 12.5 km."),
        ("$2", "LXXXII"),
        ("They are ${1.names}: two.", "They are Faro, Porto: two."),
        ("It is $1.names[1], for $$2 (or $100).", None),
        ("It is $1.names[1], for $$2 (or so).", "It is Porto, for $2 (or so)."),
        ("1 mile = $1.km km", "1 mile = 12.5 km"),
        ("It is $1.km% of it.", "It is 12.5% of it."),
        ("$1.at", "1, 2"),
    ],
)
def test_texts_numbers_and_lists_of_them_are_filled_in(answer: str, told: str | None) -> None:
    assert foretold(f"1. look()\nFinish({answer})", GAVE) == told


@pytest.mark.parametrize(
    "answer",
    [
        *("It is 7.", "It is $9.", "$1", "$1.open", "$1.none", "$1.miles", "$1.in", "$3", "$4"),
        *("$1.km * 2", "2*$1.km", "$1.km - $2.roman", "$1.km > $2.roman", "round($1.km)"),
        *("$1.km > 3 ? far : near", "Yes: $1.km", "no, $1.km", "$1.km == 12.5", "($1.km / 2)"),
    ],
)
def test_what_has_to_be_looked_at_is_not_answered_before(answer: str) -> None:
    assert foretold(f"1. look()\nFinish({answer})", GAVE) is None


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("Yes: $1.open, $1.km.", "Yes: true, 12.5."),
        ("$2.roman and $9.a and $1.miles", "LXXXII and $9.a and $1.miles"),
        ("It costs $2 (${1}).", "It costs $2 ($1)."),
        ("$1.at[1] for $$2", "2 for $2"),
        ("$1.none", "null"),
        ("$5.page", "$5.page"),
    ],
)
def test_an_answer_after_the_results_holds_their_fields(answer: str, told: Any) -> None:
    assert filled(answer, GAVE | {5: {"page": "x" * 501}}) == told


def test_a_deep_value_is_looked_at() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    assert foretold("1. look()\nFinish($1)", {1: deep}) is None
