"""The evaluators by name, and the text that names one with its options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

from toolgrove.data import options
from toolgrove.errors import UsageError
from toolgrove.evaluators.base import Evaluator
from toolgrove.plugins import Plugins

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["EVALUATORS", "parse_evaluators"]


def _wrong(name: str, evaluator: Any) -> str:
    if not (isinstance(evaluator, type) and is_dataclass(evaluator) and _scores(evaluator)):
        return "an evaluator is a dataclass with a `name` and a method `score`"
    return ""


def _scores(evaluator: Any) -> bool:
    return hasattr(evaluator, "name") and callable(getattr(evaluator, "score", None))


EVALUATORS: Plugins[type[Evaluator]] = Plugins(
    "evaluators",
    {
        "answer": "toolgrove.evaluators.answer:AnswerEvaluator",
        "bfcl": "toolgrove.evaluators.bfcl.tasks:BfclEvaluator",
        "calls": "toolgrove.evaluators.calls:CallEvaluator",
        "graph": "toolgrove.evaluators.graphs:GraphEvaluator",
        "offer": "toolgrove.evaluators.offers:OfferEvaluator",
        "pass": "toolgrove.evaluators.passrate:PassEvaluator",
        "state": "toolgrove.evaluators.state:StateEvaluator",
        "tau2": "toolgrove.evaluators.tau.tasks:Tau2Evaluator",
        "trace": "toolgrove.evaluators.trace:TraceEvaluator",
    },
    _wrong,
)
"""Evaluator classes by the name that ``--evaluator`` takes."""


def parse_evaluators(
    given: Iterable[Evaluator | str],
    *,
    judge: BaseChatModel | None = None,
    votes: int | None = None,
) -> list[Evaluator]:
    """Evaluators from objects and from texts, ``name`` or ``name:option=value,…``.

    Parameters
    ----------
    given : iterable of Evaluator or str
        In any order; the scores come in the same.
    judge : BaseChatModel or None
        For those that have a field ``judge``.
    votes : int or None
        For those that have a field ``votes``, unless the text says otherwise.

    Raises
    ------
    UsageError
        For an unknown name or option, a missing judge, or two that score under one name.

    Examples
    --------
    >>> [evaluator.name for evaluator in parse_evaluators(["answer", "calls"])]
    ['answer/2', 'calls/2']
    >>> parse_evaluators(["pass"])
    Traceback (most recent call last):
    ...
    toolgrove.errors.UsageError: the evaluator 'pass' needs a judge.
    """
    made = [
        options.parse(one, EVALUATORS, "evaluator", judge=judge, votes=votes)
        if isinstance(one, str)
        else one
        for one in given
    ]
    names: set[str] = set()
    for one in made:
        if not _scores(one):
            raise UsageError(f"{one!r} is no evaluator: it has no `name` and method `score`.")
        if one.name in names:
            raise UsageError(f"two evaluators score under the name {one.name!r}: leave one out.")
        names.add(one.name)
    return made
