"""Beam search over a decision tree."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.planners.frontier import Frontier, Rate, Step, limited, sibling, unrepeated
from toolgrove.planners.prompts import Prompts
from toolgrove.planners.rating_prompts import RATED
from toolgrove.planners.tally import Tally

__all__ = ["Beam"]


@dataclass
class Beam(Frontier):
    """Level by level, the best paths only (Tree of Thoughts' BFS, Yao et al. 2023).

    Each path of the beam grows ``breadth`` children: the first of every path, then the second of
    every path, which sees the diversity prompt, and so on. The ``width`` best children of the
    level are the next beam; of equals the one that was proposed first. The search ends with the
    first wave that has an answer; the best of several is the run's.

    Parameters
    ----------
    width : int
        Paths that are kept (the paper's ``b``).
    breadth : int
        Children of each (the paper's ``k``).
    depth : int
        Tool calls on a path.
    value : str
        What a path is worth: ``model`` asks for a grade, a model call for each child of a level
        that has more than ``width``; ``observed`` is the share of its calls that were of use.
    """

    name: ClassVar[str] = "beam"
    prompts: ClassVar[Prompts] = RATED
    width: int = 2
    breadth: int = 2
    depth: int = 12
    value: Literal["model", "observed"] = "model"
    _beam: list[str] = field(default_factory=lambda: [ROOT], init=False, repr=False, compare=False)
    _turn: int = field(default=0, init=False, repr=False, compare=False)
    _due: int = field(default=0, init=False, repr=False, compare=False)
    _level: list[Node] = field(default_factory=list, init=False, repr=False, compare=False)
    _answers: list[Node] = field(default_factory=list, init=False, repr=False, compare=False)
    _rate: list[Node] = field(default_factory=list, init=False, repr=False, compare=False)
    _tallies: dict[str, Tally] = field(
        default_factory=lambda: {ROOT: Tally()}, init=False, repr=False, compare=False
    )

    def next(self) -> tuple[Step, ...]:
        if self._rate:
            return (Rate(tuple(node.id for node in self._rate)),)
        self._due = len(self._beam)
        return tuple(sibling(node, self._turn) for node in self._beam)

    def on_node(self, node: Node) -> Node:
        node = limited(unrepeated(node), self.depth)
        if node.state in (NodeState.OPEN, NodeState.ANSWERED):
            tally = self._tallies[node.parent or ROOT].after(node)
            if self.value == "observed":
                node = replace(node, score=tally.value)
            if node.state is NodeState.OPEN:
                self._tallies[node.id] = tally
                self._level.append(node)
            else:
                self._answers.append(node)
        self._due -= 1
        if not self._due:
            self._wave_is_over()
        return node

    def _wave_is_over(self) -> None:
        self._turn += 1
        if self._answers:
            self._beam = []
            several = len(self._answers) > 1
            self._rate = self._answers if several and self.value == "model" else []
        elif self._turn == self.breadth:
            several = len(self._level) > self.width
            self._rate = self._level if several and self.value == "model" else []
            if not self._rate:
                self._keep(self._level)

    def on_scores(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        self._rate = []
        if self._answers:
            return nodes
        kept = self._keep(list(nodes))
        reason = f"not among the {self.width} best of its level"
        return tuple(
            node if node.id in kept else replace(node, state=NodeState.PRUNED, reason=reason)
            for node in nodes
        )

    def _keep(self, level: list[Node]) -> list[str]:
        """Make the best of a level the beam."""
        best = sorted(level, key=lambda node: -(node.score or 0.0))[: self.width]
        self._beam = [node.id for node in best]
        self._tallies = {node: self._tallies[node] for node in self._beam}
        self._level, self._turn = [], 0
        return self._beam
