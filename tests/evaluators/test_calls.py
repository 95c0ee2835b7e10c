"""Call accuracy: which calls count, and when two calls are the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import (
    FINISH,
    Node,
    NodeState,
    Observation,
    Reference,
    Status,
    Task,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import ROOT, Ending, SearchTree, child_id
from toolgrove.evaluators.calls import CallEvaluator, normalised, overlap

DISTANCE = ToolSpec(
    "Travel/air/distance",
    "Travel",
    "air",
    "distance",
    parameters={
        "type": "object",
        "properties": {"a": {}, "b": {}, "unit": {"type": "string", "default": "km"}},
    },
)


def ask(name: str, status: Status = Status.OK, **arguments: Any) -> tuple[ToolCall, Observation]:
    return ToolCall("1", name, arguments), Observation(status, "…")


def run(
    made: list[tuple[ToolCall, Observation]], wanted: list[ToolCall], *, answered: bool = True
) -> SearchTree:
    """A run whose first branch made other calls and failed, and whose second made these."""
    reference = Reference("number", 1, calls=tuple(wanted))
    tree = SearchTree(Task("1", "How far?", reference=reference), tools=[DISTANCE])
    tree.add(Node(ROOT, None))
    other, seen = ask("Travel/air/other")
    dead, live = child_id(ROOT, 0), child_id(ROOT, 1)
    tree.add(Node(dead, ROOT, 0, calls=(other,), observations=(seen,), state=NodeState.GAVE_UP))
    tree.add(
        Node(live, ROOT, 1, calls=tuple(c for c, _ in made), observations=tuple(o for _, o in made))
    )
    if answered:
        end = ToolCall("2", FINISH, {"final_answer": "1"})
        tree.add(
            Node(
                child_id(live, 0),
                live,
                calls=(end,),
                observations=(Observation(Status.FINAL_ANSWER, ""),),
                state=NodeState.ANSWERED,
                answer="1",
            )
        )
    return tree


FAR = ToolCall("r", DISTANCE.id, {"a": "OSL", "b": "LHR", "unit": "km"})
TIME = ToolCall("r", "Time/zones/now", {"zone": "Europe/Oslo"})


@pytest.mark.parametrize(
    ("made", "api", "whole"),
    [
        ([ask(DISTANCE.id, a="OSL", b="LHR"), ask(TIME.name, zone="Europe/Oslo")], 1.0, 1.0),
        ([ask(TIME.name, zone="europe/oslo "), ask(DISTANCE.id, a="osl", b="LHR")], 1.0, 1.0),
        ([ask(DISTANCE.id, a="OSL", b="LHR", unit="mi"), ask(TIME.name, zone="UTC")], 1.0, 0.0),
        ([ask(DISTANCE.id, a="OSL", b="LHR")], 2 / 3, 2 / 3),
        ([ask("made/up/name", Status.NO_SUCH_TOOL, a="OSL")], 0.0, 0.0),
        (
            [
                ask(DISTANCE.id, Status.TOO_MANY_REQUESTS, a="OSL", b="LHR"),
                ask(DISTANCE.id, a="OSL", b="LHR"),
                ask(TIME.name, zone="Europe/Oslo"),
            ],
            1.0,
            1.0,
        ),
        (
            [
                ask(DISTANCE.id, a="OSL", b="LHR"),
                ask(DISTANCE.id, a="OSL", b="LHR"),
                ask(TIME.name, zone="Europe/Oslo"),
            ],
            0.8,
            0.8,
        ),
        ([], 0.0, 0.0),
    ],
)
async def test_the_accepted_path_against_the_reference(
    made: list[tuple[ToolCall, Observation]], api: float, whole: float
) -> None:
    score = await CallEvaluator().score(run(made, [FAR, TIME]))
    assert score.details["api"]["f1"] == pytest.approx(api)
    assert score.value == pytest.approx(whole)
    assert score.evaluator == "calls/1"


async def test_an_unanswered_run_scores_nothing_and_stays_in_the_denominator() -> None:
    made = [ask(DISTANCE.id, a="OSL", b="LHR")]
    score = await CallEvaluator().score(run(made, [FAR], answered=False))
    assert score.value == 0.0
    assert not score.infrastructure


async def test_no_reference_calls_no_opinion() -> None:
    score = await CallEvaluator().score(run([ask(DISTANCE.id)], []))
    assert score.value is None


async def test_a_run_cut_short_is_infrastructure() -> None:
    """Promise 10."""
    tree = run([], [FAR])
    tree.ending = Ending()
    assert (await CallEvaluator().score(tree)).infrastructure


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
json = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(), scalars, max_size=3)


@given(st.dictionaries(st.text(), json, min_size=2, max_size=4))
def test_the_order_of_keys_does_not_count_and_a_changed_value_does(value: dict[str, Any]) -> None:
    assert normalised(dict(reversed(value.items()))) == normalised(value)
    key = next(iter(value))
    assert normalised({**value, key: ["changed", value[key]]}) != normalised(value)


@given(st.integers(-(10**15), 10**15))
def test_a_number_is_the_same_as_integer_float_and_text(number: int) -> None:
    assert normalised(number) == normalised(float(number)) == normalised(f" {number}.0 ")
    assert normalised(number) != normalised(number + 1)


@pytest.mark.parametrize(("one", "other"), [("02139", 2139), ("1e5x", 1e5), ([1, 2], [2, 1])])
def test_what_only_looks_alike_differs(one: Any, other: Any) -> None:
    assert normalised(one) != normalised(other)


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_overlap_is_1_exactly_for_equal_multisets(one: list[str], other: list[str]) -> None:
    assert (overlap(one, other)["f1"] == 1.0) == (sorted(one) == sorted(other) and one != [])
