"""What a run took, on hand-made trees."""

from __future__ import annotations

from itertools import count
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import (
    FINISH,
    RUN_PYTHON,
    Effect,
    InnerCall,
    Node,
    NodeState,
    Observation,
    Status,
    Task,
    ToolCall,
    ToolSpec,
    Usage,
)
from toolgrove.data.tree import ROOT, Ending, SearchTree, Spending, child_id
from toolgrove.evaluators.trace import (
    TraceEvaluator,
    critical_path,
    hallucinated,
    ideal_seconds,
    repeats,
)

SPECS = [
    ToolSpec("far", "Travel", "air", "far"),
    ToolSpec("add", "Office", "notes", "add", effect=Effect.WRITE),
    ToolSpec("list", "Office", "notes", "list"),
]
Asked = tuple[str, dict[str, Any], Status]


def asked(tool: str, status: Status = Status.OK, /, **arguments: Any) -> Asked:
    return tool, arguments, status


def path(*steps: list[Asked], answered: bool = True, **step: Any) -> SearchTree:
    tree = SearchTree(Task("1", "How far?"), tools=SPECS)
    tree.add(Node(ROOT, None))
    at, ids = ROOT, count()
    for one in steps:
        calls = tuple(ToolCall(str(next(ids)), tool, arguments) for tool, arguments, _ in one)
        seen = tuple(Observation(status, "x", seconds=2.0) for *_, status in one)
        new = child_id(at, 0)
        tree.add(Node(new, at, calls=calls, observations=seen, **step))
        at = new
    if answered:
        end = (ToolCall("end", FINISH),), (Observation(Status.FINAL_ANSWER, ""),)
        state = NodeState.ANSWERED
        node = Node(child_id(at, 0), at, calls=end[0], observations=end[1], state=state, answer="x")
        tree.add(node)
    return tree


async def test_a_run_without_a_reference_is_measured_and_not_judged() -> None:
    one = asked("far", to="LHR")
    tree = path([one, asked("fur")], [one], usage=Usage(100, 10), seconds=1.5)
    score = await TraceEvaluator().score(tree)
    assert (score.value, score.infrastructure) == (None, False)
    assert score.details == {
        "calls": 3,
        "hallucinated": 1,
        "repeated": 1,
        "tokens": 220,
        "seconds": 2 * 1.5 + 3 * 2.0,
        "ideal_seconds": 3 * 1.0 + 20 * 0.02 + 2 * 0.5,
        "steps": 3,
        "critical_path": 1,
        "critical_seconds": 2 * (1.5 + 2.0),
    }


async def test_a_run_without_an_answer_has_no_accepted_path_to_measure() -> None:
    tree = path([asked("far")], answered=False)
    tree.ending = Ending("exhausted", spent=Spending(2, 1, Usage(5, 5), money=0.25))
    found = (await TraceEvaluator().score(tree)).details
    assert not {"steps", "critical_path", "critical_seconds"} & found.keys()
    assert found["cost"] == 0.25
    assert found["ideal_seconds"] == 2 * 1.0 + 5 * 0.02 + 0.5


@pytest.mark.parametrize(
    ("steps", "again"),
    [
        ([[asked("far", to="LHR")], [asked("far", to=" lhr ")]], 1),
        ([[asked("far", to="LHR"), asked("far", to="LHR")]], 1),
        ([[asked("far", to="LHR")], [asked("far", to="JFK")]], 0),
        ([[asked("far", Status.TIMEOUT)], [asked("far")]], 0),
        ([[asked("far", Status.TIMEOUT)], [asked("far")], [asked("far")]], 1),
        ([[asked("list")], [asked("add", n=1)], [asked("list")]], 0),
        ([[asked("list")], [asked("add", Status.TIMEOUT)], [asked("list")]], 0),
        ([[asked("list")], [asked("add", Status.IN_DOUBT)], [asked("list")]], 0),
        ([[asked("list")], [asked("add", Status.INVALID_REQUEST)], [asked("list")]], 1),
        ([[asked("far")], [asked("add")], [asked("far")]], 1),
        ([[asked("add", n=1)], [asked("add", n=1)]], 1),
    ],
)
def test_a_call_is_repeated_where_it_could_give_nothing_new(
    steps: list[list[Asked]], again: int
) -> None:
    assert len(repeats(path(*steps))) == again


async def test_code_waits_for_each_of_its_calls() -> None:
    tree = path([asked("far")])
    inner = tuple(
        InnerCall(ToolCall(str(n), "add", {"n": n}), Observation(Status.OK, "x", seconds=n))
        for n in (3.0, 4.0)
    )
    seen = Observation(Status.OK, "x", seconds=0.5, inner=inner)
    code = Node("code", ROOT, 1, calls=(ToolCall("c", RUN_PYTHON),), observations=(seen,))
    tree.add(code)
    tree.add(Node("end", "code", state=NodeState.ANSWERED, answer="x", score=1.0))
    found = (await TraceEvaluator().score(tree)).details
    assert found["critical_seconds"] == 0.5 + 3.0 + 4.0
    assert found["seconds"] == 2.0 + 0.5 + 3.0 + 4.0
    assert found["ideal_seconds"] - tree.model_calls == 0.5 + 2 * 0.5


def test_the_same_call_in_two_branches_is_no_repetition() -> None:
    tree = path([asked("far")])
    call, seen = ToolCall("b", "far"), Observation(Status.OK, "x")
    tree.add(Node(child_id(ROOT, 1), ROOT, 1, calls=(call,), observations=(seen,)))
    assert repeats(tree) == []


def test_a_name_is_made_up_where_it_was_not_on_offer() -> None:
    tree = path([asked("far"), asked("fur"), asked("search_tools")])
    assert [call.name for call in hallucinated(tree)] == ["fur"]
    foreign = SearchTree(tree.task)
    for node in tree:
        foreign.add(node)
    assert hallucinated(foreign) == [], "what was on offer is not known"


def test_calls_of_a_step_go_at_once_as_far_as_they_may() -> None:
    step = [asked("far"), asked("far", to="x"), asked("list"), asked("add"), asked("list")]
    free = ideal_seconds(path(step, answered=False))
    assert free == 1.0 + 2 * 0.5  # the last list waits for add
    chained = ideal_seconds(path(step, answered=False, needs=((0, 1), (1, 2))))
    assert chained == 1.0 + 3 * 0.5


@given(
    st.lists(st.integers(0, 9), max_size=6),
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5))),
)
def test_a_critical_path_is_the_heaviest_of_all_paths(
    weights: list[int], edges: set[tuple[int, int]]
) -> None:
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(weights)))
    graph.add_edges_from((i, j) for i, j in edges if i < j < len(weights))
    chains = [
        way
        for start in graph
        for end in graph
        for way in ([[start]] if start == end else nx.all_simple_paths(graph, start, end))
    ]
    heaviest = max((sum(weights[i] for i in way) for way in chains), default=0)
    assert critical_path(graph, weights.__getitem__) == heaviest
    assert heaviest <= sum(weights)
