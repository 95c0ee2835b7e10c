"""Answers to the world's tasks, by the kind of trouble that they hold: each is judged as told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolgrove.data.world import SPLITS, tasks
from toolgrove.evaluators.answer import check_answer

SENTENCES = Path(__file__).with_name("sentences.txt")
TASKS = {task.id: task for split in SPLITS for task in tasks(split)}


def cases() -> dict[str, list[tuple[str, bool, str]]]:
    """Kind → task, whether it is right, and the answer."""
    found: dict[str, list[tuple[str, bool, str]]] = {}
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            kind, task, sign, answer = line.split(" | ", 3)
            found.setdefault(kind, []).append((task, sign == "+", json.loads(answer)))
    return found


@pytest.mark.parametrize("kind", sorted(cases()))
def test_answers_of_a_kind_are_judged_as_a_reader_would(kind: str) -> None:
    told = []
    for task, right, answer in cases()[kind]:
        reference = TASKS[task].reference
        assert reference is not None
        verdict = check_answer(answer, reference, TASKS[task].query)
        if verdict.right != right:
            told.append((task, answer, verdict.reason))
    assert told == []
