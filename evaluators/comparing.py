"""Two settings on the same tasks: what differs, and whether noise alone explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance
from typing import Literal

from toolgrove.errors import UsageError
from toolgrove.evaluators.base import meant
from toolgrove.evaluators.calibration import calibration_words
from toolgrove.evaluators.sides import RepeatKey, Side
from toolgrove.evaluators.stats import Interval, Z, mcnemar, paired, wilson
from toolgrove.evaluators.store import DONE

__all__ = ["Comparison", "Flip", "Repeats", "compare"]

SURE = 0.05
"""Two-sided: how rarely chance may make such a difference where one is called."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """One setting against itself: how far apart its own repeats are, other epochs or seeds.

    Parameters
    ----------
    side : str
        Its name.
    rates : tuple of float
        The mean score of each repeat, over the tasks that have all of them.
    tasks, flipped : int
        Tasks with several repeats, and how many of these were not scored the same each time.
    noise : float or None
        Two runs of this setting over these tasks differ by less, 95 times in 100; None where no
        task was run twice.
    """

    side: str
    rates: tuple[float, ...]
    tasks: int
    flipped: int
    noise: float | None


@dataclass(frozen=True, slots=True)
class Flip:
    """A task that one side passed and the other did not, with the runs' folders."""

    task: str
    epoch: int
    seed: str
    query: str
    passed: Literal["a", "b"]
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two settings on the same tasks.

    Parameters
    ----------
    a, b : str
        Their names.
    evaluator : str
        Whose scores are compared.
    calibration : str
        Of a judge: how far it agrees with people, or that none knows.
    repeats : tuple of Repeats
        Each setting against itself.
    rates : tuple of Interval
        Of both, over the tasks that both have; a task counts once, with the mean of its repeats.
    difference : Interval
        ``b`` less ``a``, bootstrapped by task.
    noise : float or None
        What two settings that are one differ by less than, 95 times in 100, when they are compared
        as these are; None where neither was run twice.
    tasks, pairs : int
        What is compared: tasks, and runs of the same task, epoch and seed.
    only_a, only_b : int
        Pairs that one side passed and the other did not.
    p_pairs : float
        McNemar's exact test on these.
    p : float
        The same on tasks, each of which counts once: which side did better on it.
    called : {"a", "b", ""}
        Which side is better; empty where nothing can be said.
    why : str
        Why, in words.
    flips : tuple of Flip
        The pairs that differ.
    left_out : mapping of str to int
        Runs that have no pair, by the reason.
    """

    a: str
    b: str
    evaluator: str
    calibration: str
    repeats: tuple[Repeats, Repeats]
    rates: tuple[Interval, Interval]
    difference: Interval
    noise: float | None
    tasks: int
    pairs: int
    only_a: int
    only_b: int
    p_pairs: float
    p: float
    called: Literal["a", "b", ""]
    why: str
    flips: tuple[Flip, ...]
    left_out: Mapping[str, int]


def compare(a: Side, b: Side, evaluator: str | None = None) -> Comparison:
    """Compare two settings, run by run of the same task, epoch and seed.

    Parameters
    ----------
    a, b : Side
        The second is measured against the first.
    evaluator : str or None
        Whose scores; a name may lack its version and judge. By default the answer check's, a
        judge's where there is none, then any that both have.

    Raises
    ------
    UsageError
        Where no evaluator scored both, or the tasks are not the same.
    """
    chosen = _evaluator(a, b, evaluator)
    ours, theirs = a.values(chosen), b.values(chosen)
    keys = sorted(ours.keys() & theirs.keys())
    for key in keys:
        if a.rows[key].query != b.rows[key].query:
            raise UsageError(
                f"the task {key[0]!r} asks something else in {b.folder} than in {a.folder}. "
                "Compare results of the same tasks."
            )
    if not keys:
        raise UsageError(
            f"{a.name} and {b.name} have no run of one task, epoch and seed in common."
        )
    by_task = [_by_task(values, keys) for values in (ours, theirs)]
    means = [[fmean(scores) for scores in side.values()] for side in by_task]
    n = len(means[0])
    difference = Interval(*paired(list(zip(means[1], means[0], strict=True))))
    flips = tuple(_flips(a, b, ours, theirs, keys))
    only = Counter(flip.passed for flip in flips)
    better = Counter(two > one for one, two in zip(*means, strict=True) if one != two)
    p = mcnemar(better[False], better[True])
    noise = _noise(by_task)
    same = a.config == b.config
    called, why = _finding(difference, p, noise, same)
    return Comparison(
        a.name,
        b.name,
        chosen,
        _trust(a, chosen),
        (_repeats(a, ours), _repeats(b, theirs)),
        (_rate(means[0]), _rate(means[1])),
        difference,
        noise,
        n,
        len(keys),
        only["a"],
        only["b"],
        mcnemar(only["a"], only["b"]),
        p,
        called,
        why,
        flips,
        dict(_left_out(a, b, ours, theirs)),
    )


def _evaluator(a: Side, b: Side, wanted: str | None) -> str:
    """The one evaluator that both sides are compared by."""
    of_a, of_b = _evaluators(a), _evaluators(b)
    found = meant((name for name in of_a if name in of_b), wanted)
    if found is not None:
        return found
    by = "" if wanted is None else f" {wanted!r} among them"
    raise UsageError(
        f"no evaluator scored both sides{by}: {a.name} has {', '.join(of_a) or 'none'}, {b.name} "
        f"has {', '.join(of_b) or 'none'}. Score both by the same version and judge."
    )


def _evaluators(side: Side) -> list[str]:
    scores = (score for row in side.rows.values() if row.state == DONE for score in row.scores)
    return list(dict.fromkeys(score.evaluator for score in scores if score.value is not None))


def _by_task(
    values: Mapping[RepeatKey, float], keys: Iterable[RepeatKey]
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for key in keys:
        found.setdefault(key[0], []).append(values[key])
    return found


def _rate(means: Sequence[float]) -> Interval:
    n = len(means)
    passed = min(float(n), sum(means))
    return Interval(passed / n, *wilson(passed, n))


def _spread(by_task: Mapping[str, Sequence[float]]) -> float | None:
    """The mean variance of one task's repeats; None where no task was run twice."""
    found = [variance(scores) for scores in by_task.values() if len(scores) > 1]
    return fmean(found) if found else None


def _noise(sides: Sequence[Mapping[str, Sequence[float]]]) -> float | None:
    """What two equal settings differ by; a side that was never repeated borrows from the other."""
    spreads = [found for side in sides if (found := _spread(side)) is not None]
    if not spreads:
        return None
    of_both = 2 * fmean(spreads)
    tasks = sides[0].values()
    return Z * sqrt(sum(of_both / len(scores) for scores in tasks)) / len(tasks)


def _repeats(side: Side, values: Mapping[RepeatKey, float]) -> Repeats:
    by_task = _by_task(values, sorted(values))
    most = max(map(len, by_task.values()), default=0)
    whole = [scores for scores in by_task.values() if len(scores) == most]
    again = [scores for scores in by_task.values() if len(scores) > 1]
    spread = _spread(by_task)
    noise = None if spread is None else Z * sqrt(2 * spread / len(again))
    rates = tuple(fmean(scores) for scores in zip(*whole, strict=True))
    return Repeats(
        side.name, rates, len(again), sum(len(set(scores)) > 1 for scores in again), noise
    )


def _flips(
    a: Side,
    b: Side,
    ours: Mapping[RepeatKey, float],
    theirs: Mapping[RepeatKey, float],
    keys: Iterable[RepeatKey],
) -> Iterator[Flip]:
    for key in keys:
        passed = ours[key] >= 1, theirs[key] >= 1
        if passed[0] != passed[1]:
            side: Literal["a", "b"] = "a" if passed[0] else "b"
            yield Flip(*key, a.rows[key].query, side, a.run(key), b.run(key))


def _finding(
    difference: Interval, p: float, noise: float | None, same: bool
) -> tuple[Literal["a", "b", ""], str]:
    """Which side is better, and why; neither where noise or chance covers the difference."""
    size = abs(difference.value)
    if same:
        return "", "both are the same setting: what differs between them is noise"
    if noise is not None and size <= noise:
        return (
            "",
            f"the noise covers it: one setting twice differs by up to {100 * noise:.1f} points",
        )
    if p >= SURE or difference.low <= 0 <= difference.high:
        return "", f"chance covers it: p = {p:.2g} on tasks"
    unknown = "; the noise floor is not known: run both with --epochs 2" if noise is None else ""
    return "b" if difference.value > 0 else "a", f"p = {p:.2g} on tasks{unknown}"


def _left_out(
    a: Side, b: Side, ours: Mapping[RepeatKey, float], theirs: Mapping[RepeatKey, float]
) -> Counter[str]:
    found: Counter[str] = Counter()
    for side, other, values in ((a, b, ours), (b, a, theirs)):
        for key, row in side.rows.items():
            if key not in other.rows:
                found[f"only in {side.name}"] += 1
            elif row.state != DONE:
                found[f"{row.state} in {side.name}"] += 1
            elif key not in values:
                found[f"no opinion in {side.name}"] += 1
    return found


def _trust(side: Side, evaluator: str) -> str:
    scores = [score for row in side.rows.values() for score in row.scores]
    said = (calibration_words(score) for score in scores if score.evaluator == evaluator)
    return next(filter(None, said), "")
