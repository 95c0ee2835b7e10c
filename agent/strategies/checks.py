"""What an answer can be checked by without asking a model."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isclose
from typing import TYPE_CHECKING, TypeAlias

from toolgrove.evaluators.agreement import claim
from toolgrove.evaluators.made import accepted

if TYPE_CHECKING:
    from toolgrove.agent.outcome import Outcome

__all__ = ["Check", "grounded", "hedging"]

Check: TypeAlias = Callable[["Outcome"], bool]
"""Whether an answer passes."""

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_HEDGES = re.compile(
    r"\b(?:maybe|perhaps|possibly|probably|likely|might|could|seems?|appears?|unclear|unsure|"
    r"uncertain|roughly|wait|however|alternatively|I (?:think|believe|assume|guess))\b",
    re.IGNORECASE,
)


def grounded(outcome: Outcome) -> bool:
    """Whether a tool's output or the request has each number that an answer claims, within 1 %.

    An answer that gives up fails, and so does one of a run whose way to it has no usable output.
    A number that the model worked out itself fails, too: it may be right, but no tool says so.
    """
    task = outcome.tree.task
    said = claim(outcome.answer or "", task.query)
    seen = [one.content for one in accepted(outcome.tree).observations if one.status.usable]
    if said.declined or not seen:
        return False
    known = [
        float(n.replace(",", "")) for text in (*seen, task.query) for n in _NUMBER.findall(text)
    ]
    return all(
        any(isclose(abs(value), one, rel_tol=0.01) for one in known) for value, _ in said.numbers
    )


def hedging(outcome: Outcome) -> tuple[int, int]:
    """How much an answer hedges, then its length in words: the less of both, the better.

    Examples
    --------
    >>> hedging("Perhaps 20 km, but it might be 25 km.") > hedging("It is 20 km.")
    True
    """
    return len(_HEDGES.findall(outcome)), len(outcome.split())
