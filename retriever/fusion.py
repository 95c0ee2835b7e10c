"""Bringing lexical and dense scores together: pure functions on score arrays.

Scores are float arrays whose last axis runs over the candidates; where there are two axes, the
first runs over the parts of a query, the whole query in row 0.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["convex", "min_max"]

Scores: TypeAlias = NDArray[np.floating]


def min_max(scores: Scores) -> Scores:
    """Scale each row to 0 (its worst) through 1 (its best); a constant row becomes 0.

    Examples
    --------
    >>> min_max(np.array([[2.0, 4.0, 3.0], [7.0, 7.0, 7.0]])).tolist()
    [[0.0, 1.0, 0.5], [0.0, 0.0, 0.0]]
    """
    if scores.shape[-1] == 0:
        return scores
    low = scores.min(axis=-1, keepdims=True)
    span = scores.max(axis=-1, keepdims=True) - low
    scaled: Scores = (scores - low) / np.where(span > 0, span, 1)
    return scaled


def convex(lexical: Scores, dense: Scores, weight: float | Scores = 0.5) -> Scores:
    """``weight`` of the scaled lexical scores and the rest of the scaled dense ones.

    The weight is one number, or an array that broadcasts: one a row as a column.

    Convex combination of min-max scaled scores, after Bruch, Gai and Ingber (2023), "An Analysis
    of Fusion Functions for Hybrid Retrieval".

    Examples
    --------
    >>> convex(np.array([0.0, 8.0]), np.array([0.9, 0.1])).tolist()
    [0.5, 0.5]
    """
    return weight * min_max(lexical) + (1 - weight) * min_max(dense)
