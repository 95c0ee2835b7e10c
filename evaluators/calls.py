"""Call accuracy: were the right APIs called, and with the right arguments?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import Score, ToolCall, ToolSpec
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.base import judged, unanswered, unscorable
from toolgrove.evaluators.made import sides
from toolgrove.evaluators.matching import agreement, expected_sets, fits, matched
from toolgrove.evaluators.parameters import by_kind

__all__ = ["CallEvaluator", "compare_calls"]


@dataclass(frozen=True, slots=True)
class CallEvaluator:
    """How well the calls on the accepted path agree with the reference calls.

    The value is the F1 of whole calls, API and arguments, with the set of right calls that gives
    most; ``details`` holds precision, recall and F1 of both the APIs alone (``api``) and the whole
    calls (``arguments``), and what became of the arguments by kind (``parameters``). Order does not
    count, how often does. A run without an answer has no accepted path and gets 0; where no call is
    right, each that was made anywhere is wrong. A task without reference calls gets no opinion.
    """

    name: ClassVar[str] = "calls/2"

    async def score(self, tree: SearchTree) -> Score:
        sets = expected_sets(tree.task.reference)
        out = unscorable(tree, self.name, None if sets else "the task has no reference calls")
        if out is not None:
            return out
        specs = {spec.id: spec for spec in tree.tools}
        found = [
            (compare_calls(one, made.calls, tree.task.query, specs), one, len(made.calls))
            for one, made in sides(tree, sets)
        ]
        details, best, made = max(found, key=lambda one: _rank(one[0]))
        wanted = sum(not expected.ask for expected in best)
        if not wanted:
            reason = f"no call is right, and {made or 'none'} {'were' if made > 1 else 'was'} made"
        elif tree.answered:
            both = round(details["arguments"]["recall"] * wanted)
            reason = f"{both} of {wanted} reference calls among {made} made"
        else:
            reason = unanswered(tree)
        return judged(tree, self.name, details["arguments"]["f1"], reason, **details)


def _rank(details: Mapping[str, Any]) -> tuple[float, float]:
    return details["arguments"]["f1"], details["api"]["f1"]


def compare_calls(
    wanted: Sequence[ExpectedCall],
    made: Sequence[ToolCall],
    query: str = "",
    specs: Mapping[str, ToolSpec] | None = None,
) -> dict[str, Any]:
    """Calls against one set of right ones; the order of neither counts.

    Parameters
    ----------
    wanted : sequence of ExpectedCall
        The right calls. One with something to be asked for must not be made.
    made : sequence of ToolCall
        Those that were made.
    query : str
        The request.
    specs : mapping or None
        Tools by id.

    Returns
    -------
    dict
        ``api`` and ``arguments``, each with precision, recall and F1, and ``parameters``
        (:func:`toolgrove.evaluators.parameters.by_kind`).

    Examples
    --------
    >>> far = ExpectedCall("far", {"to": ("LHR", "London")})
    >>> compare_calls([far], [ToolCall("1", "far", {"to": "london"})])["arguments"]["f1"]
    1.0
    >>> compare_calls([], [ToolCall("1", "far")])["arguments"]["f1"], compare_calls([], [])["api"]
    (0.0, {'precision': 1.0, 'recall': 1.0, 'f1': 1.0})
    """
    to_make = [expected for expected in wanted if not expected.ask]
    names = Counter(e.name for e in to_make) & Counter(call.name for call in made)
    both = matched(to_make, made, lambda expected, call: fits(expected, call, specs))
    return {
        "api": agreement(names.total(), len(to_make), len(made)),
        "arguments": agreement(both, len(to_make), len(made)),
        "parameters": by_kind(wanted, made, query, specs),
    }
