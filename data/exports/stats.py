"""What is in a training file: counts by where rows come from, and how long they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from toolgrove.data import codec
from toolgrove.data.exports.rows import TrainingRow, calls_of, request_of
from toolgrove.data.records import JsonObject

__all__ = ["RowStats", "quantiles", "row_stats"]

COUNTED = ("kind", "rule", "fault", "task", "planner", "judge", "run", "tool")
"""What rows are counted by. A row has each fault it is flagged with, and each tool it calls."""
_SHARES = (0.0, 0.1, 0.5, 0.9, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class RowStats:
    """The counts of a file.

    Parameters
    ----------
    rows : int
    counts : mapping of str to Counter
        By each of what rows are counted by, the most frequent first.
    lengths : mapping of str to mapping
        Quantiles of the characters of prompts and sides, calls as JSON included.
    """

    rows: int
    counts: Mapping[str, Counter[str]]
    lengths: Mapping[str, Mapping[str, int]]


def row_stats(rows: Iterable[TrainingRow]) -> RowStats:
    """Count rows, one in memory at a time."""
    counts: dict[str, Counter[str]] = {what: Counter() for what in COUNTED}
    lengths: dict[str, list[int]] = {}
    total = 0
    for row in rows:
        total += 1
        for what, names in traits(row).items():
            counts[what].update(names)
        for name, messages in {"prompt": row.prompt, **row.sides}.items():
            lengths.setdefault(name, []).append(sum(map(characters, messages)))
    ordered = {what: Counter(dict(found.most_common())) for what, found in counts.items()}
    return RowStats(total, ordered, {name: quantiles(found) for name, found in lengths.items()})


def traits(row: TrainingRow) -> dict[str, list[str]]:
    """What a row is counted, and filtered, by."""
    origin = row.origin

    def named(key: str) -> list[str]:
        value = origin.get(key)
        return [str(value)] if value not in (None, "") else []

    faults = origin.get("faults")
    called = calls_of([*row.chosen, *row.rejected])
    return {
        "kind": [row.kind.value],
        "rule": named("rule"),
        "fault": [str(fault) for fault in faults] if isinstance(faults, list) else [],
        "task": named("task") or [request_of(row)],
        "planner": named("planner"),
        "judge": named("judged"),
        "run": named("run"),
        "tool": list(dict.fromkeys(call["name"] for call in called)),
    }


def characters(message: JsonObject) -> int:
    """A message's length: its words, and its calls as JSON."""
    calls: list[Any] = [call["function"] for call in message.get("tool_calls") or ()]
    return len(message["content"]) + sum(len(codec.dumps(call).decode()) for call in calls)


def quantiles(values: Iterable[int]) -> dict[str, int]:
    """The values at some shares of the way from the least to the greatest.

    Examples
    --------
    >>> quantiles(range(101))
    {'least': 0, '10%': 10, '50%': 50, '90%': 90, '99%': 99, 'most': 100}
    """
    ordered = sorted(values)
    if not ordered:
        return {}
    at = {share: ordered[round(share * (len(ordered) - 1))] for share in _SHARES}
    names = {0.0: "least", 1.0: "most"}
    return {names.get(share, f"{share:.0%}"): value for share, value in at.items()}
