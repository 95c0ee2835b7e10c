"""The page about training and the examples in docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from support.embedders import need_minilm

PAGE = Path(__file__).parents[3] / "docs" / "training-retrievers.md"


@pytest.mark.parametrize("name", ["training.adam", "training.loss", "tuned"])
def test_docstrings(name: str) -> None:
    failed, tried = doctest.testmod(import_module(f"toolgrove.retriever.{name}"))
    assert tried
    assert not failed


def test_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_minilm(monkeypatch)
    failed, tried = doctest.testfile(
        str(PAGE), module_relative=False, globs={"folder": tmp_path / "adapter"}
    )
    assert tried
    assert not failed
