"""Evaluators go by name, with options and the judge where they have them, or as objects."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrove.agent.models.scripted import ScriptedModel
from toolgrove.errors import UsageError
from toolgrove.evaluators import registry
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.calls import CallEvaluator
from toolgrove.evaluators.passrate import PassEvaluator
from toolgrove.evaluators.registry import EVALUATORS, parse_evaluators

JUDGE = ScriptedModel(replies=[], model_name="judge")


def test_names_and_objects_in_their_order() -> None:
    assert parse_evaluators(["calls", AnswerEvaluator()]) == [CallEvaluator(), AnswerEvaluator()]
    assert parse_evaluators([]) == []


def test_a_judge_and_votes_go_to_those_that_have_them() -> None:
    made = parse_evaluators(["answer", "pass"], judge=JUDGE, votes=5)
    assert made == [AnswerEvaluator(), PassEvaluator(JUDGE, 5)]
    assert parse_evaluators(["pass"], judge=JUDGE) == [PassEvaluator(JUDGE, 3)]
    assert parse_evaluators(["pass:votes=1"], judge=JUDGE, votes=5) == [PassEvaluator(JUDGE, 1)]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("pass", "the evaluator 'pass' needs a judge"),
        (
            "passrate",
            r"no evaluator called 'passrate'\. Known: answer, bfcl, calls, graph, offer, pass",
        ),
        ("answer:strict=true", "answer has no option 'strict=true'"),
        (object(), "is no evaluator"),
    ],
)
def test_what_cannot_score_is_refused_and_told_why(given: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_evaluators([given])


def test_each_built_in_evaluator_is_what_a_plugin_has_to_be() -> None:
    for name in EVALUATORS:
        assert registry._wrong(name, EVALUATORS[name]) == ""
    assert "dataclass" in registry._wrong("bad", AnswerEvaluator())
