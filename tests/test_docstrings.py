"""The examples in the docstrings of every module are true."""

from __future__ import annotations

import ast
import doctest
from importlib import import_module

import pytest

from support.source import modules

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def with_examples() -> list[str]:
    """The modules whose docstrings hold any."""
    return [
        name
        for name, tree in modules().items()
        if any(
            ">>> " in (ast.get_docstring(node) or "")
            for node in ast.walk(tree)
            if isinstance(node, DOCUMENTED)
        )
    ]


@pytest.mark.parametrize("name", with_examples())
def test_the_examples_of_a_module_are_true(name: str) -> None:
    failed, tried = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert tried > 0
    assert failed == 0
