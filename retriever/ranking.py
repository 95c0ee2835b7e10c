"""From two searches' scores to one list of hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolgrove.retriever import fusion
from toolgrove.retriever.store import Candidate

__all__ = ["Hit", "best", "ranked"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A tool that a query may be about.

    Parameters
    ----------
    id : str
        The spec's.
    score : float
        Between 0 and 1, relative to the other candidates of this query.
    lexical, dense : float
        Its scaled BM25 score and cosine, for ``part``.
    part : str
        The sentence of the query that it fits best.
    """

    id: str
    score: float
    lexical: float
    dense: float
    part: str


def best(scores: NDArray[np.float32], n: int) -> NDArray[np.int64]:
    """Positions that are among the ``n`` best of any row, and above 0."""
    found: set[int] = set()
    for row in scores:
        at = np.argpartition(-row, n)[:n] if n < len(row) else np.arange(len(row))
        found.update(at[row[at] > 0].tolist())
    return np.array(sorted(found), dtype=np.int64)


def ranked(
    texts: Sequence[str],
    found: Sequence[Candidate],
    asked: NDArray[np.float32],
    words: NDArray[np.float32],
    rows: NDArray[np.int64],
) -> list[Hit]:
    """Both scores of every candidate, fused; best first.

    Parameters
    ----------
    texts : sequence of str
        The query and its sentences.
    found : sequence of Candidate
    asked : float32 array of shape (texts, dimension)
    words : float32 array of shape (texts, n)
        BM25 of every row of ``rows``.
    rows : int64 array of shape (n,)
        Ascending row numbers.
    """
    lexical = _columns(words, rows, [one.row for one in found])
    dense = asked @ np.stack([one.vector for one in found]).T
    lexical, dense = fusion.min_max(lexical), fusion.min_max(dense)
    fused = fusion.convex(lexical, dense)
    families: dict[tuple[str, str], int] = {}
    tools = [families.setdefault((one.category, one.tool), len(families)) for one in found]
    total = fusion.tool_prior(fusion.sentences_best(fused), np.array(tools))
    sentences = min(1, len(texts) - 1)  # past the whole query, where there are any
    part = sentences + fused[sentences:].argmax(axis=0)
    return [
        Hit(
            found[i].id,
            round(float(total[i]), 6),
            round(float(lexical[part[i], i]), 6),
            round(float(dense[part[i], i]), 6),
            texts[part[i]],
        )
        for i in np.argsort(-total, kind="stable").tolist()
    ]


def _columns(
    words: NDArray[np.float32], rows: NDArray[np.int64], wanted: Sequence[int]
) -> NDArray[np.float32]:
    """The columns of the wanted rows; zeros for a row that is newer than the BM25 index."""
    if len(rows) == 0:
        return np.zeros((len(words), len(wanted)), dtype=np.float32)
    at = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
    return np.where(rows[at] == wanted, words[:, at], 0)
