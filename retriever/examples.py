"""Earlier queries that a tool served: the nearest one, and few that differ in every way.

After APIGen (Chen et al., SANER 2024), which picks its examples from the lexical, the syntactic
and the semantic side; here a query's words, its shape and its embedding. Diversity is maximal
marginal relevance (Carbonell and Goldstein, SIGIR 1998).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolgrove.retriever.lexical import tokens

if TYPE_CHECKING:
    from collections.abc import Hashable, Set

    from toolgrove.retriever.embedding import Embedder

__all__ = ["diverse", "likeness", "nearest", "shape"]

BALANCE = 0.6
"""Weight of being near the query against being unlike the examples chosen before."""
MOST = 64
"""Examples that are compared with each other, which is quadratic: the nearest by their meaning."""
_FUNCTION_WORDS = frozenset(
    {
        *("a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be"),
        *("before", "between", "by", "can", "could", "did", "do", "does", "for", "from", "has"),
        *("have", "how", "i", "if", "in", "into", "is", "it", "its", "many", "me", "much", "my"),
        *("of", "on", "or", "our", "please", "that", "the", "their", "them", "then", "there"),
        *("these", "this", "to", "was", "we", "what", "when", "where", "which", "who", "whose"),
        *("why", "will", "with", "would", "you", "your"),
    }
)
_TOKEN = re.compile(r"\d[\d.,:/-]*|[^\W_]+|[?!]")


def shape(text: str) -> list[str]:
    """A sentence's form: function words stay, other words become ``x`` and numbers ``0``.

    Function words carry the syntax of English, and need no parser.

    Examples
    --------
    >>> shape("How far is Oslo from Bergen, in 2 ways?")
    ['how', 'x', 'is', 'x', 'from', 'x', 'in', '0', 'x', '?']
    """
    return [
        word if word in _FUNCTION_WORDS or word in "?!" else "0" if word[0].isdigit() else "x"
        for word in _TOKEN.findall(text.lower())
    ]


def likeness(texts: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """How alike texts are: the mean of three similarities between 0 and 1.

    Jaccard of the stemmed words (lexical), Jaccard of the pairs of neighbours in the shape
    (syntactic), and cosine of the embeddings, negative ones as 0 (semantic).

    Parameters
    ----------
    texts : sequence of str
    vectors : float32 array of shape (texts, dimension)
        Their embeddings, rows of length 1.

    Returns
    -------
    float array of shape (texts, texts)
        Symmetric, with ones on the diagonal.

    Examples
    --------
    >>> alike = likeness(["rain in Oslo", "rain in Rome"], np.eye(2, dtype=np.float32))
    >>> alike.round(3).tolist()
    [[1.0, 0.444], [0.444, 1.0]]
    """
    words = [set(tokens(text)) for text in texts]
    forms = [set(zip(["", *form], [*form, ""], strict=True)) for form in map(shape, texts)]
    pairs = [
        [(_jaccard(words[i], words[j]) + _jaccard(forms[i], forms[j])) for j in range(len(texts))]
        for i in range(len(texts))
    ]
    meaning = np.clip(vectors @ vectors.T, 0, 1).astype(np.float64)
    found: NDArray[np.float64] = (np.array(pairs).reshape(meaning.shape) + meaning) / 3
    np.fill_diagonal(found, 1.0)
    return found


def diverse(query: NDArray[np.float64], among: NDArray[np.float64], n: int) -> list[int]:
    """Places of at most ``n`` examples that are near a query and unlike each other.

    Parameters
    ----------
    query : float array of shape (examples,)
        How near each example is to the query.
    among : float array of shape (examples, examples)
        How alike they are (:func:`likeness`).

    Returns
    -------
    list of int
        The nearest first.

    Examples
    --------
    >>> same = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.1], [0.1, 0.1, 1.0]])
    >>> diverse(np.array([0.9, 0.8, 0.6]), same, 2)
    [0, 2]
    """
    chosen: list[int] = []
    left = list(range(len(query)))
    while left and len(chosen) < n:
        worth = [
            BALANCE * query[i] - (1 - BALANCE) * max((among[i, j] for j in chosen), default=0.0)
            for i in left
        ]
        chosen.append(left.pop(int(np.argmax(worth))))
    return chosen


def nearest(
    query: str,
    texts: Sequence[str],
    embedder: Embedder,
    n: int,
    graphs: Sequence[Set[Hashable]] = (),
) -> list[tuple[int, float]]:
    """Places of at most ``n`` texts that are near a query and unlike each other.

    Parameters
    ----------
    query : str
    texts : sequence of str
    embedder : Embedder
        Compares their meanings.
    n : int
    graphs : sequence of set
        Of each text the edges of a graph that belongs to it, such as the calls that answered it:
        half of what counts as alike among the texts.

    Returns
    -------
    list of (int, float)
        Place and likeness to the query, the nearest first.
    """
    if not texts or n < 1:
        return []
    vectors = embedder.embed([query, *texts], query=True)
    by_meaning = np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")
    kept = sorted(int(place) for place in by_meaning[:MOST])
    alike = likeness(
        [query, *(texts[place] for place in kept)], vectors[[0, *(1 + i for i in kept)]]
    )
    among = alike[1:, 1:]
    if graphs:
        same = [[_jaccard(graphs[i], graphs[j]) for j in kept] for i in kept]
        among = (among + np.array(same)) / 2
    return [(kept[i], float(alike[0, 1 + i])) for i in diverse(alike[0, 1:], among, n)]


def _jaccard(one: Set[Hashable], other: Set[Hashable]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0
