"""Planners that let the model plan several calls at once: a path of plans and verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.planners.dag.growing import grow
from toolgrove.planners.dag.prompts import DIVIDE, PLAN
from toolgrove.planners.expand import Expansion, expand
from toolgrove.planners.frontier import Expand, Frontier
from toolgrove.planners.prompts import Prompts
from toolgrove.planners.run import Run

__all__ = ["DAG", "DTA", "plan_or_step"]


async def plan_or_step(run: Run, wanted: Expand, *, ahead: bool = False) -> Node:
    """A plan, or after the last one a step of a chat."""
    step = expand if wanted.variant == "plain" else grow
    return await step(run, wanted, ahead=ahead)


_MENDS = 3
"""How often an answer that does not have its form is asked for again."""


def _again(node: Node, mended: int, lines: int) -> Expand | None:
    return Expand(node.id, 0, "answer", lines) if mended <= _MENDS else None


@dataclass
class DAG(Frontier):
    """A plan whose calls form a graph, then a verdict, which may be to plan anew.

    LLMCompiler (Kim et al., 2023, arXiv:2312.04511), with calls that start while the plan is still
    being written. Two model calls where the first plan is good. Where the last plan has not led to
    an answer, the run goes on from all results one call at a time, as ``react`` does.

    Parameters
    ----------
    replans : int
        How many further plans there may be.
    lines : int
        How many calls a plan may have; the model is stopped there.
    steps : int
        How many calls there may be after the last plan.
    """

    name: ClassVar[str] = "dag"
    prompts: ClassVar[Prompts] = PLAN
    expand: ClassVar[Expansion] = staticmethod(plan_or_step)
    replans: int = 1
    lines: int = 16
    steps: int = 8
    _next: Expand | None = field(default=None, init=False, repr=False, compare=False)
    _plans: int = field(default=0, init=False, repr=False, compare=False)
    _left: int = field(default=0, init=False, repr=False, compare=False)
    _mended: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._next = Expand(ROOT, 0, "plan", self.lines)
        self._left = self.steps

    def next(self) -> tuple[Expand, ...]:
        return (self._next,) if self._next is not None else ()

    def on_node(self, node: Node) -> Node:
        self._next = None
        if node.variant == "plain":
            self._left -= max(1, len(node.calls))
        if "misfit" in node.meta:
            self._mended += 1
            self._next = _again(node, self._mended, self.lines)
        elif node.state is NodeState.OPEN and node.variant != "answer":
            after = self._after(node)
            if after == "plain" and self._left <= 0:
                reason = f"limit of {self.steps} calls after the last plan"
                return replace(node, state=NodeState.PRUNED, reason=reason)
            self._next = Expand(node.id, 0, after, self.lines)
        return node

    def _after(self, node: Node) -> str:
        if node.variant == "plain":
            return "plain"
        if node.calls or node.variant == "plan":
            self._plans += 1
            return "join" if self._plans <= self.replans else "verdict"
        if "replan" in node.meta:
            return "plan" if self._plans <= self.replans else "plain"
        return "answer"


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
    lines : int
        How many calls a round may have; the model is stopped there.
    """

    name: ClassVar[str] = "dta"
    prompts: ClassVar[Prompts] = DIVIDE
    expand: ClassVar[Expansion] = staticmethod(grow)
    rounds: int = 4
    lines: int = 16
    _next: Expand | None = field(default=None, init=False, repr=False, compare=False)
    _made: int = field(default=0, init=False, repr=False, compare=False)
    _mended: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._next = Expand(ROOT, 0, "divide", self.lines)

    def next(self) -> tuple[Expand, ...]:
        return (self._next,) if self._next is not None else ()

    def on_node(self, node: Node) -> Node:
        self._next = None
        if "misfit" in node.meta:
            self._mended += 1
            self._next = _again(node, self._mended, self.lines)
        elif node.state is NodeState.OPEN and node.variant != "answer":
            self._made += 1
            more = bool(node.calls) and self._made < self.rounds
            self._next = Expand(node.id, 0, "aggregate" if more else "answer", self.lines)
        return node
