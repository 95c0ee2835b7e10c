"""An encoder is tuned on real tasks for a few steps, and used without torch."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from support.embedders import need_minilm
from toolgrove.data import world
from toolgrove.errors import ModelError, UsageError, WeightsError
from toolgrove.machine import weights
from toolgrove.retriever.embedding import MiniLM
from toolgrove.retriever.training.encoder import EncoderSettings, Training, train_encoder
from toolgrove.retriever.training.examples import Examples, training_examples
from toolgrove.retriever.tuned import TunedMiniLM

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("default"),  # those of the libraries are not ours
]
SETTINGS = EncoderSettings(layers=1, batch=4, negatives=1, epochs=3, kept=0.0)
TEXTS = ["How far is it from Oslo to Stockholm?", "Which numbers won the lottery?"]


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> MiniLM:
    found = need_minilm(monkeypatch)
    try:
        weights.fetch(weights.MINILM_SAFETENSORS)
    except WeightsError as error:
        pytest.skip(f"no weights in full precision: {error}")
    return found


@pytest.fixture(scope="module")
def data() -> Examples:
    wanted = world.tasks()[::14]
    tools = {tool for task in wanted for tool in task.relevant}
    return training_examples(wanted, [spec for spec in world.specs() if spec.id in tools])


def test_the_loss_falls_and_the_result_needs_no_torch(
    base: MiniLM, data: Examples, tmp_path: Path
) -> None:
    report = Training()
    tuned = train_encoder(data, SETTINGS, base=base, report=report)
    epochs = np.reshape(report.losses, (SETTINGS.epochs, -1)).mean(axis=1)
    assert epochs[-1] < 0.8 * epochs[0]
    assert not report.stopped
    assert not np.allclose(tuned.embed(TEXTS), base.embed(TEXTS), atol=1e-3)
    tuned.save(tmp_path / "encoder")
    np.save(tmp_path / "texts.npy", tuned.embed(TEXTS))
    program = f"""
import sys
import numpy as np
from toolgrove.retriever.trained import load_embedder
vectors = load_embedder({str(tmp_path / "encoder")!r}).embed({TEXTS!r})
assert np.array_equal(vectors, np.load({str(tmp_path / "texts.npy")!r}))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ.copy())


def test_the_same_seed_gives_the_same_encoder(base: MiniLM, data: Examples) -> None:
    few = EncoderSettings(layers=1, batch=8, negatives=0, kept=0.0)
    some = data.take(range(8))
    one, two = train_encoder(some, few, base=base), train_encoder(some, few, base=base)
    assert np.abs(one.embed(TEXTS) - two.embed(TEXTS)).max() < 1e-3


def test_the_best_state_on_the_kept_queries_is_what_is_kept(base: MiniLM, data: Examples) -> None:
    ruinous = replace(SETTINGS, rate=0.5, epochs=1, kept=0.4)
    report = Training()
    tuned = train_encoder(data, ruinous, base=base, report=report)
    assert min(report.kept[1:]) > report.kept[0]
    assert np.abs(tuned.embed(TEXTS) - base.embed(TEXTS)).max() < 1e-4


def test_an_interrupt_keeps_the_best_so_far(base: MiniLM, data: Examples, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    report = Training()
    tuned = train_encoder(data, SETTINGS, base=base, tick=stop, report=report)
    assert report.stopped
    assert len(report.losses) == 2
    tuned.save(tmp_path)
    assert np.array_equal(TunedMiniLM.load(tmp_path).embed(TEXTS), tuned.embed(TEXTS))


def test_full_precision_and_the_default_embedder_agree(base: MiniLM) -> None:
    """The settings kept here are the publisher's: same tokens, same pooling."""
    from toolgrove.retriever.embedding_st import SentenceTransformersEmbedder
    from toolgrove.retriever.training.base import minilm

    embedder = SentenceTransformersEmbedder(minilm(), "all-MiniLM-L6-v2/float32")
    assert embedder.dimension == base.dimension
    for query in (False, True):
        cosines = (embedder.embed(TEXTS, query=query) * base.embed(TEXTS)).sum(axis=1)
        assert cosines.min() > 0.999
    assert embedder.embed([]).shape == (0, 384)
    with pytest.raises(ModelError, match="needs a name"):
        SentenceTransformersEmbedder(minilm())


def test_the_loss_counts_no_other_positive() -> None:
    import torch

    from toolgrove.retriever.training.loss import ranking_loss

    scores = torch.tensor([[1.0, 3.0, 0.5], [0.2, 0.1, 0.9]], requires_grad=True)
    relevant = torch.tensor([[True, True, False], [True, True, True]])
    loss = ranking_loss(scores, relevant)
    each = [np.log(np.exp(s) + np.exp(0.5)) - s for s in (1.0, 3.0)]
    assert float(loss.detach()) == pytest.approx(np.mean(each) / 2, rel=1e-5)
    loss.backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()
    assert (scores.grad[0, :2] < 0).all()
    assert (scores.grad[1] == 0).all()


def test_layers_that_are_not_there_are_told(data: Examples) -> None:
    with pytest.raises(UsageError, match="layers are 1 to 6"):
        train_encoder(data, EncoderSettings(layers=7))
