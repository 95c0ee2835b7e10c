"""The pages about retrieval and the examples in docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from support.embedders import need_minilm

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("retrieval.md", "retrieval-evaluation.md")
MODULES = (
    "data.formats.query_sets",
    "machine.weights",
    "retriever.arguments",
    "retriever.documents",
    "retriever.embedding",
    "retriever.evaluation",
    "retriever.examples",
    "retriever.fusion",
    "retriever.lexical",
    "retriever.metrics",
    "retriever.parameters",
    "retriever.recommendation",
    "retriever.values",
)


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    failed, tried = doctest.testmod(import_module(f"toolgrove.{name}"))
    assert tried
    assert not failed


@pytest.mark.parametrize("page", PAGES)
def test_the_pages(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_minilm(monkeypatch)
    failed, tried = doctest.testfile(
        str(DOCS / page), module_relative=False, globs={"folder": tmp_path / "catalog"}
    )
    assert tried
    assert not failed
