"""The check's work grows with an answer's length, and no text breaks it."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from toolgrove.data.records import Reference
from toolgrove.evaluators.answer import check_answer

NASTY = [
    "1234567890", "1", "1,", "1.", "$5 ", "5 km ", "5 or ", "hundred ", "not ", "is not Oslo. ",
    "(", "(a ", "()", "\n", " ", r"\frac{1}{", r"\text{", "$x=1$ ", "^{1", "**a",
    "Oslo and Bergen ",

    "also Oslo ", "- Oslo\n", "| a |\n", "answer is ", "correction 5. ", "cannot ", "a? ",
    "on 2026-07-04 at noon, ", "no tea, ", "closed ", "Mon to ", "1, 2 and ",
]  # fmt: skip
ASKED = [
    (Reference("number", 20, "km"), "How many km is it from LIS to GRU?"),
    (Reference("number", 25, tolerance=0), "How many working days has it?"),
    (Reference("date", "2026-07-04"), "When is it in 2026?"),
    (Reference("name", "Oslo"), "Which city is larger, Oslo or Bergen?"),
    (Reference("name", "yes"), "Is it a public holiday?"),
    (Reference("text", "£2,315.25"), "Write it with the currency."),
    (Reference("set", ["Oslo", "Bergen"]), "Which cities are there?"),
    (Reference("set", ["2026-07-04", "2026-07-05"]), "Which days?"),
    (Reference("unsolvable"), "How many are there, and who knows?"),
    (Reference("name", "Oslo"), "Which city north of Bergen does the train come from?"),
    (Reference("name", "no"), "Is the shop before the bridge open?"),
    (Reference("number", 0, "EUR"), "How much tea is left in stock?"),
    (Reference("set", ["Monday", "Tuesday"]), "On which days is it open?"),
]


def calls(answer: str, reference: Reference, query: str) -> int:
    """How many functions, of Python's and of its libraries, are called to judge an answer."""
    made = 0

    def count(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        check_answer(answer, reference, query)
    finally:
        sys.setprofile(before)
    return made


@pytest.mark.parametrize("piece", NASTY)
def test_four_times_the_text_is_at_most_about_four_times_the_work(piece: str) -> None:
    for reference, query in ASKED:
        check_answer("5 km", reference, query)  # loads what is loaded once
        short = calls((piece * 1000)[:1000], reference, query)
        long = calls((piece * 4000)[:4000], reference, query)
        assert long <= 6 * short + 500, reference  # quadratic work would be 16 times


@pytest.mark.parametrize("text", ["1" + "0" * 3999, "hundred " * 500, "9" * 4000, "1e999999"])
def test_a_number_too_long_for_a_machine_breaks_nothing(text: str) -> None:
    for reference, query in ASKED:
        assert not check_answer(text, reference, query).right
