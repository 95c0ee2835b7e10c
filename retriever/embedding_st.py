"""Any sentence-transformers model as an embedder (extra ``train``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import ModelError
from toolgrove.retriever.embedding import normalised

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["SentenceTransformersEmbedder"]


class SentenceTransformersEmbedder:
    """A sentence-transformers model, with its own prompts for queries and documents if it has any.

    Parameters
    ----------
    model : str or path or sentence_transformers.SentenceTransformer
        A folder, a name on the Hugging Face hub, or a model that is loaded. Code that comes with a
        model is never run.
    name : str, optional
        The model's exact name, kept with the index; the path or name given otherwise.
    batch : int
        Texts that are computed together.

    Raises
    ------
    ModelError
        The extra is not installed, or the model cannot be loaded.
    """

    def __init__(
        self, model: str | Path | SentenceTransformer, name: str = "", *, batch: int = 32
    ) -> None:
        self._model = _loaded(str(model)) if isinstance(model, str | Path) else model
        if not name and not isinstance(model, str | Path):
            raise ModelError("a model that is loaded already needs a name, which the index keeps.")
        self.name = name or str(model)
        self._batch = batch

    @property
    def dimension(self) -> int:
        """Numbers in a vector, found out by embedding a word where the model does not say."""
        return int(self._model.get_embedding_dimension() or self.embed(["tool"]).shape[1])

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """See :meth:`toolgrove.retriever.embedding.Embedder.embed`."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        encode = self._model.encode_query if query else self._model.encode_document
        vectors = encode(list(texts), batch_size=self._batch, show_progress_bar=False)
        return normalised(np.asarray(vectors, dtype=np.float32), self.name)


def _loaded(model: str) -> SentenceTransformer:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ModelError(
            f"{model}: sentence-transformers is not installed. pip install 'toolgrove[train]'"
        ) from error
    try:
        return SentenceTransformer(model)
    except (OSError, ValueError) as error:
        raise ModelError(f"{model}: {error}") from error
