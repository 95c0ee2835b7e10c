"""What an answer can be checked by without asking a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from toolgrove.data.records import CONTROLS, RUN_PYTHON
from toolgrove.evaluators.answers.declines import declines
from toolgrove.evaluators.answers.quantities import Quantity, quantities
from toolgrove.evaluators.answers.text import read

if TYPE_CHECKING:
    from toolgrove.agent.outcome import Outcome
    from toolgrove.data.tree import SearchTree

__all__ = ["Check", "hedging", "supported"]

Check: TypeAlias = Callable[["Outcome"], bool]
"""Whether an answer passes."""

_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NEAR = 0.05
_HEDGES = re.compile(
    r"\b(?:maybe|perhaps|possibly|probably|likely|might|could|seems?|appears?|unclear|unsure|"
    r"uncertain|roughly|wait|however|alternatively|I (?:think|believe|assume|guess))\b",
    re.IGNORECASE,
)


def supported(outcome: Outcome) -> bool:
    """Whether every figure of an answer was seen by the run that gave it.

    A figure is seen where the request has it, or what a tool or the model's own code gave on the
    way to the answer; rounded as the answer writes it, whatever its unit and sign. Names, dates,
    times and numbers in words are not looked at. So what fails has a figure that nobody but the
    model vouches for, or says that it does not know, or comes of a run that saw nothing. What
    passes may be wrong all the same: a seen figure can be the wrong one.
    """
    query = outcome.tree.task.query
    seen = list(_seen(outcome.tree))
    if outcome.answer is None or not seen or declines(outcome.answer, query):
        return False
    known = [
        float(number.replace(",", ""))
        for text in (*seen, query)
        for number in _NUMBER.findall(text)
    ]
    figures = [q for q in quantities(read(outcome.answer).words) if not (q.in_name or q.in_words)]
    return all(any(_rounds(one, figure) for one in known) for figure in figures)


def _seen(tree: SearchTree) -> Iterator[str]:
    """What tools gave on the way to the answer, and what the model's own code did."""
    if not tree.answered:
        return
    for node in tree.path(tree.answered[0].id):
        for call, seen in zip(node.calls, node.observations, strict=True):
            gave = [] if call.name in CONTROLS and call.name != RUN_PYTHON else [seen]
            for one in [*gave, *(inner.observation for inner in seen.inner)]:
                if one.status.usable:
                    yield one.content


def _rounds(known: float, figure: Quantity) -> bool:
    """Whether a number is the figure, as exactly as that is written; round tens are exact."""
    value = abs(figure.value)
    grain = figure.grain if figure.grain < 10 else 0.0
    return abs(known - value) <= min(grain / 2, _NEAR * value) + 1e-9 * value


def hedging(outcome: Outcome) -> tuple[int, int]:
    """How much an answer hedges, then its length in words: the less of both, the better.

    Examples
    --------
    >>> hedging("Perhaps 20 km, but it might be 25 km.") > hedging("It is 20 km.")
    True
    """
    return len(_HEDGES.findall(outcome)), len(outcome.split())
