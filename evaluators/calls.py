"""Call accuracy: were the right APIs called, and with the right arguments?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from toolgrove.data import codec
from toolgrove.data.records import (
    CONTROLS,
    JsonObject,
    Score,
    Status,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.base import breakdown, infrastructure, judged, only_shown, unanswered

__all__ = ["CallEvaluator", "accepted_calls", "normalised", "overlap"]

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_PASSING = frozenset(
    {Status.TIMEOUT, Status.NOT_WORKING, Status.TOO_MANY_REQUESTS, Status.RATE_LIMITED}
)


@dataclass(frozen=True, slots=True)
class CallEvaluator:
    """How well the calls on the accepted path agree with the reference calls.

    The value is the F1 of whole calls, API and arguments; ``details`` holds precision, recall and
    F1 of both the APIs alone (``api``) and the whole calls (``arguments``). Order does not count,
    how often does. A run without an answer has no accepted path and gets 0; a task without
    reference calls gets no opinion.
    """

    name: ClassVar[str] = "calls/1"

    async def score(self, tree: SearchTree) -> Score:
        reference = tree.task.reference
        if reference is None or not reference.calls:
            return judged(tree, self.name, None, "the task has no reference calls")
        broken = breakdown(tree)
        if broken is not None:
            return infrastructure(tree, self.name, broken)
        shown = only_shown(tree)
        if shown is not None:
            return judged(tree, self.name, None, shown)
        calls = accepted_calls(tree)
        specs = {spec.id: spec for spec in tree.tools}
        api = overlap([c.name for c in reference.calls], [c.name for c in calls])
        whole = overlap(_keys(reference.calls, specs), _keys(calls, specs))
        found = round(whole["precision"] * len(calls))
        said = f"{found} of {len(reference.calls)} reference calls among {len(calls)} made"
        reason = said if tree.answered else unanswered(tree)
        return judged(tree, self.name, whole["f1"], reason, api=api, arguments=whole)


def accepted_calls(tree: SearchTree) -> list[ToolCall]:
    """The calls from the root to the first answer; none without an answer.

    Finish, searches for tools and the marks of subtasks are left out.

    A call that failed for a passing reason and was made again just so counts once.
    """
    if not tree.answered:
        return []
    made = [
        (call, observation.status)
        for node in tree.path(tree.answered[0].id)
        for call, observation in zip(node.calls, node.observations, strict=True)
        if call.name not in CONTROLS
    ]
    keys = [(call.name, normalised(call.arguments)) for call, _ in made]
    return [
        call
        for i, (call, status) in enumerate(made)
        if not (status in _PASSING and keys[i] in keys[i + 1 :])
    ]


def _keys(calls: Iterable[ToolCall], specs: Mapping[str, ToolSpec]) -> list[Hashable]:
    return [
        (call.name, normalised(_filled(call.arguments, specs.get(call.name)))) for call in calls
    ]


def _filled(arguments: JsonObject, spec: ToolSpec | None) -> JsonObject:
    """The arguments with the defaults of what was left out."""
    declared = spec.parameters.get("properties", {}) if spec is not None else {}
    defaults = {
        k: v["default"] for k, v in declared.items() if isinstance(v, Mapping) and "default" in v
    }
    return {**defaults, **{k: v for k, v in arguments.items() if v is not None}}


def normalised(value: Any) -> str:
    """A JSON value in one spelling, for comparing arguments.

    Numbers are equal whether written as integer, float or string (but ``"02139"`` is no number),
    strings whatever their case and outer space, booleans and the words for them; a null argument
    is one left out. The order of a list counts, that of an object's keys does not.

    Examples
    --------
    >>> normalised({"n": "5", "on": True}) == normalised({"on": "true", "n": 5.0, "x": None})
    True
    >>> normalised("02139") == normalised(2139)
    False
    """
    return codec.digest(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return None
    text = str(value).strip().casefold()
    if isinstance(value, int | float) or _NUMBER.fullmatch(text):
        number = Decimal(text).normalize()
        return str(number if number else Decimal(0))
    return text


def overlap(wanted: Sequence[Hashable], got: Sequence[Hashable]) -> dict[str, float]:
    """Precision, recall and F1 of two multisets.

    Examples
    --------
    >>> overlap(["a", "a", "b"], ["a", "c"])
    {'precision': 0.5, 'recall': 0.3333333333333333, 'f1': 0.4}
    """
    both = (Counter(wanted) & Counter(got)).total()
    return {
        "precision": both / len(got) if got else 0.0,
        "recall": both / len(wanted) if wanted else 0.0,
        "f1": 2 * both / (len(wanted) + len(got)) if wanted or got else 0.0,
    }
