"""Tuned layers go into the default embedder's own file: same numbers, same vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from support.embedders import need_minilm
from toolgrove.agent.catalog import Catalog
from toolgrove.data.records import ToolSpec
from toolgrove.errors import FormatError, WeightsError
from toolgrove.machine import weights
from toolgrove.retriever import artefact
from toolgrove.retriever.artefact import Manifest, sealed
from toolgrove.retriever.embedding import MiniLM
from toolgrove.retriever.onnx_file import initializers, with_initializers
from toolgrove.retriever.trained import load_embedder
from toolgrove.retriever.tuned import TunedMiniLM, quantised

TEXTS = ["The weather is lovely today.", "It's so sunny outside!", "lottery " * 40]
SMALL = b"\x3a\x0b\x2a\x09\x42\x01w\x4a\x04\x01\x02\x03\x04\x10\x07"
"""A graph (7) with an initializer (5) called w (8) of four raw bytes (9), and a number (2)."""


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> bytes:
    need_minilm(monkeypatch)
    return weights.fetch(weights.MINILM_INT8).read_bytes()


def state(model: bytes) -> dict[str, NDArray[np.float32]]:
    """Full-precision layers that give the very numbers that the file holds."""
    places = initializers(model)

    def values(name: str, kind: type) -> NDArray[np.float32]:
        begin, end = places[name]
        return np.frombuffer(model[begin:end], dtype=kind).astype(np.float32)

    found = {}
    for name in places:
        if name.startswith("inner.encoder."):
            found[name.removeprefix("inner.")] = values(name, np.float32)
    names = ("self.query", "self.key", "self.value", "output.dense")
    wide = [f"attention.{name}" for name in names] + ["intermediate.dense", "output.dense"]
    for layer, first in ((4, (335, 343, 351, 389, 393, 402)), (5, (406, 414, 422, 460, 464, 473))):
        for matrix, node in zip(wide, first, strict=True):
            scale = values(f"val_{node}_scale", np.float32)
            whole = values(f"val_{node}_q", np.int8).reshape(-1, len(scale)) * scale
            found[f"encoder.layer.{layer}.{matrix}.weight"] = whole.T
    return found


def tuned(layers: dict[str, NDArray[np.float32]]) -> TunedMiniLM:
    tensors = quantised(layers, 2)
    manifest = Manifest("encoder", MiniLM.name, weights.MINILM_INT8.sha256)
    return TunedMiniLM(sealed(manifest, tensors), tensors)


def test_layers_that_did_not_change_give_the_same_file(model: bytes) -> None:
    """The names, the order of axes and the rounding are those of the published file."""
    assert with_initializers(model, quantised(state(model), 2)) == model


def test_changed_layers_change_vectors_and_are_reopened(model: bytes, tmp_path: Path) -> None:
    layers = state(model)
    layers["encoder.layer.5.output.dense.weight"] = -layers["encoder.layer.5.output.dense.weight"]
    one = tuned(layers)
    vectors = one.embed(TEXTS)
    assert np.abs((vectors * MiniLM().embed(TEXTS)).sum(axis=1)).max() < 0.95
    one.save(tmp_path)
    again = load_embedder(tmp_path)
    assert np.array_equal(again.embed(TEXTS), vectors)
    assert again.name == one.name != MiniLM.name
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 4e6


def test_an_encoder_of_other_weights_is_refused(tmp_path: Path) -> None:
    artefact.save(tmp_path, Manifest("encoder", "x", "0" * 64), {"a": np.zeros(1)})
    with pytest.raises(FormatError, match=r"manifest\.json: at \$\.base_sha256: .*Train it again"):
        load_embedder(tmp_path)


def test_an_initializer_is_replaced_in_place() -> None:
    assert initializers(SMALL) == {"w": (9, 13)}
    new = with_initializers(SMALL, {"w": np.array([9, 8, 7, 6], dtype=np.int8)})
    assert new == SMALL[:9] + b"\x09\x08\x07\x06" + SMALL[13:]
    for name, size in (("v", 4), ("w", 5)):
        with pytest.raises(WeightsError, match=f"no initializer '{name}' of {size} bytes"):
            with_initializers(SMALL, {name: np.zeros(size, dtype=np.int8)})


@given(st.one_of(st.binary(max_size=60), st.integers(0, len(SMALL)).map(lambda n: SMALL[:n])))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        spans = initializers(raw).values()
    except WeightsError:
        return
    assert all(0 <= begin <= end <= len(raw) for begin, end in spans)


def test_a_catalogue_remembers_the_encoder_that_it_was_made_with(
    model: bytes, tmp_path: Path
) -> None:
    layers = state(model)
    layers["encoder.layer.5.output.dense.weight"] = -layers["encoder.layer.5.output.dense.weight"]
    one = tuned(layers)
    with Catalog.open(tmp_path / "catalog", embedder=one) as made:
        made.add([ToolSpec(f"c/t/{name}", "c", "t", name) for name in ("rain", "snow")])
    with Catalog.open(tmp_path / "catalog", create=False) as opened:
        assert opened.search_index.embedder.name == one.name
        assert opened.search("rain", 1)[0][1].name == "rain"
