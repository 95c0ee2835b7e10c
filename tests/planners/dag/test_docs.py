"""The page about plans says what is so."""

from __future__ import annotations

import doctest
from pathlib import Path

from toolgrove.planners.dag.schedule import IN_FLIGHT

PAGE = Path(__file__).parents[3] / "docs" / "dag.md"


def test_the_snippets_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, tried > 4) == (0, True)


def test_the_bound_is_the_codes() -> None:
    assert f"At most {IN_FLIGHT} calls" in PAGE.read_text(encoding="utf-8")
