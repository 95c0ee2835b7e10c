"""Arguments by where their values come from."""

from __future__ import annotations

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import ToolCall, ToolSpec
from toolgrove.evaluators.parameters import by_kind

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


def test_declared_needs_say_what_can_be_a_result() -> None:
    free = ExpectedCall("book", {"id": ("x9",)}, needs=())
    fed = ExpectedCall("book", {"id": ("x9",)}, needs=(0,))
    made = [ToolCall("1", "book", {"id": "x9"})]
    first = ExpectedCall("find", {})
    assert by_kind([first, free], made, "") == {"literal": {"right": 1, "of": 1}}
    assert by_kind([first, fed], made, "") == {"result": {"right": 1, "of": 1}}
