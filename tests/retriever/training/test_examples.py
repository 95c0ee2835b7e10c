"""What is trained on: no positive is ever a negative, and splits are what they are called."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats.query_sets import labels
from toolgrove.data.records import Task, ToolSpec
from toolgrove.errors import UsageError
from toolgrove.retriever.training.examples import (
    Examples,
    held_out,
    mined,
    tool_disjoint,
    training_examples,
)
from toolgrove.retriever.training.loss import relevance

SPECS = {
    f"{tool}/{name}": ToolSpec(f"{tool}/{name}", "Any", tool, name)
    for tool, name in product("ABCDEFGH", ("get", "list"))
}
TASKS = st.lists(
    st.builds(
        lambda query, wanted: Task(query, query, relevant=tuple(sorted(wanted))),
        st.text("xyz", min_size=1, max_size=4),
        st.sets(st.sampled_from(sorted(SPECS)), min_size=1, max_size=3),
    ),
    min_size=4,
    max_size=12,
)
POSITIVES = st.lists(st.sets(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=6)


def tools(tasks: list[Task]) -> set[str]:
    return {SPECS[one].tool for task in tasks for one in labels(task)}


@given(POSITIVES)
def test_other_positives_are_never_negatives(positives: list[set[int]]) -> None:
    own = [tuple(sorted(some)) for some in positives]
    batch = sorted({place for some in own for place in some})
    negative = ~relevance(own, batch)
    for row, some in zip(negative, own, strict=True):
        assert {batch[i] for i in np.flatnonzero(row)} == set(batch) - set(some)


@given(POSITIVES, st.integers(0, 12), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_mined_negatives_are_no_positives(
    positives: list[set[int]], n: int, skip: int, seed: int
) -> None:
    documents = tuple(f"word{i} thing" for i in range(10))
    own = tuple(tuple(sorted(some)) for some in positives)
    data = Examples(tuple(f"find word{i}" for i in range(len(own))), documents, own)
    dense = np.random.default_rng(seed).random((len(own), 10), dtype=np.float32)
    found = mined(data, dense, n, skip=skip)
    for some, negatives in zip(own, found, strict=True):
        assert set(negatives).isdisjoint(some)
        assert len(set(negatives)) == len(negatives) == min(n, max(0, 10 - len(some) - skip))


def test_hard_negatives_are_the_likeliest_mistakes() -> None:
    documents = ("lottery results", "lottery draws", "weather in Oslo", "stock prices")
    data = Examples(("latest lottery",), documents, ((0,),))
    assert mined(data, np.zeros((1, 4), dtype=np.float32), 1) == [(1,)]


def test_tools_of_one_text_are_one_document() -> None:
    twin = [ToolSpec("a/x", "Any", "A", "get"), ToolSpec("copy/x", "Any", "A", "get")]
    other = ToolSpec("b/y", "Any", "B", "get")
    data = training_examples([Task("1", "get it", relevant=("copy/x",))], [*twin, other])
    assert len(data.documents) == 2
    assert data.positives == ((0,),)


def test_unlabelled_queries_are_left_out_and_none_at_all_is_told() -> None:
    tasks = [Task("1", "a", relevant=("A/get",)), Task("2", "b"), Task("3", "c", relevant=("no",))]
    assert training_examples(tasks, SPECS.values()).queries == ("a",)
    with pytest.raises(UsageError, match="labelled with a tool"):
        training_examples(tasks[1:], SPECS.values())


@given(TASKS, st.integers(0, 5))
def test_a_held_out_query_is_not_trained_on(tasks: list[Task], seed: int) -> None:
    some, tests = held_out(tasks, seed=seed)
    assert tests
    assert {t.query for t in some}.isdisjoint(t.query for t in tests)
    assert len(some) + len(tests) == len(tasks)


@given(TASKS, st.integers(0, 5))
def test_a_tool_disjoint_test_shares_no_tool(tasks: list[Task], seed: int) -> None:
    some, tests = tool_disjoint(tasks, SPECS, seed=seed)
    assert tests
    assert tools(some).isdisjoint(tools(tests))
    assert tool_disjoint(tasks, SPECS, seed=seed) == (some, tests)


def test_the_digest_tells_data_apart() -> None:
    one = Examples(("q",), ("a", "b"), ((0,),))
    assert one.digest == Examples(("q",), ("a", "b"), ((0,),)).digest
    assert one.digest != Examples(("q",), ("a", "b"), ((1,),)).digest
