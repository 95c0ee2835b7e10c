"""Where a solved and an unsolved run of one task part, over all paths of both trees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolgrove.data.pairs.facts import calls_of, results_of
from toolgrove.data.pairs.grafts import grafted, with_grafts
from toolgrove.data.pairs.modes import PLANS, Branches, Contrast, Rule, Success
from toolgrove.data.records import Node
from toolgrove.data.tree import SearchTree

__all__ = ["Parting", "contrasts", "parting"]


@dataclass(frozen=True, slots=True)
class Parting:
    """The first steps that differ.

    Parameters
    ----------
    shared : sequence of Node
        The solved run's nodes that the other has, too: the same calls with the same results.
    chosen : Node or None
        Its next step on the way to its success.
    rejected : tuple of Node
        The other run's steps from there.
    why : str
        Why there is none.
    """

    shared: Sequence[Node]
    chosen: Node | None
    rejected: tuple[Node, ...] = ()
    why: str = ""


def parting(solved: Branches, other: SearchTree) -> Parting:
    """Where the other run leaves the solved one, along the success that it follows furthest."""
    found = [
        _along(solved.tree, solved.tree.path(success.id), other) for success in solved.successes
    ]
    return max(found, key=lambda one: (bool(one.rejected), len(one.shared)))


def _along(tree: SearchTree, path: Sequence[Node], other: SearchTree) -> Parting:
    level = [other.root]
    for depth, step in enumerate(path[1:], 1):
        beside = [child for node in level for child in other.children(node.id)]
        called = [node for node in beside if calls_of(node) == calls_of(step)]
        level = [node for node in called if results_of(node) == results_of(step)]
        if level:
            continue
        fair = [node for node in beside if node not in called]
        same_form = [node for node in fair if (node.variant in PLANS) == (step.variant in PLANS)]
        rejected = tuple(node for node in same_form if _offered_in(tree, node, other))
        if rejected:
            return Parting(path[:depth], step, rejected)
        why = "other_results" if called else "nothing_to_compare"
        why = "other_tools" if same_form else "other_form" if fair else why
        return Parting(path[:depth], step, why=why)
    return Parting(path, None, why="nothing_to_compare")


def _offered_in(tree: SearchTree, node: Node, other: SearchTree) -> bool:
    """Whether the names that a step calls mean the same in both runs."""
    names = [call.name for message in node.messages for call in message.calls]
    return all(tree.aliases.get(name) == other.aliases.get(name) for name in names)


def contrasts(
    solved: Branches, success: Success, parted: Parting, other: SearchTree
) -> tuple[Branches, Iterator[Contrast]]:
    """The parting as branches of one tree, and the contrasts in it."""
    at, chosen = parted.shared[-1], parted.chosen
    begin = len(solved.tree.children(at.id))
    grafts = [
        list(grafted(other, start, at, begin + place))
        for place, start in enumerate(parted.rejected)
    ]
    branches = with_grafts(solved, (node for graft in grafts for node in graft), success)
    sides = [] if chosen is None else [([chosen], [graft[0]]) for graft in grafts]
    return branches, (Contrast(Rule.DIVERGENCE, parted.shared, *side) for side in sides)
