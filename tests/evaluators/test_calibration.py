"""Judges against people: published agreements, a judge's own calibration, and what carries it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from support.judged_batch import RIGHT, evaluate
from toolgrove.agent.models.scripted import ScriptedModel
from toolgrove.agent.view.batch import batch_page
from toolgrove.data.records import Score
from toolgrove.errors import FormatError, ModelError
from toolgrove.evaluators.calibrating import calibrate
from toolgrove.evaluators.calibration import (
    Calibration,
    agreement,
    calibration_file,
    calibration_words,
    keep,
    kept,
    recorded,
)
from toolgrove.evaluators.labels import LabelledAnswer, read_labels
from toolgrove.evaluators.passrate import PassEvaluator

PUBLISHED = {
    "openai_gpt-4.1-mini": 85.26, "qwen25_72b_int4_instruct": 84.21,
    "deepseek_deepseek-chat-v3-0324": 81.05, "qwen_qwen3-235b-a22b": 74.74,
    "qwen_qwen3-32b": 73.68, "models_gemini-2.5-pro": 72.63, "claude-sonnet-4-20250514": 71.58,
    "openai_gpt-4.1": 71.58, "claude-opus-4-20250514": 68.42, "deepseek_deepseek-r1-0528": 58.95,
}  # fmt: skip
ANSWERS = [
    LabelledAnswer("1", "How far?", "5 km", "success"),
    LabelledAnswer("2", "How long?", "an hour", "failure"),
    LabelledAnswer("3", "How high?", "", "failure"),
    LabelledAnswer("4", "How deep?", "9 m", "success"),
]


def judge(*verdicts: str) -> ScriptedModel:
    return ScriptedModel(replies=[AIMessage(f"Verdict: {verdict}") for verdict in verdicts])


@pytest.fixture
def livemcp(shared_data: Path) -> list[LabelledAnswer]:
    return read_labels(shared_data / "livemcp" / "human_verdicts.jsonl")


def test_the_ten_published_agreements_come_out(livemcp: list[LabelledAnswer]) -> None:
    rows = [row for row in recorded(livemcp) if row.reading == "as_published"]
    assert {row.judge: round(100 * row.agreement.value, 2) for row in rows} == PUBLISHED
    assert all(row.n == 95 for row in rows)
    assert rows[0].kappa is not None
    assert round(rows[0].kappa.value, 2) == 0.60


def test_by_what_each_reply_ends_with_they_are_others(livemcp: list[LabelledAnswer]) -> None:
    rows = [row for row in recorded(livemcp) if row.reading == "verdict"]
    assert [round(100 * rows[place].agreement.value, 1) for place in (0, -1)] == [85.3, 60.0]
    by_judge = {row.judge: round(100 * row.agreement.value, 2) for row in rows}
    assert sum(by_judge[name] != share for name, share in PUBLISHED.items()) == 5


async def test_a_judge_is_calibrated_with_the_question_that_it_scores_with() -> None:
    asked: list[str] = []

    def reply(messages: Any) -> AIMessage:
        asked.append(str(messages[-1].content))
        return AIMessage(f"Verdict: {'Solved' if 'hour' in asked[-1] else 'Unsure'}")

    evaluator = PassEvaluator(ScriptedModel(script=reply), votes=1)
    found, file = await calibrate(evaluator, ANSWERS[1:])
    # one passed that is wrong, one without an answer failed by rule, one unsure twice
    assert (found.n, found.passed, found.failures, found.failed) == (3, 1, 2, 0)
    assert found.agreement.value == pytest.approx(1 / 3)
    assert len(asked) == 3
    assert "How long?" in asked[0]
    assert file == calibration_file(evaluator.name, evaluator.prompt)


async def test_a_stopped_calibration_goes_on_and_pays_for_nothing_twice() -> None:
    with pytest.raises(ModelError):
        await calibrate(PassEvaluator(judge("Solved"), 1), ANSWERS)
    found, _ = await calibrate(PassEvaluator(judge("Solved", "Solved"), 1), ANSWERS, concurrency=2)
    assert found.agreement.value == pytest.approx(3 / 4)
    again, _ = await calibrate(PassEvaluator(judge(), 1), ANSWERS)
    assert again == found


async def test_a_calibration_under_way_does_not_stand_for_the_last_whole_one() -> None:
    evaluator = PassEvaluator(judge("Solved", "Solved", "Solved"), 1)
    first, _ = await calibrate(evaluator, ANSWERS)
    more = [*ANSWERS, LabelledAnswer("5", "How old?", "7", "failure")]
    with pytest.raises(ModelError):
        await calibrate(PassEvaluator(judge(), 1), more)
    known = kept(evaluator.name, evaluator.prompt)
    assert known is not None
    assert known.result == first


async def test_a_judges_score_carries_its_calibration_and_reports_tell(tmp_path: Path) -> None:
    summary = await evaluate(tmp_path / "before", RIGHT, judge=["Solved"])
    name = "tooleval-pass/1@scriptedx1"
    assert summary.calibrations == {name: None}
    assert summary.trust == [f"{name}: no calibration."]
    assert f"{name} (no calibration)" in summary._repr_html_()
    page, _, _ = batch_page(tmp_path / "before")
    assert f"{name} 1 (no calibration)" in page

    result, _ = await calibrate(PassEvaluator(judge("Solved", "Unsolved", "Solved"), 1), ANSWERS)
    summary = await evaluate(tmp_path / "after", RIGHT, judge=["Solved"])
    assert summary.calibrations == {name: result}
    assert "agrees with people on 100.0% of 4 answers" in summary.trust[0]
    assert "no calibration" not in batch_page(tmp_path / "after")[0]


async def test_other_votes_or_words_are_another_judge() -> None:
    await calibrate(PassEvaluator(judge("Solved", "Unsolved", "Solved"), 1), ANSWERS)
    assert kept(PassEvaluator(judge(), 3).name, PassEvaluator(judge(), 3).prompt) is None
    assert kept(PassEvaluator(judge(), 1).name, "other words") is None


def test_a_damaged_calibration_is_named_with_its_mend() -> None:
    file = keep(Calibration("pass/1@x", "x", "0" * 32))
    file.write_text('{"evaluator": 3')
    with pytest.raises(FormatError, match="calibrate the judge again"):
        kept("pass/1@x", "0" * 32)


def test_what_others_call_a_calibration_is_none() -> None:
    score = Score(1.0, "", "pass/1@x", "x", details={"calibration": {"agreement": "all"}})
    assert calibration_words(score) == "no calibration"


def test_a_reply_without_a_verdict_agrees_with_nobody() -> None:
    found = agreement("x", [("success", None), ("failure", "failure"), ("failure", "unsure")])
    assert (found.agreement.value, found.unread, found.failed) == (pytest.approx(1 / 3), 1, 0)


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("[]", "line 2: expected a JSON object"),
        ("{", "line 2: expected a JSON object"),
        ({"response": "5", "human": "success"}, r"line 2\.query: expected a text"),
        ({"query": "?", "response": None, "human": "success"}, r"line 2\.response"),
        ({"query": "?", "response": "5", "human": "not successfully"}, r"line 2\.human"),
        ({"query": "?", "response": "5", "human": ["success"]}, r"line 2\.human"),
        ({"query": "?", "response": "", "human": "success", "judges": [1]}, r"line 2\.judges"),
        (
            {"query": "?", "response": "", "human": "failure", "judges": {"m": "not a success"}},
            r"line 2\.judges\.m",
        ),
        (
            {"query": "?", "response": "", "human": "failure", "judges": {"m": {"now": 1}}},
            r"line 2\.judges\.m\.now",
        ),
    ],
)
def test_a_wrong_line_is_named_with_its_field(tmp_path: Path, row: Any, place: str) -> None:
    good = {"query": "?", "response": "5", "human": "success", "judges": {"m": "failure"}}
    file = tmp_path / "labels.jsonl"
    file.write_text(f"{json.dumps(good)}\n{row if isinstance(row, str) else json.dumps(row)}\n")
    with pytest.raises(FormatError, match=place):
        read_labels(file)


def test_an_empty_or_missing_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(FormatError, match="at least one labelled answer"):
        read_labels(tmp_path / "empty.jsonl")
    with pytest.raises(FormatError, match="No such file"):
        read_labels(tmp_path / "none.jsonl")
