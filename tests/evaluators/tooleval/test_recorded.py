"""What StableToolBench recorded comes out again; a difference has a fault that explains it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from toolgrove.data.formats.tooleval_results import parse_results
from toolgrove.data.records import Node, NodeState, Task
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.evaluators.tooleval.answered import AnswerSet, AskedQuery, load_answer_set
from toolgrove.evaluators.tooleval.differences import (
    ASKED_ANYWAY,
    EVEN,
    LEFT_OUT,
    MISSING_VOTE,
    NOT_HERE,
    ONE_MISSING,
    OTHERS,
    UNSOLVABLE_PASSES,
)
from toolgrove.evaluators.tooleval.recorded import VotesEvaluator, load_votes
from toolgrove.evaluators.tooleval.scores import SystemScores, score_answers, score_wins
from toolgrove.evaluators.tooleval.written import write_passes, write_preferences

COT, DFS = "virtual_chatgpt_cot", "virtual_chatgpt_dfs"
ASKED = tuple(AskedQuery(id_) for id_ in ("588", "608", "1073"))


async def scored(folder: Path, model: str, asked: tuple[AskedQuery, ...] = ASKED) -> SystemScores:
    judge, _ = load_votes([folder / f"pass_rate/G1_instruction_{model}.json"])
    answers = load_answer_set([folder / f"converted/{model}.G1_instruction.json"], asked)
    return await score_answers(answers, judge)


@pytest.mark.parametrize(("model", "rate"), [(COT, 2 / 3), (DFS, 1.0)])
async def test_recorded_pass_rates_come_out_again(
    shared_data: Path, model: str, rate: float
) -> None:
    found = await scored(shared_data / "toolbench/tooleval", model)
    total = found.rates["total"]
    assert total.pass_rate is not None
    assert total.pass_rate.value == pytest.approx(rate)
    assert (total.sopr, total.sopr_std) == (pytest.approx(rate), 0)
    assert found.recorded is not None
    assert (found.recorded.sopr, found.recorded.sopr_std) == (pytest.approx(rate), 0)
    assert found.differences == ()


async def test_recorded_preferences_come_out_again(shared_data: Path) -> None:
    folder = shared_data / "toolbench/tooleval"
    [file] = (folder / "preference").glob("*.json")
    [table] = (folder / "preference").glob("*.csv")
    with table.open(encoding="utf-8", newline="") as stream:
        labels = {row["query_id"]: row["preference_label"]
                  for row in csv.DictReader(stream, delimiter="\t")}  # fmt: skip
    dfs, cot = await scored(folder, DFS), await scored(folder, COT)
    wins = await score_wins(dfs, cot, load_votes([file])[1])
    sides = {"against": "1", "answers": "2", "Tie": "3"}
    assert {one.query: sides[str(one.sowr)] for one in wins.comparisons} == labels
    assert wins.differences == ()
    decided = {one.query: one.sowr_by for one in wins.comparisons}
    assert decided == {"588": "status", "608": "judge", "1073": "judge"}, (
        "588 is Solved against Unsolved; the old code asked its judge all the same"
    )


async def test_a_denominator_of_all_queries_differs_and_says_why(shared_data: Path) -> None:
    asked = (*ASKED, AskedQuery("9"))
    found = await scored(shared_data / "toolbench/tooleval", COT, asked)
    total = found.rates["total"]
    assert total.pass_rate is not None
    assert total.pass_rate.value == pytest.approx(2 / 4)
    assert [(one.of, one.fault) for one in found.differences] == [("9", LEFT_OUT)]


async def test_written_results_are_those_that_were_recorded(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "toolbench/tooleval"
    [file] = (folder / "preference").glob("*.json")
    dfs, cot = await scored(folder, DFS), await scored(folder, COT)
    wins = await score_wins(dfs, cot, load_votes([file])[1])
    for one in (dfs, cot):
        write_passes(tmp_path, one.answers, one.rulings)
    write_preferences(tmp_path, dfs.answers, cot.answers, wins.comparisons)
    for model in (COT, DFS):
        name = f"G1_instruction_{model}.json"
        votes = tmp_path / "pass_rate_results" / model / name
        assert json.loads(votes.read_text()) == json.loads(
            (folder / "pass_rate" / name).read_text()
        )
        converted = tmp_path / "model_predictions_converted" / model / "G1_instruction.json"
        real = folder / "converted" / f"{model}.G1_instruction.json"
        assert json.loads(converted.read_text()) == json.loads(real.read_text())
    written = tmp_path / "preference_results" / file.name
    assert json.loads(written.read_text()) == json.loads(file.read_text())
    with_tabs = file.with_suffix(".csv").read_text(encoding="utf-8")
    assert written.with_suffix(".csv").read_text(encoding="utf-8") == with_tabs


# --- faults, each made small -----------------------------------------------------------------


def answered(name: str, *ids: str, asked: tuple[str, ...] = ("1", "2")) -> AnswerSet:
    trees = {}
    for id_ in ids:
        tree = SearchTree(Task(id_, f"How far is {id_}?"))
        tree.add(Node(ROOT, None))
        tree.add(Node(child_id(ROOT, 0), ROOT, state=NodeState.ANSWERED, answer="5 km"))
        trees[AskedQuery(id_)] = tree
    return AnswerSet(name, tuple(map(AskedQuery, asked)), trees)


async def judged(name: str, ids: tuple[str, ...], votes: dict[str, Any]) -> SystemScores:
    found = parse_results(votes, "votes.json").votes
    read = {AskedQuery(id_): one for id_, one in found.items()}
    return await score_answers(answered(name, *ids), VotesEvaluator(read))


def said(*words: str, **more: Any) -> dict[str, Any]:
    return {"is_solved": {str(n): f"AnswerStatus.{word}" for n, word in enumerate(words)}, **more}


@pytest.mark.parametrize(
    ("first", "fault"),
    [
        (said("Unsolved", passed=2, failed=2, task_solvable="TaskStatus.Solvable"), EVEN),
        (said("Unsolved", passed=3, failed=0, task_solvable="TaskStatus.Unsolvable"),
         UNSOLVABLE_PASSES),
        (said("Solved"), MISSING_VOTE),
    ],
)  # fmt: skip
async def test_each_fault_of_the_old_pass_rate_is_named(first: Any, fault: str) -> None:
    votes = {"1": first, "2": said("Solved", "Solved")}
    found = await judged("dfs", ("1", "2"), votes)
    assert [(one.of, one.fault) for one in found.differences] == [("1", fault)]


async def test_votes_on_what_is_not_here_are_told() -> None:
    votes = {"1": said("Solved"), "2": said("Solved"), "3": said("Solved")}
    found = await judged("dfs", ("1",), votes)
    assert [(one.of, one.fault) for one in found.differences] == [("2", NOT_HERE), ("3", OTHERS)]


async def test_votes_on_another_query_of_the_same_id_are_no_votes() -> None:
    found = await judged("dfs", ("1",), {"1": said("Solved", query="How warm is it?")})
    assert found.rulings[0].status is None
    assert "another query" in found.rulings[0].reason


async def test_each_fault_of_the_old_preferences_is_named() -> None:
    ours = await judged("dfs", ("1",), {"1": said("Solved")})
    theirs = await judged("cot", ("1",), {"1": said("Unsolved")})
    preferred = {"cot": 2, "dfs": 0, "round_0": "complete", "round_1": "complete"}
    found = parse_results({"1": preferred, "2": preferred}, "p.json").preferences
    recorded = {AskedQuery(id_): one for id_, one in found.items()}
    wins = await score_wins(ours, theirs, recorded)
    assert [(one.of, one.fault) for one in wins.differences] == [
        ("1", ASKED_ANYWAY), ("2", ONE_MISSING),
    ]  # fmt: skip


# --- the same answers, cut as ToolBench cuts its reference answers ---------------------------


@pytest.mark.parametrize("model", [COT, DFS])
async def test_cut_as_toolbench_does_real_answers_come_to_the_same(
    shared_data: Path, tmp_path: Path, model: str
) -> None:
    folder = shared_data / "toolbench/tooleval"
    file = folder / f"converted/{model}.G1_instruction.json"
    data = json.loads(file.read_text())
    for answer in data.values():
        below = answer["answer"]["answer_details"]
        while below:
            below[0]["message"] = str(below[0]["message"])[:100]
            below = below[0]["next"]
    cut = tmp_path / f"{model}.G1_instruction.json"
    cut.write_text(json.dumps(data))
    whole, short = load_answer_set([file], ASKED), load_answer_set([cut], ASKED)
    for query in ASKED:
        one, other = whole.trees[query], short.trees[query]
        assert (one.answer, len(one)) == (other.answer, len(other))
        called = [[call.name for call in node.calls] for node in one]
        assert called == [[call.name for call in node.calls] for node in other]
    judge, _ = load_votes([folder / f"pass_rate/G1_instruction_{model}.json"])
    rates = (await score_answers(short, judge)).rates
    assert rates == (await score_answers(whole, judge)).rates
