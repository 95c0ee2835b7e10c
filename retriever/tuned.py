"""all-MiniLM-L6-v2 with some of its layers tuned: runs where the default embedder runs, no torch.

The tuned layers are stored as the default embedder stores all of them, in 8 bits with a scale for
each output, and put into its ONNX file in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import FormatError, WeightsError
from toolgrove.machine import weights
from toolgrove.retriever import artefact
from toolgrove.retriever.artefact import Manifest
from toolgrove.retriever.embedding import MiniLM
from toolgrove.retriever.onnx_file import with_initializers

__all__ = ["LAYERS", "TunedMiniLM", "quantised"]

LAYERS = 6
_MATRICES = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


class TunedMiniLM(MiniLM):
    """The default embedder with other numbers in some layers.

    Parameters
    ----------
    manifest : Manifest
        Names the tensors' hash, by which vectors are told apart.
    tensors : mapping of str to array
        Initializers of the ONNX file of the default embedder.
    threads : int, optional
        For one call; the cores this process may use otherwise.
    """

    def __init__(
        self,
        manifest: Manifest,
        tensors: Mapping[str, NDArray[Any]],
        *,
        threads: int | None = None,
    ) -> None:
        super().__init__(threads=threads)
        self.manifest = manifest
        self._tensors = dict(tensors)
        self.name = f"all-MiniLM-L6-v2/tuned-{manifest.sha256[:12]}"

    @classmethod
    def load(cls, folder: str | Path) -> TunedMiniLM:
        """Read a folder that :meth:`save` or ``toolgrove train retriever`` wrote.

        Raises
        ------
        FormatError
            It is damaged, something else, or was tuned from other weights than the default
            embedder's.
        """
        manifest, tensors = artefact.load(folder, kind="encoder")
        file = str(Path(folder) / artefact.MANIFEST)
        if manifest.base_sha256 != weights.MINILM_INT8.sha256:
            raise FormatError(
                file, "$.base_sha256", f"an encoder tuned from {MiniLM.name}", "Train it again "
                "with this version.",
            )  # fmt: skip
        return cls(manifest, tensors)

    def save(self, folder: str | Path) -> None:
        """Write the tuned layers and where they came from into a folder."""
        artefact.save(folder, self.manifest, self._tensors)

    def _model(self) -> bytes:
        try:
            return with_initializers(
                weights.fetch(weights.MINILM_INT8, tick=self._tick).read_bytes(), self._tensors
            )
        except OSError as error:
            raise WeightsError(f"{weights.MINILM_INT8.name}: {error}") from error


def quantised(state: Mapping[str, NDArray[np.float32]], layers: int) -> dict[str, NDArray[Any]]:
    """The top layers of a full-precision BERT state as initializers of the ONNX file.

    Parameters
    ----------
    state : mapping
        ``encoder.layer.5.output.dense.weight`` and so on, float32.
    layers : int
        How many, counted from the top.

    Returns
    -------
    dict
        int8 matrices of shape (inputs, outputs) with float32 scales of shape (1, outputs); biases
        and norms in float32.
    """
    new: dict[str, NDArray[Any]] = {}
    for layer in range(LAYERS - layers, LAYERS):
        for matrix, node in zip(_MATRICES, _nodes(layer), strict=True):
            values = state[f"encoder.layer.{layer}.{matrix}.weight"].T
            scale = np.abs(values).max(axis=0, keepdims=True) / 127
            scale = np.where(scale > 0, scale, 1).astype(np.float32)
            new[f"val_{node}_q"] = np.rint(values / scale).astype(np.int8, order="C")
            new[f"val_{node}_scale"] = scale
        plain = [f"{name}.bias" for name in (*_MATRICES, *_NORMS)]
        plain += [f"{name}.weight" for name in _NORMS]
        for name in plain:
            key = f"encoder.layer.{layer}.{name}"
            new[f"inner.{key}"] = np.ascontiguousarray(state[key], dtype=np.float32)
    return new


def _nodes(layer: int) -> tuple[int, ...]:
    """The numbers that the exporter gave a layer's matrices in the ONNX file.

    Examples
    --------
    >>> _nodes(5)
    (406, 414, 422, 460, 464, 473)
    """
    if layer == 0:
        return (49, 57, 65, 105, 109, 118)
    return tuple(122 + 71 * (layer - 1) + step for step in (0, 8, 16, 54, 58, 67))
