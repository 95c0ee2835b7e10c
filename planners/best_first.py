"""Best-first search over a decision tree."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import ClassVar, Literal

from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.planners.frontier import Frontier, Rate, Step, limited, sibling, unrepeated
from toolgrove.planners.prompts import Prompts
from toolgrove.planners.rating_prompts import RATED
from toolgrove.planners.tally import Tally

__all__ = ["AStar"]


@dataclass(frozen=True, slots=True)
class _Path:
    """A path that can be gone on from: what it cost, what is left, and what it brought."""

    cost: float
    left: float
    tally: Tally


@dataclass
class AStar(Frontier):
    """The cheapest path first, by f = g + h (A* as in ToolChain*, Zhuang et al. 2023).

    g is what the path has cost, h what is thought to be left. A path grows one child at a time,
    because each is a model call (Yoshizumi et al. 2000, partial expansion): its next try waits in
    the heap at a cost that is higher by 1, so that of several tries the model's first counts most.
    An answer ends the search once nothing cheaper waits; of several it is the cheapest where h
    never says too much, as with ``value=none``. Of equals the deeper path goes on. With the
    defaults a path that goes well is followed like a single chain, and the search goes back to the
    nearest other way where calls fail or more of them are made than expected.

    To plug in another cost or estimate, override :meth:`cost` and :meth:`left` in a subclass.

    Parameters
    ----------
    width : int
        Children of a node.
    depth : int
        Tool calls on a path.
    steps : int
        Model calls that a task is thought to need, the answer included.
    failure : float
        What a call that failed or only repeated one of its path costs beside the step, and what a
        step without any call does.
    value : str
        What h goes by: ``observed`` counts the path's useful calls against ``steps``; ``model``
        asks for a grade, one more model call a node; ``none`` is h = 0 (uniform-cost search).
    """

    name: ClassVar[str] = "astar"
    prompts: ClassVar[Prompts] = RATED
    width: int = 3
    depth: int = 12
    steps: int = 6
    failure: float = 1.0
    value: Literal["observed", "model", "none"] = "observed"
    _heap: list[tuple[float, float, int, str, int]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )
    _paths: dict[str, _Path] = field(default_factory=dict, init=False, repr=False, compare=False)
    _unrated: str | None = field(default=None, init=False, repr=False, compare=False)
    _pushed: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        left = self.left(Node(ROOT, None), Tally())
        self._paths[ROOT] = _Path(0.0, left, Tally())
        self._wait(ROOT, 0)

    def cost(self, node: Node) -> float:
        """What a step costs, 0 or more: 1, and ``failure`` for each call that was of no use."""
        return 1.0 + self.failure * Tally().after(node).wasted

    def left(self, node: Node, tally: Tally) -> float:
        """What is thought to be left after an open node whose path has this tally."""
        if self.value == "none":
            return 0.0
        if self.value == "model" and node.score is not None:
            return 1.0 + self.steps * (1.0 - node.score)
        return float(max(1, self.steps - tally.useful))

    def next(self) -> tuple[Step, ...]:
        if self._unrated is not None:
            return (Rate((self._unrated,)),)
        if not self._heap:
            return ()
        _, _, _, node, tried = heappop(self._heap)
        if node not in self._paths:  # an answer, and nothing cheaper waits
            self._heap = []
            return ()
        if tried + 1 < self.width:
            self._wait(node, tried + 1)
        return (sibling(node, tried),)

    def on_node(self, node: Node) -> Node:
        node = limited(unrepeated(node), self.depth)
        above = self._paths[node.parent or ROOT]
        cost = above.cost + node.index + self.cost(node)
        if node.state is NodeState.ANSWERED:
            heappush(self._heap, (cost, -cost, -self._next(), node.id, 0))
            return replace(node, score=1.0 / (1.0 + cost))
        if node.state is NodeState.OPEN:
            tally = above.tally.after(node)
            self._paths[node.id] = _Path(cost, self.left(node, tally), tally)
            if self.value == "model":
                self._unrated = node.id
            else:
                self._wait(node.id, 0)
        return node

    def on_scores(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        (node,) = nodes
        path = self._paths[node.id]
        self._paths[node.id] = replace(path, left=self.left(node, path.tally))
        self._wait(node.id, 0)
        self._unrated = None
        return nodes

    def _wait(self, node: str, tried: int) -> None:
        """Put a path's next try into the heap: by f, then the deeper, then the newer one."""
        path = self._paths[node]
        cost = path.cost + tried
        heappush(self._heap, (cost + path.left, -path.cost, -self._next(), node, tried))

    def _next(self) -> int:
        self._pushed += 1
        return self._pushed
