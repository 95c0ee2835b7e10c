"""Pairs past one tree: two runs of a task, and right calls with an argument made wrong."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from toolgrove.agent.agent import Agent
from toolgrove.agent.calling import executing
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.data.pairs.modes import Rule
from toolgrove.data.records import PreferencePair, Reference, Task, ToolCall
from toolgrove.errors import UsageError
from toolgrove.evaluators.mining import Mining, mine_files
from toolgrove.tools.python.effect import tool

WRITTEN: list[str] = []


@tool(effect="read")
def distance(start: str, end: str) -> str:
    """Kilometres by road."""
    if end not in ("Bergen", "Oslo"):
        raise ValueError(f"no city {end}")
    return f"from {start} to {end}: 463 km"


@tool(effect="write")
def note(text: str) -> str:
    """Write a note."""
    WRITTEN.append(text)
    return "written"


SOLVED = "solved, so it has no pair of its own"
TASK = Task("t", "How far is Oslo from Bergen?", reference=Reference("number", 463, unit="km"))
FIND = call("distance", start="Oslo", end="Bergen")


def batch(out: Path, *replies: AIMessage, planner: str = "react", task: Task = TASK) -> Path:
    agent = Agent(
        model=ScriptedModel(replies=list(replies)), tools=[distance, note], planner=planner
    )
    asyncio.run(Evaluation(agent).run([task], out))
    return out


def pairs_of(*paths: Path, **options: Any) -> tuple[list[PreferencePair], Mining]:
    mining = mine_files(paths, **options)
    return list(mining), mining


def said(side: Sequence[Any]) -> list[Any]:
    return [(one.name, dict(one.arguments)) for message in side for one in message.calls]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batch(tmp_path_factory.mktemp("solved"), FIND, finish("It is 463 km."))


def test_a_solved_and_an_unsolved_run_part_where_their_calls_first_differ(
    solved: Path, tmp_path: Path
) -> None:
    failed = batch(tmp_path / "F", FIND, finish("It is 12 km."), planner="dfsdt:width=1")
    [pair], mining = pairs_of(solved, failed, rule=Rule.DIVERGENCE)
    assert said(pair.prompt) == [("distance", {"start": "Oslo", "end": "Bergen"})]
    assert [said(side)[0][1]["final_answer"] for side in (pair.chosen, pair.rejected)] == [
        "It is 463 km.",
        "It is 12 km.",
    ]
    assert pair.origin["judged"] == "answer/2"
    assert (pair.origin["gap"], pair.origin["planner"].partition(":")[0]) == (1.0, "react")
    assert (pair.origin["run"][:6], pair.origin["other"][:2]) == (solved.name[:6], "F/")
    rows = [(row.branchings, row.paired, row.pairs) for row in mining.report.rows]
    assert rows == [(0, 0, 0), (1, 1, 1)]


@pytest.mark.parametrize(
    ("replies", "why"),
    [
        ([FIND, finish("It is 463 km.")], None),
        ([call("distance", start="Oslo", end="Narvik"), finish("It is 12 km.")], ""),
        ([finish("463 km, in the end.")], None),
    ],
    ids=["solved, too", "another call", "right by another way"],
)
def test_only_a_run_that_was_judged_wrong_is_a_rejected_side(
    solved: Path, tmp_path: Path, replies: list[AIMessage], why: str | None
) -> None:
    pairs, mining = pairs_of(solved, batch(tmp_path / "F", *replies), rule=Rule.DIVERGENCE)
    _, row = mining.report.rows
    assert (row.branchings, row.why) == ((0, SOLVED) if why is None else (1, why))
    assert len(pairs) == row.branchings


UNSOLVABLE = Task(
    "u", "What does a ticket to Bergen cost?", reference=Reference("unsolvable", None)
)


def test_a_run_that_was_right_to_give_up_is_preferred_to_one_that_made_an_answer_up(
    tmp_path: Path,
) -> None:
    gave_up = batch(tmp_path / "A", give_up("No tool gives that."), task=UNSOLVABLE)
    made_up = batch(tmp_path / "B", finish("It costs 80 euros."), task=UNSOLVABLE)
    [pair], mining = pairs_of(gave_up, made_up, rule=Rule.DIVERGENCE)
    assert said(pair.chosen)[0][1]["return_type"] == "give_up_and_restart"
    assert said(pair.rejected)[0][1]["final_answer"] == "It costs 80 euros."
    assert [row.successes for row in mining.report.rows] == [1, 0]


@pytest.mark.parametrize(
    "right", [finish("None of the tools tells that."), give_up("No tool gives that.")]
)
def test_a_run_that_was_right_to_give_up_is_no_rejected_side(
    tmp_path: Path, right: AIMessage
) -> None:
    one = batch(tmp_path / "A", right, task=UNSOLVABLE)
    other = batch(tmp_path / "B", FIND, give_up("It is not there."), task=UNSOLVABLE)
    pairs, mining = pairs_of(one, other, rule=[Rule.DIVERGENCE, Rule.STEP, Rule.PATH])
    assert pairs == []
    assert all(row.successes for row in mining.report.rows if row.rule == Rule.DIVERGENCE)


def test_calls_on_the_way_to_giving_up_are_no_better_than_others(tmp_path: Path) -> None:
    one = batch(tmp_path / "A", FIND, give_up("It is not there."), task=UNSOLVABLE)
    note_first = call("note", text="to Bergen")
    other = batch(tmp_path / "B", note_first, finish("It costs 80 euros."), task=UNSOLVABLE)
    pairs, mining = pairs_of(one, other, rule=Rule.DIVERGENCE)
    assert pairs == []
    assert mining.report.rows[-1].why == "all pairs dropped: as_good"


def test_giving_up_where_there_is_an_answer_is_no_success(tmp_path: Path) -> None:
    gave_up = batch(tmp_path / "A", give_up("No tool gives that."))
    answered = batch(tmp_path / "B", FIND, finish("It is 463 km."))
    [pair], _ = pairs_of(gave_up, answered, rule=Rule.DIVERGENCE)
    assert said(pair.rejected)[0][1]["return_type"] == "give_up_and_restart"


def test_an_answer_that_nobody_judged_solves_no_task(tmp_path: Path) -> None:
    one = batch(tmp_path / "A", FIND, finish("It is 463 km."))
    other = batch(tmp_path / "B", FIND, finish("It is 12 km."))
    for out in (one, other):
        (out / "results.sqlite").unlink()
    pairs, mining = pairs_of(one, other, rule=Rule.DIVERGENCE)
    assert pairs == []
    assert [row.unpaired for row in mining.report.rows] == [{"not_judged": 1}] * 2


def test_another_result_of_the_same_call_is_no_fault_of_the_run(
    solved: Path, tmp_path: Path
) -> None:
    failed = batch(tmp_path / "F", FIND, finish("It is 12 km."))
    journal = next(failed.rglob("journal.jsonl"))
    journal.write_text(_unsummed(journal.read_text().replace("463 km", "no road")))
    pairs, mining = pairs_of(solved, failed, rule=Rule.DIVERGENCE)
    assert (pairs, mining.report.rows[-1].unpaired) == ([], {"other_results": 1})


def _unsummed(text: str) -> str:
    return re.sub(r',"crc":"[0-9a-f]{8}"', "", text)


# ---- corruptions


@pytest.fixture
def calls() -> Iterator[Any]:
    agent = Agent(model=ScriptedModel(replies=[]), tools=[distance, note])
    with executing(agent.registry) as execute:
        yield execute


def test_a_corrupted_call_differs_in_one_argument_and_was_shown_to_be_wrong(
    solved: Path, calls: Any
) -> None:
    made: list[ToolCall] = []

    def execute(one: ToolCall) -> Any:
        made.append(one)
        return calls(one)

    [pair], mining = pairs_of(solved, rule=Rule.CORRUPTION, execute=execute)
    [(name, right)], [(same, wrong)] = said(pair.chosen), said(pair.rejected)
    assert name == same
    assert len(set(right.items()) ^ set(wrong.items())) <= 2, "one argument"
    assert pair.origin["synthetic"] in ("left_out", "cut_text", "other_value")
    assert made[0] == made[-1], "the right call still gives the same afterwards"
    assert dict(made[-2].arguments) == wrong
    [row] = mining.report.rows
    assert (row.branchings, row.paired, row.unpaired) == (1, 1, {})


def test_a_call_that_the_way_needs_elsewhere_is_no_wrong_one(tmp_path: Path, calls: Any) -> None:
    there, back = FIND, call("distance", start="Bergen", end="Oslo")
    out = batch(tmp_path / "W", there, back, finish("It is 463 km."))
    needed = [{"start": "Oslo", "end": "Bergen"}, {"start": "Bergen", "end": "Oslo"}]
    pairs, _ = pairs_of(out, rule=Rule.CORRUPTION, execute=calls)
    assert len(pairs) == 2
    assert not [1 for pair in pairs for _, wrong in said(pair.rejected) if wrong in needed]


def test_the_first_word_of_a_request_is_no_value_that_is_taken_by_mistake(
    tmp_path: Path, calls: Any
) -> None:
    """It is written large whatever it is; a name of two words is one value."""
    tried: list[Any] = []
    find = call("distance", start="Paris", end="Oslo")

    def execute(one: ToolCall) -> Any:
        tried.extend(one.arguments.values())
        return calls(replace(one, arguments=find.tool_calls[0]["args"]))  # nothing is wrong

    asked = replace(TASK, query="Does it lie nearer? Tell me if New York's is. (Rome is not.)")
    out = batch(tmp_path / "W", find, finish("It is 463 km."), task=asked)
    pairs_of(out, rule=Rule.CORRUPTION, execute=execute)
    assert {"Does", "Tell", "New", "York", "New York's", "Rome"}.isdisjoint(tried)
    assert "New York" in tried


def test_no_write_is_made_to_corrupt_a_call(tmp_path: Path, calls: Any) -> None:
    WRITTEN.clear()
    out = batch(tmp_path / "W", call("note", text="far"), FIND, finish("It is 463 km."))
    assert WRITTEN == ["far"]
    pairs, mining = pairs_of(out, rule=Rule.CORRUPTION, execute=calls)
    assert (pairs, mining.report.rows[0].unpaired) == ([], {"write": 2})
    [write] = [spec for spec in _registry() if spec.name == "note"]
    refused = calls(ToolCall("c", write.id, {"text": "more"}))
    assert refused.status.failed
    assert WRITTEN == ["far"], "whatever asks for it"


def _registry() -> Any:
    return Agent(model=ScriptedModel(replies=[]), tools=[distance, note]).registry


def test_a_call_that_no_longer_gives_the_same_is_left_alone(solved: Path, calls: Any) -> None:
    gave = iter(range(100))

    def execute(one: ToolCall) -> Any:
        return replace(calls(one), content=f"{next(gave)} km")

    pairs, mining = pairs_of(solved, rule=Rule.CORRUPTION, execute=execute)
    assert (pairs, mining.report.rows[0].unpaired) == ([], {"other_result": 1})


def test_calls_are_only_corrupted_where_something_makes_them(solved: Path) -> None:
    with pytest.raises(UsageError, match="makes calls"):
        mine_files([solved], rule=Rule.CORRUPTION)
