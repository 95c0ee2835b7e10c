"""Learning a query adapter over frozen vectors: numpy only, seconds on a CPU."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import UsageError
from toolgrove.machine.progress import Tick
from toolgrove.retriever.adapter import AdaptedEmbedder
from toolgrove.retriever.artefact import Manifest, sealed
from toolgrove.retriever.training.adam import Adam
from toolgrove.retriever.training.examples import Examples

if TYPE_CHECKING:
    from toolgrove.retriever.embedding import Embedder

__all__ = ["AdapterSettings", "loss_and_slopes", "train_adapter"]

Matrix: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """How an adapter is trained.

    Parameters
    ----------
    rank : int
        Of the residual.
    steps : int
        Of Adam, each over all queries and all documents.
    rate : float
        Adam's learning rate.
    decay : float
        Weight of the squared size of the residual's matrices in the loss.
    temperature : float
        That cosines are divided by.
    seed : int
    """

    rank: int = 64
    steps: int = 60
    rate: float = 3e-4
    decay: float = 1e-3
    temperature: float = 0.05
    seed: int = 0


def train_adapter(
    data: Examples,
    base: Embedder,
    settings: AdapterSettings | None = None,
    *,
    tick: Tick | None = None,
    losses: list[float] | None = None,
) -> AdaptedEmbedder:
    """Fit an adapter for an embedder's query vectors; every document is in every step.

    An interrupt (Ctrl-C) ends the training; the adapter learnt so far is returned.

    Parameters
    ----------
    data : Examples
    base : Embedder
        Its vectors stay as they are.
    settings : AdapterSettings, optional
    tick : callable, optional
        Progress.
    losses : list of float, optional
        Filled in with the loss of every step.

    Raises
    ------
    UsageError
        A setting is out of range.
    """
    settings = settings or AdapterSettings()
    if not 1 <= settings.rank <= base.dimension or settings.steps < 1:
        raise UsageError(f"rank is 1 to {base.dimension}, steps are 1 or more.")
    asked = base.embed(data.queries, query=True).astype(np.float64)
    found = base.embed(data.documents).astype(np.float64)
    relevant = np.zeros((len(data), len(data.documents)), dtype=bool)
    for row, own in enumerate(data.positives):
        relevant[row, list(own)] = True
    down, up = _fitted(asked, found, relevant, settings, tick, [] if losses is None else losses)
    tensors = {"down": down.astype(np.float32), "up": up.astype(np.float32)}
    manifest = Manifest(
        kind="adapter",
        base=base.name,
        data=data.digest,
        settings=asdict(settings),
    )
    return AdaptedEmbedder(base, sealed(manifest, tensors), **tensors)


def _fitted(
    asked: Matrix,
    found: Matrix,
    relevant: NDArray[np.bool_],
    settings: AdapterSettings,
    tick: Tick | None,
    losses: list[float],
) -> tuple[Matrix, Matrix]:
    random = np.random.default_rng(settings.seed)
    dimension = asked.shape[1]
    adam = Adam(
        [
            random.normal(0, dimension**-0.5, (settings.rank, dimension)),
            np.zeros((dimension, settings.rank)),
        ]
    )
    try:
        for step in range(1, settings.steps + 1):
            down, up = adam.values
            loss, slopes = loss_and_slopes(asked, found, relevant, down, up, settings.temperature)
            losses.append(loss)
            decayed = zip(slopes, adam.values, strict=True)
            adam.step(
                [slope + 2 * settings.decay * value for slope, value in decayed], settings.rate
            )
            if tick is not None:
                tick(step, settings.steps)
    except KeyboardInterrupt:
        pass
    down, up = adam.values
    return down, up


def loss_and_slopes(
    asked: Matrix,
    found: Matrix,
    relevant: NDArray[np.bool_],
    down: Matrix,
    up: Matrix,
    temperature: float,
) -> tuple[float, tuple[Matrix, Matrix]]:
    """:func:`toolgrove.retriever.training.loss.ranking_loss` of adapted queries, and its gradient.

    Parameters
    ----------
    asked, found : arrays of shape (queries, dimension) and (documents, dimension)
        Rows of length 1.
    relevant : bool array of shape (queries, documents)
    down, up : arrays of shape (rank, dimension) and (dimension, rank)
    temperature : float

    Returns
    -------
    float, (array, array)
        The loss, and its derivatives by ``down`` and ``up``.
    """
    inner = asked @ down.T
    moved = asked + inner @ up.T
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    unit = moved / length
    scores = unit @ found.T / temperature
    others = np.where(relevant, -np.inf, scores)
    against = _logsumexp(others)
    each = np.logaddexp(scores, against)  # log of what a positive competes in
    own = relevant / relevant.sum(axis=1, keepdims=True)
    loss = float((own * (each - scores)).sum(axis=1).mean())
    # d each/d score of the positive itself, and through `against` of every other
    itself = np.exp(scores - each)
    rest = (own * (1 - itself)).sum(axis=1, keepdims=True)
    slope = -own * (1 - itself) + rest * np.exp(others - against)
    slope /= len(asked) * temperature
    by_unit = slope @ found
    by_moved = (by_unit - unit * (by_unit * unit).sum(axis=1, keepdims=True)) / length
    return loss, ((by_moved @ up).T @ asked, by_moved.T @ inner)


def _logsumexp(rows: Matrix) -> Matrix:
    most = rows.max(axis=1, keepdims=True)
    total: Matrix = most + np.log(np.exp(rows - most).sum(axis=1, keepdims=True))
    return total
