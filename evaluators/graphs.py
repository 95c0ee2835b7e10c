"""Plans as graphs: the same calls, and the same dependencies between them?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import Score, ToolCall
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.base import judged, unanswered, unscorable
from toolgrove.evaluators.call_graphs import WAYS, expected_graphs, made_graph
from toolgrove.evaluators.made import sides
from toolgrove.evaluators.matching import agreement, expected_sets, fits, matched

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["GraphEvaluator", "compare_graphs", "correct_prefix", "reduced"]


@dataclass(frozen=True, slots=True)
class GraphEvaluator:
    """Whether the calls on the accepted path make the reference's graph.

    The value is 1 where both graphs are the same up to the names of their nodes: the same calls
    with right arguments, the same dependencies, writes of one tool in the same order. ``details``
    holds precision, recall and F1 of ``nodes`` and ``edges``, and how much of the beginning is
    right (``prefix``). Of several right sets the one that agrees most counts.
    """

    name: ClassVar[str] = "graph/1"

    async def score(self, tree: SearchTree) -> Score:
        sets = expected_sets(tree.task.reference)
        out = unscorable(tree, self.name, None if sets else "the task has no reference calls")
        if out is not None:
            return out
        specs = {spec.id: spec for spec in tree.tools}
        query = tree.task.query

        def same(expected: ExpectedCall, call: ToolCall) -> bool:
            return fits(expected, call, specs)

        found = []
        for wanted, made in sides(tree, sets):
            said = any(expected.needs is not None for expected in wanted)
            by_run = made_graph(made, query, specs, by_word=said)  # both sides read alike
            for graph in expected_graphs(wanted, made, query, specs):
                details = compare_graphs(graph, by_run, same)
                details["prefix"] = correct_prefix(graph, made.calls, same)
                found.append((details, len(graph)))
                if details["exact"]:
                    break
        details, wanted_calls = max(found, key=lambda one: _rank(one[0]))
        exact = float(details.pop("exact"))
        if wanted_calls and not tree.answered:
            reason = unanswered(tree)
        else:
            nodes, edges = details["nodes"]["f1"], details["edges"]["f1"]
            alike = f"F1 of the calls {nodes:.2f}, of their dependencies {edges:.2f}"
            reason = "the same graph" if exact else alike
        return judged(tree, self.name, exact, reason, **details)


def _rank(details: dict[str, Any]) -> tuple[bool, float]:
    return details["exact"], details["nodes"]["f1"] + details["edges"]["f1"]


def reduced(graph: nx.DiGraph[Any]) -> nx.DiGraph[Any]:
    """A graph without the edges that longer ways make superfluous; nodes keep their data.

    The transitive reduction (Aho, Garey and Ullman, 1972, SIAM J. Comput. 1), which is unique for
    a graph without cycles: to say that 3 comes after 1 adds nothing to 1 before 2 before 3.

    Examples
    --------
    >>> import networkx as nx
    >>> sorted(reduced(nx.DiGraph([(1, 2), (2, 3), (1, 3)])).edges)
    [(1, 2), (2, 3)]
    """
    import networkx as nx

    found: nx.DiGraph[Any] = nx.transitive_reduction(graph)
    found.add_nodes_from(graph.nodes(data=True))
    return found


def compare_graphs(
    wanted: nx.DiGraph[Any], made: nx.DiGraph[Any], same: Callable[[Any, Any], bool]
) -> dict[str, Any]:
    """How far two graphs of calls agree, after transitive reduction.

    Parameters
    ----------
    wanted, made : DiGraph
        Without cycles. What a node stands for is its ``call``.
    same : callable
        Whether a wanted call is a made one.

    Returns
    -------
    dict
        ``nodes`` and ``edges``, each with precision, recall and F1, and ``exact``: whether the
        graphs are isomorphic. An edge is right where both its ends are the same calls.

    Notes
    -----
    TinyAgent (Erdogan et al., 2024, arXiv:2409.00608) calls a plan right where its graph of tool
    names is isomorphic to the reference's. That lets wrong literals pass, an argument that moved to
    another parameter, and two writes that changed places. Here arguments are compared too, and the
    order of writes is among the edges.

    Examples
    --------
    >>> import networkx as nx
    >>> chain, pair = nx.DiGraph([(0, 1)]), nx.empty_graph(2, create_using=nx.DiGraph)
    >>> for graph in (chain, pair):
    ...     nx.set_node_attributes(graph, {0: "find", 1: "book"}, "call")
    >>> found = compare_graphs(chain, pair, str.__eq__)
    >>> found["nodes"]["f1"], found["edges"]["f1"], found["exact"]
    (1.0, 0.0, False)
    """
    from networkx.algorithms.isomorphism import DiGraphMatcher

    left, right = reduced(wanted), reduced(made)
    both = matched(_calls(left), _calls(right), same)
    nodes = agreement(both, len(left), len(right))
    wanted_ends, made_ends = _ends(left), _ends(right)
    joined = matched(wanted_ends, made_ends, lambda one, other: all(map(same, one, other)))
    edges = agreement(joined, len(wanted_ends), len(made_ends))
    exact = (
        nodes["f1"] == edges["f1"] == 1
        and DiGraphMatcher(left, right, lambda a, b: same(a["call"], b["call"])).is_isomorphic()
    )
    return {"nodes": nodes, "edges": edges, "exact": exact}


def _calls(graph: nx.DiGraph[Any]) -> list[Any]:
    return [call for _, call in graph.nodes(data="call")]


def _ends(graph: nx.DiGraph[Any]) -> list[tuple[Any, Any]]:
    return [(graph.nodes[i]["call"], graph.nodes[j]["call"]) for i, j in graph.edges]


def correct_prefix(
    wanted: nx.DiGraph[Any], made: Sequence[Any], same: Callable[[Any, Any], bool]
) -> dict[str, float]:
    """How many calls from the first one on are right, each in its turn.

    Parameters
    ----------
    wanted : DiGraph
        The right calls, as in :func:`compare_graphs`. What needs nothing of each other may come in
        any order; a call is in its turn once all that it needs were made.
    made : sequence
        Calls in the order in which they were made.
    same : callable
        Whether a wanted call is a made one.

    Returns
    -------
    dict
        ``length``, and ``accuracy``: its share of the longer side.

    Notes
    -----
    Prefix match length and prefix accuracy of ProcBench (Fujisawa et al., 2024, arXiv:2410.03117),
    which compares two sequences; here the reference is a partial order.

    Examples
    --------
    >>> import networkx as nx
    >>> steps = nx.DiGraph([(0, 2), (1, 2)])
    >>> nx.set_node_attributes(steps, {0: "a", 1: "b", 2: "c"}, "call")
    >>> correct_prefix(steps, ["b", "a", "x", "c"], str.__eq__)
    {'length': 2, 'accuracy': 0.5}
    """
    ways, length = {frozenset(wanted)}, 0
    for call in made:
        ways = {left - {i} for left in ways for i in _turn(wanted, left, call, same)}
        if not ways:
            break
        ways = set(islice(ways, WAYS))
        length += 1
    longer = max(len(wanted), len(made))
    return {"length": length, "accuracy": length / longer if longer else 1.0}


def _turn(
    wanted: nx.DiGraph[Any], left: Set[Any], call: Any, same: Callable[[Any, Any], bool]
) -> Iterator[Any]:
    """The calls that a call may be, of those left whose turn it is."""
    for i in wanted:
        ready = i in left and left.isdisjoint(wanted.predecessors(i))
        if ready and same(wanted.nodes[i]["call"], call):
            yield i
