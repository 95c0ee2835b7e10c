"""Graphs of calls: what is an edge, what is the same graph, and what a run scores by it."""

from __future__ import annotations

import json
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import (
    FINISH,
    Effect,
    Node,
    NodeState,
    Observation,
    Reference,
    Score,
    Status,
    Task,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.errors import UsageError
from toolgrove.evaluators.call_graphs import value_needs, write_order
from toolgrove.evaluators.graphs import GraphEvaluator, compare_graphs, correct_prefix, reduced

SPECS = [
    ToolSpec("find", "People", "contacts", "find"),
    ToolSpec("mail", "Office", "mail", "mail", effect=Effect.WRITE),
    ToolSpec("new", "Office", "notes", "new", effect=Effect.WRITE),
    ToolSpec("append", "Office", "notes", "append", effect=Effect.WRITE),
    ToolSpec("read", "Office", "notes", "read"),
]
QUERY = "Mail Sid and Lutfi, then write it down as 'sent'."

Made = tuple[ToolCall, Any]
E = ExpectedCall


def made(tool: str, gave: Any = "ok", /, **arguments: Any) -> Made:
    return ToolCall("1", tool, arguments), gave


def run(
    steps: list[list[Made]],
    *sets: list[ExpectedCall],
    calls: tuple[ToolCall, ...] = (),
    needs: tuple[tuple[int, int], ...] = (),
) -> SearchTree:
    """An answered run; each step is one turn, the first with the planner's word on its calls."""
    reference = Reference("text", "ok", calls=calls, call_sets=tuple(map(tuple, sets)))
    tree = SearchTree(Task("1", QUERY, reference=reference), tools=SPECS)
    tree.add(Node(ROOT, None))
    at = ROOT
    for number, step in enumerate(steps):
        seen = tuple(Observation(Status.OK, json.dumps(gave)) for _, gave in step)
        new = child_id(at, 0)
        called = tuple(call for call, _ in step)
        tree.add(Node(new, at, calls=called, observations=seen, needs=() if number else needs))
        at = new
    end = Observation(Status.FINAL_ANSWER, "")
    finish = (ToolCall("2", FINISH),)
    answered = NodeState.ANSWERED
    tree.add(Node(child_id(at, 0), at, 0, 0, (), (), finish, (end,), state=answered, answer="ok"))
    return tree


async def scored(tree: SearchTree) -> Score:
    return await GraphEvaluator().score(tree)


SID = made("find", {"mail": "sid@example.org"}, name="Sid")
LUTFI = made("find", {"mail": "lutfi@example.org"}, name="Lutfi")
MAIL = made("mail", to=["sid@example.org", "lutfi@example.org"])
NEW, APPEND = made("new", {"id": 4}, title="log"), made("append", title="log", text="sent")
WANTED = tuple(call for call, _ in (SID, LUTFI, MAIL, NEW, APPEND))


@pytest.mark.parametrize(
    "steps",
    [
        [[SID], [LUTFI], [MAIL], [NEW], [APPEND]],
        [[NEW], [LUTFI], [APPEND], [SID], [MAIL]],
        [[SID, LUTFI, NEW], [MAIL, APPEND]],
    ],
)
async def test_what_needs_nothing_of_each_other_may_come_in_any_order_or_at_once(
    steps: list[list[Made]],
) -> None:
    score = await scored(run(steps, calls=WANTED))
    assert (score.value, score.reason, score.evaluator) == (1.0, "the same graph", "graph/1")
    assert score.details["prefix"] == {"length": 5, "accuracy": 1.0}
    assert score.details["edges"]["f1"] == 1


@pytest.mark.parametrize(
    ("steps", "nodes", "edges", "prefix"),
    [
        # the writes of one tool changed places: TinyAgent's metric says 1
        ([[SID], [LUTFI], [MAIL], [APPEND], [NEW]], 1.0, 2 / 3, 3),
        # a wrong literal, and so one edge less; TinyAgent: 1
        (
            [[SID], [LUTFI], [MAIL], [NEW], [made("append", title="log", text="lost")]],
            0.8,
            2 / 3,
            4,
        ),
        # a recipient moved to another parameter; TinyAgent: 1
        (
            [[SID], [LUTFI], [made("mail", to=["sid@example.org"], cc=["lutfi@example.org"])]],
            2 * 2 / 8,
            0.0,
            2,
        ),
        # one call twice
        ([[SID], [SID], [LUTFI], [MAIL], [NEW], [APPEND]], 10 / 11, 6 / 7, 1),
    ],
)
async def test_what_tinyagents_metric_does_not_see_is_seen(
    steps: list[list[Made]], nodes: float, edges: float, prefix: int
) -> None:
    score = await scored(run(steps, calls=WANTED))
    assert score.value == 0
    assert score.details["nodes"]["f1"] == pytest.approx(nodes)
    assert score.details["edges"]["f1"] == pytest.approx(edges)
    assert score.details["prefix"]["length"] == prefix


async def test_dependencies_that_a_reference_declares_are_wanted_of_the_run() -> None:
    mail = ExpectedCall("mail", {"to": ("sid@example.org",)}, needs=(0,))
    wanted = [ExpectedCall("find", {"name": ("Sid", "Sidney")}, needs=()), mail]
    used = [[SID], [made("mail", to="sid@example.org")]]
    assert (await scored(run(used, wanted))).value == 1
    guessed = [[made("find", {"mail": "s@example.org"}, name="Sid")], used[1]]
    score = await scored(run(guessed, wanted))
    assert (score.value, score.details["edges"]["recall"]) == (0.0, 0.0)


async def test_the_planners_word_on_what_a_call_uses_counts_where_no_value_tells() -> None:
    wanted = [ExpectedCall("find", {"name": ("Sid",)}), ExpectedCall("read", needs=(0,))]
    step = [SID, made("read")]
    assert (await scored(run([step], wanted, needs=((0, 1),)))).value == 1
    assert (await scored(run([step], wanted))).value == 0


async def test_a_plan_loses_nothing_for_saying_more_than_a_references_values_tell() -> None:
    """The same calls, made by a planner of graphs and one by one, are the same graph."""
    calls, step = (SID[0], NEW[0]), [SID, NEW]
    for needs in ((), ((0, 1),)):
        assert (await scored(run([step], calls=calls, needs=needs))).value == 1


@pytest.mark.parametrize("needs", [(1,), (7,)])
async def test_a_reference_that_goes_in_a_circle_or_nowhere_is_told(needs: tuple[int]) -> None:
    wanted = [ExpectedCall("find", needs=needs), ExpectedCall("read", needs=(0,))]
    with pytest.raises(UsageError, match=r"a reference's call"):
        await scored(run([[SID]], wanted))


async def test_of_calls_that_are_alike_each_counts_where_its_result_was_used() -> None:
    steps = [[made("find", {"id": 417})], [made("read", id=417)], [made("find", {"id": 9})]]
    wanted = [E("find"), E("read", {"id": (417,)}), E("find")]
    for order in (wanted, [wanted[2], *wanted[:2]], [wanted[0], wanted[2], wanted[1]]):
        assert (await scored(run(steps, order))).value == 1.0
    later = [[made("find", {"id": 9})], *steps[:2]]
    assert (await scored(run(later, wanted))).value == 1.0


async def test_dependencies_are_read_from_the_values_that_were_used() -> None:
    gave = made("find", ["OSL", "TRD"])
    wanted = [E("find"), E("read", {"city": ("Oslo", "OSL"), "unit": ("km", "TRD")}, ("unit",))]
    for arguments in ({"city": "OSL"}, {"city": "Oslo"}, {"city": "OSL", "unit": "km"}):
        assert (await scored(run([[gave], [made("read", **arguments)]], wanted))).value == 1.0


async def test_a_call_that_has_to_ask_first_leaves_the_order_of_the_others_as_it_is() -> None:
    wanted = [E("mail", {"to": ("one",)}), E("mail", ask=("to",)), E("mail", {"to": ("two",)})]
    one, two = [made("mail", to="one")], [made("mail", to="two")]
    assert (await scored(run([one, two], wanted))).value == 1.0
    assert (await scored(run([two, one], wanted))).value == 0.0


@pytest.mark.parametrize("turned", [False, True])
async def test_the_prefix_gives_each_call_the_place_that_lets_the_next_one_fit(
    turned: bool,
) -> None:
    wanted = [E("find", {"name": ("Sid", "Lutfi")}), E("find", {"name": ("Sid",)})]
    steps = [[made("find", name="Sid")], [made("find", name="Lutfi")]]
    found = await scored(run(steps, wanted[::-1] if turned else wanted))
    assert found.details["prefix"] == {"length": 2, "accuracy": 1.0}


def test_a_text_is_found_in_a_result_that_holds_its_letters_escaped() -> None:
    calls = [ExpectedCall("find"), ExpectedCall("read", {"a": ("Café Luna",)})]
    assert value_needs(calls, [json.dumps({"t": "Café Luna opens"}), ""], "q", {}) == {(0, 1)}


async def test_where_no_call_is_right_an_empty_path_is_the_same_graph() -> None:
    assert (await scored(run([], []))).value == 1
    assert (await scored(run([[SID]], []))).value == 0
    assert (await scored(run([[SID]]))).value is None


async def test_an_unanswered_run_scores_0() -> None:
    tree = SearchTree(run([], calls=WANTED).task, tools=SPECS)
    tree.add(Node(ROOT, None, state=NodeState.GAVE_UP))
    score = await scored(tree)
    assert (score.value, score.reason) == (0.0, "the agent gave up")


@pytest.mark.parametrize(
    ("value", "gave", "fed"),
    [
        (417, {"id": 417}, True),
        ("417", {"id": 417.0}, True),
        (7, {"id": 417}, False),
        (7, "room 7 is free", False),  # too short to be told from chance
        ("NO", {"code": "NO"}, True),
        ("Oslo", "The capital is Oslo.", True),
        ("Oslo", "Oslofjord", False),
        ("14.1,25.3", {"density": 14.1}, True),
        ("14,9", {"count": 9}, True),
        ("Code fern-42, she says.", {"text": "fern-42"}, True),
        ("the words of a note", {"text": "the same words"}, False),
        ("Bergen; Oslo", {"city": "Oslo"}, True),
        ("14,9", "9 of them", False),
        ("Sid", {"name": "Sid"}, False),  # the request says so
        (True, {"found": True}, False),
        ({"at": [417]}, {"id": 417}, True),
        (41, {"id": 4.1}, False),
    ],
)
def test_a_value_is_of_an_earlier_result_where_it_stands_there_and_not_in_the_request(
    value: Any, gave: Any, fed: bool
) -> None:
    calls = [ExpectedCall("find"), ExpectedCall("read", {"of": (value,)})]
    results = [gave if isinstance(gave, str) else json.dumps(gave), ""]
    assert value_needs(calls, results, QUERY, {}) == ({(0, 1)} if fed else set())


def test_choices_and_defaults_come_from_nowhere() -> None:
    properties = {"unit": {"enum": ["km", "mi"]}, "by": {"default": "name"}}
    spec = ToolSpec("far", "c", "t", "far", parameters={"properties": properties})
    calls = [ExpectedCall("a"), ExpectedCall("far", {"unit": ("km",), "by": ("name",)})]
    assert value_needs(calls, ['["km", "name"]', ""], "", {"far": spec}) == set()


def test_reads_and_other_tools_may_overtake_and_what_follows_a_write_may_not() -> None:
    specs = {spec.id: spec for spec in SPECS}
    names = ["read", "new", "mail", "append", "read", "unknown"]
    assert write_order(names, specs) == {(1, 3), (3, 4)}


dags = st.integers(0, 5).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from("abc"), min_size=n, max_size=n),
        st.sets(
            st.tuples(st.integers(0, max(n - 1, 0)), st.integers(0, max(n - 1, 0))).filter(
                lambda edge: edge[0] < edge[1]
            )
        )
        if n > 1
        else st.just(set()),
    )
)
Dag = tuple[list[str], set[tuple[int, int]]]


def graph(dag: Dag, names: list[int] | None = None) -> nx.DiGraph[int]:
    """A graph with these labels and edges, its nodes called by other names and in their order."""
    labels, edges = dag
    called = names or list(range(len(labels)))
    made: nx.DiGraph[int] = nx.DiGraph()
    for name in sorted(called):
        made.add_node(name, call=labels[called.index(name)])
    made.add_edges_from((called[i], called[j]) for i, j in edges)
    return made


@given(dags, dags)
def test_agreement_of_graphs_is_symmetric_and_bounded(one: Dag, other: Dag) -> None:
    found = compare_graphs(graph(one), graph(other), str.__eq__)
    back = compare_graphs(graph(other), graph(one), str.__eq__)
    assert found["exact"] == back["exact"]
    for part in ("nodes", "edges"):
        assert found[part]["f1"] == pytest.approx(back[part]["f1"])
        assert found[part]["precision"] == back[part]["recall"]
        assert all(0 <= value <= 1 for value in found[part].values())


@given(dags, dags, st.data())
def test_other_names_of_the_nodes_change_nothing(one: Dag, other: Dag, data: st.DataObject) -> None:
    names = data.draw(st.permutations(range(len(one[0]))))
    renamed = graph(one, list(names))
    assert compare_graphs(graph(one), renamed, str.__eq__)["exact"]
    assert compare_graphs(renamed, graph(other), str.__eq__) == compare_graphs(
        graph(one), graph(other), str.__eq__
    )


@given(dags)
def test_the_reduction_keeps_what_comes_before_what_and_every_label(dag: Dag) -> None:
    whole = graph(dag)
    small = reduced(whole)
    assert dict(small.nodes(data="call")) == dict(whole.nodes(data="call"))
    assert set(nx.transitive_closure(small).edges) == set(nx.transitive_closure(whole).edges)
    assert compare_graphs(whole, nx.transitive_closure(whole), str.__eq__)["exact"]


@given(dags, st.data())
def test_every_order_that_the_graph_allows_is_right_to_its_end(
    dag: Dag, data: st.DataObject
) -> None:
    whole = graph(([f"{label}{i}" for i, label in enumerate(dag[0])], dag[1]))
    orders = list(nx.all_topological_sorts(whole))
    order = [whole.nodes[i]["call"] for i in data.draw(st.sampled_from(orders or [[]]))]
    assert correct_prefix(whole, order, str.__eq__)["length"] == len(order)
    cut = data.draw(st.integers(0, len(order)))
    found = correct_prefix(whole, [*order[:cut], "wrong", *order[cut:]], str.__eq__)
    assert found["length"] == cut
    assert 0 <= found["accuracy"] < 1
