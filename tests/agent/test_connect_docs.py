"""The page about connecting says what is so."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from support.embedders import need_minilm

PAGE = Path(__file__).parents[2] / "docs" / "connect.md"


def test_the_snippets_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="needs the extra mcp")
    need_minilm(monkeypatch)
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "trusted.json"))
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 29
    assert failed == 0
