"""Arguments by where their values come from."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import ToolCall, ToolSpec
from toolgrove.evaluators.parameters import by_kind, spoken_of

SPECS = {
    "find": ToolSpec(
        "find",
        "c",
        "t",
        "find",
        parameters={"properties": {"city": {}, "sort": {"enum": ["near", "new"]}}},
    ),
    "book": ToolSpec("book", "c", "t", "book", parameters={"properties": {"id": {}, "night": {}}}),
}
WANTED = [
    ExpectedCall("find", {"city": ("Bergen",), "sort": ("near",)}),
    ExpectedCall("book", {"id": (417,)}),
    ExpectedCall("book", {"id": (417,)}, ask=("night",)),
]


def test_literals_choices_results_and_what_has_to_be_asked_for_are_told_apart() -> None:
    made = [
        ToolCall("1", "find", {"city": "Bergen", "sort": "new"}),
        ToolCall("2", "book", {"id": 418}),
        ToolCall("3", "book", {"id": 417, "night": "2026-05-01"}),
    ]
    assert by_kind(WANTED, made, "Book the nearest hotel in Bergen.", SPECS) == {
        "literal": {"right": 1, "of": 1},
        "enum": {"right": 0, "of": 1},
        "result": {"right": 1, "of": 1},
        "ask": {"right": 0, "of": 1},
    }


def test_who_asks_instead_of_calling_has_made_nothing_up() -> None:
    assert by_kind(WANTED, [], "Book a hotel.", SPECS)["ask"] == {"right": 1, "of": 1}


def test_each_made_call_counts_for_one_expected_call_the_one_it_fits_first() -> None:
    wanted = [ExpectedCall("find", {"city": (city,)}) for city in ("Oslo", "Bergen")]
    made = [ToolCall("1", "find", {"city": "Bergen"}), ToolCall("2", "find", {"city": "Rome"})]
    assert by_kind(wanted, made, "Oslo and Bergen", SPECS) == {"literal": {"right": 1, "of": 2}}


def test_a_made_call_counts_for_the_expected_one_that_it_comes_nearest_to() -> None:
    wanted = [
        ExpectedCall("book", {"id": (1,), "night": (1,)}),
        ExpectedCall("book", {"id": (2,), "night": (2,), "beds": (3,)}),
    ]
    made = [ToolCall("1", "book", {"id": 2, "night": 2, "beds": 9})]
    for order in (wanted, wanted[::-1]):
        assert by_kind(order, made, "1 2 3") == {"literal": {"right": 2, "of": 5}}


def test_what_a_right_call_says_is_no_invention_of_one_that_has_to_ask() -> None:
    wanted = [ExpectedCall("book", {"id": (417,)}), ExpectedCall("book", ask=("id",))]
    assert by_kind(wanted, [ToolCall("1", "book", {"id": 417})], "417")["ask"]["right"] == 1


def test_what_may_be_left_out_or_null_is_not_counted() -> None:
    wanted = [ExpectedCall("book", {"id": (417,), "night": (None, "x"), "beds": (2,)}, ("beds",))]
    made = [ToolCall("1", "book", {"id": 417, "night": None})]
    assert by_kind(wanted, made, "417") == {"literal": {"right": 1, "of": 1}}


@pytest.mark.parametrize(
    ("value", "query", "named"),
    [
        (5, "It costs 5.50.", False),
        (12, "12.5 km", False),
        (5, "5,000 people", False),
        (0, "0.5", False),
        (1000, "1,000 km", True),
        (5, "Take 4, 5,6 and 7.", True),
        ("5", "5?", True),
        (-3, "from -3 to 4", True),
        (14.1, "at 14.1,25.3", True),
        ("02139", "to 02139.", True),
        ("New York", "fly to new york!", True),
        ("York", "Yorkshire", False),
    ],
)
def test_a_number_is_named_where_it_stands_alone(value: Any, query: str, named: bool) -> None:
    assert spoken_of(value, query) == named


def test_declared_needs_say_what_can_be_a_result() -> None:
    free = ExpectedCall("book", {"id": ("x9",)}, needs=())
    fed = ExpectedCall("book", {"id": ("x9",)}, needs=(0,))
    made = [ToolCall("1", "book", {"id": "x9"})]
    first = ExpectedCall("find", {})
    assert by_kind([first, free], made, "") == {"literal": {"right": 1, "of": 1}}
    assert by_kind([first, fed], made, "") == {"result": {"right": 1, "of": 1}}
