"""A query adapter learns, changes nothing but queries, and can be reopened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.data import world
from toolgrove.errors import FormatError, UsageError
from toolgrove.retriever.adapter import AdaptedEmbedder
from toolgrove.retriever.training.adapter import AdapterSettings, loss_and_slopes, train_adapter
from toolgrove.retriever.training.examples import Examples, training_examples
from toolgrove.retriever.training.remembered import Remembered

SETTINGS = AdapterSettings(rank=16, steps=30, rate=0.01)


@pytest.fixture(scope="module")
def data() -> Examples:
    return training_examples(world.tasks()[::3], world.specs())


@pytest.fixture(scope="module")
def adapter(data: Examples) -> AdaptedEmbedder:
    return train_adapter(data, Hashing(), SETTINGS)


@given(st.integers(0, 2**32 - 1))
def test_the_loss_leaves_other_positives_out_and_its_gradient_is_right(seed: int) -> None:
    random = np.random.default_rng(seed)
    asked, found = random.normal(size=(3, 5)), random.normal(size=(6, 5))
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    relevant = random.random((3, 6)) < 0.4
    relevant[:, 0], relevant[:, 1] = True, False
    down, up = random.normal(size=(2, 5)), random.normal(size=(5, 2))

    def by_hand(down: np.ndarray, up: np.ndarray) -> float:
        moved = asked + asked @ down.T @ up.T
        scores = moved / np.linalg.norm(moved, axis=1, keepdims=True) @ found.T / 0.5
        means = []
        for row, own in zip(scores, relevant, strict=True):
            rest = np.exp(row[~own]).sum()
            means.append(np.mean([np.log(np.exp(s) + rest) - s for s in row[own]]))
        return float(np.mean(means))

    loss, slopes = loss_and_slopes(asked, found, relevant, down, up, 0.5)
    assert loss == pytest.approx(by_hand(down, up))
    for place, (weight, slope) in enumerate(zip((down, up), slopes, strict=True)):
        for at in np.ndindex(weight.shape):
            moved = [down.copy(), up.copy()]
            moved[place][at] += 1e-6
            above = by_hand(*moved)
            moved[place][at] -= 2e-6
            assert slope[at] == pytest.approx((above - by_hand(*moved)) / 2e-6, abs=1e-5)


def test_the_loss_falls_and_the_same_seed_gives_the_same(data: Examples) -> None:
    first: list[float] = []
    again: list[float] = []
    one = train_adapter(data, Hashing(), SETTINGS, losses=first)
    two = train_adapter(data, Hashing(), SETTINGS, losses=again)
    assert len(first) == SETTINGS.steps
    assert first[-1] < 0.8 * first[0]
    assert first == again
    assert one.manifest == two.manifest


def test_it_is_reopened_with_the_same_vectors(adapter: AdaptedEmbedder, tmp_path: Path) -> None:
    adapter.save(tmp_path / "adapter")
    again = AdaptedEmbedder.load(tmp_path / "adapter", Hashing())
    texts = ["lottery", "weather in Oslo"]
    assert np.array_equal(again.embed(texts, query=True), adapter.embed(texts, query=True))
    assert np.array_equal(
        again.embed_parts(texts), adapter.embed(texts, query=True)
    )  # hashing knows no parts
    assert again.manifest == adapter.manifest


def test_documents_stay_and_the_index_answers(adapter: AdaptedEmbedder, tmp_path: Path) -> None:
    texts = ["lottery", "weather in Oslo"]
    assert np.array_equal(adapter.embed(texts), Hashing().embed(texts))
    assert not np.allclose(adapter.embed(texts, query=True), Hashing().embed(texts, query=True))
    with Catalog.open(tmp_path, embedder=Hashing()) as made:
        made.add(world.specs()[:20])
    with Catalog.open(tmp_path, embedder=adapter) as opened:
        assert opened.search("airport elevation", k=3)


def test_an_interrupt_keeps_what_was_learnt(data: Examples) -> None:
    def stop(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    losses: list[float] = []
    adapter = train_adapter(data, Hashing(), SETTINGS, tick=stop, losses=losses)
    assert len(losses) == 5
    assert not np.allclose(adapter.embed(["a"], query=True), Hashing().embed(["a"]))


def test_another_embedder_is_refused(adapter: AdaptedEmbedder, tmp_path: Path) -> None:
    adapter.save(tmp_path)
    other = Hashing()
    other.name = "hashing/2"
    with pytest.raises(FormatError, match=r"manifest\.json: at \$\.base: .*hashing/2"):
        AdaptedEmbedder.load(tmp_path, other)


def test_settings_that_do_not_fit_are_told(data: Examples) -> None:
    with pytest.raises(UsageError, match="rank is 1 to 64"):
        train_adapter(data, Hashing(), AdapterSettings(rank=65))


def test_a_text_is_embedded_once() -> None:
    hashing = Hashing()
    remembered = Remembered(hashing)
    first = remembered.embed(["a", "b", "a"])
    assert np.array_equal(first, remembered.embed(["a", "b", "a"]))
    assert hashing.texts == ["a", "b"]
    assert remembered.embed([]).shape == (0, 64)
