"""The page about training is true."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from support.embedders import need_minilm

PAGE = Path(__file__).parents[3] / "docs" / "training-retrievers.md"


def test_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_minilm(monkeypatch)
    failed, tried = doctest.testfile(
        str(PAGE), module_relative=False, globs={"folder": tmp_path / "adapter"}
    )
    assert tried
    assert not failed
