"""A planner is a frontier: which node is expanded next, and what becomes of what grew.

:class:`CoT` (and ReAct, its one-chain case) and :class:`DFSDT` are the first ones. A new search is
one small class here and one line in :data:`PLANNERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Protocol

from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import ROOT
from toolgrove.errors import UsageError

__all__ = [
    "DFSDT",
    "PLANNERS",
    "CoT",
    "Frontier",
    "Pick",
    "ReAct",
    "parse_planner",
    "planner_text",
]


@dataclass(frozen=True, slots=True)
class Pick:
    """Grow the ``index``-th child of ``parent``; ``variant`` names the prompt."""

    parent: str
    index: int = 0
    variant: str = "plain"


class Frontier(Protocol):
    """The order in which a tree is grown."""

    name: ClassVar[str]

    def next(self) -> Pick | None:
        """What to expand next; None ends the search."""
        ...

    def grown(self, node: Node) -> Node:
        """Take note of a new node and return it, pruned where the search won't go on from it."""
        ...


def _limited(node: Node, depth: int) -> Node:
    if node.state is NodeState.OPEN and node.depth >= depth:
        return replace(node, state=NodeState.PRUNED, reason=f"depth limit of {depth} calls")
    return node


@dataclass
class CoT:
    """Independent chains; the first that answers wins (CoT@n of ToolLLM, Qin et al. 2023).

    Parameters
    ----------
    chains : int
        How many chains are tried. They differ only where the model samples.
    depth : int
        Tool calls on a chain.
    """

    name: ClassVar[str] = "cot"
    chains: int = 5
    depth: int = 12
    _started: int = field(default=0, init=False, repr=False)
    _at: str | None = field(default=None, init=False, repr=False)
    _done: bool = field(default=False, init=False, repr=False)

    def next(self) -> Pick | None:
        if self._done or (self._at is None and self._started >= self.chains):
            return None
        if self._at is not None:
            return Pick(self._at)
        self._started += 1
        return Pick(ROOT, self._started - 1)

    def grown(self, node: Node) -> Node:
        node = _limited(node, self.depth)
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


@dataclass
class DFSDT:
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
    width: int = 2
    depth: int = 12
    back: int = 2
    prune_repeats: bool = True
    prune_errors: bool = False
    _stack: list[list[Any]] = field(
        default_factory=lambda: [[ROOT, 0]], init=False, repr=False, compare=False
    )

    def next(self) -> Pick | None:
        while self._stack:
            frame = self._stack[-1]
            node, tried = frame
            if tried < self.width:
                frame[1] += 1
                return Pick(node, tried, "diversity" if tried else "plain")
            self._stack.pop()
        return None

    def grown(self, node: Node) -> Node:
        if self.prune_repeats and node.state is NodeState.OPEN and _only_repeats(node):
            node = replace(node, state=NodeState.PRUNED, reason="only repeats calls of its path")
        if self.prune_errors and node.state is NodeState.OPEN and _all_failed(node):
            node = replace(node, state=NodeState.PRUNED, reason="every call failed")
        node = _limited(node, self.depth)
        if node.state is NodeState.OPEN:
            self._stack.append([node.id, 0])
        elif node.state is NodeState.ANSWERED:
            self._stack.clear()
        elif node.state is NodeState.GAVE_UP:
            del self._stack[max(1, len(self._stack) - (self.back - 1)) :]
        return node


def _all_failed(node: Node) -> bool:
    return bool(node.observations) and all(o.status.failed for o in node.observations)


def _only_repeats(node: Node) -> bool:
    return bool(node.observations) and all(o.cached for o in node.observations)


PLANNERS: dict[str, Callable[..., Frontier]] = {f.name: f for f in (CoT, DFSDT, ReAct)}
"""Frontier classes by the name that ``--planner`` takes."""


def parse_planner(text: str) -> Frontier:
    """Build a frontier from ``name`` or ``name:option=value,…``.

    Raises
    ------
    UsageError
        For an unknown name or option, or a value of the wrong kind.

    Examples
    --------
    >>> parse_planner("dfsdt:width=3,depth=8")
    DFSDT(width=3, depth=8, back=2, prune_repeats=True, prune_errors=False)
    """
    name, _, rest = text.partition(":")
    if name not in PLANNERS:
        raise UsageError(f"no planner called {name!r}. Known: {', '.join(sorted(PLANNERS))}.")
    make: Any = PLANNERS[name]
    known = {f.name: f.type for f in fields(make) if f.init}
    options: dict[str, int | bool] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if key not in known or not equals:
            raise UsageError(
                f"{name} has no option {part!r}. Known: "
                + ", ".join(f"{k}={getattr(make, k, '…')}" for k in known)
                + "."
            )
        options[key] = _value(text, key, value, boolean=known[key] in (bool, "bool"))
    frontier: Frontier = make(**options)
    return frontier


def planner_text(frontier: Frontier) -> str:
    """The text that :func:`parse_planner` builds this frontier from, every option spelled out.

    Examples
    --------
    >>> planner_text(parse_planner("dfsdt:width=3"))
    'dfsdt:width=3,depth=12,back=2,prune_repeats=true,prune_errors=false'
    """
    options: Any = frontier
    said = [f"{f.name}={getattr(frontier, f.name)}".lower() for f in fields(options) if f.init]
    return f"{frontier.name}:{','.join(said)}" if said else frontier.name


def _value(text: str, key: str, value: str, *, boolean: bool) -> int | bool:
    if boolean and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not boolean and value.isdecimal() and int(value) > 0:
        return int(value)
    wanted = "true or false" if boolean else "a whole number from 1"
    raise UsageError(f"{text!r}: {key} wants {wanted}, not {value!r}.")
