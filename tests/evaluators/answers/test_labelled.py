"""How far answer/2 agrees with labels that were set by hand before it was run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolgrove.data.world.tasks import tasks
from toolgrove.evaluators.answer import check_answer


def test_at_least_97_percent_of_labelled_answers_agree_and_at_most_1_percent_of_wrong_ones_pass(
    shared_data: Path,
) -> None:
    path = shared_data / "answers" / "labelled.jsonl"
    if not path.is_file():
        pytest.skip(f"no {path}")
    by_id = {task.id: task for task in tasks()}
    agreed = wrong = passed = 0
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if not row["debatable"]]
    for row in rows:
        task = by_id[row["task"]]
        assert task.reference is not None
        right = check_answer(row["answer"], task.reference, task.query).right
        agreed += right == (row["label"] == "right")
        wrong += row["label"] == "wrong"
        passed += right and row["label"] == "wrong"
    assert agreed / len(rows) >= 0.97
    assert passed / wrong <= 0.01
