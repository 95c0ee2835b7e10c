"""How good a ranking is: recall and NDCG at a cut, with binary relevance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log2

__all__ = ["ndcg", "recall"]


def recall(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """The share of the relevant that are among the first ``k``.

    Examples
    --------
    >>> recall(["a", "x", "b"], {"a", "b"}, 2)
    0.5
    """
    _check(relevant, k)
    return len(set(ranked[:k]) & set(relevant)) / len(set(relevant))


def ndcg(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Normalised discounted cumulative gain at ``k`` (Järvelin and Kekäläinen, 2002).

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


def _check(relevant: Collection[str], k: int) -> None:
    if not relevant or k < 1:
        raise ValueError("a query without relevant items, or k below 1, has no recall or NDCG")
