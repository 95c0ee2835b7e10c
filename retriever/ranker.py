"""From features to an order: a weighted sum, with weights chosen once or fitted to a collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolgrove.data import codec
from toolgrove.errors import CatalogError
from toolgrove.machine.files import write_beside
from toolgrove.retriever.features import FEATURES
from toolgrove.retriever.fusion import Scores

__all__ = ["DEFAULT", "LabelledQuery", "Ranker", "fit"]

VERSION = 1
STEPS, RATE, PULL = 400, 0.05, 0.01


@dataclass(frozen=True, slots=True)
class Ranker:
    """A weight for each of :data:`toolgrove.retriever.features.FEATURES`.

    Parameters
    ----------
    weights : tuple of float
    queries : int
        How many it was fitted to; 0 for the default.
    """

    weights: tuple[float, ...]
    queries: int = 0

    def scores(self, features: Scores) -> Scores:
        """The score of each candidate, at most 1, from features of shape (candidates, features)."""
        highest = sum(weight for weight in self.weights if weight > 0)
        # next to nothing is nothing: dividing by it could overflow
        total: Scores = features @ np.array(self.weights) / (highest if highest > 1e-9 else 1.0)
        return total

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        named = dict(zip(FEATURES, self.weights, strict=True))
        text = codec.dumps({"version": VERSION, "queries": self.queries, "weights": named})
        write_beside(path, [text])

    @classmethod
    def load(cls, path: Path) -> Ranker:
        """Read what :meth:`save` wrote.

        Raises
        ------
        CatalogError
            It cannot be read, or was made for other features.
        """
        try:
            read = codec.loads(path.read_bytes())
            named, queries = read["weights"], int(read["queries"])
            if read["version"] != VERSION or set(named) != set(FEATURES):
                raise ValueError("made for other features")
            weights = tuple(float(named[name]) for name in FEATURES)
            if not np.isfinite(weights).all():
                raise ValueError("a weight is not a number")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CatalogError(
                f"{path}: not a ranker of this version ({error}). Delete it, or train it again."
            ) from error
        return cls(weights, queries)


DEFAULT = Ranker((0.35, 0.55, 0.2, 0.45, 0.45, 0.25, 0.15))
"""Used where no ranker was fitted: see docs/retrieval.md for what it was chosen on."""


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """A query's candidates: their features, and which of them are relevant."""

    features: Scores
    relevant: NDArray[np.bool_]


def fit(examples: Sequence[LabelledQuery], start: Ranker = DEFAULT) -> Ranker:
    """Weights under which relevant candidates pass the others, near those of ``start``.

    Minimises ``mean(log(1 + sum(exp(other)) / exp(relevant)))`` over relevant candidates by Adam,
    plus a pull towards ``start``: a multiple-negatives loss in which a query's other relevant
    candidates are no negatives.

    Parameters
    ----------
    examples : sequence of LabelledQuery
        Those without a relevant candidate, or without any other, teach nothing.
    """
    useful = [one for one in examples if one.relevant.any() and not one.relevant.all()]
    scale = 10.0  # from scores near 1 to odds
    first = scale * np.array(start.weights)
    weights, mean, square = first.copy(), np.zeros_like(first), np.zeros_like(first)
    together = _Together.of(useful)
    for step in range(1, STEPS + 1 if useful else 1):
        slope = together.slope(weights) + PULL * (weights - first)
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        weights -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
    return Ranker(tuple((weights / scale).round(4).tolist()), len(useful))


@dataclass(frozen=True, slots=True)
class _Together:
    """All queries in one array, so that a step is a few operations and not a few for each query."""

    features: NDArray[np.float64]
    """By query, candidate and feature; a query with fewer candidates ends in zeros."""
    relevant: NDArray[np.bool_]
    others: NDArray[np.bool_]

    @classmethod
    def of(cls, examples: Sequence[LabelledQuery]) -> _Together:
        most = max((len(one.relevant) for one in examples), default=0)
        features = np.zeros((len(examples), most, len(FEATURES)))
        relevant = np.zeros((len(examples), most), bool)
        others = relevant.copy()
        for row, one in enumerate(examples):
            features[row, : len(one.relevant)] = one.features
            relevant[row, : len(one.relevant)] = one.relevant
            others[row, : len(one.relevant)] = ~one.relevant
        return cls(features, relevant, others)

    def slope(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The loss's gradient, a mean over queries."""
        scores = np.where(self.others, self.features @ weights, -np.inf)
        top = scores.max(axis=1, keepdims=True)
        odds = np.exp(scores - top)
        total = odds.sum(axis=1, keepdims=True)
        centre = self._weighed(odds) / total
        ahead = self.features @ weights - (top + np.log(total))
        lost = np.where(self.relevant, 1 / (1 + np.exp(np.clip(ahead, -50, 50))), 0)
        missed = lost.sum(axis=1, keepdims=True) * centre - self._weighed(lost)
        by_query: NDArray[np.float64] = missed / self.relevant.sum(axis=1, keepdims=True)
        return np.asarray(by_query.mean(axis=0))

    def _weighed(self, by: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums of a query's features, each candidate's times its number."""
        weighed: NDArray[np.float64] = (by[:, None, :] @ self.features)[:, 0]
        return weighed
