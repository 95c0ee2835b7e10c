"""Result folders with scores that are given, for what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from toolgrove.data.records import JsonObject, Score, Task
from toolgrove.evaluators.store import ResultStore, RunFigures

__all__ = ["keep_results"]


def keep_results(
    out: Path,
    config: JsonObject,
    values: Mapping[str, Sequence[float | None]],
    *,
    evaluator: str = "answer/2",
    judge: str = "code",
    query: str = "What is {}?",
) -> Path:
    """Write results as a batch does: of each task a value an epoch, None for a run broken down."""
    figures = RunFigures("5", "answered", False, 1, 1, 10, 10, 1.0)
    with ResultStore(out, config) as store:
        for task, scores in values.items():
            keys = [(task, epoch) for epoch in range(len(scores))]
            runs = {key: f"runs/{store.hash[:12]}/{task}.{key[1]}" for key in keys}
            store.enter([Task(task, query.format(task))], len(scores), runs)
            for key, value in zip(keys, scores, strict=True):
                if value is None:
                    store.failed(key, "the model did not answer")
                else:
                    store.finish(key, figures, [Score(value, "", evaluator, judge)])
    return out
