"""How good a ranking is, with binary relevance: recall, NDCG and reciprocal rank at a cut.

A ranking is ids, best first, none of them twice. :func:`bootstrap` says how far the mean over
queries can be trusted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log2

import numpy as np
from numpy.typing import NDArray

__all__ = ["bootstrap", "ndcg", "recall", "reciprocal_rank"]

_COUNTS = 1 << 22
"""Numbers that are drawn at once while resampling: 32 MiB."""


def recall(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """The share of the relevant that are among the first ``k``.

    With more relevant than ``k`` it cannot reach 1.

    Raises
    ------
    ValueError
        Nothing is relevant, or ``k`` is below 1.

    Examples
    --------
    >>> recall(["a", "x", "b"], {"a", "b"}, 2)
    0.5
    """
    _check(relevant, k)
    return len(set(ranked[:k]) & set(relevant)) / len(set(relevant))


def ndcg(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Normalised discounted cumulative gain at ``k`` (Järvelin and Kekäläinen, 2002).

    The gain of a relevant item at place ``i``, from 1, is ``1 / log2(i + 1)``; the sum is divided
    by that of the best ranking possible, which has ``min(k, relevant)`` relevant items in front.
    trec_eval and scikit-learn compute the same for binary relevance.

    Raises
    ------
    ValueError
        Nothing is relevant, or ``k`` is below 1.

    Examples
    --------
    >>> ndcg(["a", "b"], {"a", "b"}, 5)
    1.0
    >>> round(ndcg(["x", "a"], {"a"}, 5), 3)
    0.631
    """
    _check(relevant, k)
    wanted = set(relevant)
    gain = sum(1 / log2(place + 2) for place, item in enumerate(ranked[:k]) if item in wanted)
    best = sum(1 / log2(place + 2) for place in range(min(k, len(wanted))))
    return gain / best


def reciprocal_rank(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """One through the place of the first relevant item; 0 where none is among the first ``k``.

    Its mean over queries is MRR (Voorhees, TREC-8 question answering track, 1999).

    Raises
    ------
    ValueError
        Nothing is relevant, or ``k`` is below 1.

    Examples
    --------
    >>> reciprocal_rank(["x", "a"], {"a"}, 5), reciprocal_rank(["x", "a"], {"a"}, 1)
    (0.5, 0.0)
    """
    _check(relevant, k)
    wanted = set(relevant)
    return next((1 / place for place, item in enumerate(ranked[:k], 1) if item in wanted), 0.0)


def bootstrap(
    values: NDArray[np.float64], *, resamples: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile bootstrap intervals of means over queries (Efron and Tibshirani, 1993, ch. 13).

    Queries are drawn with replacement, whole rows at a time, so that the intervals of all
    measures come from the same draws.

    Parameters
    ----------
    values : float array of shape (queries, measures)
    resamples : int
        How often as many queries are drawn as there are.
    seed : int
        The same seed gives the same intervals.
    level : float
        Share of the resamples' means that lie inside.

    Returns
    -------
    (float array, float array)
        Lower and upper ends, each of shape (measures,).

    Raises
    ------
    ValueError
        There is no query.

    Examples
    --------
    >>> low, high = bootstrap(np.array([[0.0], [1.0], [1.0], [1.0]]))
    >>> low.tolist(), high.tolist()
    ([0.25], [1.0])
    """
    queries = len(values)
    if queries == 0:
        raise ValueError("the mean of no query has no interval")
    rng = np.random.default_rng(seed)
    even = np.full(queries, 1 / queries)
    step = max(1, _COUNTS // queries)
    means = np.concatenate([
        # how often each query is drawn is multinomial: no index is drawn or gathered
        rng.multinomial(queries, even, size=min(step, resamples - done)) @ values / queries
        for done in range(0, resamples, step)
    ])  # fmt: skip
    outside = (1 - level) / 2
    low, high = np.quantile(means, [outside, 1 - outside], axis=0)
    return low, high


def _check(relevant: Collection[str], k: int) -> None:
    if not relevant or k < 1:
        raise ValueError("a query without relevant items, or k below 1, has no recall or NDCG")
