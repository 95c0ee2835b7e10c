"""``toolgrove score``: answers of others, judged without running anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.foreign_answers import call, converted, printed, votes, written
from toolgrove.cli.main import app
from toolgrove.errors import FormatError, UsageError


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Two answers, one run without an answer, and a query that nobody answered."""
    answers = {str(n): converted(f"How far is {n}?", f"{n} km") for n in (1, 2)}
    answers["3"] = converted("How far is 3?", None)
    said = {
        "1": votes("Solved", "Solved", "Unsolved"),
        "2": votes("Solved", "Unsolved"),
        "3": votes("Unsolved", "Unsolved", "Unsolved"),
    }
    return {
        "answers": written(tmp_path / "dfs" / "G1_tool.json", answers),
        "ids": written(tmp_path / "ids.json", {"1": 0, "2": 0, "3": 0, "4": 0}),
        "votes": written(tmp_path / "votes.json", said),
    }


def test_a_query_without_an_answer_stays_in_the_denominator(files: dict[str, Path]) -> None:
    found = printed(files["answers"], "--queries", files["ids"], "--votes", files["votes"])
    total = found["rates"]["total"]
    assert (total["queries"], total["answered"]) == (4, 2)
    assert total["pass_rate"]["n"] == 4
    assert total["pass_rate"]["value"] == (1 + 0.5) / 4
    assert total["tied"] == 1, "one vote against one is a tie, and no coin decides it"
    assert found["queries"][3] == {
        "query": "4", "test_set": "", "answered": False, "status": "Unsolved", "votes": [],
        "tied": False, "passed": 0, "task": None, "judge": "code", "reason": "no answer",
        "infrastructure": False, "runs": [], "counts": None,
    }  # fmt: skip


def test_the_mean_of_the_votes_stands_beside_the_majority(files: dict[str, Path]) -> None:
    total = printed(files["answers"], "--queries", files["ids"], "--votes", files["votes"])[
        "rates"
    ]["total"]
    runs = [(1 + 1) / 4, (1 + 0) / 4, (0 + 0.5) / 4]
    mean = sum(runs) / 3
    assert total["runs"] == 3
    assert total["sopr"] == pytest.approx(mean)
    assert total["sopr_std"] == pytest.approx((sum((r - mean) ** 2 for r in runs) / 3) ** 0.5)


def test_answers_whose_messages_are_cut_text_are_scored(tmp_path: Path) -> None:
    long = "It is far: " + "5 km " * 60
    answers = {"1": converted("How far?", long, cut=100), "2": converted("Far?", None, cut=100)}
    file = written(tmp_path / "gpt-3.5-turbo_CoT" / "G1_tool.json", answers)
    said = written(tmp_path / "votes.json", {"1": votes("Solved")})
    found = printed(file, "--votes", said)
    assert found["system"] == "gpt-3.5-turbo_CoT"
    assert [one["answered"] for one in found["queries"]] == [True, False]
    assert found["rates"]["total"]["pass_rate"]["value"] == 0.5


def test_answers_that_nobody_judged_are_in_no_rate(files: dict[str, Path]) -> None:
    result = call(files["answers"], "--queries", files["ids"])
    assert result.exit_code == 0
    assert "nobody judged 2 answers" in result.stderr
    total = printed(files["answers"], "--queries", files["ids"])["rates"]["total"]
    assert total["pass_rate"] is None, "of failures alone there is no rate"


def test_code_judges_where_the_queries_have_references(
    files: dict[str, Path], tmp_path: Path
) -> None:
    api = {"category_name": "Map", "tool_name": "map", "api_name": "far", "method": "GET"}
    queries = [
        {
            "query": f"How  far is {n}?\n",
            "query_id": n,
            "api_list": [api],
            "reference": {"kind": "number", "value": n if n != 2 else 7, "unit": "km"},
        }
        for n in (1, 2, 3)
    ]
    asked = written(tmp_path / "asked.json", queries)
    found = printed(files["answers"], "--queries", asked)
    assert [one["status"] for one in found["queries"]] == ["Solved", "Unsolved", "Unsolved"]
    assert found["judge"] == "code"
    other = written(
        tmp_path / "other.json", [{**one, "query": "How hot is it?"} for one in queries]
    )
    result = call(files["answers"], "--queries", other)
    assert "none of 3 answers is to a query of --queries" in str(result.exception)


def test_two_answers_to_one_query_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    other = written(tmp_path / "cot.json", {"2": converted("How far?", "2 km")})
    result = call(files["answers"], other, "--queries", files["ids"])
    assert isinstance(result.exception, UsageError)
    assert "two answers to query '2'" in str(result.exception)


def test_what_is_no_answer_file_is_one_error_that_says_so(files: dict[str, Path]) -> None:
    result = call(files["ids"], "--queries", files["ids"])
    assert isinstance(result.exception, FormatError)


def test_answers_to_other_queries_count_nowhere_and_are_told(
    files: dict[str, Path], tmp_path: Path
) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("1\n9\n", encoding="utf-8")
    found = printed(files["answers"], "--queries", ids, "--votes", files["votes"])
    assert found["rates"]["total"]["queries"] == 2
    assert found["not_asked"] == ["2", "3"]


def test_ids_that_fit_no_answer_are_refused_and_make_no_rate_of_nothing(
    files: dict[str, Path], tmp_path: Path
) -> None:
    other = written(tmp_path / "other.json", ["a", "b"])
    result = call(files["answers"], "--queries", other)
    assert isinstance(result.exception, UsageError)
    assert "none of 3 answers is to a query of --queries" in str(result.exception)


def test_test_sets_are_kept_apart_by_their_files_names(tmp_path: Path) -> None:
    for name in ("G1_tool", "G2_category"):
        written(tmp_path / "dfs" / f"{name}.json", {"1": converted("How far?", name)})
        written(tmp_path / "ids" / f"{name}.json", {"1": 0, "2": 0})
    said = written(tmp_path / "votes.json", {"1": votes("Solved")})
    found = printed(tmp_path / "dfs", "--queries", tmp_path / "ids", "--votes", said)
    assert list(found["rates"]) == ["G1_tool", "G2_category", "total"]
    assert found["rates"]["total"]["pass_rate"]["n"] == 4
    assert found["system"] == "dfs"


def test_votes_of_one_id_in_two_test_sets_are_kept_apart(tmp_path: Path) -> None:
    for name in ("G1_tool", "G2_category"):
        written(tmp_path / "dfs" / f"{name}.json", {"1": converted("How far?", name)})
        written(tmp_path / "ids" / f"{name}.json", {"1": 0})
    said = {"G1_tool": "Solved", "G2_category": "Unsolved"}
    given: list[object] = []
    for name, word in said.items():
        given += ["--votes", written(tmp_path / f"{name}_dfs.json", {"1": votes(word)})]
    found = printed(tmp_path / "dfs", "--queries", tmp_path / "ids", *given)
    assert {one["test_set"]: one["status"] for one in found["queries"]} == said
    unnamed = written(tmp_path / "all.json", {"1": votes("Solved")})
    found = printed(tmp_path / "dfs", "--queries", tmp_path / "ids", "--votes", unnamed)
    assert [one["status"] for one in found["queries"]] == ["Solved", "Solved"]


def test_an_answer_whose_file_names_no_test_set_is_its_ids_only_one(tmp_path: Path) -> None:
    answers = written(tmp_path / "dfs.json", {n: converted("Far?", "5 km") for n in ("1", "2")})
    written(tmp_path / "ids" / "G1_tool.json", {"1": 0, "2": 0})
    written(tmp_path / "ids" / "G2_category.json", {"2": 0})
    found = printed(answers, "--queries", tmp_path / "ids")
    assert found["rates"]["G1_tool"]["answered"] == 1
    assert found["not_asked"] == ["2"], "which of two queries it answers, nobody knows"


def judge(path: Path, *verdicts: str) -> str:
    """A model that says these verdicts in turn."""
    return f"scripted:{written(path, [{'text': f'Verdict: {word}'} for word in verdicts])}"


def test_a_model_judges_and_every_vote_of_it_counts(tmp_path: Path) -> None:
    answers = written(tmp_path / "dfs.json", {"1": converted("How far?", "1 km")})
    model = judge(tmp_path / "judge.json", "Solved", "Solved", "Unsolved")
    found = printed(answers, "--judge", model)
    assert found["queries"][0]["votes"] == ["Solved", "Solved", "Unsolved"]
    total = found["rates"]["total"]
    assert (total["pass_rate"]["value"], total["sopr"]) == (1.0, pytest.approx(2 / 3))
    assert found["calibration"] is None, "nobody has measured this judge"


def test_two_systems_are_compared_in_both_orders(files: dict[str, Path], tmp_path: Path) -> None:
    other = {n: converted(f"How far is {n}?", f"{n} miles") for n in ("1", "3")}
    against = written(tmp_path / "cot" / "G1_tool.json", other)
    model = judge(
        tmp_path / "judge.json",
        *("Solved", "Unsolved", "Unsolvable", "Solved", "Solved"),  # theirs are judged last
        *("First", "First"),  # of query 1, in each order: a tie
    )
    found = printed(files["answers"], "--queries", files["ids"], "--judge", model, "--times", 1,
                    "--against", against)  # fmt: skip
    wins = {one["query"]: (one["sowr"], one["sowr_by"]) for one in found["wins"]["comparisons"]}
    assert wins == {
        "1": ("Tie", "judge"),
        "2": ("answers", "missing"),
        "3": ("against", "status"),
        "4": ("Tie", "missing"),
    }
    asked = found["wins"]["comparisons"][0]["choice"]["asked"]
    assert [one["order"] for one in asked] == [["answers", "against"], ["against", "answers"]]
    total = found["wins"]["rates"]["total"]
    assert (total["sowr"]["value"], total["sowr_ties"], total["sowr_losses"]) == (0.25, 2, 1)
    assert found["against"]["rates"]["total"]["answered"] == 2


def test_what_is_written_is_read_again_with_the_same_rates(
    files: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = printed(files["answers"], "--queries", files["ids"], "--votes", files["votes"],
                    "--write-tooleval", out)  # fmt: skip
    assert sorted(Path(file).relative_to(out).as_posix() for file in first["written"]) == [
        "model_predictions_converted/dfs/G1_tool.json",
        "pass_rate_results/dfs/G1_tool_dfs.csv",
        "pass_rate_results/dfs/G1_tool_dfs.json",
    ]
    again = printed(out / "model_predictions_converted/dfs", "--queries", files["ids"],
                    "--votes", out / "pass_rate_results/dfs/G1_tool_dfs.json")  # fmt: skip
    assert again["rates"] == first["rates"]
    assert [p for p in out.rglob("*") if p.name.startswith(".")] == [], "nothing half-written"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--votes", "votes", "--judge", "local"], "two judges"),
        (["--prompts", "folder"], "--judge"),
        (["--against-votes", "votes"], "--against"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    files: dict[str, Path], options: list[str], why: str
) -> None:
    result = call(files["answers"], *options)
    assert isinstance(result.exception, UsageError)
    assert why in str(result.exception)


def test_the_table_names_the_judge_and_what_a_reader_has_to_know(
    files: dict[str, Path], tmp_path: Path
) -> None:
    against = written(tmp_path / "cot.json", {"1": converted("How far?", "1 mile")})
    result = call(files["answers"], "--queries", files["ids"], "--votes", files["votes"],
                  "--against", against, "--against-votes", files["votes"])  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "judged by tooleval-votes/1@votes.json: no calibration" in result.stdout
    assert "as ToolEval's code counts these votes: SoPR 33.3 ± 27.2 over 3" in result.stdout
    assert "dfs against cot" in result.stdout
    assert "leaves the old code's denominator" in result.stdout


def test_a_bad_file_is_left_out_when_asked_and_told(files: dict[str, Path]) -> None:
    bad = files["answers"].parent / "bad.json"
    bad.write_text("{", encoding="utf-8")
    result = call(files["answers"].parent, "--queries", files["ids"])
    assert isinstance(result.exception, FormatError)
    assert "--skip-bad" in str(result.exception)
    found = printed(files["answers"].parent, "--queries", files["ids"], "--skip-bad")
    assert len(found["skipped"]) == 1
    assert found["rates"]["total"]["answered"] == 2


def test_a_bad_answer_takes_no_other_with_it_and_counts_as_not_judged(
    files: dict[str, Path],
) -> None:
    answers = json.loads(files["answers"].read_text(encoding="utf-8"))
    del answers["2"]["query"]
    bad = written(files["answers"], answers)
    given = "--queries", files["ids"], "--votes", files["votes"]
    assert isinstance(call(bad, *given).exception, FormatError)
    found = printed(bad, *given, "--skip-bad")
    total = found["rates"]["total"]
    assert (total["answered"], total["unjudged"], total["pass_rate"]["n"]) == (1, 1, 3)
    assert "1 answers could not be read" in call(bad, *given, "--skip-bad").stderr


def test_its_help_has_examples() -> None:
    result = CliRunner().invoke(app, ["score", "--help"])
    assert "toolgrove score" in result.output
    assert "--write-tooleval" in result.output
