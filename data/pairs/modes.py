"""Where the two sides of a pair come from: one function a rule, each over one tree.

What is wrong with a candidate is not asked here (:mod:`toolgrove.data.pairs.checks`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from toolgrove.data.pairs.corrections import corrects
from toolgrove.data.pairs.facts import Known, calls_of, results_of
from toolgrove.data.records import CONTROLS, Node, NodeState
from toolgrove.data.tree import SearchTree

__all__ = ["OF_MANY", "PLANS", "Branches", "Contrast", "Rule", "Success", "answered", "candidates"]

Success = Callable[[Node], bool | None]
"""Whether a node is a success, for instance by its score; None where that is not known."""


class Rule(StrEnum):
    """Which continuations are set against each other."""

    STEP = "step"
    """One step against its failed sibling, after the conversation up to there."""
    PATH = "path"
    """A whole successful path against a whole failed one, from where they part."""
    SUBGOAL = "subgoal"
    """Where no branch led to a success: a step whose every call gave something against a sibling
    whose call failed. Calls only, without the words around them."""
    ARGUMENTS = "arguments"
    """Calls of one tool: the arguments that passed against those that failed, in the place of the
    call that failed. Calls only, without the words around them."""
    PLAN = "plan"
    """The plan of several calls that led to a success against the one before it, which did not."""
    DIVERGENCE = "divergence"
    """Two runs of one task, a solved and an unsolved one: the first steps that differ, after calls
    and results that are the same in both."""
    CORRUPTION = "corruption"
    """A call on the way to a success against the same call with one argument made wrong, which was
    made and did fail or give something else. Calls only; the rejected side is synthetic."""


def answered(node: Node) -> bool:
    """Whether a node called Finish with an answer; whether the answer is right, it cannot say."""
    return node.state is NodeState.ANSWERED


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two ways on from one place: nodes of the shared conversation and of both sides.

    Parameters
    ----------
    wordless : bool
        Whether only the calls of both sides count.
    alike : int
        How many of the last shared nodes stand for steps that both ways make alike, each its own.
    """

    rule: Rule
    shared: Sequence[Node]
    chosen: Sequence[Node]
    rejected: Sequence[Node]
    wordless: bool = False
    alike: int = 0

    @property
    def stem(self) -> Sequence[Node]:
        """The nodes up to where the tree branches."""
        return self.shared[: len(self.shared) - self.alike]


class Branches:
    """Which of a tree's branches came to a success, may have come to one, and were cut.

    Parameters
    ----------
    tree : SearchTree
    success : callable

    Attributes
    ----------
    won, unknown, cut : dict of str to None
        Ids of the nodes at or above a success, an answer that nobody judged, a path that was cut.
    """

    def __init__(self, tree: SearchTree, success: Success) -> None:
        self.tree, self.known = tree, Known(tree)
        self.successes = [node for node in tree if success(node)]
        self._successful = {node.id for node in self.successes}
        self.won = self._at_or_above(success)
        self.unknown = self._at_or_above(lambda node: success(node) is None)
        self.cut = self._at_or_above(self._is_cut)

    def branchings(self) -> list[Node]:
        """Nodes with more than one child."""
        return [node for node in self.tree if len(self.tree.children(node.id)) > 1]

    def ends(self, node: Node) -> list[Node]:
        """The successes at or below a node."""
        waiting, found = [node], []
        while waiting:
            at = waiting.pop()
            if at.id in self._successful:
                found.append(at)
            waiting += [child for child in self.tree.children(at.id) if child.id in self.won]
        return found

    def below(self, node: Node) -> list[Node]:
        """A node and all below it."""
        found, waiting = [], [node]
        while waiting:
            at = waiting.pop()
            found.append(at)
            waiting += self.tree.children(at.id)
        return found

    def gap(self, candidate: Contrast) -> float:
        """How much more of what is below the chosen side came to a success; 1 of single calls."""
        if candidate.wordless:
            return 1.0
        ends = [n for n in self.below(candidate.chosen[-1]) if not self.tree.children(n.id)]
        return round(sum(1 for end in ends if end.id in self.won) / len(ends), 3)

    def _is_cut(self, node: Node) -> bool:
        """Whether a path was left where it had not failed: for want of budget or by a limit."""
        if self.tree.children(node.id) or node.state not in (NodeState.OPEN, NodeState.PRUNED):
            return False
        facts = self.known.of(node)
        repeats = bool(node.observations) and all(seen.repeated for seen in node.observations)
        return not (node.state is NodeState.PRUNED and (facts.failed or repeats))

    def _at_or_above(self, wanted: Success) -> dict[str, None]:
        found: set[str] = set()
        for node in self.tree:
            at: str | None = node.id if wanted(node) else None
            while at is not None and at not in found:
                found.add(at)
                at = self.tree[at].parent
        return {node.id: None for node in self.tree if node.id in found}


def candidates(branches: Branches, rule: Rule) -> Iterator[Contrast]:
    """All pairs that a rule makes of a tree, faults and all."""
    return _RULES[rule](branches) if rule in _RULES else iter(())


def _steps(branches: Branches) -> Iterator[Contrast]:
    tree = branches.tree
    for node_id in branches.won:
        kept, failed = _split(branches, tree.children(node_id))
        if kept and failed:
            shared = tree.path(node_id)
            for chosen in kept:
                for rejected in failed:
                    yield Contrast(Rule.STEP, shared, [chosen], [rejected])


def _split(branches: Branches, children: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """Children with a success below, and those with none nor a chance of one."""
    won, unknown = branches.won, branches.unknown
    return (
        [child for child in children if child.id in won],
        [child for child in children if child.id not in won and child.id not in unknown],
    )


def _paths(branches: Branches) -> Iterator[Contrast]:
    tree = branches.tree
    out = {**branches.won, **branches.unknown}
    losers = [tree.path(leaf.id) for leaf in tree.leaves() if leaf.id not in out]
    for winner in branches.successes:
        won = tree.path(winner.id)
        for lost in losers:
            parts = _common(won, lost, lambda one, other: one.id == other.id)
            if parts == len(won):  # what a damaged tree has below its answer
                continue
            alike = _common(won[parts:-1], lost[parts:-1], _alike)  # each side keeps a step
            begin = parts + alike
            yield Contrast(Rule.PATH, won[:begin], won[begin:], lost[begin:], alike=alike)


def _common(one: Sequence[Node], other: Sequence[Node], same: Callable[[Node, Node], bool]) -> int:
    """How many nodes two paths begin with that are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    shorter = min(len(one), len(other))
    return next((place for place, (a, b) in pairs if not same(a, b)), shorter)


def _alike(one: Node, other: Node) -> bool:
    """Whether two steps made the same calls, and were given the same."""
    return calls_of(one) == calls_of(other) and results_of(one) == results_of(other)


def _subgoals(branches: Branches) -> Iterator[Contrast]:
    tree, known = branches.tree, branches.known
    out = {**branches.won, **branches.unknown}
    for node in branches.branchings():
        if node.id in out:
            continue
        called = [child for child in tree.children(node.id) if _calls_tools(child)]
        failed = [child for child in called if known.of(child).failed]
        kept = [child for child in called if len(known.of(child).gained) == len(child.calls)]
        shared = tree.path(node.id) if kept and failed else []
        for chosen in kept:
            for rejected in failed:
                yield Contrast(Rule.SUBGOAL, shared, [chosen], [rejected], wordless=True)


def _calls_tools(node: Node) -> bool:
    return bool(node.calls) and not any(call.name in CONTROLS for call in node.calls)


def _arguments(branches: Branches) -> Iterator[Contrast]:
    tree, known = branches.tree, branches.known
    for node in tree:
        if node.parent is None or len(node.calls) != 1 or not known.of(node).failed:
            continue
        siblings = tree.children(node.parent)
        near = [*(one for one in siblings if one.id != node.id), *branches.below(node)[1:]]
        for other in near:
            if len(other.calls) == 1 and known.of(other).gained and corrects(node, other):
                shared = tree.path(node.parent)
                yield Contrast(Rule.ARGUMENTS, shared, [other], [node], wordless=True)


def _plans(branches: Branches) -> Iterator[Contrast]:
    tree, won = branches.tree, branches.won
    for node_id in won:
        plan = tree[node_id]
        if plan.variant not in PLANS:
            continue
        path = tree.path(node_id)
        before = next((i for i, one in enumerate(path[:-1]) if one.variant in PLANS), None)
        if before is not None and "replan" in {key for one in path for key in one.meta}:
            yield Contrast(Rule.PLAN, path[:before], [plan], [path[before]])


OF_MANY: Collection[Rule] = (Rule.DIVERGENCE, Rule.CORRUPTION)
"""Rules that need more than one tree: other runs of its task, or its tools."""
PLANS: Collection[str] = ("plan", "divide")
"""Variants of steps that plan calls."""
_RULES: dict[Rule, Callable[[Branches], Iterator[Contrast]]] = {
    Rule.STEP: _steps,
    Rule.PATH: _paths,
    Rule.SUBGOAL: _subgoals,
    Rule.ARGUMENTS: _arguments,
    Rule.PLAN: _plans,
}
