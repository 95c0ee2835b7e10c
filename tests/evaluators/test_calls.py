"""Call accuracy: which calls count, and when two calls are the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.expected import ExpectedCall
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
from toolgrove.evaluators.calls import CallEvaluator, compare_calls

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
    assert score.evaluator == "calls/2"


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


def expecting(
    made: list[tuple[ToolCall, Observation]], *sets: list[ExpectedCall], answered: bool = True
) -> SearchTree:
    tree = run(made, [], answered=answered)
    reference = Reference("number", 1, call_sets=tuple(tuple(one) for one in sets))
    tree.task = Task("1", "From OSL to London?", reference=reference)
    return tree


ANY = ExpectedCall(DISTANCE.id, {"a": ("OSL", "Oslo"), "b": ("LHR", "London")})


@pytest.mark.parametrize("a", ["OSL", "Oslo"])
@pytest.mark.parametrize("b", ["London", "LHR"])
async def test_each_allowed_value_is_right(a: str, b: str) -> None:
    assert (await CallEvaluator().score(expecting([ask(DISTANCE.id, a=a, b=b)], [ANY]))).value == 1


async def test_the_best_of_several_right_sets_counts() -> None:
    two = [ExpectedCall(TIME.name, {"zone": ("UTC",)}), ExpectedCall(TIME.name, {"zone": ("CET",)})]
    made = [ask(TIME.name, zone="CET"), ask(TIME.name, zone="UTC")]
    score = await CallEvaluator().score(expecting(made, [ANY], two))
    assert (score.value, score.reason) == (1.0, "2 of 2 reference calls among 2 made")


async def test_calls_that_share_right_values_are_paired_so_that_most_fit() -> None:
    """A pairing in the order of the calls would give the first expected one away."""
    wide = ExpectedCall(TIME.name, {"zone": ("UTC", "CET")})
    narrow = ExpectedCall(TIME.name, {"zone": ("UTC",)})
    made = [ask(TIME.name, zone="UTC"), ask(TIME.name, zone="CET")]
    assert (await CallEvaluator().score(expecting(made, [wide, narrow]))).value == 1


@pytest.mark.parametrize("answered", [True, False])
async def test_where_no_call_is_right_each_one_is_wrong_wherever_it_was_made(
    answered: bool,
) -> None:
    """The tree has a call in a dead branch."""
    score = await CallEvaluator().score(expecting([], [], answered=answered))
    assert (score.value, score.reason) == (0.0, "no call is right, and 1 was made")
    tree = SearchTree(expecting([], []).task)
    tree.add(Node(ROOT, None))
    tree.add(Node(child_id(ROOT, 0), ROOT, state=NodeState.GAVE_UP))
    score = await CallEvaluator().score(tree)
    assert (score.value, score.reason) == (1.0, "no call is right, and none was made")


async def test_what_has_to_be_asked_for_must_not_be_made_up() -> None:
    unknown = ExpectedCall(DISTANCE.id, {"a": ("OSL",)}, ask=("b",))
    made_up = expecting([ask(DISTANCE.id, a="OSL", b="LHR")], [unknown])
    score = await CallEvaluator().score(made_up)
    assert score.value == 0
    assert score.details["parameters"]["ask"] == {"right": 0, "of": 1}
    assert compare_calls([unknown], [])["arguments"]["f1"] == 1
    assert compare_calls([unknown], [])["parameters"]["ask"] == {"right": 1, "of": 1}


async def test_a_malformed_call_is_not_the_right_one_without_arguments() -> None:
    call = ToolCall("1", "now", malformed="{")
    assert compare_calls([ExpectedCall("now")], [call])["arguments"]["f1"] == 0
    assert compare_calls([ExpectedCall("now")], [ToolCall("1", "now")])["arguments"]["f1"] == 1


calls = st.lists(
    st.builds(
        ToolCall,
        st.just("1"),
        st.sampled_from("ab"),
        st.dictionaries(st.sampled_from("xy"), st.integers(0, 2), max_size=2),
    ),
    max_size=5,
)


@given(calls, calls, st.randoms(use_true_random=False))
def test_f1_is_symmetric_bounded_and_the_same_in_any_order(
    one: list[ToolCall], other: list[ToolCall], draw: Any
) -> None:
    found = f1(one, other)
    assert found == pytest.approx(f1(other, one))
    assert 0 <= found <= 1
    mixed = draw.sample(one, len(one))
    assert f1(mixed, other) == found
    assert f1(mixed, one) == 1


def f1(wanted: list[ToolCall], made: list[ToolCall]) -> float:
    expected = [ExpectedCall(c.name, {k: (v,) for k, v in c.arguments.items()}) for c in wanted]
    found: float = compare_calls(expected, made)["arguments"]["f1"]
    return found
