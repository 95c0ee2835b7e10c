"""No task and no side weighs more than its share, and no test's task is trained on."""

from __future__ import annotations

from toolgrove.data.pairs.across import PER_CHOSEN, PER_TASK, Across
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.records import Message, PreferencePair, Role, Task

LONG = "The road from Oslo to Bergen leads over the mountains and takes about seven hours by car"


def pair(chosen: str, rejected: str) -> PreferencePair:
    prompt = (Message(Role.USER, "How far?"),)
    sides = [(Message(Role.ASSISTANT, words),) for words in (chosen, rejected)]
    return PreferencePair(prompt, sides[0], sides[1])


def test_what_says_nearly_the_same_is_kept_once() -> None:
    across, task = Across(), Task("1", "How far?")
    long = " ".join(f"{LONG} {place}" for place in range(20))
    assert across.fault(pair(long, "No."), task) is None
    assert across.fault(pair(long.upper(), "No!"), task) is Fault.NEAR_DUPLICATE
    assert across.fault(pair(long + " now", "No."), task) is Fault.NEAR_DUPLICATE
    assert across.fault(pair("It is 463 km.", "No."), task) is None


def test_a_task_and_a_chosen_side_have_a_cap() -> None:
    across = Across()
    found = [across.fault(pair("Yes.", f"No {n}."), Task("1", "Q1?")) for n in range(9)]
    assert found.count(None) == PER_CHOSEN
    assert set(found) == {None, Fault.CHOSEN_CAP}
    found = [across.fault(pair(f"Yes {n}.", f"No {n}."), Task("2", "Q2?")) for n in range(30)]
    assert found.count(None) == PER_TASK
    assert set(found) == {None, Fault.TASK_CAP}


def test_a_held_out_task_is_known_by_its_id_and_by_its_words() -> None:
    across = Across([Task("7", "How far is it?")])
    good = pair("Yes.", "No.")
    assert across.fault(good, Task("7", "Other.")) is Fault.HELD_OUT
    assert across.fault(good, Task("8", "how far is  it")) is Fault.HELD_OUT
    assert across.fault(good, Task("8", "How far?")) is None
