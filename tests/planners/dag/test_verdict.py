"""Answers that a plan ends with, and references in answers."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrove.planners.dag.verdict import PlanVerdict, filled, foretold, read_verdict

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
    6: "",
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
    assert foretold(f"Finish({answer})", GAVE) == told


@pytest.mark.parametrize(
    "answer",
    [
        *("It is 7.", "It is $9.", "$1", "$1.open", "$1.none", "$1.miles", "$1.in", "$3", "$4"),
        *("$1.km * 2", "2*$1.km", "$1.km - $2.roman", "$1.km > $2.roman", "round($1.km)"),
        *("$1.km > 3 ? far : near", "Yes: $1.km", "no, $1.km", "$1.km == 12.5", "($1.km / 2)"),
        *(
            "2 * ($1.km)",
            "$1.km × 2",
            "$1.km ≥ 3",
            "$1.km is less than $2.roman",
            "max((1), $1.km)",
        ),
        *("$2.roman is cheaper, at $1.km.", "Answer: No, $1.km", "The sum of $1.km and $1.names"),
        *("It is $1.km.) after: 1", "It is $1.km.) join(", "It is $1.empty.", "$6"),
        *("It is $1[" + "1" * 4400 + "]",),
    ],
)
def test_what_has_to_be_looked_at_is_not_answered_before(answer: str) -> None:
    assert foretold(f"Finish({answer})", GAVE) is None


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("Yes: $1.open, $1.km.", "Yes: true, 12.5."),
        ("$2.roman and $9.a and $1.miles", "LXXXII and $9.a and $1.miles"),
        ("It costs $2 (${1}), $01.", "It costs $2 (${1}), $01."),
        ("the owner is $1.empty", "the owner is $1.empty"),
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
    assert foretold("Finish($1)", {1: deep}) is None


def test_an_amount_of_the_request_is_no_reference() -> None:
    assert foretold("Finish($1.km, your $2 taken off)", GAVE, "I have $2 off.") is None


def test_a_run_of_marks_is_read_in_linear_time() -> None:
    assert foretold("*" * 100_000, GAVE) is None


@pytest.mark.parametrize(
    "reply",
    [
        "Replan",
        "Action: Replan",
        "Thought: the id is missing\nAction: Replan",
        "**Replan**",
        "Replan.",
        "Thought: Finish(10) would be premature.\nAction: Replan",
        "Thought: I could Finish(10).\nReplan",
        "- Replan\n4. look(x=1)",
    ],
)
def test_a_bare_replan_is_a_verdict(reply: str) -> None:
    assert read_verdict(reply) == PlanVerdict(replan="")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("Replan: look it up", "look it up"),
        ("Action: Replan - look it up", "look it up"),
        ("Thought: Finish(10) would be premature.\nAction: Replan(need the id)", "need the id"),
        ("Thought: Finish(1)\nReplan(x)\nFinish(2)", "x"),
    ],
)
def test_a_reason_to_replan_is_kept(reply: str, why: str) -> None:
    assert read_verdict(reply) == PlanVerdict(replan=why)


@pytest.mark.parametrize(
    "reply",
    [
        "Thought: Finish(10) would be premature.",
        "Thought: Finish(10) would be premature",
        "Finish(10) would be premature.",
        "I think Finish(10) is too early.",
        "Thought: Finish(10)",
        "Replan is not needed.",
        "We could replan",
        "I can't Finish(10)",
        "Action: not Finish(10)",
        "Never Finish(10) yet.",
        "Do not call Finish(10) here",
    ],
)
def test_words_about_a_verdict_are_none(reply: str) -> None:
    assert read_verdict(reply) == PlanVerdict()


@pytest.mark.parametrize(
    "reply",
    [
        "Thought: I have it. Finish(10)",
        "Thought: all there. Action: Finish(10)",
        "Action 2: Finish(10)",
        "So I say Finish(10)",
        "There is no more to find, so Finish(10)",
        "**Finish(10)**",
    ],
)
def test_an_answer_is_found_behind_words(reply: str) -> None:
    assert read_verdict(reply) == PlanVerdict(answer="10")
