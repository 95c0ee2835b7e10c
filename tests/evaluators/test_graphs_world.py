"""The bundled world's own reference calls, made as a run makes them, are right by every rule."""

from __future__ import annotations

import random
from collections.abc import Iterable

import networkx as nx
import pytest

from toolgrove.data import codec
from toolgrove.data.records import Node, NodeState, Observation, Status, Task, ToolCall
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.data.world import specs, tasks
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.state import World
from toolgrove.evaluators.call_graphs import made_graph
from toolgrove.evaluators.calls import CallEvaluator
from toolgrove.evaluators.graphs import GraphEvaluator
from toolgrove.evaluators.made import accepted

SPECS = {spec.id: spec for spec in specs()}
SOLVABLE = [task for task in tasks() if task.reference is not None and task.reference.calls]


def run(task: Task, calls: Iterable[ToolCall]) -> SearchTree:
    """An answered run that made these calls, one a step, in a world of its own."""
    tree = SearchTree(task, tools=[SPECS[tool] for tool in task.tools or ()])
    tree.add(Node(ROOT, None))
    at, world = ROOT, World()
    for call in calls:
        gave = codec.dumps(endpoints()[call.name].run(world, call.arguments)).decode()
        new = child_id(at, 0)
        tree.add(Node(new, at, calls=(call,), observations=(Observation(Status.OK, gave),)))
        at = new
    tree.add(Node(child_id(at, 0), at, state=NodeState.ANSWERED, answer="…"))
    return tree


@pytest.mark.parametrize("task", SOLVABLE, ids=lambda task: task.id)
async def test_in_any_order_that_their_graph_allows_and_no_longer_when_one_is_missing(
    task: Task,
) -> None:
    assert task.reference is not None
    calls = task.reference.calls
    whole = run(task, calls)
    graph = made_graph(accepted(whole), task.query, SPECS)
    draw = random.Random(task.id)
    order = nx.lexicographical_topological_sort(graph, key=lambda i: draw.random())
    mixed = run(task, [calls[i] for i in order])
    for rule in (CallEvaluator(), GraphEvaluator()):
        assert (await rule.score(whole)).value == 1
        assert (await rule.score(mixed)).value == 1
        less = (await rule.score(run(task, calls[:-1]))).value
        assert less is not None
        assert less < 1
