"""What a run paid for, and how much of that its tree does not use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from toolgrove.data.records import Usage

if TYPE_CHECKING:
    from toolgrove.data.runs import Record

__all__ = ["MODEL_KINDS", "Spending", "asked_models", "priced", "spending"]

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
    money : float or None
        What the tokens cost; None where a model has no price in the run's settings.
    """

    model_calls: int = 0
    tool_calls: int = 0
    usage: Usage = Usage()
    money: float | None = None


def priced(asked: Iterable[tuple[str, Usage]], prices: Any) -> float | None:
    """What tokens cost by the prices of a million of them; None where one of the models has none.

    Examples
    --------
    >>> priced([("m", Usage(1000, 100))], {"m": [2.0, 10.0]}), priced([("n", Usage(1, 1))], {})
    (0.003, None)
    """
    money = 0.0
    for model, usage in asked:
        price = prices.get(model) if isinstance(prices, dict) else None
        if not isinstance(price, list | tuple) or len(price) != 2:
            return None
        money += (usage.input_tokens * price[0] + usage.output_tokens * price[1]) / 1e6
    return money


def spending(record: Record) -> tuple[Spending, Spending]:
    """All calls of a journal that came back, and those of steps that are not in the tree.

    Unused are steps that were made ahead and not wanted in the end; calls of theirs that were
    cancelled count among the unused ones only, without tokens, because nobody knows these.
    """
    paid: list[_Made] = []
    unused: list[_Made] = []
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
    settings = record.header["config"].get("settings")
    prices = settings.get("prices") if isinstance(settings, dict) else None
    return _sum(paid, prices), _sum(unused, prices)


def asked_models(reply: Any) -> list[tuple[str, Usage]]:
    """Model and tokens of each model call that a kept reply took; several models may have a part.

    Parameters
    ----------
    reply : Reply or JsonObject
        As it was journalled, or as it is read back.

    Examples
    --------
    >>> asked_models({"usage": {"input_tokens": 9, "output_tokens": 1}, "model": "m"})
    [('m', Usage(input_tokens=9, output_tokens=1))]
    """
    if not isinstance(reply, dict):
        return list(reply.spent) or [(reply.model, reply.usage)]
    spent = reply.get("spent") or [(reply.get("model", ""), reply["usage"])]
    return [(model, Usage(**usage)) for model, usage in spent]


_Made: TypeAlias = tuple[bool, tuple[str, Usage] | None]
"""Whether a model was called, and which with how many tokens, where that is known."""


def _made(kind: str, value: Any) -> list[_Made]:
    """What a kept result stands for: a tool call, or the model calls that its reply took."""
    if kind not in MODEL_KINDS:
        return [(False, None)]
    return [(True, asked) for asked in asked_models(value)]


def _sum(calls: list[_Made], prices: Any) -> Spending:
    asked = sum(1 for model, _ in calls if model)
    counted = [one for _, one in calls if one is not None]
    tokens = Usage(
        sum(usage.input_tokens for _, usage in counted),
        sum(usage.output_tokens for _, usage in counted),
    )
    return Spending(asked, len(calls) - asked, tokens, priced(counted, prices) if prices else None)
