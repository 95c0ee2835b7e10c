"""A planner is a frontier: which nodes are expanded next, and what becomes of what grew.

Searches expand nodes in the same way (:mod:`toolgrove.planners.expand`) unless they name another;
a new one is one small class, in a file of its own, and one line in
:mod:`toolgrove.planners.registry`, or in a package of its own (docs/extending.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias

from toolgrove.data.records import Node, NodeState
from toolgrove.planners.expand import Expansion, expand
from toolgrove.planners.prompts import OURS, Prompts

__all__ = ["Expand", "Frontier", "Rate", "Step", "limited", "sibling", "unrepeated"]


@dataclass(frozen=True, slots=True)
class Expand:
    """Grow the ``index``-th child of ``parent``; ``variant`` names how the model is asked.

    ``most`` is how many calls its reply may plan, where it plans any.
    """

    parent: str
    index: int = 0
    variant: str = "plain"
    most: int = 16


@dataclass(frozen=True, slots=True)
class Rate:
    """Give these nodes, which are in the tree, a score of 0 to 1.

    ``value``: the model grades each path by itself; ``pairwise``: it compares them, which are the
    children of one node, two by two and in both orders.
    """

    nodes: tuple[str, ...]
    how: Literal["value", "pairwise"] = "value"


Step: TypeAlias = Expand | Rate


class Frontier(ABC):
    """The order in which a tree is grown.

    A frontier does no I/O, and the same nodes lead to the same steps. Its state is kept in values
    that are never changed in place where ``forks`` is true: a shallow copy of it goes its own way
    then, which is how a search looks ahead (:mod:`toolgrove.planners.ahead`).
    """

    name: ClassVar[str]
    forks: ClassVar[bool] = False
    prompts: ClassVar[Prompts] = OURS
    remembers: ClassVar[bool] = True
    """Whether reads are answered from the tree, and tools that only fail are dropped."""
    expand: ClassVar[Expansion] = staticmethod(expand)
    """How a child is grown: one turn of a chat, unless a planner names another expansion."""

    @abstractmethod
    def next(self) -> tuple[Step, ...]:
        """The next wave: steps that need nothing of each other, all of them wanted.

        None at all ends the search. A step is named once.
        """

    @abstractmethod
    def on_node(self, node: Node) -> Node:
        """Take note of a new node and return it, pruned where the search won't go on from it.

        The nodes of a wave come in the order of its steps.
        """

    def on_scores(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        """Take note of the scores that a ``Rate`` asked for, and return the nodes, pruned likewise.

        They come in the order in which the ``Rate`` names them.
        """
        raise NotImplementedError(f"{self.name} asks for no scores")


def limited(node: Node, depth: int) -> Node:
    """The node, pruned where it has made as many calls as a path may."""
    if node.state is NodeState.OPEN and node.depth >= depth:
        return replace(node, state=NodeState.PRUNED, reason=f"depth limit of {depth} calls")
    return node


def unrepeated(node: Node) -> Node:
    """The node, pruned where all its calls only repeat some of its own path."""
    made = [observation.repeated for observation in node.observations]
    if node.state is NodeState.OPEN and made and all(made):
        return replace(node, state=NodeState.PRUNED, reason="only repeats calls of its path")
    return node


def sibling(parent: str, index: int) -> Expand:
    """A node's ``index``-th child, which is shown what the earlier ones came to."""
    return Expand(parent, index, "diversity" if index else "plain")
