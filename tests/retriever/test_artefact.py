"""Trained weights on disk: what is damaged or foreign is told by file and mend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove import __version__
from toolgrove.data import codec
from toolgrove.errors import FormatError
from toolgrove.retriever import artefact
from toolgrove.retriever.artefact import Manifest
from toolgrove.retriever.trained import load_embedder

TENSORS = {"down": np.ones((2, 3), dtype=np.float32), "up": np.zeros((3, 2), dtype=np.float32)}
MANIFEST = Manifest("adapter", "some/1", data="d", settings={"rank": 2}, measures={"loss": 0.5})


def the_weights(folder: Path) -> Path:
    (file,) = folder.glob("*.safetensors")
    return file


def changed(**fields: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        read = codec.loads((folder / artefact.MANIFEST).read_bytes())
        (folder / artefact.MANIFEST).write_bytes(codec.dumps({**read, **fields}))

    return change


def flip(folder: Path) -> None:
    raw = bytearray(the_weights(folder).read_bytes())
    raw[-1] ^= 1
    the_weights(folder).write_bytes(raw)


def cut(folder: Path) -> None:
    the_weights(folder).write_bytes(the_weights(folder).read_bytes()[:-3])


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a bit": (flip, r"adapter-.*safetensors: .*SHA-256.*copy the folder again"),
    "cut short": (cut, r"adapter-.*safetensors: .*SHA-256"),
    "no weights": (lambda f: the_weights(f).unlink(), r"adapter-.*safetensors: .*train again"),
    "no manifest": (lambda f: (f / artefact.MANIFEST).unlink(), r"manifest\.json.*train retriever"),
    "no JSON": (lambda f: (f / artefact.MANIFEST).write_text("{"), r"manifest\.json"),
    "a list": (
        lambda f: (f / artefact.MANIFEST).write_text("[]"),
        r"manifest\.json: at \$\.format",
    ),
    "a version": (changed(format="toolgrove-retriever/99"), r"\$\.format.*trained again"),
    "a field": (changed(settings=3), r"manifest\.json: .*whole manifest"),
    "a path": (changed(weights="../x.safetensors"), r"\$\.weights: .*same folder"),
    "a kind": (changed(kind="classifier"), r"\$\.kind.*--method adapter"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_told_by_file_and_mend(damage: str, tmp_path: Path) -> None:
    artefact.save(tmp_path, MANIFEST, TENSORS)
    hurt, told = DAMAGE[damage]
    hurt(tmp_path)
    with pytest.raises(FormatError, match=told) as caught:
        artefact.load(tmp_path, "adapter")
    assert str(tmp_path) in caught.value.file


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = artefact.save(tmp_path, MANIFEST, TENSORS)
    manifest, tensors = artefact.load(tmp_path, "adapter")
    assert manifest == written
    assert manifest.toolgrove == __version__
    assert (manifest.data, manifest.settings) == ("d", {"rank": 2})
    assert all(np.array_equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_new_weights_take_the_old_ones_place(tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").write_bytes(b"keep")
    artefact.save(tmp_path, MANIFEST, TENSORS)
    artefact.save(tmp_path, MANIFEST, {"down": TENSORS["up"]})
    assert list(artefact.load(tmp_path, "adapter")[1]) == ["down"]
    assert len(list(tmp_path.glob("*.safetensors"))) == 2


@given(st.binary(max_size=200))
def test_any_bytes_for_a_manifest_load_or_are_refused(raw: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / artefact.MANIFEST).write_bytes(raw)
        with pytest.raises(FormatError):
            artefact.load(folder, "adapter")


def test_a_classifier_is_no_embedder(tmp_path: Path) -> None:
    artefact.save(tmp_path, Manifest("classifier", "some/1"), TENSORS)
    with pytest.raises(FormatError, match="ToolClassifier"):
        load_embedder(tmp_path)
