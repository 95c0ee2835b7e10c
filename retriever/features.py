"""What a ranking knows of each candidate: one row of numbers, all of them better when higher.

Requests often ask for several things, one a sentence, and APIs come in families. So a candidate is
looked at by itself (the whole query, the sentence it fits best, how much of its name was said) and
as one of its tool and of its category: a family that serves every sentence nearly as well as the
best candidates of all families do is what a request was probably about.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolgrove.retriever.fusion import Scores, convex
from toolgrove.retriever.lexical import tokens

__all__ = ["FEATURES", "coverage", "family_fit", "features"]

FEATURES = (
    "whole",
    "sentence",
    "tool_best",
    "tool_fit",
    "category_fit",
    "name_said",
    "tool_said",
)
"""The columns of :func:`features`.

``whole``: fused score for the whole query. ``sentence``: for the sentence it fits best, those that
only set the scene counting less. ``tool_best``: the best of
``whole`` and ``sentence`` together among its tool's candidates. ``tool_fit``, ``category_fit``:
:func:`family_fit`. ``name_said``, ``tool_said``: :func:`coverage` of its name by a sentence, and
of its tool's name by the query, which counts the more the rarer its words are: brands, not fields.
"""

LEXICAL = 0.75
"""Weight of BM25 beside cosine in a fused score, where the documents have every word of a part."""
WHOLE = 0.4
"""Weight of the whole query beside the best sentence where one number is wanted."""
WIDTH = 0.1
"""How far behind the best candidates a family may be and still be taken for what is meant."""

Rarity: TypeAlias = Callable[[str], float]
"""The inverse document frequency of a token."""


def features(
    lexical: Scores,
    dense: Scores,
    weights: Scores,
    asking: Scores,
    families: tuple[NDArray[np.integer], NDArray[np.integer]],
    said: tuple[Scores, Scores],
) -> Scores:
    """The features of a query's candidates.

    Parameters
    ----------
    lexical, dense : arrays of shape (parts, candidates)
        BM25 and cosine; the whole query in row 0, its sentences after it where it has several.
    weights : array of shape (parts,)
        Weight of BM25 beside cosine: :data:`LEXICAL` times what the documents have words for
        (:func:`toolgrove.retriever.lexical.known_share`). Requests in other words than a
        catalogue's are found by their meaning.
    asking : array of shape (parts,)
        How much each part asks for something, 0 to 1
        (:func:`toolgrove.retriever.documents.asking`).
    families : two integer arrays of shape (candidates,)
        Equal numbers for candidates of one tool, and of one category.
    said : two arrays of shape (parts, candidates)
        :func:`coverage` of the candidates' names and of their tools' names.

    Returns
    -------
    array of shape (candidates, len(FEATURES))
    """
    fused = convex(lexical, dense, weights[:, None])
    rows = slice(min(1, len(fused) - 1), None)  # the sentences, or the query where it is only one
    sentences, asks = fused[rows], asking[rows]
    sentence = (sentences * asks[:, None]).max(axis=0)
    alone = WHOLE * fused[0] + (1 - WHOLE) * sentence
    tools, categories = families
    return np.stack(
        [
            fused[0],
            sentence,
            _best(alone[None], tools)[0],
            family_fit(sentences, asks, tools),
            family_fit(sentences, asks, categories),
            said[0][rows].max(axis=0),
            said[1][0],
        ],
        axis=1,
    )


def family_fit(sentences: Scores, asks: Scores, family: NDArray[np.integer]) -> Scores:
    """How nearly one family alone serves all sentences as well as the best of any family do.

    ``exp((own - free) / WIDTH)``, of the means over sentences of the family's best score and of the
    best score, times ``1 - 1 / n`` for n sentences: one sentence says nothing about a family.

    Examples
    --------
    >>> scores = np.array([[1.0, 0.9, 0.0], [0.0, 0.9, 1.0]])
    >>> family_fit(scores, np.ones(2), np.array([7, 8, 9])).round(3).tolist()
    [0.003, 0.184, 0.003]
    >>> family_fit(scores, np.ones(2), np.array([7, 8, 7])).round(3).tolist()
    [0.5, 0.184, 0.5]
    """
    share = asks / asks.sum()
    own = share @ _best(sentences, family)
    free = float(share @ sentences.max(axis=1))
    fit: Scores = (1 - asks.max() / asks.sum()) * np.exp((own - free) / WIDTH)
    return fit


def coverage(
    parts: Sequence[str], names: Sequence[str], rarity: Rarity, highest: float | None = None
) -> Scores:
    """How much of each name the parts of a query say, by the rarity of its words.

    Where ``highest`` is given, the share is multiplied by the rarity of the rarest word that was
    said over this: to say a name of common words hardly names it.

    Returns
    -------
    array of shape (parts, names)
        1 where every word was said, 0 where none was or the name has no words.

    Examples
    --------
    >>> coverage(["Verify an e-mail"], ["verifyPhone", "Verify"], lambda token: 1.0).tolist()
    [[0.5, 1.0]]
    """
    said: dict[str, NDArray[np.float64]] = {}  # word -> which parts say it
    for row, part in enumerate(parts):
        for word in tokens(part):
            said.setdefault(word, np.zeros(len(parts)))[row] = 1
    nothing = np.zeros(len(parts))
    known: dict[str, NDArray[np.float64]] = {}
    for name in names:
        if name not in known:
            words = _words(name)
            hits = [rarity(word) * said[word] for word in words if word in said]
            share = sum(hits, nothing) / math.fsum(map(rarity, words)) if hits else nothing
            if highest and hits:
                share = share * np.minimum(np.max(hits, axis=0) / highest, 1)
            known[name] = share
    return np.array([known[name] for name in names]).reshape(len(names), len(parts)).T


@lru_cache(maxsize=65_536)
def _words(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tokens(name)))


def _best(scores: Scores, family: NDArray[np.integer]) -> Scores:
    """The best score among each candidate's family, row by row."""
    _, member = np.unique(family, return_inverse=True)
    best = np.full((len(scores), int(member.max(initial=-1)) + 1), -np.inf)
    for row, some in zip(best, scores, strict=True):
        np.maximum.at(row, member, some)
    return best[:, member]
