"""What a run is worth: evaluators, judges, and the batch runner.

These names are what others build on; each is loaded at its first use. Everything else in here is
internal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.lazy import face

if TYPE_CHECKING:
    from toolgrove.evaluators.answer import AnswerEvaluator, check_answer
    from toolgrove.evaluators.base import Evaluator, breakdown, infrastructure, judged
    from toolgrove.evaluators.calls import CallEvaluator, compare_calls
    from toolgrove.evaluators.graphs import GraphEvaluator
    from toolgrove.evaluators.jurors import ModelJuror
    from toolgrove.evaluators.offers import OfferEvaluator
    from toolgrove.evaluators.passrate import PassEvaluator
    from toolgrove.evaluators.prompt_folders import load_prompts
    from toolgrove.evaluators.registry import parse_evaluators
    from toolgrove.evaluators.regrading import regrade
    from toolgrove.evaluators.report import Summary
    from toolgrove.evaluators.runner import run_batch
    from toolgrove.evaluators.state import StateEvaluator
    from toolgrove.evaluators.tooleval.answered import load_answer_set, load_asked
    from toolgrove.evaluators.tooleval.recorded import VotesEvaluator, load_votes
    from toolgrove.evaluators.tooleval.scores import score_answers, score_wins
    from toolgrove.evaluators.trace import TraceEvaluator

__all__ = [
    "AnswerEvaluator",
    "CallEvaluator",
    "Evaluator",
    "GraphEvaluator",
    "ModelJuror",
    "OfferEvaluator",
    "PassEvaluator",
    "StateEvaluator",
    "Summary",
    "TraceEvaluator",
    "VotesEvaluator",
    "breakdown",
    "check_answer",
    "compare_calls",
    "infrastructure",
    "judged",
    "load_answer_set",
    "load_asked",
    "load_prompts",
    "load_votes",
    "parse_evaluators",
    "regrade",
    "run_batch",
    "score_answers",
    "score_wins",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "AnswerEvaluator": "evaluators.answer",
        "CallEvaluator": "evaluators.calls",
        "Evaluator": "evaluators.base",
        "GraphEvaluator": "evaluators.graphs",
        "ModelJuror": "evaluators.jurors",
        "OfferEvaluator": "evaluators.offers",
        "PassEvaluator": "evaluators.passrate",
        "StateEvaluator": "evaluators.state",
        "Summary": "evaluators.report",
        "TraceEvaluator": "evaluators.trace",
        "VotesEvaluator": "evaluators.tooleval.recorded",
        "breakdown": "evaluators.base",
        "check_answer": "evaluators.answer",
        "compare_calls": "evaluators.calls",
        "infrastructure": "evaluators.base",
        "judged": "evaluators.base",
        "load_answer_set": "evaluators.tooleval.answered",
        "load_asked": "evaluators.tooleval.answered",
        "load_prompts": "evaluators.prompt_folders",
        "load_votes": "evaluators.tooleval.recorded",
        "parse_evaluators": "evaluators.registry",
        "regrade": "evaluators.regrading",
        "run_batch": "evaluators.runner",
        "score_answers": "evaluators.tooleval.scores",
        "score_wins": "evaluators.tooleval.scores",
    },
)
