"""``offer/1``: a failure can be put down to retrieval or to planning."""

from __future__ import annotations

import asyncio

import pytest

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import Reference, Score, Task, ToolCall, ToolSpec
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.offers import OfferEvaluator
from toolgrove.evaluators.report import summarise
from toolgrove.evaluators.store import DONE, ResultRow


def called(*names: str) -> Reference:
    return Reference("text", "ok", calls=tuple(ToolCall(name, name) for name in names))


def score(task: Task, *offered: str) -> Score:
    tools = tuple(ToolSpec(name, "c", "t", name) for name in offered)
    return asyncio.run(OfferEvaluator().score(SearchTree(task, tools)))


def test_it_is_the_share_of_the_needed_tools_that_were_on_offer() -> None:
    found = score(Task("1", "?", reference=called("a", "b", "a")), "a", "x")
    assert (found.value, found.details["recall"]) == (0.5, {"right": 1, "of": 2})
    assert (found.details["missing"], found.details["offered"]) == (["b"], 2)


def test_of_several_right_sets_the_one_counts_that_was_offered_most() -> None:
    sets = ((ExpectedCall("a"), ExpectedCall("b")), (ExpectedCall("c"),))
    task = Task("1", "?", reference=Reference("text", "ok", call_sets=sets))
    assert score(task, "a", "c").value == 1.0
    assert score(task, "a").value == 0.5


def test_relevant_labels_count_where_there_are_no_reference_calls() -> None:
    assert score(Task("1", "?", relevant=("a", "b")), "b").value == 0.5


@pytest.mark.parametrize(
    "reference", [None, Reference("unsolvable"), Reference("text", "ok", call_sets=((),))]
)
def test_a_task_that_needs_no_tool_gets_no_opinion(reference: Reference | None) -> None:
    assert score(Task("1", "?", reference=reference), "a").value is None


def test_failures_are_counted_by_cause_and_passes_are_not() -> None:
    def row(task: str, passed: float | None, recall: float | None) -> ResultRow:
        scores = (Score(passed, "", "answer/2"), Score(recall, "", "offer/1"))
        return ResultRow(task, 0, "G1", "", DONE, scores=scores)

    rows = [row("1", 1, 0.5), row("2", 0, 0.5), row("3", 0, 1), row("4", 0, None), row("5", 0, 1)]
    assert summarise(rows, {}).total.failures == {"retrieval": 1, "planning": 2}
    assert summarise([row("1", None, 0.0)], {}).total.failures == {}
