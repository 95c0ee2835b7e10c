"""What is learnt from tasks and runs about which tools go together, and how it is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.cli.main import app
from toolgrove.data import codec
from toolgrove.data.formats.toolbench_trees import load_answer_tree
from toolgrove.data.records import (
    Node,
    NodeState,
    Observation,
    Reference,
    Status,
    Task,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.errors import CatalogError
from toolgrove.retriever.co_use import FILE, CoUse, Episode, from_task, from_tree
from toolgrove.retriever.next_step import following
from toolgrove.retriever.ranking import Hit


def hit(tool: str, score: float) -> Hit:
    return Hit(tool, score, score, score, "")


EPISODES = st.lists(
    st.builds(
        Episode,
        st.text("0123456789", min_size=1, max_size=3),
        st.lists(st.sampled_from("abcdef"), unique=True).map(tuple),
    ),
    max_size=30,
)


@given(EPISODES)
def test_an_association_is_symmetric_and_between_0_and_1(episodes: list[Episode]) -> None:
    graph = CoUse(episodes)
    for a in "abcdef":
        for b, value in graph.neighbours(a).items():
            assert 0 <= value < 1
            assert value == graph.association(b, a)


@given(EPISODES, EPISODES)
def test_learning_in_steps_is_learning_at_once(one: list[Episode], two: list[Episode]) -> None:
    steps = CoUse(one)
    steps.learn(two)
    whole = CoUse([*one, *two])
    assert steps.graph.nodes(data=True) == whole.graph.nodes(data=True)
    assert list(steps.graph.edges(data=True)) == list(whole.graph.edges(data=True))
    assert steps.learn([*one, *two]) == 0, "nothing is learnt twice"


def test_a_tool_that_is_used_everywhere_pulls_nothing_in() -> None:
    many = [Episode(str(i), ("everywhere", f"t{i % 5}")) for i in range(50)]
    graph = CoUse([*many, Episode("x", ("a", "b")), Episode("y", ("a", "b"))])
    assert max(graph.neighbours("everywhere").values()) < 0.2 < graph.association("a", "b")


def test_calls_give_the_order_and_labels_do_without() -> None:
    calls = tuple(ToolCall(str(i), name) for i, name in enumerate("bab"))
    with_calls = Task("1", "?", relevant=("a",), reference=Reference("text", "", calls=calls))
    assert from_task(with_calls).tools == ("b", "a")
    assert from_task(Task("2", "?", relevant=("x", "y"))).tools == ("x", "y")


def step(parent: str, tool: str, gave: str, **arguments: object) -> Node:
    call = ToolCall("c", tool, dict(arguments))
    observed = Observation(Status.OK, gave)
    return Node(child_id(parent, 0), parent, calls=(call,), observations=(observed,))


def test_a_value_that_one_tool_gave_and_another_took_is_an_edge() -> None:
    tree = SearchTree(Task("1", "When is sunset at OSL?"), [ToolSpec(t, "", "", t) for t in "abc"])
    tree.add(Node(ROOT, None))
    first = step(ROOT, "a", '{"latitude": 60.1939, "zone": "Europe/Oslo"}', iata="OSL")
    second = step(first.id, "b", '"OSL 15:40"', latitude=60.1939)
    third = step(second.id, "c", "1", iata="OSL")
    end = Node(child_id(third.id, 0), third.id, state=NodeState.ANSWERED, answer="15:40")
    for node in (first, second, third, end):
        tree.add(node)
    episode = from_tree(tree)
    assert episode.tools == ("a", "b", "c")
    assert episode.feeds == (("a", "b"),), "OSL stood in the request: nobody fed it"


def test_a_search_without_an_answer_teaches_nothing() -> None:
    tree = SearchTree(Task("1", "?"), [ToolSpec("a", "", "", "a")])
    tree.add(Node(ROOT, None))
    tree.add(step(ROOT, "a", "1"))
    assert from_tree(tree).tools == ()
    assert len(CoUse([from_tree(tree)])) == 0


def test_real_trees_are_read(shared_data: Path) -> None:
    folder = shared_data / "toolbench" / "trees"
    episodes = [from_tree(load_answer_tree(path)) for path in sorted(folder.glob("*.json"))]
    assert ("transitaires_for_transitaires", "transitaire_for_transitaires") in [
        episode.tools for episode in episodes
    ]


def test_what_was_called_raises_what_goes_with_it_and_more_what_it_feeds() -> None:
    learnt = [Episode(str(i), ("a", "b", "c"), (("a", "c"),)) for i in range(3)]
    graph = CoUse([*learnt, Episode("x", ("d",))])
    raised = graph.after(["a"], [hit("d", 0.5), hit("b", 0.4)], weight=0.3)
    scores = {one.id: one.score for one in raised}
    together = graph.association("a", "b")
    assert scores == pytest.approx(
        {"d": 0.5, "b": 0.4 + 0.3 * together, "c": 0.3 * (together + 1)}, abs=1e-5
    )
    assert [one.id for one in raised] == sorted(scores, key=lambda tool: -scores[tool])


def test_the_next_step_uses_what_was_learnt() -> None:
    learnt = CoUse([*(Episode(str(i), ("a", "b")) for i in range(5)), Episode("x", ("c",))])

    def search(query: str, k: int) -> list[Hit]:
        return [hit("a", 0.9), hit("c", 0.5), hit("b", 0.4)]

    called = [("a", Status.OK)]
    assert [h.id for h in following("q", called, search, {}, 2)] == ["c", "b"]
    assert [h.id for h in following("q", called, search, {}, 2, learned=learnt)] == ["b", "c"]


def test_a_file_that_is_no_graph_is_told(tmp_path: Path) -> None:
    assert len(CoUse.load(tmp_path)) == 0
    for content in (b"{", b"[]", b'{"version": 9}', b'{"version": 1, "episodes": [{"key": 1}]}'):
        (tmp_path / FILE).write_bytes(content)
        with pytest.raises(CatalogError, match="learn again"):
            CoUse.load(tmp_path)


def test_the_command_learns_into_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolgrove.retriever.embedding.MiniLM", Hashing)
    folder = tmp_path / "catalog"
    with Catalog.open(folder, embedder=Hashing()) as catalog:
        catalog.add([ToolSpec(t, "", "", t) for t in ("a", "b")])
    lines = [{"qid": str(i), "query": f"q{i}", "relevant": ["a", "b", "gone"]} for i in range(2)]
    queries = tmp_path / "queries.jsonl"
    queries.write_bytes(b"".join(codec.dumps(line) + b"\n" for line in lines))
    told = [
        CliRunner().invoke(
            app, ["learn", "co-use", str(queries), "--catalog", str(folder), "--json"]
        )
        for _ in range(2)
    ]
    assert [codec.loads(one.stdout) for one in told] == [
        {"read": 2, "new": 2, "known": 2},
        {"read": 2, "new": 0, "known": 2},
    ]
    with Catalog.open(folder, embedder=Hashing()) as catalog:
        assert set(catalog.co_use.neighbours("a")) == {"b"}
