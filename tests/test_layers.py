"""The package's imports have no circle, also none that is hidden in a function.

import-linter holds which floor may import which; it does not see a circle inside one floor that
is put off by importing in a function.
"""

from __future__ import annotations

import ast

import networkx as nx

from support.source import modules


def imported(tree: ast.AST) -> list[str]:
    """What a module imports wherever it does so, but for types only."""
    names: list[str] = []
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            left += node.orelse
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif not isinstance(node, ast.expr):  # no expression holds a statement
            left += ast.iter_child_nodes(node)
    return names


def graph(trees: dict[str, ast.Module]) -> nx.DiGraph[str]:
    """From each module of ours to those of ours that it imports."""
    edges = nx.DiGraph()
    for name, tree in trees.items():
        for target in imported(tree):
            while target and target not in trees:  # a name in a module, not a module
                target = target.rpartition(".")[0]
            if target and target != name:
                edges.add_edge(name, target)
    return edges


def circles(imports: nx.DiGraph[str]) -> list[list[str]]:
    return [sorted(one) for one in nx.strongly_connected_components(imports) if len(one) > 1]


def test_no_imports_go_in_a_circle() -> None:
    trees = modules()
    assert len(trees) > 200
    imports = graph(trees)
    assert imports.number_of_edges() > 500
    assert circles(imports) == []


def test_a_circle_hidden_in_a_function_is_seen_and_one_of_types_is_none() -> None:
    hidden = "def f():\n    from toolgrove import b\n"
    typed = "if TYPE_CHECKING:\n    import toolgrove.b\n"
    other = ast.parse("import toolgrove.a")
    for source, found in ((hidden, [["toolgrove.a", "toolgrove.b"]]), (typed, [])):
        imports = graph({"toolgrove.a": ast.parse(source), "toolgrove.b": other})
        assert circles(imports) == found
