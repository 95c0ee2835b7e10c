"""The page about events is true."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_the_snippets_run() -> None:
    pytest.importorskip("openinference.semconv", reason="needs the extra otel")
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, tried > 15) == (0, True)
