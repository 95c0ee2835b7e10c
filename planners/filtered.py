"""Depth-first search with filter: children first, then the best of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.planners.frontier import Frontier, Rate, Step, limited, sibling, unrepeated
from toolgrove.planners.prompts import Prompts
from toolgrove.planners.rating_prompts import RATED

__all__ = ["FilteredDFSDT"]


@dataclass
class FilteredDFSDT(Frontier):
    """DFSDT with filter (ToolLLM, Qin et al. 2023): all children first, then the best one's.

    The model compares the children of a node two by two, in both orders; the search goes on with
    the one that wins most, and comes back to the next best when that led nowhere. An answer ends
    the search at once, where ToolBench compares it with its siblings first; and a child that gives
    up is only left out.

    Parameters
    ----------
    width : int
        Children of a node. Comparing them takes ``width * (width - 1)`` model calls.
    depth : int
        Tool calls on a path.
    """

    name: ClassVar[str] = "dfs_filter"
    prompts: ClassVar[Prompts] = RATED
    width: int = 2
    depth: int = 12
    _at: str | None = field(default=ROOT, init=False, repr=False, compare=False)
    _tried: int = field(default=0, init=False, repr=False, compare=False)
    _open: list[str] = field(default_factory=list, init=False, repr=False, compare=False)
    _stack: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def next(self) -> tuple[Step, ...]:
        if self._at is None:
            return ()
        if self._tried < self.width:
            return (sibling(self._at, self._tried),)
        return (Rate(tuple(self._open), "pairwise"),)

    def on_node(self, node: Node) -> Node:
        node = limited(unrepeated(node), self.depth)
        self._tried += 1
        if node.state is NodeState.OPEN:
            self._open.append(node.id)
        if node.state is NodeState.ANSWERED:
            self._at = None
        elif self._tried == self.width and len(self._open) < 2:
            self._go_on(self._open)
        return node

    def on_scores(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        best = sorted(nodes, key=lambda node: -(node.score or 0.0))
        self._go_on([node.id for node in best])
        return nodes

    def _go_on(self, best: list[str]) -> None:
        """Go down to the best child, or back to the nearest one that is left."""
        self._stack.extend(reversed(best))
        self._at = self._stack.pop() if self._stack else None
        self._tried, self._open = 0, []
