"""Bringing lexical and dense scores together: pure functions on score arrays.

Scores are float arrays whose last axis runs over the candidates; where there are two axes, the
first runs over the parts of a query, the whole query in row 0.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["convex", "min_max", "reciprocal_rank", "sentences_best", "tool_prior"]

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


def convex(lexical: Scores, dense: Scores, weight: float = 0.5) -> Scores:
    """``weight`` of the scaled lexical scores and the rest of the scaled dense ones.

    Convex combination of min-max scaled scores, after Bruch, Gai and Ingber (2023), "An Analysis
    of Fusion Functions for Hybrid Retrieval".

    Examples
    --------
    >>> convex(np.array([0.0, 8.0]), np.array([0.9, 0.1])).tolist()
    [0.5, 0.5]
    """
    return weight * min_max(lexical) + (1 - weight) * min_max(dense)


def reciprocal_rank(*rankings: Scores, k: int = 60) -> Scores:
    """The sum of ``1 / (k + rank)`` over rankings, ranks from 1, ties in order of place.

    Reciprocal rank fusion, after Cormack, Clarke and Büttcher (2009).

    Examples
    --------
    >>> reciprocal_rank(np.array([3.0, 1.0]), np.array([5.0, 9.0]), k=1).round(3).tolist()
    [0.833, 0.833]
    """
    total: Scores = np.zeros(rankings[0].shape)
    for scores in rankings:
        order = np.argsort(-scores, axis=-1, kind="stable")
        ranks = np.argsort(order, axis=-1, kind="stable") + 1
        total = total + 1 / (k + ranks)
    return total


def sentences_best(scores: Scores) -> Scores:
    """The mean of the whole query's score and the best that any sentence gives.

    Parameters
    ----------
    scores : array of shape (parts, candidates)
        The whole query in row 0; with one row its scores are returned.

    Returns
    -------
    array of shape (candidates,)

    Examples
    --------
    >>> sentences_best(np.array([[0.5, 0.5], [1.0, 0.0], [0.0, 0.2]])).tolist()
    [0.75, 0.35]
    """
    if len(scores) == 1:
        (only,) = scores
        return np.asarray(only)
    best: Scores = scores[1:].max(axis=0)
    mean: Scores = (scores[0] + best) / 2
    return mean


def tool_prior(scores: Scores, tools: NDArray[np.integer], weight: float = 1.0) -> Scores:
    """Add to each candidate the best score among its tool's candidates: APIs come in families.

    Parameters
    ----------
    scores : array of shape (candidates,)
    tools : integer array of shape (candidates,)
        Equal numbers for candidates of one tool.
    weight : float
        Of the tool's best score; the sum is divided by ``1 + weight``.

    Examples
    --------
    >>> tool_prior(np.array([1.0, 0.0, 0.6]), np.array([7, 7, 3])).tolist()
    [1.0, 0.5, 0.6]
    """
    _, family = np.unique(tools, return_inverse=True)
    best = np.full(int(family.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(best, family, scores)
    total: Scores = (scores + weight * best[family]) / (1 + weight)
    return total
