"""The end state that a run leaves, in the bundled world and through other tools."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import (
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
from toolgrove.data.world import specs, tasks
from toolgrove.evaluators.state import StateEvaluator

ADD, NOTE = "Productivity/Team Calendar/Add Event", "Productivity/Notes Book/Add Note"
READ = "Productivity/Notes Book/Read Note"
WORLD = [spec for spec in specs() if spec.category == "Productivity"]


def note(title: str, text: str = "x") -> ToolCall:
    return ToolCall("1", NOTE, {"title": title, "text": text})


def event(title: str, **more: Any) -> ToolCall:
    return ToolCall("1", ADD, {"title": title, "date": "2026-05-18", **more})


def run(
    made: list[ToolCall],
    wanted: list[ToolCall],
    *,
    answer: str | None = "done",
    tools: list[ToolSpec] | None = None,
    world: str = "1",
    seen: Observation | None = None,
    **reference: Any,
) -> SearchTree:
    """A run with one call a step, the first of them in a branch that came to nothing."""
    right = Reference("text", "done", calls=tuple(wanted), **reference)
    meta = {"world": world} if world else {}
    tree = SearchTree(Task("1", "Do it.", reference=right), tools=tools or WORLD, meta=meta)
    tree.add(Node(ROOT, None))
    at = ROOT
    for place, call in enumerate(made):
        new = child_id(ROOT if place == 1 else at, place)
        parent = ROOT if place == 1 else at
        got = seen or Observation(Status.OK, "…")
        tree.add(Node(new, parent, place, calls=(call,), observations=(got,)))
        at = new
    ended = NodeState.GAVE_UP if answer is None else NodeState.ANSWERED
    tree.add(Node(child_id(at, 9), at, 9, state=ended, answer=answer))
    return tree


async def scored(tree: SearchTree) -> Score:
    return await StateEvaluator().score(tree)


@pytest.mark.parametrize(
    ("made", "wanted", "equal"),
    [
        ([note("a"), note("b")], [note("a"), note("b")], True),
        ([note("b"), note("a")], [note("a"), note("b")], False),  # the notes' numbers differ
        ([note("a"), event("b")], [event("b"), note("a")], True),  # two tools
        ([event("a", time="")], [event("a")], True),
        ([note(" A ")], [note("a")], True),
        ([note("a"), note("a")], [note("a")], False),
        ([note("a")], [], False),
        ([], [], True),
        ([], [note("a")], False),
        ([ToolCall("1", READ, {"number": 1})], [], True),
        ([event("a", time="25:00")], [], True),  # refused, so nothing is left
    ],
)
async def test_the_worlds_end_state_decides(
    made: list[ToolCall], wanted: list[ToolCall], equal: bool
) -> None:
    score = await scored(run(made, wanted))
    assert (score.value, score.details["state"]) == (float(equal), float(equal))


async def test_the_facts_have_to_be_said_too() -> None:
    score = await scored(run([note("a")], [note("a")], answer="It failed."))
    assert (score.value, score.details) == (0.0, {"state": 1.0, "facts": 0.0})
    assert (await scored(run([note("a")], [note("a")], answer=None))).value == 0


@pytest.mark.parametrize(
    "seen",
    [
        Observation(Status.INVALID_REQUEST, "no"),
        Observation(Status.OK, "as before", cached=True),
        Observation(Status.OK, "as before", repeated=True),
    ],
)
async def test_a_write_that_was_not_made_leaves_nothing(seen: Observation) -> None:
    assert (await scored(run([note("a")], [], seen=seen))).value == 1


async def test_what_was_really_sent_counts_after_somebody_changed_it() -> None:
    sent = Observation(Status.OK, "…", sent={"title": "b", "text": "x"})
    assert (await scored(run([note("a")], [note("b")], seen=sent))).value == 1


async def test_a_write_in_doubt_leaves_nobody_sure() -> None:
    score = await scored(run([note("a")], [note("a")], seen=Observation(Status.IN_DOUBT, "?")))
    assert (score.value, "in doubt" in score.reason) == (None, True)


async def test_any_right_value_and_any_right_set_will_do() -> None:
    wanted = (ExpectedCall(NOTE, {"title": ("a", "b"), "text": ("x",)}),)
    for title, value in (("a", 1), ("b", 1), ("c", 0)):
        assert (await scored(run([note(title)], [], call_sets=(wanted,)))).value == value
    assert (await scored(run([], [], call_sets=(wanted, ())))).value == 1


async def test_of_other_tools_what_was_written_through_each_is_the_state() -> None:
    tools = [ToolSpec(name, "c", name, name, effect=Effect.WRITE) for name in ("pay", "mail")]
    pay, mail = ToolCall("1", "pay", {"sum": 5}), ToolCall("2", "mail", {"to": "Al"})
    assert (await scored(run([mail, pay], [pay, mail], tools=tools, world=""))).value == 1
    assert (await scored(run([pay, pay], [pay], tools=tools, world=""))).value == 0
    more = ToolCall("1", "pay", {"sum": 5.0})
    assert (await scored(run([more], [pay], tools=tools, world=""))).value == 1


async def test_writes_that_fit_each_others_places_are_taken_in_their_order() -> None:
    mail = ToolSpec("mail", "c", "mail", "mail", effect=Effect.WRITE)
    made = [ToolCall("1", "mail", {"to": to}) for to in ("Bob", "Robert", "bob")]
    wanted = (ExpectedCall("mail", {"to": ("Bob", "Robert")}),) * 3
    assert (await scored(run(made, [], call_sets=(wanted,), tools=[mail], world=""))).value == 1


async def test_no_writing_tool_no_opinion() -> None:
    score = await scored(run([], [], tools=[s for s in WORLD if s.effect is Effect.READ]))
    assert (score.value, score.reason) == (None, "no tool on offer writes")


async def test_the_reference_calls_of_each_writing_task_reach_its_own_end_state() -> None:
    known = {spec.id: spec for spec in specs()}
    tried = 0
    for task in tasks():
        reference = task.reference
        if reference is None or not any(
            known[c.name].effect is Effect.WRITE for c in reference.calls
        ):
            continue
        tree = run(list(reference.calls), [], tools=list(known.values()))
        tree.task = task
        assert (await scored(tree)).details["state"] == 1, task.id
        tried += 1
    assert tried > 3
