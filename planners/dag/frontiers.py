"""Planners that let the model plan several calls at once: a path of plans and verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.planners.dag.growing import grow
from toolgrove.planners.dag.prompts import DIVIDE, PLAN
from toolgrove.planners.expand import Expansion
from toolgrove.planners.frontier import Expand, Frontier
from toolgrove.planners.prompts import Prompts

__all__ = ["DAG", "DTA"]


@dataclass
class DAG(Frontier):
    """A plan whose calls form a graph, then a verdict, which may be to plan anew.

    LLMCompiler (Kim et al., 2023, arXiv:2312.04511), with calls that start while the plan is still
    being written. Two model calls where the first plan is good.

    Parameters
    ----------
    replans : int
        How many further plans there may be; after the last one the model has to answer.
    """

    name: ClassVar[str] = "dag"
    prompts: ClassVar[Prompts] = PLAN
    expand: ClassVar[Expansion] = staticmethod(grow)
    replans: int = 2
    _next: Expand | None = field(
        default=Expand(ROOT, 0, "plan"), init=False, repr=False, compare=False
    )
    _plans: int = field(default=0, init=False, repr=False, compare=False)

    def next(self) -> tuple[Expand, ...]:
        return (self._next,) if self._next is not None else ()

    def on_node(self, node: Node) -> Node:
        self._next = None
        if node.state is NodeState.OPEN and node.variant != "answer":
            self._next = Expand(node.id, 0, self._after(node))
        return node

    def _after(self, node: Node) -> str:
        if node.calls or node.variant == "plan":
            self._plans += 1
            return "join" if self._plans <= self.replans else "answer"
        return "plan" if "replan" in node.meta else "answer"


@dataclass
class DTA(Frontier):
    """Rounds of calls that run at the same time (Divide-Then-Aggregate, Zhu et al., 2025).

    The model divides the task into calls, all run, and it sees all that they gave before it calls
    again or answers (ACL, 2025.acl-long.1401). Calls of one round that refer to each other are run
    level by level.

    Parameters
    ----------
    rounds : int
        How many rounds of calls there may be; after the last one the model has to answer.
    """

    name: ClassVar[str] = "dta"
    prompts: ClassVar[Prompts] = DIVIDE
    expand: ClassVar[Expansion] = staticmethod(grow)
    rounds: int = 4
    _next: Expand | None = field(
        default=Expand(ROOT, 0, "divide"), init=False, repr=False, compare=False
    )
    _made: int = field(default=0, init=False, repr=False, compare=False)

    def next(self) -> tuple[Expand, ...]:
        return (self._next,) if self._next is not None else ()

    def on_node(self, node: Node) -> Node:
        self._next = None
        if node.state is NodeState.OPEN and node.variant != "answer":
            self._made += 1
            more = bool(node.calls) and self._made < self.rounds
            self._next = Expand(node.id, 0, "aggregate" if more else "answer")
        return node
