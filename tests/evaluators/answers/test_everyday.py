"""Answers to everyday questions on somebody's own data, by kind: each is judged as told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolgrove.data.records import Reference
from toolgrove.evaluators.answer import check_answer

EVERYDAY = Path(__file__).with_name("everyday.txt")


def cases() -> dict[str, list[tuple[Reference, str, bool, str]]]:
    """Kind → reference, question, whether it is right, and the answer."""
    found: dict[str, list[tuple[Reference, str, bool, str]]] = {}
    kind, asked = "", (Reference("text"), "")
    for line in EVERYDAY.read_text(encoding="utf-8").splitlines():
        if line.startswith(("+ ", "- ")):
            found[kind].append((*asked, line[0] == "+", json.loads(line[2:])))
        elif line and not line.startswith("#"):
            kind, reference, query = line.split(" | ", 2)
            asked = (reference_of(json.loads(reference)), query)
            found.setdefault(kind, [])
    return found


def reference_of(row: dict[str, Any]) -> Reference:
    return Reference(**{**row, "aliases": tuple(row.get("aliases", ()))})


@pytest.mark.parametrize("kind", sorted(cases()))
def test_everyday_answers_of_a_kind_are_judged_as_a_reader_would(kind: str) -> None:
    told = []
    for reference, query, right, answer in cases()[kind]:
        verdict = check_answer(answer, reference, query)
        if verdict.right != right:
            told.append((query, answer, verdict.reason))
    assert told == []


def test_a_date_with_a_wrong_weekday_says_which_weekday() -> None:
    verdict = check_answer("On Friday, 4 July 2026.", Reference("date", "2026-07-04"), "When?")
    assert verdict.reason == "says 2026-07-04 as a Friday, not 2026-07-04"


def test_none_of_what_is_counted_is_a_wrong_number_and_a_decline_is_none() -> None:
    query, three = "How many packets of rice are in stock?", Reference("number", 3)
    assert check_answer("There are none.", three, query).reason.startswith("says none")
    assert check_answer("I found no data.", three, query).reason == "names no number in figures"
