"""Depth-first search over a decision tree."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.planners.frontier import Expand, Frontier, limited, sibling, unrepeated

__all__ = ["DFSDT"]


@dataclass(frozen=True, slots=True)
class _Level:
    """A node on the way down, how many children it has been given, and the level above it."""

    node: str
    tried: int
    above: _Level | None


@dataclass
class DFSDT(Frontier):
    """Depth-first search over a decision tree (DFSDT without filter, ToolLLM, Qin et al. 2023).

    A child is explored to its end before its sibling is asked for; the sibling sees the diversity
    prompt. A path that gives up goes back ``back`` levels, any other dead end one. As in ToolBench
    but for its faults: the depth is counted in calls, giving up at the first step does not end the
    whole search, and the search is a stack, not a recursion.

    Parameters
    ----------
    width : int
        Children of a node (ToolBench's ``w2`` is 2).
    depth : int
        Tool calls on a path.
    back : int
        Levels that giving up goes back (ToolBench's ``prune_back_length``).
    prune_repeats : bool
        Whether a step that only repeats calls of its own path is a dead end. ToolBench goes on.
    prune_errors : bool
        Whether a step whose calls all failed is a dead end, so that the next try does not carry
        the error along but sees it in the diversity prompt. ToolBench goes on.
    """

    name: ClassVar[str] = "dfsdt"
    forks: ClassVar[bool] = True
    width: int = 2
    depth: int = 12
    back: int = 2
    prune_repeats: bool = True
    prune_errors: bool = False
    _at: _Level | None = field(default=_Level(ROOT, 0, None), init=False, repr=False, compare=False)

    def next(self) -> tuple[Expand, ...]:
        while self._at is not None:
            level = self._at
            if level.tried < self.width:
                self._at = replace(level, tried=level.tried + 1)
                return (sibling(level.node, level.tried),)
            self._at = level.above
        return ()

    def on_node(self, node: Node) -> Node:
        if node.state is NodeState.OPEN:
            node = limited(self._pruned(node), self.depth)
        if node.state is NodeState.OPEN:
            self._at = _Level(node.id, 0, self._at)
        elif node.state is NodeState.ANSWERED:
            self._at = None
        elif node.state is NodeState.GAVE_UP:
            for _ in range(self.back - 1):
                if self._at is not None and self._at.above is not None:
                    self._at = self._at.above
        return node

    def _pruned(self, node: Node) -> Node:
        node = unrepeated(node) if self.prune_repeats else node
        if node.state is not NodeState.OPEN or not node.observations:
            return node
        if self.prune_errors and all(o.status.failed for o in node.observations):
            return replace(node, state=NodeState.PRUNED, reason="every call failed")
        return node
