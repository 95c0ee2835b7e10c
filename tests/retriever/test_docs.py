"""The pages about retrieval are true."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from support.embedders import need_minilm

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("retrieval.md", "retrieval-evaluation.md")


@pytest.mark.parametrize("page", PAGES)
def test_the_pages(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_minilm(monkeypatch)
    failed, tried = doctest.testfile(
        str(DOCS / page), module_relative=False, globs={"folder": tmp_path / "catalog"}
    )
    assert tried
    assert not failed
