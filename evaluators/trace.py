"""What a run took: steps, calls that were made up or made twice, tokens, time along its graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from toolgrove.data.records import (
    Effect,
    Node,
    Observation,
    Score,
    Status,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.base import judged, unscorable
from toolgrove.evaluators.call_graphs import made_graph, write_order
from toolgrove.evaluators.made import accepted, calls_of
from toolgrove.evaluators.matching import same_call

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["TraceEvaluator", "critical_path", "hallucinated", "ideal_seconds", "repeats"]

MODEL_CALL, OUTPUT_TOKEN, TOOL_CALL = 1.0, 0.02, 0.5
"""Seconds of the idealized runtime: a model call's start, each token it writes, a tool's answer."""
_IN_DOUBT = frozenset({Status.IN_DOUBT, Status.TIMEOUT, Status.NOT_WORKING})
"""How a call ends that may have written all the same."""


@dataclass(frozen=True, slots=True)
class TraceEvaluator:
    """Measures of a run that need no reference. It has no opinion on right and wrong.

    ``details`` holds ``steps`` and ``critical_path`` (in calls) of the accepted path and its
    ``critical_seconds`` as they were measured, all absent without an answer; and of the whole run
    ``calls``, ``hallucinated`` and ``repeated`` calls, ``tokens``, ``cost`` (absent where it is
    not known), ``seconds`` of its model and tool calls, and ``ideal_seconds``.
    """

    name: ClassVar[str] = "trace/1"

    async def score(self, tree: SearchTree) -> Score:
        out = unscorable(tree, self.name, None)
        if out is not None:
            return out
        specs = {spec.id: spec for spec in tree.tools}
        made = sum(1 for node in tree for _ in calls_of(node))
        seen = sum(_spent(o) for node in tree for o in node.observations)
        found: dict[str, Any] = {
            "calls": made,
            "hallucinated": len(hallucinated(tree)),
            "repeated": len(repeats(tree)),
            "tokens": tree.usage.total,
            "seconds": round(seen + sum(node.seconds for node in tree), 3),
            "ideal_seconds": round(ideal_seconds(tree), 3),
        }
        if tree.cost is not None:
            found["cost"] = tree.cost
        if tree.answered:
            path = tree.path(tree.answered[0].id)
            graph = made_graph(accepted(tree), tree.task.query, specs)
            found["steps"] = len(path) - 1
            found["critical_path"] = int(critical_path(graph, lambda call: 1))
            found["critical_seconds"] = round(sum(_measured(node, specs) for node in path), 3)
        told = f"{made} calls, {found['hallucinated']} made up, {found['repeated']} made again"
        return judged(tree, self.name, None, told, **found)


def critical_path(graph: nx.DiGraph[Any], weight: Callable[[Any], float]) -> float:
    """The heaviest way through a graph without cycles: what is left when all else runs at once.

    Parameters
    ----------
    graph : DiGraph
        An edge says what has to come before.
    weight : callable
        What a node weighs.

    Notes
    -----
    Kelley and Walker (1959), "Critical-path planning and scheduling".

    Examples
    --------
    >>> import networkx as nx
    >>> critical_path(nx.DiGraph([("a", "c"), ("b", "c")]), {"a": 2, "b": 5, "c": 1}.__getitem__)
    6
    """
    import networkx as nx

    ends: dict[Any, float] = {}
    for node in nx.topological_sort(graph):
        before = max((ends[other] for other in graph.predecessors(node)), default=0)
        ends[node] = before + weight(node)
    return max(ends.values(), default=0)


def ideal_seconds(tree: SearchTree) -> float:
    """What a run would take if every model and every tool were equally fast.

    The stated model: a model call takes 1 s and 0.02 s for each token that it writes, a tool call
    0.5 s; the calls of one step go at once as far as they may, steps one after another, those of
    dead branches too. So a run has the same figure on every machine and every day.

    Notes
    -----
    After the latency of LLMCompiler (Kim et al., 2023, arXiv:2312.04511), which is measured.

    Examples
    --------
    >>> from toolgrove import SearchTree, Task
    >>> from toolgrove.data import Node, Observation, Usage
    >>> tree = SearchTree(Task("1", "How far?"))
    >>> tree.add(Node("root", None))
    >>> calls, seen = (ToolCall("1", "a"), ToolCall("2", "b")), (Observation(Status.OK, ""),) * 2
    >>> step = Node("s", "root", calls=calls, observations=seen, usage=Usage(900, 50))
    >>> tree.add(step)
    >>> ideal_seconds(tree)
    2.5
    """
    specs = {spec.id: spec for spec in tree.tools}
    calls = sum(critical_path(_step(node, specs), _ideal(node).__getitem__) for node in tree)
    return calls + MODEL_CALL * tree.model_calls + OUTPUT_TOKEN * tree.usage.output_tokens


def _ideal(node: Node) -> Mapping[int, float]:
    """What a step's calls take by the stated model; those of code come one after another."""
    made = Counter(place for place, _, _ in calls_of(node))
    return {place: TOOL_CALL * made[place] for place in range(len(node.calls))}


def _measured(node: Node, specs: Mapping[str, ToolSpec]) -> float:
    return node.seconds + critical_path(
        _step(node, specs), lambda place: _spent(node.observations[place])
    )


def _spent(seen: Observation) -> float:
    """The seconds of a call, with those that code made."""
    return seen.seconds + sum(one.observation.seconds for one in seen.inner)


def _step(node: Node, specs: Mapping[str, ToolSpec]) -> nx.DiGraph[int]:
    """The calls of one step by their places, and which of them come after which.

    Code and what it calls are one place: it waits for each of its calls.
    """
    import networkx as nx

    made = [(place, call.name) for place, call, _ in calls_of(node)]
    order = {(made[i][0], made[j][0]) for i, j in write_order([name for _, name in made], specs)}
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(node.calls)))
    graph.add_edges_from((i, j) for i, j in (*order, *node.needs) if i < j)
    return graph


def hallucinated(tree: SearchTree) -> list[ToolCall]:
    """The calls of tools that were not on offer.

    Examples
    --------
    >>> from toolgrove import SearchTree, Task
    >>> from toolgrove.data import Node, Observation
    >>> tree = SearchTree(Task("1", "How far?"), tools=[ToolSpec("far", "c", "t", "far")])
    >>> seen = (Observation(Status.OK, "…"), Observation(Status.NO_SUCH_TOOL, "?"))
    >>> calls = (ToolCall("1", "far"), ToolCall("2", "fur"))
    >>> tree.add(Node("root", None, calls=calls, observations=seen))
    >>> [call.name for call in hallucinated(tree)]
    ['fur']
    """
    known = {spec.id for spec in tree.tools}
    return [
        call
        for node in tree
        for _, call, seen in calls_of(node)
        if seen.status is Status.NO_SUCH_TOOL or (known and call.name not in known)
    ]


def repeats(tree: SearchTree) -> list[ToolCall]:
    """The calls that a path had made before and that could give nothing new.

    What failed may be tried again, and what was read may be read again after a write of the same
    tool, also after one of which nobody knows whether it was done.
    """
    specs = {spec.id: spec for spec in tree.tools}
    found = []
    for node in tree:
        before = [
            (call, seen.status)
            for one in tree.path(node.id)[:-1]
            for _, call, seen in calls_of(one)
        ]
        for _, call, seen in calls_of(node):
            if _made_before(call, before, specs):
                found.append(call)
            before.append((call, seen.status))
    return found


def _made_before(
    call: ToolCall, before: list[tuple[ToolCall, Status]], specs: Mapping[str, ToolSpec]
) -> bool:
    for earlier, status in reversed(before):
        if not status.failed and same_call(earlier, call):
            return True
        if _writes_where(earlier, call, specs) and (not status.failed or status in _IN_DOUBT):
            return False
    return False


def _writes_where(one: ToolCall, other: ToolCall, specs: Mapping[str, ToolSpec]) -> bool:
    """Whether a call writes what the other one sees."""
    left, right = specs.get(one.name), specs.get(other.name)
    if left is None or right is None or left.effect is not Effect.WRITE:
        return False
    return (left.category, left.tool) == (right.category, right.tool)
