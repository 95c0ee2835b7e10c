"""The page about virtual APIs and the examples in their docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "virtual-apis.md"
MODULES = (
    "data.formats.toolbench_names",
    "tools.returns",
    "tools.virtual.cache",
    "tools.virtual.protocol",
    "tools.virtual.seed",
)


def test_the_snippets_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 15
    assert failed == 0


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_docstrings_are_true(module: str) -> None:
    failed, tried = doctest.testmod(import_module(f"toolgrove.{module}"))
    assert tried > 0
    assert failed == 0
