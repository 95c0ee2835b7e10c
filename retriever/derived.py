"""What an index is searched with, made from its store: a Chroma collection and a BM25 folder.

Both are made under names that were never used, and the store names the current ones: whoever reads
finds the old ones or the new ones, whole.
"""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from toolgrove.retriever.lexical import Lexical
    from toolgrove.retriever.store import IndexStore
    from toolgrove.retriever.vectors import Vectors

__all__ = ["Derived"]


class Derived:
    """The derived parts of the index in a folder.

    Parameters
    ----------
    folder : Path
    store : IndexStore
        What they are made from, and where their names are kept.
    embedder : str
        Name of the embedder whose vectors they are.
    server : str or None
        URL of the Chroma server to keep the collection on, empty for the folder, None for where
        it is.
    """

    def __init__(self, folder: Path, store: IndexStore, embedder: str, server: str | None) -> None:
        self._folder, self._store = folder, store
        self._embedder, self._server = embedder, server
        self._lock = threading.RLock()
        self._vectors: tuple[tuple[str, str], Vectors] | None = None
        self._lexical: tuple[str, Lexical] | None = None

    def vectors(self) -> Vectors:
        """The collection that the store names, opened; the first one is made."""
        with self._lock:
            name = self._store.get("collection")
            if not name:
                name = self._next("chroma")
                self._store.put(collection=name, chroma=self._server or "")
            place = self._store.get("chroma"), name
            if self._vectors is None or self._vectors[0] != place:
                return self._replace_vectors(place, self._open_vectors(*place))
            return self._vectors[1]

    def moved(self) -> bool:
        """Whether this process was told to keep the collection elsewhere than it is."""
        settings = self._store.settings()
        there = settings.get("chroma", "")
        return "collection" in settings and self._server not in (None, there)

    def _open_vectors(self, server: str, name: str) -> Vectors:
        from toolgrove.retriever.vectors import Vectors

        if server:
            return Vectors(server, f"{self._on_server()}{name}", self._embedder)
        return Vectors(self._folder, name, self._embedder)

    def _on_server(self) -> str:
        """What the names of this index's collections on a server begin with."""
        if not self._store.get("prefix"):
            self._store.put(prefix=f"toolgrove-{uuid4().hex[:12]}-")
        return self._store.get("prefix")

    def _replace_vectors(self, place: tuple[str, str], vectors: Vectors) -> Vectors:
        if self._vectors is not None:
            self._vectors[1].close()
        self._vectors = place, vectors
        return vectors

    def words(self, name: str | None) -> Lexical | None:
        from toolgrove.retriever.lexical import Lexical

        if name and (self._lexical is None or self._lexical[0] != name):
            self._lexical = (name, Lexical.load(self._folder / name))
        return self._lexical[1] if self._lexical else None

    def renew_vectors(self) -> None:
        server = self._store.get("chroma") if self._server is None else self._server
        place = server, self._next("chroma")
        vectors = self._open_vectors(*place)
        for entries, matrix in self._store.embedded():
            vectors.upsert([e.id for e in entries], matrix, [e.metadata for e in entries])
        self._replace_vectors(place, vectors)
        self._store.put(chroma=place[0], collection=place[1])

    def renew_words(self) -> None:
        from toolgrove.retriever.lexical import Lexical

        name = self._next("bm25")
        Lexical.build(self._store.documents(), self._folder / name)
        self._store.put(words=name)

    def _next(self, kind: str) -> str:
        """A folder name that was never used; the number is kept before the folder is made."""
        number = int(self._store.get("number", "0")) + 1
        self._store.put(number=str(number))
        return f"{kind}-{number}"

    def tidy(self) -> None:
        """Remove folders that are no longer, or never became, part of the index."""
        current = {self._store.get("collection"), self._store.get("words")}
        for kind in ("chroma", "bm25"):
            for path in self._folder.glob(f"{kind}-*"):
                if path.name not in current:
                    shutil.rmtree(path, ignore_errors=True)
        if self._vectors is not None and self._vectors[0][0]:
            self._vectors[1].drop_others(self._on_server())

    def close(self) -> None:
        """Let go of the collection."""
        with self._lock:
            if self._vectors is not None:
                self._vectors[1].close()
