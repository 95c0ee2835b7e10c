"""Documented = exported: the root and six faces hold all that others build on, and nothing more."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SIX = ("agent", "planners", "evaluators", "tools", "retriever", "data")
FACES = ("toolgrove", *(f"toolgrove.{name}" for name in SIX))
PACKAGE = [
    path
    for folder in (*SIX, "src/toolgrove/cli", "src/toolgrove/machine")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
IMPORT = re.compile(
    r"^\s*(?:>>> |\.\.\. )?\s*(?:from (toolgrove[\w.]*) import|import (toolgrove\S*))"
)


def source(name: str) -> ast.Module:
    return ast.parse(Path(str(import_module(name).__file__)).read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Module, name and line of every ``from toolgrove… import name``, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("toolgrove"):
            for alias in node.names:
                yield str(node.module), alias.name, node.lineno


def documented() -> Iterator[tuple[str, str, str]]:
    """Place, module and names of each import that the pages and docstrings show."""
    for page in [*PAGES, *PACKAGE]:
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            if page.suffix == ".py" and ">>> " not in line and "... " not in line:
                continue
            found = IMPORT.match(line)
            if found:
                names = line.partition(" import ")[2].partition("#")[0]
                yield f"{page.relative_to(ROOT)}:{number}", str(found[1] or found[2]), names


def test_whatever_is_documented_is_imported_from_a_face() -> None:
    shown = list(documented())
    assert len(shown) > 50
    deep = [(place, module) for place, module, _ in shown if module not in FACES]
    assert not deep, "these show an import from within"
    missing = [
        (place, module, name)
        for place, module, names in shown
        for name in filter(None, (one.strip(" ()") for one in names.split(",")))
        if name not in import_module(module).__all__
    ]
    assert not missing, "these are shown and not exported"


@pytest.mark.parametrize("face", FACES)
def test_all_that_a_face_names_is_there(face: str) -> None:
    module = import_module(face)
    assert dir(module) == sorted(set(module.__all__))
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize("face", FACES)
def test_type_checkers_see_the_names_that_are_there(face: str) -> None:
    seen = {f"{module}.{name}" for module, name, _ in imports(source(face))}
    seen.discard("toolgrove.lazy.face")
    module = import_module(face)
    assert {name.rpartition(".")[2] for name in seen} == set(module.__all__)
    for name in seen:
        home, _, last = name.rpartition(".")
        assert getattr(module, last) is getattr(import_module(home), last), name


@pytest.mark.parametrize("face", FACES)
def test_whatever_is_exported_is_documented(face: str) -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    module = import_module(face)
    for name in module.__all__:
        value = getattr(module, name)
        own = inspect.isclass(value) or inspect.isfunction(value) or inspect.ismodule(value)
        assert (own and inspect.getdoc(value)) or re.search(rf"\b{name}\b", pages), name


@pytest.mark.parametrize("face", FACES)
def test_no_name_of_a_face_is_hidden_by_a_module(face: str) -> None:
    module = import_module(face)
    below = {path.stem for path in Path(str(module.__file__)).parent.iterdir()}
    hidden = {
        name
        for name in module.__all__
        if name in below and not inspect.ismodule(getattr(module, name))
    }
    assert not hidden, "importing the module of that name would take its place"


def test_what_others_build_on_is_in_the_faces() -> None:
    exported = {name for face in FACES[1:] for name in import_module(face).__all__}
    errors = set(import_module("toolgrove.errors").__all__)
    protocols = {"Effect", "Embedder", "Evaluator", "Execute", "Expansion", "Frontier", "Importer"}
    assert errors | protocols | {"BackendFactory", "ModelFactory", "Policy", "Wrapper"} <= exported


def test_the_package_itself_imports_from_where_things_are_defined() -> None:
    through = [
        (f"{path.relative_to(ROOT)}:{line}", module, name)
        for path in PACKAGE
        if path.name != "__init__.py" or path.parent.parent != ROOT
        for module, name, line in imports(ast.parse(path.read_text(encoding="utf-8")))
        if module in FACES
        and name in import_module(module).__all__
        and not inspect.ismodule(getattr(import_module(module), name))
    ]
    assert not through, "a face here is a circle in waiting"
