"""What a run paid for, and how much of that its tree does not use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolgrove.data.records import Usage
from toolgrove.data.reply import asked_models

if TYPE_CHECKING:
    from toolgrove.data.journal import Record

__all__ = ["MODEL_KINDS", "Spending", "spending"]

MODEL_KINDS = frozenset({"model", "judge"})
"""Kinds of journalled calls that ask a model; the others reach a tool or search for tools."""


@dataclass(frozen=True, slots=True)
class Spending:
    """Calls that were paid for.

    Parameters
    ----------
    model_calls, tool_calls : int
        How many.
    usage : Usage
        Tokens of the model calls.
    """

    model_calls: int = 0
    tool_calls: int = 0
    usage: Usage = Usage()


def spending(record: Record) -> tuple[Spending, Spending]:
    """All calls of a journal that came back, and those of steps that are not in the tree.

    Unused are steps that were made ahead and not wanted in the end; calls of theirs that were
    cancelled count among the unused ones only, without tokens, because nobody knows these.
    """
    paid: list[tuple[bool, Usage | None]] = []
    unused: list[tuple[bool, Usage | None]] = []
    back = {(key.node, key.kind, key.asked) for key in record.results}
    for key, value in record.results.items():
        made = _made(key.kind, value)
        paid += made
        if key.node not in record.nodes:
            unused += made
    cancelled = {(key.node, key.kind, key.asked) for key in record.intents} - back
    unused += [
        (kind in MODEL_KINDS, None) for node, kind, _ in cancelled if node not in record.nodes
    ]
    return _sum(paid), _sum(unused)


def _made(kind: str, value: Any) -> list[tuple[bool, Usage | None]]:
    """What a kept result stands for: a tool call, or the model calls that its reply took."""
    if kind not in MODEL_KINDS:
        return [(False, None)]
    return [(True, usage) for _, usage in asked_models(value)]


def _sum(calls: list[tuple[bool, Usage | None]]) -> Spending:
    asked = sum(1 for model, _ in calls if model)
    counted = [usage for _, usage in calls if usage is not None]
    tokens = Usage(sum(u.input_tokens for u in counted), sum(u.output_tokens for u in counted))
    return Spending(asked, len(calls) - asked, tokens)
