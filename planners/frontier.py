"""A planner is a frontier: which nodes are expanded next, and what becomes of what grew.

Every search expands nodes in the same way (:mod:`toolgrove.planners.expand`); a new one is one
small class, in a file of its own, and one line in :mod:`toolgrove.planners.registry`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias

from toolgrove.data.records import Node, NodeState

__all__ = ["Frontier", "Pick", "Rate", "Step", "limited"]


@dataclass(frozen=True, slots=True)
class Pick:
    """Grow the ``index``-th child of ``parent``; ``variant`` names how the model is asked."""

    parent: str
    index: int = 0
    variant: str = "plain"


@dataclass(frozen=True, slots=True)
class Rate:
    """Give these nodes, which are in the tree, a score.

    ``value``: the model grades each path by itself; ``pairwise``: it compares them two by two, in
    both orders.
    """

    nodes: tuple[str, ...]
    how: Literal["value", "pairwise"] = "value"


Step: TypeAlias = Pick | Rate


class Frontier(ABC):
    """The order in which a tree is grown.

    A frontier does no I/O, and the same nodes lead to the same steps. Its state is kept in values
    that are never changed in place where ``forks`` is true: a shallow copy of it goes its own way
    then, which is how a search looks ahead (:mod:`toolgrove.planners.ahead`).
    """

    name: ClassVar[str]
    forks: ClassVar[bool] = False

    @abstractmethod
    def next(self) -> tuple[Step, ...]:
        """The next wave: steps that need nothing of each other, all of them wanted.

        None at all ends the search. A step is named once.
        """

    @abstractmethod
    def grown(self, node: Node) -> Node:
        """Take note of a new node and return it, pruned where the search won't go on from it.

        The nodes of a wave come in the order of its steps.
        """

    def rated(self, node: Node) -> None:
        """Take note of a node's score, which a ``Rate`` asked for."""
        raise NotImplementedError(f"{self.name} asks for no scores")


def limited(node: Node, depth: int) -> Node:
    """The node, pruned where it has made as many calls as a path may."""
    if node.state is NodeState.OPEN and node.depth >= depth:
        return replace(node, state=NodeState.PRUNED, reason=f"depth limit of {depth} calls")
    return node
