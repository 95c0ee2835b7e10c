"""ToolEval's results are read in both shapes, and a bad file is one error that says where."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrove.data.formats.tooleval_results import (
    RecordedPreference,
    RecordedVotes,
    parse_results,
)
from toolgrove.errors import FormatError


def test_votes_are_in_the_order_of_their_runs() -> None:
    said = {"10": "AnswerStatus.Unsure", "2": "AnswerStatus.Solved", "0": "AnswerStatus.Unsolved"}
    found = parse_results({"588": {"is_solved": said}}, "votes.json")
    assert found.votes["588"].votes == ("Unsolved", "Solved", "Unsure")


def test_toolbenchs_own_counts_are_read() -> None:
    record = {"passed": 3, "failed": 1, "is_solved": "AnswerStatus.Unsure", "query": "How far?",
              "task_solvable": "TaskStatus.Solvable", "final_step": "Final step: 1",
              "not_hallucinate": True}  # fmt: skip
    assert parse_results({"1": record}, "votes.json").votes["1"] == RecordedVotes(
        ("Unsure",), 3, 1, "Solvable", "How far?", "Final step: 1"
    )


def test_rounds_that_a_rule_decided_are_no_rounds_of_the_judge() -> None:
    record = {"cot": 2, "dfs": 1, "round_0": "incomplete", "round_1": "complete"}
    found = parse_results({"1": record}, "preferences.json")
    assert found.preferences["1"] == RecordedPreference({"cot": 2, "dfs": 1}, 1)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ([], "$"),
        ({"1": {}}, '$["1"].is_solved'),
        ({"1": {"is_solved": "AnswerStatus.Perhaps"}}, '$["1"].is_solved'),
        ({"1": {"is_solved": {"first": "AnswerStatus.Solved"}}}, '$["1"].is_solved'),
        ({"1": {"is_solved": "Solved", "passed": -1}}, '$["1"].passed'),
        ({"1": {"dfs": 1, "round_0": "complete"}}, '$["1"]'),
        ({"1": {"dfs": 1, "cot": "2", "round_0": "complete"}}, '$["1"]'),
    ],
)
def test_a_bad_file_is_one_error_with_its_place(data: Any, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_results(data, "votes.json")
    assert (caught.value.file, caught.value.path) == ("votes.json", place)
