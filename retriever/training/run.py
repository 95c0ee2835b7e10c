"""One training of any method from labelled tasks, and what it is worth on queries left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolgrove.data.formats.query_sets import labels
from toolgrove.data.records import JsonObject, Task, ToolSpec
from toolgrove.errors import UsageError
from toolgrove.machine.progress import Tick
from toolgrove.retriever import artefact
from toolgrove.retriever.adapter import AdaptedEmbedder
from toolgrove.retriever.classifier import ToolClassifier
from toolgrove.retriever.documents import document
from toolgrove.retriever.embedding import Embedder, MiniLM
from toolgrove.retriever.metrics import ndcg
from toolgrove.retriever.training.adapter import AdapterSettings, train_adapter
from toolgrove.retriever.training.classifier import train_classifier
from toolgrove.retriever.training.encoder import EncoderSettings, Training, train_encoder
from toolgrove.retriever.training.examples import (
    Examples,
    held_out,
    tool_disjoint,
    training_examples,
)
from toolgrove.retriever.training.remembered import Remembered
from toolgrove.retriever.tuned import TunedMiniLM

__all__ = ["Settings", "Trained", "measured", "train", "write"]

Model: TypeAlias = TunedMiniLM | AdaptedEmbedder | ToolClassifier

HELD_OUT = "held-out queries"
DISJOINT = "tools never seen"


@dataclass(frozen=True, slots=True)
class Settings:
    """What to train: ``method`` is ``encoder``, ``adapter`` or ``classifier``.

    ``layers`` and ``epochs`` are an encoder's
    (:class:`toolgrove.retriever.training.encoder.EncoderSettings`).
    """

    method: str
    layers: int = 3
    epochs: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model, on how many queries, and how its loss fell."""

    model: Model
    queries: int
    first_loss: float
    last_loss: float
    stopped: bool


def train(
    tasks: Sequence[Task],
    specs: Mapping[str, ToolSpec],
    settings: Settings,
    tick: Tick | None = None,
    base: Embedder | None = None,
) -> Trained:
    """Train on all labelled tasks over a catalogue, with ``base`` or the default embedder.

    Raises
    ------
    UsageError
        No task is labelled with a tool of the catalogue, or the settings do not fit.
    ModelError
        An encoder is wanted and the extra ``train`` is not installed.
    """
    base = base or MiniLM()
    if settings.method == "classifier":
        known = [task for task in tasks if any(tool in specs for tool in labels(task))]
        losses: list[float] = []
        heads = train_classifier(known, base, tick=tick, losses=losses)
        return _trained(heads, len(known), losses, heads.manifest)
    data = training_examples(tasks, specs.values())
    if settings.method == "adapter":
        losses = []
        adapted = train_adapter(
            data, base, AdapterSettings(seed=settings.seed), tick=tick, losses=losses
        )
        return _trained(adapted, len(data), losses, adapted.manifest)
    report = Training()
    chosen = EncoderSettings(layers=settings.layers, epochs=settings.epochs, seed=settings.seed)
    tuned = train_encoder(data, chosen, base=base, tick=tick, report=report)
    told = report.kept or report.losses
    first, last = (told[0], min(told)) if told else (float("nan"), float("nan"))
    return Trained(tuned, len(data), first, last, report.stopped)


def _trained(
    model: Model, queries: int, losses: Sequence[float], manifest: artefact.Manifest
) -> Trained:
    first, last = (losses[0], losses[-1]) if losses else (float("nan"), float("nan"))
    return Trained(model, queries, first, last, len(losses) < manifest.settings["steps"])


def measured(
    tasks: Sequence[Task],
    specs: Mapping[str, ToolSpec],
    settings: Settings,
    tick: Tick | None = None,
    base: Embedder | None = None,
) -> dict[str, JsonObject]:
    """What the same training reaches where it is tested on tasks that it did not see.

    Once on queries held out, once on queries all of whose tools no training query needs (never
    for a classifier, which cannot name such a tool). NDCG@5 of cosine alone over the whole
    catalogue, of a classifier's probabilities over its own tools; beside it the same of the
    embedder that nothing was trained for.

    Returns
    -------
    dict
        By split: ``trained_on`` and ``tested`` queries, ``ndcg@5``, ``untrained_ndcg@5``.
    """
    remembered = Remembered(base or MiniLM())
    usable = [task for task in tasks if any(tool in specs for tool in labels(task))]
    splits = {HELD_OUT: held_out(usable, seed=settings.seed)}
    if settings.method != "classifier":
        splits[DISJOINT] = tool_disjoint(usable, specs, seed=settings.seed)
    found: dict[str, JsonObject] = {}
    for done, (name, (some, tests)) in enumerate(splits.items()):
        if not some or not tests:
            raise UsageError(
                f"too few queries to measure on {name}: {len(usable)} are labelled with a tool of "
                "the catalogue. Give more, or leave measuring out with --no-measure."
            )
        trained = train(some, specs, settings, base=remembered)
        found[name] = {
            "trained_on": len(some),
            **_compared(trained.model, tests, specs, remembered),
        }
        if tick is not None:
            tick(done + 1, len(splits))
    return found


def _compared(
    model: Model, tests: Sequence[Task], specs: Mapping[str, ToolSpec], base: Embedder
) -> JsonObject:
    if isinstance(model, ToolClassifier):
        known = {tool: specs[tool] for tool in model.tools if tool in specs}
        tests = [task for task in tests if set(labels(task)) & set(known)]
        if not tests:
            raise UsageError("no held-out query needs a tool that the others need. Give more.")
        data, asked = training_examples(tests, known.values()), [task.query for task in tests]
        rows = {text: i for i, text in enumerate(data.documents)}
        scores = np.full((len(data), len(rows)), -np.inf)
        for tool, chances in zip(model.tools, model.probabilities(asked).T, strict=True):
            if tool in known:
                row = rows[document(known[tool])]
                scores[:, row] = np.maximum(scores[:, row], chances)
    else:
        data = training_examples(tests, specs.values())
        scores = _cosines(model, data)
    return {
        "tested": len(data),
        "ndcg@5": _ndcg(scores, data),
        "untrained_ndcg@5": _ndcg(_cosines(base, data), data),
    }


def _cosines(embedder: Embedder, data: Examples) -> NDArray[np.floating]:
    cosines: NDArray[np.floating] = (
        embedder.embed(data.queries, query=True) @ embedder.embed(data.documents).T
    )
    return cosines


def _ndcg(scores: NDArray[np.floating], data: Examples) -> float:
    order = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    pairs = zip(order.astype(str).tolist(), data.positives, strict=True)
    return round(float(np.mean([ndcg(row, set(map(str, own)), 5) for row, own in pairs])), 4)


def write(trained: Trained, folder: str | Path, measures: JsonObject) -> None:
    """Save the model, with what was measured in its manifest."""
    model = trained.model
    model.manifest = replace(model.manifest, measures={**model.manifest.measures, **measures})
    model.save(folder)
