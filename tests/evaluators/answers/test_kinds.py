"""Answers to the world's tasks, by the kind of trouble that they hold: each is judged as told.

A task whose reference is another one than when its answers were labelled, as other packages tell
other facts, is left out: ``references.txt`` has the digest of each. After answers to a further task
were labelled, the last test here names the digest to add.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.facts import as_digested
from toolgrove.data import codec
from toolgrove.data.world import SPLITS, tasks
from toolgrove.evaluators.answer import check_answer

SENTENCES = Path(__file__).with_name("sentences.txt")
REFERENCES = Path(__file__).with_name("references.txt")
TASKS = {task.id: task for split in SPLITS for task in tasks(split)}


def cases() -> dict[str, list[tuple[str, bool, str]]]:
    """Kind → task, whether it is right, and the answer."""
    found: dict[str, list[tuple[str, bool, str]]] = {}
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            kind, task, sign, answer = line.split(" | ", 3)
            found.setdefault(kind, []).append((task, sign == "+", json.loads(answer)))
    return found


def references() -> dict[str, str]:
    """Each task that has an answer → the digest of its reference, as the facts are now."""
    named = sorted({task for kind in cases().values() for task, _, _ in kind})
    return {task: codec.digest(codec.to_json(TASKS[task].reference)) for task in named}


LABELLED = dict(line.split() for line in REFERENCES.read_text(encoding="utf-8").splitlines())
AS_LABELLED = {task for task, digest in references().items() if LABELLED.get(task) == digest}


@pytest.mark.parametrize("kind", sorted(cases()))
def test_answers_of_a_kind_are_judged_as_a_reader_would(kind: str) -> None:
    told = []
    for task, right, answer in cases()[kind]:
        reference = TASKS[task].reference
        assert reference is not None
        verdict = check_answer(answer, reference, TASKS[task].query)
        if verdict.right != right and task in AS_LABELLED:
            told.append((task, answer, verdict.reason))
    assert told == []


def test_with_the_packages_of_the_labels_no_task_is_left_out() -> None:
    if not as_digested():
        pytest.skip(f"other packages: {len(LABELLED) - len(AS_LABELLED)} tasks have another answer")
    assert references() == LABELLED
