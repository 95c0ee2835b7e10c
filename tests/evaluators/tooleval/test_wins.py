"""Who wins a query: by rule, else by a judge that is asked in both orders, never by a coin."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from toolgrove.data.formats.tooleval_results import RecordedPreference
from toolgrove.data.records import Node, NodeState, Task
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.errors import ModelError, UsageError
from toolgrove.evaluators.tooleval.answered import AnswerSet, AskedQuery
from toolgrove.evaluators.tooleval.rulings import Ruling
from toolgrove.evaluators.tooleval.wins import (
    DuelOutcome,
    asking,
    compare,
    recorded,
    win_rates,
)

QUERY = AskedQuery("1")
VALUES = {"Solved": 1.0, "Unsure": 0.5, "Unsolved": 0.0}


def tree(answer: str) -> SearchTree:
    found = SearchTree(Task("1", "How far?"))
    found.add(Node(ROOT, None))
    found.add(Node(child_id(ROOT, 0), ROOT, state=NodeState.ANSWERED, answer=answer))
    return found


class Reader:
    """A judge that says what it is told to, and notes which answers it was shown."""

    name = prompt = "reader"

    def __init__(self, prefer: str) -> None:
        self.prefer, self.shown = prefer, list[tuple[str | None, str | None]]()

    async def solved(self, tree: SearchTree) -> str | None:
        raise AssertionError("not asked here")

    solvable = solved

    async def better(self, first: SearchTree, second: SearchTree) -> str | None:
        self.shown.append((first.answer, second.answer))
        if self.prefer == "down":
            raise ModelError("the judge is down")
        if self.prefer in ("First", "Second", "Tie"):
            return self.prefer
        return "First" if first.answer == self.prefer else "Second"


async def compared(
    statuses: Sequence[str | None],
    judge: Reader | None = None,
    *,
    passed: Sequence[float | None] | None = None,
    here: Sequence[bool] = (True, True),
) -> DuelOutcome:
    found = []
    for index, answer in enumerate(("ours", "theirs")):
        status = statuses[index]
        value = None if status is None else VALUES[status]
        ruling = Ruling("1", "", True, status, passed=value if passed is None else passed[index])
        trees = {QUERY: tree(answer)} if here[index] else {}
        found.append((AnswerSet(answer, (QUERY,), trees), [ruling]))
    choose = None if judge is None else asking(judge, 1)
    [comparison] = await compare(found[0], found[1], choose)
    return comparison


@pytest.mark.parametrize(
    ("statuses", "passed", "win", "sowr"),
    [
        (("Solved", "Unsolved"), (1, 0), ("answers", "pass"), ("answers", "status")),
        (("Unsolved", "Solved"), (0, 1), ("against", "pass"), ("against", "status")),
        # held unsolvable, anything passes ToolBench's table; StableToolBench asks the judge
        (("Unsolved", "Unsolved"), (1, 0), ("answers", "pass"), ("Tie", "judge")),
        # Unsure is below Solved for the one, and the judge's for the other
        (("Unsure", "Solved"), (0.5, 1), ("against", "status"), ("Tie", "judge")),
        (("Unsure", "Unsolved"), (0.5, 0), ("answers", "status"), ("Tie", "judge")),
        (("Solved", "Solved"), (1, 1), ("Tie", "judge"), ("Tie", "judge")),
    ],
)
async def test_rules_decide_before_the_judge(
    statuses: Sequence[str],
    passed: Sequence[float],
    win: tuple[str, str],
    sowr: tuple[str, str],
) -> None:
    one = await compared(statuses, Reader("First"), passed=passed)
    assert ((one.win, one.win_by), (one.sowr, one.sowr_by)) == (win, sowr)


async def test_a_judge_that_prefers_a_place_gives_a_tie_and_shows_it() -> None:
    judge = Reader("First")
    one = await compared(("Solved", "Solved"), judge)
    assert judge.shown == [("ours", "theirs"), ("theirs", "ours")]
    assert [asked.chosen for asked in one.choice.asked] == ["answers", "against"]
    rates = win_rates([one])
    assert (rates.ties, rates.asked, rates.consistent) == (1, 1, 0)
    assert rates.win_rate is not None
    assert rates.win_rate.value == 0


async def test_statuses_change_places_with_their_answers() -> None:
    one = await compared(("Unsure", "Solved"), Reader("ours"), passed=(0.5, 1))
    assert [(a.order, a.statuses) for a in one.choice.asked] == [
        (("answers", "against"), ("Unsure", "Solved")),
        (("against", "answers"), ("Solved", "Unsure")),
    ]
    assert (one.win, one.sowr) == ("against", "answers")
    assert win_rates([one]).consistent == 1


async def test_who_has_no_answer_loses_and_nobody_is_asked() -> None:
    judge = Reader("down")
    one = await compared(("Unsolved", "Unsolved"), judge, here=(False, True))
    assert (one.win, one.sowr, one.win_by) == ("against", "against", "missing")
    both = await compared(("Unsolved", "Unsolved"), judge, here=(False, False))
    assert (both.win, both.sowr) == ("Tie", "Tie")
    assert judge.shown == []


async def test_what_nobody_can_decide_is_in_no_rate() -> None:
    """Promise 10."""
    down = await compared(("Solved", "Solved"), Reader("down"))
    nobody = await compared(("Solved", "Solved"))
    assert (down.win, down.choice.reason) == (None, "the judge is down")
    rates = win_rates([down, nobody])
    assert (rates.win_rate, rates.sowr, rates.undecided) == (None, None, 2)


async def test_recorded_preferences_are_told_apart_by_the_systems_names() -> None:
    sets = [AnswerSet(name, (QUERY,), {QUERY: tree(name)}) for name in ("dfs", "cot")]
    ruling = [Ruling("1", "", True, "Solved", passed=1.0)]
    votes = {QUERY: RecordedPreference({"cot": 1, "dfs": 2}, 3)}
    pairs = [(one, ruling) for one in sets]
    [one] = await compare(pairs[0], pairs[1], recorded(votes, "dfs", "cot"))
    assert (one.win, one.choice.votes) == ("answers", (2, 1))
    even = {QUERY: RecordedPreference({"cot": 1, "dfs": 1}, 2)}
    [one] = await compare(pairs[0], pairs[1], recorded(even, "dfs", "cot"))
    assert one.win == "Tie"
    with pytest.raises(UsageError, match="name the files or their folders"):
        recorded(votes, "one", "other")
