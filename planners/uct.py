"""Monte-Carlo tree search."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import log, sqrt
from typing import ClassVar, Literal

from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.planners.frontier import Frontier, Rate, Step, limited, sibling, unrepeated
from toolgrove.planners.prompts import Prompts
from toolgrove.planners.rating_prompts import RATED
from toolgrove.planners.tally import Tally

__all__ = ["UCT"]


@dataclass(slots=True)
class _Stats:
    """What the search knows of a node."""

    above: str | None
    tally: Tally
    value: float = 0.5
    visits: int = 1
    total: float = 0.5
    grown: int = 0
    open: list[str] = field(default_factory=list)


@dataclass
class UCT(Frontier):
    """Monte-Carlo tree search without rollouts (UCT, Kocsis and Szepesvari 2006; LATS, Zhou 2023).

    A round goes down from the root by the upper confidence bound (UCB1) of a node's children, grows
    one child, values it, and adds the value to every node above it. A child that is not grown yet
    competes with those that are: what it is worth before its call is what its parent is worth
    (first-play urgency, Gelly and Wang 2006). So a step that did not improve on its parent is left
    for a sibling, and the sibling is never asked for where it is not promising. After the call, a
    step valued below ``drop`` is pruned: both sides, as in ToolTree. The search ends with an answer
    valued at least ``enough``, after ``rounds``, or when nothing is left; the best answer counts.
    Of equals the older one is chosen, so that nothing is left to chance.

    Parameters
    ----------
    width : int
        Children of a node (LATS' ``n``, 5 there).
    depth : int
        Tool calls on a path.
    rounds : int
        Nodes that are grown at most.
    explore : float
        Weight of what was seldom visited (LATS' ``w``, 1 there, for budgets of hundreds of model
        calls; within twenty a search that explores so much seldom gets deep enough to answer).
    enough : float
        Value, of 0 to 1, of an answer that ends the search.
    drop : float
        Value below which a step is not gone on from.
    value : str
        What a node is worth: ``model`` asks for a grade, one more model call a round; ``observed``
        is the share of its path's calls that were of use, and 1 for an answer.
    """

    name: ClassVar[str] = "uct"
    prompts: ClassVar[Prompts] = RATED
    width: int = 2
    depth: int = 12
    rounds: int = 50
    explore: float = 0.2
    enough: float = 0.7
    drop: float = 0.15
    value: Literal["model", "observed"] = "model"
    _stats: dict[str, _Stats] = field(default_factory=dict, init=False, repr=False, compare=False)
    _unrated: str | None = field(default=None, init=False, repr=False, compare=False)
    _done: bool = field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._stats[ROOT] = _Stats(None, Tally())

    def next(self) -> tuple[Step, ...]:
        if self._unrated is not None:
            return (Rate((self._unrated,)),)
        root = self._stats[ROOT]
        if self._done or root.visits > self.rounds or not self._growing(root):
            return ()
        parent = self._selected()
        return (sibling(parent, self._stats[parent].grown),)

    def _growing(self, stats: _Stats) -> bool:
        return stats.grown < self.width or bool(stats.open)

    def _selected(self) -> str:
        """The node whose next child is grown: down from the root, the best bound at each level."""
        at = ROOT
        while True:
            stats = self._stats[at]
            best = max(stats.open, key=lambda child: self._bound(stats, child), default=None)
            if best is None:
                return at
            urgency = stats.value + self.explore * sqrt(log(stats.visits))
            if stats.grown < self.width and urgency > self._bound(stats, best):
                return at
            at = best

    def _bound(self, above: _Stats, child: str) -> float:
        """UCB1 of a child."""
        stats = self._stats[child]
        seldom = sqrt(log(above.visits) / stats.visits)
        return stats.total / stats.visits + self.explore * seldom

    def on_node(self, node: Node) -> Node:
        node = limited(unrepeated(node), self.depth)
        above = self._stats[node.parent or ROOT]
        above.grown += 1
        tally = above.tally.after(node)
        self._stats[node.id] = _Stats(node.parent, tally)
        if node.state not in (NodeState.OPEN, NodeState.ANSWERED):
            self._back_up(node, 0.0)
        elif self.value == "model":
            self._unrated = node.id
        else:
            worth = 1.0 if node.state is NodeState.ANSWERED else tally.value
            node = self._valued(replace(node, score=worth))
        return node

    def on_scores(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        self._unrated = None
        return tuple(self._valued(node) for node in nodes)

    def _valued(self, node: Node) -> Node:
        """Take in a node's value, and prune it where that is too low."""
        value = node.score or 0.0
        if node.state is NodeState.ANSWERED:
            self._done = value >= self.enough
        elif value < self.drop:
            reason = f"valued {value:.2f}, below {self.drop:g}"
            node = replace(node, state=NodeState.PRUNED, reason=reason)
        self._back_up(node, value)
        return node

    def _back_up(self, node: Node, value: float) -> None:
        """Add a new node's value to all above it, and close those with nothing left to grow."""
        stats = self._stats[node.id]
        stats.value = stats.total = value
        closed = node.state is not NodeState.OPEN
        if not closed:
            self._stats[node.parent or ROOT].open.append(node.id)
        at = node.id
        while stats.above is not None:
            above = self._stats[stats.above]
            if closed and at in above.open:
                above.open.remove(at)
            above.visits += 1
            above.total += value
            closed = closed and not self._growing(above)
            at, stats = stats.above, above
