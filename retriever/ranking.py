"""From two searches' scores to one list of hits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolgrove.retriever import fusion
from toolgrove.retriever.documents import asking
from toolgrove.retriever.features import LEXICAL, Rarity, coverage, features
from toolgrove.retriever.fusion import Scores
from toolgrove.retriever.ranker import LabelledQuery, Ranker
from toolgrove.retriever.store import Candidate

__all__ = ["Evidence", "Hit", "best", "evidence", "ranked"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A tool that a query may be about.

    Parameters
    ----------
    id : str
        The spec's.
    score : float
        At most about 1, relative to the other candidates of this query.
    lexical, dense : float
        Its scaled BM25 score and cosine, for ``part``.
    part : str
        The sentence of the query that it fits best.
    why : str
        What else it was taken in for (:mod:`toolgrove.retriever.chains`); empty for most.
    """

    id: str
    score: float
    lexical: float
    dense: float
    part: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a query's candidates before they are ordered.

    Attributes
    ----------
    texts : tuple of str
        The query and its sentences.
    ids : tuple of str
    lexical, dense : arrays of shape (texts, candidates)
        BM25 and cosine, each row scaled to 0 through 1.
    weights : array of shape (texts,)
        Weight of BM25 beside cosine.
    features : array of shape (candidates, features)
        :data:`toolgrove.retriever.features.FEATURES`.
    """

    texts: tuple[str, ...]
    ids: tuple[str, ...]
    lexical: Scores
    dense: Scores
    weights: Scores
    features: Scores

    def labelled(self, relevant: Collection[str]) -> LabelledQuery:
        """What a ranker is fitted to, given the ids of the query's relevant tools."""
        return LabelledQuery(self.features, np.isin(self.ids, list(relevant)))


def best(scores: NDArray[np.float32], n: int) -> NDArray[np.int64]:
    """Positions that are among the ``n`` best of any row, and above 0."""
    found: set[int] = set()
    for row in scores:
        at = np.flatnonzero(row > 0)  # few of a million share a word
        if len(at) > n:
            at = at[np.argpartition(-row[at], n)[:n]]
        found.update(at.tolist())
    return np.array(sorted(found), dtype=np.int64)


def evidence(
    texts: Sequence[str],
    found: Sequence[Candidate],
    asked: NDArray[np.float32],
    words: NDArray[np.float32],
    rows: NDArray[np.int64],
    known: Scores,
    rarity: Rarity,
    highest: float,
) -> Evidence:
    """Both scores and the features of every candidate.

    Parameters
    ----------
    texts : sequence of str
        The query and its sentences.
    found : sequence of Candidate
        At least one.
    asked : float32 array of shape (texts, dimension)
    words : float32 array of shape (texts, n)
        BM25 of every row of ``rows``.
    rows : int64 array of shape (n,)
        Ascending row numbers.
    known : array of shape (texts,)
        How much of each text the documents have words for, 0 to 1.
    rarity : callable
        Of a token among the documents.
    highest : float
        The rarity of a token that one document has.
    """
    weights = LEXICAL * known
    lexical = fusion.min_max(_columns(words, rows, [one.row for one in found]))
    dense = fusion.min_max(asked @ np.stack([one.vector for one in found]).T)
    families = (
        _numbers((one.category, one.tool) for one in found),
        _numbers(one.category for one in found),
    )
    said = (
        coverage(texts, [one.name for one in found], rarity),
        coverage(texts, [one.tool for one in found], rarity, highest),
    )
    asks = np.array([asking(text) for text in texts])
    return Evidence(
        tuple(texts),
        tuple(one.id for one in found),
        lexical,
        dense,
        weights,
        features(lexical, dense, weights, asks, families, said),
    )


def ranked(known: Evidence, ranker: Ranker, k: int) -> list[Hit]:
    """The ``k`` candidates that a ranker puts first, best first."""
    total = ranker.scores(known.features)
    fused = fusion.convex(known.lexical, known.dense, known.weights[:, None])
    sentences = min(1, len(known.texts) - 1)  # past the whole query, where there are any
    part = sentences + fused[sentences:].argmax(axis=0)
    return [
        Hit(
            known.ids[i],
            round(float(total[i]), 6),
            round(float(known.lexical[part[i], i]), 6),
            round(float(known.dense[part[i], i]), 6),
            known.texts[part[i]],
        )
        for i in np.argsort(-total, kind="stable")[:k].tolist()
    ]


def _numbers(values: Iterable[object]) -> NDArray[np.int64]:
    """Equal numbers for equal values."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def _columns(
    words: NDArray[np.float32], rows: NDArray[np.int64], wanted: Sequence[int]
) -> NDArray[np.float32]:
    """The columns of the wanted rows; zeros for a row that is newer than the BM25 index."""
    if len(rows) == 0:
        return np.zeros((len(words), len(wanted)), dtype=np.float32)
    at = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
    return np.where(rows[at] == wanted, words[:, at], 0)
