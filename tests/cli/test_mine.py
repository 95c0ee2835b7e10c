"""``toolgrove mine`` writes pairs and says for each tree how many, or why none."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.judged_batch import RIGHT, WRONG, evaluate
from toolgrove.cli.main import app
from toolgrove.data.journal import Journal
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.modes import Rule
from toolgrove.data.records import (
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    Task,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import ROOT, child_id
from toolgrove.errors import FormatError, ToolgroveError, UsageError

SPEC = ToolSpec("Maps/map/far", "Maps", "map", "far", "How far it is.")


def mine(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["mine", *map(str, arguments)])


def report(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


MADE_UP = ("--keep", "no_successful_call")
"""For an agent that answers without a call."""


def put_run(folder: Path, arguments: Any = "Oslo", malformed: str | None = None) -> Path:
    """A run whose first try gave up and whose second answered."""

    def step(index: int, call: ToolCall, status: Status, state: NodeState) -> Node:
        asked = ToolCall("c", "far_for_map", {"to": "Bergen"})
        made = (call,) if state is NodeState.PRUNED else (asked, call)
        told = [Message(Role.TOOL, "seen", call_id=one.id) for one in made]
        said = (Message(Role.ASSISTANT, "", made), *told)
        seen = tuple(Observation(status, "seen") for _ in made)
        answer = "5 km" if state is NodeState.ANSWERED else None
        return Node(
            child_id(ROOT, index), ROOT, index, 1, said, calls=made, observations=seen, state=state,
            answer=answer,
        )  # fmt: skip

    opened = {"task": Task("7", "How far?"), "tools": [SPEC], "aliases": {"far_for_map": SPEC.id}}
    with Journal.create(folder, config={}, **opened) as journal:  # type: ignore[arg-type]  # as the records are
        journal.node(Node(ROOT, None, messages=(Message(Role.USER, "How far?"),)))
        call = ToolCall("a", "far_for_map", {"to": arguments}, malformed)
        journal.node(step(0, call, Status.NOT_WORKING, NodeState.PRUNED))
        done = ToolCall("b", "Finish", {"return_type": "give_answer", "final_answer": "5 km"})
        journal.node(step(1, done, Status.FINAL_ANSWER, NodeState.ANSWERED))
        journal.end("answered")
    return folder


def test_the_real_trees_give_the_pairs_of_the_step_wise_rule(
    shared_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pairs.jsonl"
    arguments = (shared_data / "toolbench/trees", "--out", out, "--format", "trl")
    found = report(mine(*arguments, "--json"))
    counts = (found["pairs"], found["trees_with_pairs"], len(found["trees"]))
    assert counts == (0, 0, 10), "every one has a fault"
    assert found["dropped"] == {"unfinished": 1, "identical_call": 2, "part_answered": 1}
    assert sum(found["branchings"].values()) == sum(row["branchings"] for row in found["trees"])
    kept = [word for fault in Fault for word in ("--keep", fault)]
    found = report(mine(*arguments, "--json", *kept))
    assert (found["pairs"], found["dropped"]) == (2, {"identical_call": 2})
    assert found["flagged"]["unfinished"] == 1
    first, second = rows(out)
    assert json.loads(first["origin"])["task"] == "G1_57"
    assert json.loads(second["origin"])["task"] == "G3_15"
    assert first["chosen"][0]["tool_calls"][0]["function"]["name"] == "search_b_for_seo_api"
    told = mine(*arguments, *kept).stdout
    assert "2 pairs from 2 of 10 trees" in told
    assert "2 identical call" in told
    assert told.count("no success") >= 5


ALL = [word for rule in Rule for word in ("--rule", rule)]


def test_several_rules_are_counted_apart(shared_data: Path, tmp_path: Path) -> None:
    trees, out = shared_data / "toolbench/trees", tmp_path / "pairs.jsonl"
    found = report(mine(trees, "--out", out, *ALL, "--json"))
    made = [json.loads(row["origin"])["rule"] for row in rows(out)]
    assert {rule: made.count(rule) for rule in found["pairs_by_rule"]} == found["pairs_by_rule"]
    assert (found["trees_read"], len(found["trees"])) == (10, 70)
    assert found["pairs"] >= 12, "where the step rule alone has 2 with faults, and none without"
    assert "subgoal" in mine(trees, "--out", out, *ALL).stdout


def test_a_fault_of_some_pairs_leaves_the_others(shared_data: Path, tmp_path: Path) -> None:
    trees, out = shared_data / "toolbench/trees", tmp_path / "pairs.jsonl"
    found = report(mine(trees, "--out", out, *ALL, "--drop", "diversity_prompt", "--json"))
    assert found["pairs"] >= 12
    cut = ("--rule", "arguments", "--drop", "cut_observation")
    found = report(mine(trees, "--out", out, *cut, "--json"))
    assert (found["pairs"], found["dropped"]["cut_observation"]) == (6, 3)


def test_tasks_of_a_test_are_left_out(shared_data: Path, tmp_path: Path) -> None:
    trees, out = shared_data / "toolbench/trees", tmp_path / "pairs.jsonl"
    query = {"query_id": "G3_13", "query": "Any.", "api_list": [], "relevant APIs": []}
    (tmp_path / "test.json").write_text(json.dumps([query]))
    found = report(mine(trees, "--out", out, *ALL, "--held-out", tmp_path / "test.json", "--json"))
    assert found["dropped"]["held_out"] >= 10
    assert "G3_13" not in {json.loads(row["origin"])["task"] for row in rows(out)}


def test_folders_of_runs_are_mined_under_the_names_the_model_saw(tmp_path: Path) -> None:
    put_run(tmp_path / "runs" / "react" / "t-1")
    put_run(tmp_path / "runs" / "dfsdt" / "t-1", arguments="02139")
    out = tmp_path / "pairs.jsonl"
    found = report(mine(tmp_path / "runs", "--out", out, "--json"))
    assert [row["tree"] for row in found["trees"]] == ["runs/dfsdt/t-1", "runs/react/t-1"]
    first, _ = rows(out)
    assert first["rejected"][0]["tool_calls"][0]["function"] == {
        "name": "far_for_map",
        "arguments": {"to": "02139"},
    }
    assert [tool["function"]["name"] for tool in json.loads(first["tools"])] == [
        "far_for_map",
        "Finish",
    ]


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ({"malformed": "{'to'"}, "arguments that are no JSON object"),
        ({"arguments": "half \ud800"}, "text that is not Unicode"),
    ],
)
def test_a_pair_that_cannot_be_a_row_is_counted(
    tmp_path: Path, run: dict[str, Any], why: str
) -> None:
    put_run(tmp_path / "run", **run)
    found = report(mine(tmp_path / "run", "--out", tmp_path / "pairs.jsonl", "--json"))
    assert (found["pairs"], found["dropped"]) == (0, {why: 1})
    assert found["trees"][0]["why"] == "no pair fits the format"


async def test_promise_a_batch_gives_no_pair_for_an_answer_that_it_scored_0(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    out = tmp_path / "pairs.jsonl"

    def preferred() -> list[str]:
        made = [message["tool_calls"][0] for row in rows(out) for message in row["chosen"]]
        return [call["function"]["arguments"]["final_answer"] for call in made]

    found = report(mine(tmp_path / "R", "--out", out, "--json"))
    assert (found["success"], found["pairs"], found["not_judged"]) == ("auto", 1, 0)
    assert [(row["judged"], row["why"]) for row in found["trees"]] == [
        ("answer/2", ""),
        ("answer/2", "the answer was judged wrong"),
    ]
    assert preferred() == [RIGHT]
    assert json.loads(rows(out)[0]["origin"])["judged"] == "answer/2"
    report(mine(tmp_path / "R", "--out", out, "--success", "answer", "--json"))
    assert preferred() == [RIGHT]
    told = mine(tmp_path / "R", "--out", out, "--success", "answered", *MADE_UP).stdout
    assert preferred() == [RIGHT, WRONG]
    assert "2 trees were not judged: where they have pairs, every answer counts" in told


def test_what_nobody_judged_is_said_to_be_so(tmp_path: Path) -> None:
    put_run(tmp_path / "runs" / "a")
    told = mine(tmp_path / "runs", "--out", tmp_path / "p.jsonl").stdout
    assert told.count("not judged") == 2, "in the row and in the totals"
    assert "1 pairs from 1 of 1 trees" in told


def test_of_many_trees_those_with_pairs_are_shown_and_the_rest_summed_up(tmp_path: Path) -> None:
    for number in range(40):
        put_run(tmp_path / "runs" / f"r{number:02}")
    told = mine(tmp_path / "runs", "--out", tmp_path / "p.jsonl", *MADE_UP).stdout
    assert "39 more rows are not shown (--json lists them). No pairs: 39 all pairs dropped" in told
    assert len(told.splitlines()) < 12


def test_a_bad_file_ends_it_and_leaves_the_old_pairs(shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    out.write_text("old\n")
    trees = tmp_path / "trees"
    shutil.copytree(shared_data / "toolbench/trees", trees)
    (trees / "zz_bad.json").write_text('{"answer_generation": 1, "tree": {"tree": {}}}')
    result = mine(trees, "--out", out)
    assert isinstance(result.exception, FormatError)
    assert result.exception.path == "$.answer_generation"
    assert out.read_text() == "old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.jsonl", "trees"]
    result = mine(trees, "--out", out, "--skip-bad")
    assert result.exit_code == 0
    assert "of 10 trees" in result.stdout
    assert "skipped" in result.stderr
    assert "zz_bad.json: at $.answer_generation" in result.stderr
    assert out.read_text() == ""


def test_other_files_of_a_folder_are_passed_over_and_counted(
    shared_data: Path, tmp_path: Path
) -> None:
    found = report(mine(shared_data / "toolbench", "--out", tmp_path / "p.jsonl", "--json"))
    assert (len(found["trees"]), found["other_files"]) == (16, 11)


@pytest.mark.parametrize("name", ["queries", "gone"])
def test_where_there_are_no_trees_nothing_is_written(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "pairs.jsonl"
    result = mine(shared_data / "toolbench" / name, "--out", out)
    assert isinstance(result.exception, ToolgroveError)
    assert isinstance(result.exception, UsageError) == (name == "queries")
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_number_of_trees(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "toolbench/trees/G3_15_ChatGPT_DFS_woFilter_w2.json"
    peaks = []
    for count in (2, 20):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            shutil.copy(source, folder / f"{number}_m.json")
        tracemalloc.start()
        found = report(mine(folder, "--out", tmp_path / "pairs.jsonl", "--json"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found["branchings"]["no_success"] >= count
    assert peaks[1] < 1.5 * peaks[0]


def test_what_is_mined_is_never_written_over(shared_data: Path, tmp_path: Path) -> None:
    trees = tmp_path / "trees"
    trees.mkdir()
    tree = trees / "one.json"
    shutil.copy(shared_data / "toolbench/trees/G3_15_ChatGPT_DFS_woFilter_w2.json", tree)
    run = put_run(tmp_path / "run")
    before = tree.read_bytes(), (run / "journal.jsonl").read_bytes()
    for source, out in [(tree, tree), (trees, tree), (run, run / "journal.jsonl")]:
        result = mine(source, "--out", out)
        assert isinstance(result.exception, UsageError)
        assert "is read here" in str(result.exception)
    assert before == (tree.read_bytes(), (run / "journal.jsonl").read_bytes())
