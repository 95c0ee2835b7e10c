"""The page about evaluation says what is so."""

from __future__ import annotations

import doctest
from pathlib import Path

from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.modes import Rule
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.answers.text import LONGEST
from toolgrove.evaluators.calls import CallEvaluator
from toolgrove.evaluators.graphs import GraphEvaluator
from toolgrove.evaluators.passrate import PASS
from toolgrove.evaluators.state import StateEvaluator
from toolgrove.evaluators.trace import MODEL_CALL, OUTPUT_TOKEN, TOOL_CALL, TraceEvaluator

PAGE = Path(__file__).parents[2] / "docs" / "evaluation.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_snippets_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, tried > 5) == (0, True)


def test_the_page_about_mining_is_so_and_names_every_rule_and_fault() -> None:
    page = PAGE.with_name("mining.md")
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert (failed, tried > 5) == (0, True)
    text = page.read_text(encoding="utf-8")
    assert [one for one in (*Rule, *Fault) if f"`{one}`" not in text] == []


def test_versions_and_limits_are_the_codes() -> None:
    built_in = (AnswerEvaluator, CallEvaluator, GraphEvaluator, StateEvaluator, TraceEvaluator)
    for name in (*(evaluator.name for evaluator in built_in), PASS):
        assert f"## `{name}`" in TEXT
    assert f"{MODEL_CALL:g} s a model call, {OUTPUT_TOKEN:g} s a token" in TEXT
    assert f"{TOOL_CALL:g} s a tool call" in TEXT
    assert f"the last {LONGEST:,} characters" in TEXT
