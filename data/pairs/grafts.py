"""A tree with a branch that is not its own: what another run did, or what nobody did.

So a rule that looks past one tree sets its sides against each other by the same checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from toolgrove.data.pairs.modes import Branches, Success
from toolgrove.data.records import Node
from toolgrove.data.tree import SearchTree

__all__ = ["grafted", "own_id", "with_grafts"]

_MARK = "grafted:"


def grafted(other: SearchTree, start: Node, parent: Node, index: int) -> Iterator[Node]:
    """A branch of another tree as one of ``parent``'s; ids are marked, since runs share them."""
    waiting = [replace(start, parent=parent.id, index=index)]
    while waiting:
        node = waiting.pop()
        mark = f"{_MARK}{node.id}"
        waiting += [replace(child, parent=mark) for child in other.children(node.id)]
        yield replace(node, id=mark)


def with_grafts(branches: Branches, grafts: Iterator[Node], success: Success) -> Branches:
    """The branches of a tree with grafts, none of which is a success."""
    tree = SearchTree(
        branches.tree.task, branches.tree.tools, branches.tree.aliases, branches.tree.meta
    )
    for node in (*branches.tree, *grafts):
        tree.add(node)
    return Branches(tree, lambda node: not node.id.startswith(_MARK) and success(node))


def own_id(node_id: str) -> str:
    """A node's id in the tree that it was taken from."""
    return node_id.removeprefix(_MARK)
