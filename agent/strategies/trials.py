"""How strategies did on tasks, read from the results of their evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolgrove.agent.evaluation import Evaluation
from toolgrove.data import codec
from toolgrove.data.records import Task
from toolgrove.errors import UsageError
from toolgrove.evaluators.judgements import deciding
from toolgrove.evaluators.stats import paired, wilson
from toolgrove.evaluators.store import DONE, ResultRow
from toolgrove.evaluators.stored import read_kept

__all__ = ["Trial", "better", "front", "trials"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A strategy on some tasks.

    Parameters
    ----------
    strategy : str
        Its text.
    tasks : int
        How many.
    rate, low, high : float
        The mean score of its answers, with Wilson's 95% interval.
    model_calls : float
        What it took for a task.
    gain : tuple of float or None
        How much higher the rate is than that of the first strategy on the same tasks, and the ends
        of the 95% paired bootstrap interval; None where they are not compared.
    """

    strategy: str
    tasks: int
    rate: float
    low: float
    high: float
    model_calls: float
    gain: tuple[float, float, float] | None = None


def trials(
    evaluations: Sequence[Evaluation], tasks: Sequence[Task], folder: Path, compared: bool = False
) -> list[Trial]:
    """How each strategy did, ``compared`` with the first or not.

    Raises
    ------
    UsageError
        Where a task has no result, or nobody had an opinion on its answer.
    """
    ids = [task.id for task in tasks]
    rows: dict[str, dict[str, ResultRow]] = {}
    for kept in read_kept(folder):
        rows.setdefault(kept.hash, {})[kept.row.task] = kept.row
    found: list[Trial] = []
    first: list[float] = []
    for one in evaluations:
        own = rows.get(codec.digest(one.config(list(one.agent.registry))), {})
        values = [_value(own.get(task), task, one.strategy) for task in ids]
        first = first or values
        calls = sum(row.figures.model_calls for task in ids if (row := own[task]).figures)
        rate, n = sum(values) / len(values), len(values)
        gain = paired(list(zip(values, first, strict=True))) if compared else None
        found.append(Trial(one.strategy, n, rate, *wilson(sum(values), n), calls / n, gain))
    return found


def _value(row: ResultRow | None, task: str, strategy: str) -> float:
    if row is None or row.state != DONE:
        why = "it has not ended" if row is None or not row.reason else row.reason
        raise UsageError(
            f"task {task!r} has no result under {strategy}: {why}. "
            "The same command tries it again; leave the task out if it cannot be run."
        )
    score = deciding(row.scores)
    if score is None or score.value is None:
        raise UsageError(
            f"nobody could judge the answer to task {task!r} under {strategy}. "
            "Give tasks with reference answers, or name a judge."
        )
    return score.value


def front(found: Sequence[Trial]) -> list[Trial]:
    """Those that no other beats in both measures: rate and model calls (the Pareto front).

    Examples
    --------
    >>> made = [("a", 0.5, 2.0), ("b", 0.7, 6.0), ("c", 0.5, 4.0)]
    >>> trials = [Trial(name, 10, rate, 0.0, 1.0, calls) for name, rate, calls in made]
    >>> [one.strategy for one in front(trials)]
    ['a', 'b']
    """
    return [one for one in found if not any(_beats(other, one) for other in found)]


def better(found: Sequence[Trial]) -> list[Trial]:
    """The better half, or more: the front, and while that is too few, the front of the rest."""
    kept: list[Trial] = []
    rest = list(found)
    while 2 * len(kept) < len(found):
        layer = front(rest)
        kept += layer
        rest = [one for one in rest if one not in layer]
    return kept


def _beats(one: Trial, other: Trial) -> bool:
    better = one.rate > other.rate or one.model_calls < other.model_calls
    return better and one.rate >= other.rate and one.model_calls <= other.model_calls
