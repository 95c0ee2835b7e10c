"""Independent chains: ReAct, which is one, and CoT@n."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.planners.frontier import Expand, Frontier, limited

__all__ = ["CoT", "ReAct"]


@dataclass
class CoT(Frontier):
    """Independent chains; the first that answers wins (CoT@n of ToolLLM, Qin et al. 2023).

    Parameters
    ----------
    chains : int
        How many chains are tried. They differ only where the model samples.
    depth : int
        Tool calls on a chain.
    """

    name: ClassVar[str] = "cot"
    forks: ClassVar[bool] = True
    chains: int = 5
    depth: int = 12
    _started: int = field(default=0, init=False, repr=False, compare=False)
    _at: str | None = field(default=None, init=False, repr=False, compare=False)
    _done: bool = field(default=False, init=False, repr=False, compare=False)

    def next(self) -> tuple[Expand, ...]:
        if self._done or (self._at is None and self._started >= self.chains):
            return ()
        if self._at is not None:
            return (Expand(self._at),)
        self._started += 1
        return (Expand(ROOT, self._started - 1),)

    def on_node(self, node: Node) -> Node:
        node = limited(node, self.depth)
        self._at = node.id if node.state is NodeState.OPEN else None
        self._done = node.state is NodeState.ANSWERED
        return node


@dataclass
class ReAct(CoT):
    """One chain of reply, call and observation (ReAct, Yao et al. 2023).

    Parameters
    ----------
    depth : int
        Tool calls on the chain.
    """

    name: ClassVar[str] = "react"
    chains: int = field(default=1, init=False, repr=False)
