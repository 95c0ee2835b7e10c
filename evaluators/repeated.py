"""What repeating tasks tells: how often one of several tries passes, and how often all do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from statistics import fmean, stdev

__all__ = ["Repeated", "pass_at_k", "pass_hat_k", "repeated"]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A score over several epochs.

    Parameters
    ----------
    epochs : int
        How many there are.
    mean, deviation : float
        Of the epochs' means, with the sample's standard deviation: how far a whole evaluation moves
        when it is repeated.
    pass_at, pass_hat : Mapping of int to float
        pass@k and pass^k by ``k``, over the tasks that were scored ``k`` times or more.
    """

    epochs: int
    mean: float
    deviation: float
    pass_at: Mapping[int, float]
    pass_hat: Mapping[int, float]


def pass_at_k(n: int, passed: int, k: int) -> float:
    """The chance that one of ``k`` tries passes, estimated from ``n`` tries.

    Parameters
    ----------
    n : int
        Tries.
    passed : int
        How many of them passed.
    k : int
        How many are allowed, 1 to ``n``.

    Raises
    ------
    ValueError
        Where the counts are none.

    Notes
    -----
    The unbiased estimator of Chen et al. (2021), "Evaluating Large Language Models Trained on
    Code", arXiv:2107.03374. ``1 - (1 - passed/n)**k`` is too low.

    Examples
    --------
    >>> pass_at_k(3, 1, 1), pass_at_k(3, 1, 2), pass_at_k(3, 1, 3)
    (0.33333333333333337, 0.6666666666666667, 1.0)
    """
    _check(n, passed, k)
    return 1 - comb(n - passed, k) / comb(n, k)


def pass_hat_k(n: int, passed: int, k: int) -> float:
    """The chance that all of ``k`` tries pass, estimated from ``n`` tries.

    Parameters and errors are those of :func:`pass_at_k`.

    Notes
    -----
    pass^k of Yao et al. (2024), "τ-bench", arXiv:2406.12045, and its unbiased estimator.

    Examples
    --------
    >>> pass_hat_k(4, 3, 1), pass_hat_k(4, 3, 2), pass_hat_k(4, 3, 4)
    (0.75, 0.5, 0.0)
    """
    _check(n, passed, k)
    return comb(passed, k) / comb(n, k)


def _check(n: int, passed: int, k: int) -> None:
    if not (0 <= passed <= n and 1 <= k <= n):
        raise ValueError(f"{passed} passed of {n} tries, {k} allowed: these are no counts")


def repeated(scores: Mapping[str, Mapping[int, float]]) -> Repeated | None:
    """Sum up scores by task and epoch; None where no task was scored twice.

    A try passes where its score is 1.

    Examples
    --------
    >>> found = repeated({"a": {0: 1.0, 1: 0.0}, "b": {0: 1.0, 1: 1.0}})
    >>> found.mean, round(found.deviation, 3), found.pass_at[2], found.pass_hat[2]
    (0.75, 0.354, 1.0, 0.5)
    """
    most = max((len(by_epoch) for by_epoch in scores.values()), default=0)
    if most < 2:
        return None
    epochs = sorted({epoch for by_epoch in scores.values() for epoch in by_epoch})
    means = [fmean(one[epoch] for one in scores.values() if epoch in one) for epoch in epochs]
    counts = [(len(one), sum(score >= 1 for score in one.values())) for one in scores.values()]
    at, hat = {}, {}
    for k in range(1, most + 1):
        enough = [(n, passed) for n, passed in counts if n >= k]
        at[k] = fmean(pass_at_k(n, passed, k) for n, passed in enough)
        hat[k] = fmean(pass_hat_k(n, passed, k) for n, passed in enough)
    return Repeated(len(epochs), fmean(means), stdev(means), at, hat)
