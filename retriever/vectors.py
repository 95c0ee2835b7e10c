"""The Chroma collection: nearest neighbours among tools' vectors, with metadata to filter by.

Chroma finds candidates; it is never the only place a vector is kept
(:mod:`toolgrove.retriever.store`), so a collection that a crash left damaged is made again
without embedding anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import CatalogError

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

__all__ = ["Vectors"]

COLLECTION = "tools"
EF_SEARCH = 200
"""Neighbours that HNSW keeps in sight; it cannot return more than this reliably."""


class Vectors:
    """An embedded, persistent Chroma collection in a folder of its own.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    embedder : str
        The embedder's name, kept with the collection for whoever opens it by other means.
    """

    def __init__(self, folder: Path, embedder: str) -> None:
        import chromadb
        from chromadb.config import Settings

        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(anonymized_telemetry=False)
        try:
            self._client = cast(
                "Client", chromadb.PersistentClient(str(folder.absolute()), settings)
            )
            self._tools: Collection = self._client.get_or_create_collection(
                COLLECTION,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_search": EF_SEARCH}},
                metadata={"embedder": embedder},
            )
        except Exception as error:
            raise _damaged(folder, error) from error

    def upsert(
        self,
        ids: Sequence[str],
        vectors: NDArray[np.float32],
        metadata: Sequence[Mapping[str, str]],
    ) -> None:
        """Add records or replace those of the same id; at most some thousand at once."""
        plain = [dict(one) for one in metadata]
        self._tools.upsert(list(ids), embeddings=vectors, metadatas=cast(Any, plain))

    def delete(self, ids: Sequence[str]) -> None:
        """Remove records."""
        self._tools.delete(list(ids))

    def __len__(self) -> int:
        return self._tools.count()

    def nearest(
        self, vectors: NDArray[np.float32], n: int, where: Mapping[str, str]
    ) -> list[list[str]]:
        """Ids of about the ``n`` nearest of each vector, nearest first.

        Parameters
        ----------
        vectors : float32 array of shape (texts, dimension)
        where : mapping
            Metadata that has to be equal.
        """
        clauses = [{key: value} for key, value in where.items()]
        condition = {"$and": clauses} if len(clauses) > 1 else (clauses[0] if clauses else None)
        try:
            n = min(n, len(self))
            if n == 0:
                return [[] for _ in vectors]
            found = self._tools.query(
                query_embeddings=vectors, n_results=n, where=cast(Any, condition), include=[]
            )
        except Exception as error:
            raise _damaged(self.folder, error) from error
        return found["ids"]

    def close(self) -> None:
        """Let go of the folder; closing twice is harmless."""
        self._client.close()


def _damaged(folder: Path, error: Exception) -> CatalogError:
    return CatalogError(
        f"{folder}: the Chroma collection cannot be read ({error}). If another process is "
        "indexing, wait for it; else delete that folder, and it is made again from what is stored."
    )
