"""What ``toolgrove score`` makes of files such as other people's scripts leave."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from support.foreign_answers import call, converted, printed, votes, written
from toolgrove.errors import UsageError

SOLVED = votes("Solved")


def test_an_answer_to_a_query_of_another_test_set_is_no_answer(tmp_path: Path) -> None:
    answers = {"10": converted("How far?", "5 km")}
    written(tmp_path / "dfs/G2_instruction/converted.json", answers)
    written(tmp_path / "dfs/G1_instruction/run0/converted.json", {"11": converted("Far?", "1 km")})
    ids = written(tmp_path / "ids/G1_instruction.json", {"10": 0, "11": 0})
    found = printed(tmp_path / "dfs", "--queries", ids)
    assert found["rates"]["total"]["answered"] == 1, "the set is in a folder further up"
    assert found["not_asked"] == ["10"]


def test_a_votes_run_keeps_its_number(tmp_path: Path) -> None:
    answers = written(tmp_path / "cot.json", {n: converted("Far?", "1 km") for n in ("1", "2")})
    said = {
        "1": votes("Solved", "Unsolved", "Solved"),
        "2": {"is_solved": {"0": "AnswerStatus.Solved", "2": "AnswerStatus.Unsolved"}},
    }
    file, out = written(tmp_path / "votes.json", said), tmp_path / "out"
    found = printed(answers, "--votes", file, "--write-tooleval", out)
    assert found["rates"]["total"]["runs"] == 3
    assert found["recorded"]["sopr"] == pytest.approx((1 + 0 + 0.5) / 3)
    again = json.loads((out / "pass_rate_results/cot/all_cot.json").read_text())
    assert {n: one["is_solved"] for n, one in again.items()} == {
        n: one["is_solved"] for n, one in said.items()
    }


def test_toolbenchs_counts_and_tasks_are_written_and_read_again(tmp_path: Path) -> None:
    answers = written(tmp_path / "cot.json", {n: converted("Far?", "1 km") for n in "123"})
    said: dict[str, Any] = {
        "1": {"is_solved": "AnswerStatus.Unsolved", "task_solvable": "TaskStatus.Unsolvable",
              "passed": 3, "failed": 1},
        "2": {"is_solved": "AnswerStatus.Unsure", "task_solvable": "TaskStatus.Unsure",
              "passed": 2, "failed": 2},
        "3": {"is_solved": "AnswerStatus.Solved", "passed": 0, "failed": 4},
    }  # fmt: skip
    out = tmp_path / "out"
    first = printed(answers, "--votes", written(tmp_path / "v.json", said), "--write-tooleval", out)
    assert first["recorded"] == {"queries": 3, "pass_rate": 2 / 3, "sopr": None, "sopr_std": None}
    again = printed(
        out / "model_predictions_converted/cot/all.json",
        "--votes", out / "pass_rate_results/cot/all_cot.json",
    )  # fmt: skip
    assert again["system"] == "cot"
    assert again["rates"] == first["rates"]
    assert again["recorded"] == first["recorded"]


def test_a_preference_whose_rounds_were_not_ended_decides_nothing(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{n}.json", {"1": converted("Far?", "1 km")}) for n in "ab"]
    said = written(tmp_path / "votes.json", {"1": SOLVED})
    begun = written(tmp_path / "p.json", {"1": {"b": 0, "a": 0, "round_0": "incomplete"}})
    found = printed(files[0], "--votes", said, "--votes", begun, "--against", files[1],
                    "--against-votes", said)  # fmt: skip
    total = found["wins"]["rates"]["total"]
    assert (total["ties"], total["undecided"], total["sowr_undecided"]) == (0, 1, 1)


def test_one_judge_for_one_side_and_none_for_the_other_is_refused(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{n}.json", {"1": converted("Far?", "1 km")}) for n in "ab"]
    said = written(tmp_path / "votes.json", {"1": SOLVED})
    result = call(files[0], "--votes", said, "--against", files[1])
    assert isinstance(result.exception, UsageError)
    assert "name --against-votes" in str(result.exception)


def test_two_files_with_votes_on_one_query_are_refused(tmp_path: Path) -> None:
    answers = written(tmp_path / "a.json", {"1": converted("Far?", "1 km")})
    said = [written(tmp_path / f"r{n}.json", {"1": SOLVED}) for n in (1, 2)]
    result = call(answers, "--votes", said[0], "--votes", said[1])
    assert isinstance(result.exception, UsageError)
    assert "query '1' stands in a file before it" in str(result.exception)


def test_a_rate_over_nothing_is_refused(tmp_path: Path) -> None:
    ids = written(tmp_path / "ids.json", ["1"])
    empty, half = tmp_path / "empty", tmp_path / "half.json"
    empty.mkdir()
    half.write_text("{", encoding="utf-8")
    for path, why in ((empty, "no answers in"), (half, "the first that was left out")):
        result = call(path, "--queries", ids, "--skip-bad")
        assert isinstance(result.exception, UsageError)
        assert why in str(result.exception)


def test_a_packed_file_is_told_to_be_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "cot.json"
    file.write_bytes(gzip.compress(b"{}"))
    assert "Unpack it" in str(call(file).exception)


def test_bad_files_of_options_are_told_without_the_flag_that_skips_answers(tmp_path: Path) -> None:
    answers = written(tmp_path / "a.json", {"1": converted("Far?", "1 km")})
    for option, content in (("--votes", {"1": {"is_solved": {"0": None}}}), ("--queries", {})):
        result = call(answers, option, written(tmp_path / "bad.json", content))
        assert isinstance(result.exception, UsageError)
        assert "bad.json" in str(result.exception)
        assert "--skip-bad" not in str(result.exception)


def test_queries_with_references_count_in_any_order_of_files(tmp_path: Path) -> None:
    answers = written(tmp_path / "a.json", {"1": converted("How far?", "1 km")})
    query = {"query": "How far?", "query_id": 1, "api_list": [],
             "reference": {"kind": "number", "value": 1, "unit": "km"}}  # fmt: skip
    files = [written(tmp_path / "ids.json", ["1"]), written(tmp_path / "q.json", [query])]
    for one, other in (files, files[::-1]):
        found = printed(answers, "--queries", one, "--queries", other)
        assert found["rates"]["total"]["pass_rate"]["value"] == 1


def test_what_an_empty_final_answer_says_was_no_answer(tmp_path: Path) -> None:
    answer = converted("How far?", "5 km")
    answer["answer"]["final_answer"] = ""
    ruled = printed(written(tmp_path / "a.json", {"1": answer}))["queries"][0]
    assert (ruled["answered"], ruled["status"]) == (False, "Unsolved")
    assert ruled["reason"] == "Unsolved, as no path came to an answer"


@pytest.mark.parametrize("final", [None, {"return_type": "give_answer", "final_answer": "5 km"}])
def test_the_answer_is_in_finish_where_the_file_says_it_otherwise(
    tmp_path: Path, final: Any
) -> None:
    answer = converted("How far?", "5 km")
    answer["answer"]["final_answer"] = final
    assert printed(written(tmp_path / "a.json", {"1": answer}))["queries"][0]["answered"]
    del answer["answer"]["final_answer"]
    assert printed(written(tmp_path / "a.json", {"1": answer}))["queries"][0]["answered"]
