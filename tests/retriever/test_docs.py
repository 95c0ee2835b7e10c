"""The examples in the retriever's docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = ("documents", "embedding", "fusion", "lexical", "metrics")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    failed, tried = doctest.testmod(import_module(f"toolgrove.retriever.{name}"))
    assert tried
    assert not failed
