"""No task and no side weighs more than its share, and no test's task is trained on."""

from __future__ import annotations

from dataclasses import replace

from toolgrove.data.pairs.across import PER_CHOSEN, PER_TASK, Across
from toolgrove.data.pairs.faults import DROPPED, Fault
from toolgrove.data.pairs.steps import TreeRow
from toolgrove.data.records import Message, PreferencePair, Role, Task, ToolCall

LONG = "The road from Oslo to Bergen leads over the mountains and takes about seven hours by car"


def pair(chosen: str, rejected: str) -> PreferencePair:
    prompt = (Message(Role.USER, "How far?"),)
    sides = [(Message(Role.ASSISTANT, words),) for words in (chosen, rejected)]
    return PreferencePair(prompt, sides[0], sides[1])


def test_what_says_nearly_the_same_is_kept_once() -> None:
    across, task = Across(), Task("1", "How far?")
    long = " ".join(f"{LONG} {place}" for place in range(20))
    assert across.faults(pair(long, "No."), task) == []
    assert across.faults(pair(long.upper(), "No!"), task) == [Fault.NEAR_DUPLICATE]
    assert across.faults(pair(long + " now", "No."), task) == [Fault.NEAR_DUPLICATE]
    assert across.faults(pair("It is 463 km.", "No."), task) == []


def test_a_task_and_a_chosen_side_have_a_cap() -> None:
    across = Across()
    found = [across.faults(pair("Yes.", f"No {n}."), Task("1", "Q1?")) for n in range(9)]
    assert found.count([]) == PER_CHOSEN
    assert all(one in ([], [Fault.CHOSEN_CAP]) for one in found)
    found = [across.faults(pair(f"Yes {n}.", f"No {n}."), Task("2", "Q2?")) for n in range(30)]
    assert found.count([]) == PER_TASK
    assert all(one in ([], [Fault.TASK_CAP]) for one in found)


def test_a_held_out_task_is_known_by_its_id_and_by_its_words() -> None:
    across = Across([Task("7", "How far is it?")])
    good = pair("Yes.", "No.")
    assert across.faults(good, Task("7", "Other.")) == [Fault.HELD_OUT]
    assert across.faults(good, Task("8", "how far is  it")) == [Fault.HELD_OUT]
    assert across.faults(good, Task("8", "How far?")) == []


def test_a_fault_that_is_kept_hides_none_of_the_others() -> None:
    across = Across([Task("1", "Q1?")], DROPPED - {Fault.NEAR_DUPLICATE, Fault.HELD_OUT})
    for _ in range(PER_CHOSEN):
        assert Fault.CHOSEN_CAP not in across.faults(pair("Yes.", "No."), Task("1", "Q1?"))
    found = across.faults(pair("Yes.", "No."), Task("1", "Q1?"))
    assert found == [Fault.HELD_OUT, Fault.NEAR_DUPLICATE, Fault.CHOSEN_CAP]


def row(before: str, **columns: object) -> TreeRow:
    prompt = (Message(Role.USER, "How far?"), Message(Role.TOOL, before))
    return TreeRow(prompt, (Message(Role.ASSISTANT, "I give up."),), (), columns=columns)


def test_the_same_step_elsewhere_or_of_another_worth_is_another_row() -> None:
    across, task = Across(), Task("1", "How far?")
    others = [row("no city"), row("463 km"), row("463 km", value=1.0), row("463 km", value=0.0)]
    for one in others:
        assert across.faults(one, task) == []
    assert across.faults(row("463 km", value=1.0), task) == [Fault.NEAR_DUPLICATE]


def called(*names: str) -> tuple[Message, ...]:
    return tuple(Message(Role.ASSISTANT, n, calls=(ToolCall("c", n, {"a": 1}),)) for n in names)


def test_of_two_ways_round_after_one_prompt_the_first_is_kept() -> None:
    """In one run the one step led to the success, and in another run the other one did."""
    across, task, prompt = Across(), Task("1", "How far?"), (Message(Role.USER, "How far?"),)
    assert across.faults(PreferencePair(prompt, called("x"), called("y", "z")), task) == []
    other = PreferencePair(prompt, called("y", "z"), called("x"))
    assert across.faults(other, task) == [Fault.CONTRADICTED]
    assert across.faults(replace(other, rejected=called("w")), task) == []
    later = (*prompt, Message(Role.ASSISTANT, "Well."))
    assert across.faults(replace(other, prompt=later), task) == []
    assert across.faults(pair("Yes, it is.", "No."), task) == []
    assert across.faults(pair("No.", "Yes, it is."), task) == [Fault.CONTRADICTED]


def test_of_two_labels_of_one_step_after_one_prompt_the_first_is_kept() -> None:
    across, task = Across(), Task("1", "How far?")
    assert across.faults(row("463 km", label=True), task) == []
    assert across.faults(row("463 km", label=False), task) == [Fault.CONTRADICTED]
    assert across.faults(row("no city", label=False), task) == []
    assert across.faults(row("463 km", label=False, value=0.0), task) == [], "a share of its ends"
