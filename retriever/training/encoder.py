"""Tuning an encoder's top layers on labelled queries, on a CPU in minutes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import UsageError
from toolgrove.machine import weights
from toolgrove.machine.progress import Tick, silent
from toolgrove.retriever.artefact import Manifest, sealed
from toolgrove.retriever.embedding import MiniLM, batches
from toolgrove.retriever.training.examples import Examples, mined
from toolgrove.retriever.training.loss import ranking_loss, relevance
from toolgrove.retriever.tuned import LAYERS, TunedMiniLM, quantised

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from toolgrove.retriever.embedding import Embedder

__all__ = ["EncoderSettings", "Training", "train_encoder"]


CHECKS = 4
"""How often in an epoch the loss on the kept queries is measured."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How an encoder is tuned.

    Parameters
    ----------
    layers : int
        How many, from the top; the others and the word embeddings stay as they are.
    epochs : int
        Passes over the queries.
    batch : int
        Queries in a batch, each with all its positives.
    negatives : int
        Mined hard negatives a query.
    rate : float
        AdamW's greatest learning rate, reached after a tenth of the steps and falling to 0.
    temperature : float
        That cosines are divided by.
    kept : float
        Share of the queries that are not trained on but tell which state is best.
    seed : int
    """

    layers: int = 3
    epochs: int = 1
    batch: int = 8
    negatives: int = 3
    rate: float = 2e-4
    temperature: float = 0.05
    kept: float = 0.1
    seed: int = 0


@dataclass(slots=True)
class Training:
    """What a training did, filled in as it goes.

    Attributes
    ----------
    losses : list of float
        Of every batch.
    kept : list of float
        Loss on the kept queries, before the first batch and then at every check.
    stopped : bool
        Whether it was interrupted.
    """

    losses: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    stopped: bool = False


def train_encoder(
    data: Examples,
    settings: EncoderSettings | None = None,
    *,
    base: Embedder | None = None,
    tick: Tick | None = None,
    report: Training | None = None,
) -> TunedMiniLM:
    """Tune all-MiniLM-L6-v2 so that queries come near the documents they are labelled with.

    The loss is :func:`toolgrove.retriever.training.loss.ranking_loss` over each batch's documents:
    the positives of all its queries and mined hard negatives. An interrupt (Ctrl-C) ends the
    training; the state that was best on the kept queries is what is returned either way.

    Parameters
    ----------
    data : Examples
    settings : EncoderSettings, optional
    base : Embedder, optional
        What mines the hard negatives together with BM25; the default embedder otherwise.
    tick : callable, optional
        Progress.
    report : Training, optional
        Filled in with the losses.

    Returns
    -------
    TunedMiniLM
        An embedder that needs no torch; save it with its ``save``.

    Raises
    ------
    UsageError
        The settings do not fit together or to the data.
    WeightsError
        The weights of the default embedder cannot be had.
    """
    settings, report = settings or EncoderSettings(), report or Training()
    if not 1 <= settings.layers <= LAYERS or settings.epochs < 1 or settings.batch < 1:
        raise UsageError(f"layers are 1 to {LAYERS}; epochs and batch are 1 or more.")
    from toolgrove.retriever.training.base import minilm

    trainer = _Trainer(minilm(), data, settings, hard_negatives(data, settings, base or MiniLM()))
    state = trainer.run(tick or silent, report)
    tensors = quantised(state, settings.layers)
    manifest = Manifest(
        kind="encoder",
        base=MiniLM.name,
        base_sha256=weights.MINILM_INT8.sha256,
        data=data.digest,
        settings=asdict(settings),
        measures={"loss": report.losses[-1:], "kept": report.kept},
    )
    return TunedMiniLM(sealed(manifest, tensors), tensors)


def hard_negatives(
    data: Examples, settings: EncoderSettings, base: Embedder
) -> list[tuple[int, ...]]:
    """For each query what BM25 and the base together rank high although it is not relevant."""
    if not settings.negatives:
        return [()] * len(data)
    dense = base.embed(data.queries, query=True) @ base.embed(data.documents).T
    return mined(data, dense, settings.negatives)


class _Trainer:
    def __init__(
        self,
        model: SentenceTransformer,
        data: Examples,
        settings: EncoderSettings,
        negatives: Sequence[tuple[int, ...]],
    ) -> None:
        import torch

        self._model, self._data, self._settings = model, data, settings
        self._negatives = negatives
        self._bert = cast(Any, model[0].auto_model)  # a BertModel
        self._random = random.Random(settings.seed)
        torch.manual_seed(settings.seed)
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self._trained = [
            parameter
            for layer in self._bert.encoder.layer[-settings.layers :]
            for parameter in layer.parameters()
        ]
        for parameter in self._trained:
            parameter.requires_grad_(True)

    def run(self, tick: Tick, report: Training) -> Mapping[str, NDArray[np.float32]]:
        """Train; returns the best state there was."""
        places = list(range(len(self._data)))
        self._random.shuffle(places)
        count = min(round(self._settings.kept * len(places)), 64)
        kept, rest = places[:count], places[count:]
        steps = self._settings.epochs * -(-len(rest) // self._settings.batch)
        every = max(1, steps // (CHECKS * self._settings.epochs))
        optimizer, schedule = self._optimizer(steps)
        best, least = self._state(), self._kept_loss(kept, report)
        try:
            for step, batch in enumerate(self._batches(rest), 1):
                loss = self._loss(batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                report.losses.append(float(loss.detach()))
                tick(step, steps)
                if step % every == 0 or step == steps:
                    now = self._kept_loss(kept, report)
                    if now <= least or not kept:
                        best, least = self._state(), now
        except KeyboardInterrupt:
            report.stopped = True
        return best

    def _optimizer(self, steps: int) -> tuple[Any, Any]:
        import torch

        optimizer = torch.optim.AdamW(self._trained, lr=self._settings.rate, weight_decay=0.01)
        warm = max(1, steps // 10)

        def factor(step: int) -> float:
            return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))

        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)

    def _batches(self, places: list[int]) -> Iterator[list[int]]:
        for _ in range(self._settings.epochs):
            self._random.shuffle(places)
            for at in range(0, len(places), self._settings.batch):
                yield places[at : at + self._settings.batch]

    def _loss(self, batch: Sequence[int]) -> Tensor:
        import torch

        own = [self._data.positives[i] for i in batch]
        wanted = [*own, *(self._negatives[i] for i in batch)]
        documents = sorted({place for some in wanted for place in some})
        asked = self._embedded([self._data.queries[i] for i in batch])
        found = self._embedded([self._data.documents[i] for i in documents])
        scores = asked @ found.T / self._settings.temperature
        return ranking_loss(scores, torch.from_numpy(relevance(own, documents)))

    def _embedded(self, texts: Sequence[str]) -> Tensor:
        """Vectors of texts; those of like length are computed together, to pad little."""
        import torch

        features = self._model.preprocess(list(texts))
        lengths: list[int] = features["attention_mask"].sum(dim=1).tolist()
        places, vectors = [], []
        for some in batches(lengths, tokens=4096):
            longest = max(lengths[i] for i in some)
            part = {
                name: features[name][some, :longest]
                for name in ("input_ids", "attention_mask", "token_type_ids")
            }
            vectors.append(self._model(part)["sentence_embedding"])
            places += some
        return torch.cat(vectors)[torch.tensor(places).argsort()]

    def _kept_loss(self, kept: Sequence[int], report: Training) -> float:
        import torch

        if not kept:
            return 0.0
        self._model.eval()
        size = self._settings.batch
        with torch.no_grad():
            losses = [float(self._loss(kept[at : at + size])) for at in range(0, len(kept), size)]
        self._model.train()
        report.kept.append(float(np.mean(losses)))
        return report.kept[-1]

    def _state(self) -> dict[str, NDArray[np.float32]]:
        state: Mapping[str, Tensor] = self._bert.state_dict()
        return {
            name: value.detach().numpy().copy()
            for name, value in state.items()
            if name.startswith("encoder.layer.")
        }
