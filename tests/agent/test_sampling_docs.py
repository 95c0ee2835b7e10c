"""The pages about sampling and long tasks are true."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from toolgrove.planners import context, subtasks
from toolgrove.planners.cascade import CASCADES, parse_cascade

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["sampling.md", "long-tasks.md"])
def test_the_pages(page: str) -> None:
    failed, tried = doctest.testfile(str(DOCS / page), module_relative=False)
    assert tried
    assert not failed


def test_defaults_and_limits_are_the_codes() -> None:
    sampling = (DOCS / "sampling.md").read_text(encoding="utf-8")
    for name in CASCADES:
        for option in ("threshold", "score_tokens", "every"):
            value = getattr(parse_cascade(name), option, None)
            assert value is None or f"`{option}` ({value}" in sampling
    long = (DOCS / "long-tasks.md").read_text(encoding="utf-8")
    goal, conclusion = subtasks.LONGEST.values()
    assert f"a goal may have {goal} characters, a conclusion {conclusion:,}" in long
    assert subtasks.DEEPEST == 8
    assert "eight deep" in long
    assert "two fifths" in long
    assert context.KEPT == 1 - 2 / 5
