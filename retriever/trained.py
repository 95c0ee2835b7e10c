"""Opening what ``toolgrove train retriever`` wrote."""

from __future__ import annotations

from pathlib import Path

from toolgrove.errors import FormatError
from toolgrove.retriever.adapter import AdaptedEmbedder
from toolgrove.retriever.artefact import MANIFEST, read_manifest
from toolgrove.retriever.embedding import Embedder, MiniLM
from toolgrove.retriever.tuned import TunedMiniLM

__all__ = ["keep", "load_embedder"]


def load_embedder(folder: str | Path) -> Embedder:
    """The trained embedder of a folder: a tuned encoder, or an adapter over the default embedder.

    Raises
    ------
    FormatError
        The folder holds neither, or is damaged.
    """
    manifest = read_manifest(folder)
    if manifest.kind == "encoder":
        return TunedMiniLM.load(folder)
    if manifest.kind == "adapter":
        return AdaptedEmbedder.load(folder, MiniLM())
    raise FormatError(
        str(Path(folder) / MANIFEST), "$.kind", f"an encoder or an adapter, not {manifest.kind!r}",
        "Name the folder of one; a classifier is asked through ToolClassifier.",
    )  # fmt: skip


def keep(embedder: Embedder, folder: str | Path) -> None:
    """Write a trained embedder into a folder; of any other there is nothing to write."""
    if isinstance(embedder, TunedMiniLM | AdaptedEmbedder):
        embedder.save(folder)
