"""Drives a frontier by itself, with no model and no tools, and checks what every frontier keeps."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from toolgrove.data.records import Node, NodeState, Observation, Status, ToolCall
from toolgrove.data.tree import ROOT, child_id
from toolgrove.planners.frontier import Expand, Frontier, Rate

Outcome = Callable[[str], str]
"""What becomes of a path such as ``01``: a state, ``repeat`` or ``fail``."""


def random_outcome(seed: int, answers: float = 0.05) -> Outcome:
    """The same outcome for the same path, whatever the order it is asked in."""

    def outcome(path: str) -> str:
        roll = random.Random(f"{seed}/{path}").random()
        if roll < answers:
            return "answered"
        for bar, said in ((0.15, "gave_up"), (0.25, "repeat"), (0.45, "fail")):
            if roll < bar:
                return said
        return "open"

    return outcome


def random_score(seed: int) -> Callable[[str], float]:
    """The same grade for the same path."""
    return lambda path: random.Random(f"{seed}:{path}").randrange(10) / 9


def node_of(wanted: Expand, said: str, above: Node) -> Node:
    """The node that a step with one call comes to."""
    status = Status.NOT_WORKING if said == "fail" else Status.OK
    state = NodeState.OPEN if said in ("repeat", "fail") else NodeState(said)
    ended = state in (NodeState.ANSWERED, NodeState.GAVE_UP)
    return Node(
        child_id(wanted.parent, wanted.index),
        wanted.parent,
        wanted.index,
        depth=above.depth + (not ended),
        calls=(ToolCall("1", "x"),),
        observations=(Observation(status, "x", repeated=said == "repeat"),),
        variant=wanted.variant,
        state=state,
        answer="yes" if state is NodeState.ANSWERED else None,
    )


@dataclass
class Growth:
    """What a search grew: nodes by path in their order, and what it asked scores for."""

    nodes: dict[str, Node] = field(default_factory=dict)
    rates: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    ended: bool = False

    @property
    def order(self) -> list[str]:
        return [path for path in self.nodes if path]

    @property
    def answer(self) -> str | None:
        """The path of the best answer, as ``SearchTree.answered`` has it."""
        found = [p for p, node in self.nodes.items() if node.state is NodeState.ANSWERED]
        return min(found, key=lambda p: -(self.nodes[p].score or 0.0), default=None)


def grow(
    frontier: Frontier,
    outcome: Outcome,
    score: Callable[[str], float] = lambda path: 0.5,
    *,
    width: int = 10,
    limit: int = 2_000,
) -> Growth:
    """Grow a tree, and check at each step that it is one that a search may take."""
    growth = Growth({"": Node(ROOT, None)})
    paths = {ROOT: ""}
    while wave := frontier.next():
        for step in wave:
            if isinstance(step, Rate):
                asked = [paths[node] for node in step.nodes]
                assert len(set(asked)) == len(asked) > 0
                growth.rates.append((step.how, tuple(asked)))
                scored = tuple(replace(growth.nodes[path], score=score(path)) for path in asked)
                after = frontier.on_scores(scored)
                assert [node.id for node in after] == list(step.nodes)
                growth.nodes |= {paths[node.id]: node for node in after}
                continue
            above = growth.nodes[paths[step.parent]]
            path = paths[step.parent] + str(step.index)
            assert above.state is NodeState.OPEN, "only open nodes grow"
            assert path not in growth.nodes, "a child is grown once"
            assert step.index < width
            earlier = paths[step.parent] + str(step.index - 1)
            assert step.index == 0 or earlier in growth.nodes, "the siblings that it is shown"
            assert step.variant == ("diversity" if step.index else "plain")
            node = frontier.on_node(node_of(step, outcome(path), above))
            paths[node.id], growth.nodes[path] = path, node
        if len(growth.nodes) > limit:
            return growth
    growth.ended = True
    return growth
