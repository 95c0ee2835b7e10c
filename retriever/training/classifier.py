"""Fitting a multi-label classifier over frozen query vectors: numpy only, seconds on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolgrove.data import codec
from toolgrove.data.formats.query_sets import labels
from toolgrove.errors import UsageError
from toolgrove.machine.progress import Tick
from toolgrove.retriever.artefact import Manifest, sealed
from toolgrove.retriever.classifier import ToolClassifier
from toolgrove.retriever.training.adam import Adam

if TYPE_CHECKING:
    from toolgrove.data.records import Task
    from toolgrove.retriever.embedding import Embedder

__all__ = ["ClassifierSettings", "train_classifier"]


@dataclass(frozen=True, slots=True)
class ClassifierSettings:
    """How a classifier is trained.

    Parameters
    ----------
    steps : int
        Of Adam, each over all queries.
    rate : float
        Adam's learning rate.
    decay : float
        Weight of the squared size of the heads in the loss.
    most : float
        Bound on a positive's weight, which else is how many times more negatives a tool has.
    """

    steps: int = 300
    rate: float = 0.05
    decay: float = 1e-4
    most: float = 50.0


def train_classifier(
    tasks: Sequence[Task],
    embedder: Embedder,
    settings: ClassifierSettings | None = None,
    *,
    tick: Tick | None = None,
    losses: list[float] | None = None,
) -> ToolClassifier:
    """Fit one logistic head a tool; the tools are those that the tasks are labelled with.

    A tool is wanted by few of the queries: without weights for the positives, the heads learn to
    say no. An interrupt (Ctrl-C) ends the training; what was learnt so far is returned.

    Raises
    ------
    UsageError
        No task is labelled, or there is one tool only.
    """
    settings = settings or ClassifierSettings()
    labelled = [task for task in tasks if labels(task) and task.query.strip()]
    tools = sorted({tool for task in labelled for tool in labels(task)})
    if len(tools) < 2:
        raise UsageError("a classifier needs queries that are labelled with two tools or more.")
    place = {tool: i for i, tool in enumerate(tools)}
    wanted = np.zeros((len(labelled), len(tools)))
    for row, task in enumerate(labelled):
        wanted[row, [place[tool] for tool in labels(task)]] = 1
    queries = [" ".join(task.query.split()) for task in labelled]
    vectors = embedder.embed(queries, query=True).astype(np.float64)
    weights, bias = _fitted(vectors, wanted, settings, tick, [] if losses is None else losses)
    tensors = {"weights": weights.astype(np.float32), "bias": bias.astype(np.float32)}
    manifest = Manifest(
        kind="classifier",
        base=embedder.name,
        data=codec.digest([[task.query, labels(task)] for task in labelled]),
        settings={**asdict(settings), "tools": tools},
    )
    return ToolClassifier(embedder, sealed(manifest, tensors), **tensors)


def _fitted(
    vectors: NDArray[np.float64],
    wanted: NDArray[np.float64],
    settings: ClassifierSettings,
    tick: Tick | None,
    losses: list[float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = wanted.sum(axis=0)
    positive = np.clip((len(wanted) - count) / count, 1, settings.most)
    share = np.where(wanted > 0, positive, 1.0)
    share /= share.sum(axis=0)  # each tool counts the same
    adam = Adam([np.zeros((wanted.shape[1], vectors.shape[1])), np.zeros(wanted.shape[1])])
    try:
        for step in range(1, settings.steps + 1):
            weights, bias = adam.values
            logits = vectors @ weights.T + bias
            losses.append(
                float((share * (np.logaddexp(0, logits) - wanted * logits)).sum(0).mean())
            )
            slope = share * (0.5 + 0.5 * np.tanh(0.5 * logits) - wanted)
            adam.step(
                [slope.T @ vectors + 2 * settings.decay * weights, slope.sum(axis=0)], settings.rate
            )
            if tick is not None:
                tick(step, settings.steps)
    except KeyboardInterrupt:
        pass
    weights, bias = adam.values
    return weights, bias
