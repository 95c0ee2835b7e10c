"""One name, one thing: no two public classes or type aliases of the package share a name."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from support.source import modules


def public_types(tree: ast.Module) -> Iterator[str]:
    """The public classes and type aliases that a module declares."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind):
                if not ast.unparse(kind).endswith("TypeAlias"):
                    continue
            case _:
                continue
        if not name.startswith("_"):
            yield name


def shared(trees: dict[str, ast.Module]) -> dict[str, list[str]]:
    homes = defaultdict(list)
    for module, tree in trees.items():
        for name in public_types(tree):
            homes[name].append(module)
    return {name: where for name, where in homes.items() if len(where) > 1}


def test_no_two_public_types_share_a_name() -> None:
    assert shared(modules()) == {}


def test_a_shared_name_is_seen_whether_class_or_alias() -> None:
    sources = {"a": "class Run: ...", "b": "Run: TypeAlias = int\nclass _Own: ...", "c": "RUN = 1"}
    trees = {module: ast.parse(source) for module, source in sources.items()}
    assert shared(trees) == {"Run": ["a", "b"]}
