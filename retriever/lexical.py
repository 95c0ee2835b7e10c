"""BM25 over tools' documents: the tokens, the index, and its folder on disk.

``bm25s`` (Lù, 2024) with its usual k1 1.5 and b 0.75.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Lexical", "known_share", "tokens"]

K1, B = 1.5, 0.75
_ROWS = "rows.npy"
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]{2,}")


@cache
def _language() -> tuple[frozenset[str], Callable[[list[str]], list[str]]]:
    """English stop words and stemmer."""
    import Stemmer
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    return frozenset(STOPWORDS_EN_PLUS), Stemmer.Stemmer("english").stemWords


def tokens(text: str) -> list[str]:
    """A text's words of two characters or more: camel case split, stop words out, stemmed.

    Examples
    --------
    >>> tokens("getLatestLotteryResults for the EuroMillions draw_id")
    ['get', 'latest', 'lotteri', 'result', 'euro', 'million', 'draw', 'id']
    """
    stop, stem = _language()
    words = _WORD.findall(_CAMEL.sub(" ", text).lower())
    return stem([word for word in words if word not in stop])


class Lexical:
    """A BM25 index over numbered rows; made once, then only read.

    Attributes
    ----------
    rows : int64 array of shape (n,)
        The number of the row that each document came with.
    """

    def __init__(self, bm25: Any, rows: NDArray[np.int64]) -> None:
        self._bm25 = bm25
        self.rows = rows
        self._rarity: dict[str, float] = {}

    @classmethod
    def build(
        cls, documents: Iterable[tuple[int, str]], folder: Path, *, k1: float = K1, b: float = B
    ) -> None:
        """Index ``(row, document)`` pairs into a new folder; read it with :meth:`load`."""
        import bm25s

        rows: list[int] = []
        numbers: dict[str, int] = {}
        corpus = list(_numbered(documents, rows, numbers))
        folder.mkdir(parents=True)
        np.save(folder / _ROWS, np.asarray(rows, dtype=np.int64))
        if any(corpus):
            bm25 = bm25s.BM25(k1=k1, b=b)
            bm25.index((corpus, numbers), show_progress=False)
            bm25.save(folder, show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> Lexical:
        """Open a folder that :meth:`build` made; its arrays are mapped, not read."""
        import bm25s

        rows = np.load(folder / _ROWS)
        if not any(folder.glob("*.index.*")):  # no document has a word
            return cls(None, rows)
        return cls(bm25s.BM25.load(folder, mmap=True, show_progress=False), rows)

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """BM25 of every document for each text.

        Returns
        -------
        float32 array of shape (texts, n)
            0 where no word of the text is in the document.
        """
        found = np.zeros((len(texts), len(self.rows)), dtype=np.float32)
        if self._bm25 is not None:
            vocabulary = self._bm25.vocab_dict
            for i, text in enumerate(texts):
                known = [token for token in tokens(text) if token in vocabulary]
                if known:
                    found[i] = self._bm25.get_scores(known)
        return found

    @property
    def highest(self) -> float:
        """The rarity of a token that one document has."""
        return math.log(1 + len(self.rows) / 1.5)

    def __contains__(self, token: str) -> bool:
        return self._bm25 is not None and token in self._bm25.vocab_dict

    def rarity(self, token: str) -> float:
        """The inverse document frequency of a token: ``log(1 + n / (df + 0.5))``.

        It is positive for every token; the more documents have it, the smaller.
        """
        known = self._rarity.get(token)
        if known is None:
            if token not in self:
                return math.log(1 + len(self.rows) / 0.5)
            column, starts = self._bm25.vocab_dict[token], self._bm25.scores["indptr"]
            found = int(starts[column + 1] - starts[column])
            known = self._rarity[token] = math.log(1 + len(self.rows) / (found + 0.5))
        return known


def known_share(texts: Sequence[str], lexical: Lexical) -> NDArray[np.float64]:
    """How much of each text the documents have words for, 0 to 1, by the rarity of the words.

    What no document says cannot be found by words: the less is known of a text, the less its BM25
    scores tell.

    Returns
    -------
    array of shape (texts,)
        0 for a text without words.
    """
    return np.array([_known_share(set(tokens(text)), lexical) for text in texts])


def _known_share(words: set[str], lexical: Lexical) -> float:
    known = math.fsum(lexical.rarity(word) for word in words if word in lexical)
    total = math.fsum(map(lexical.rarity, words))
    return known / total if total else 0.0


def _numbered(
    documents: Iterable[tuple[int, str]], rows: list[int], numbers: dict[str, int]
) -> Iterator[list[int]]:
    """Each document's tokens by number: an eighth of the memory that the words would take."""
    for row, document in documents:
        rows.append(row)
        yield [numbers.setdefault(token, len(numbers)) for token in tokens(document)]
