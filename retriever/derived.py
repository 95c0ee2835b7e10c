"""What an index is searched with, made from its store: a Chroma collection and a BM25 folder.

Both are made under names that were never used, and the store names the current ones: whoever reads
finds the old ones or the new ones, whole.

The store may be somebody else's. So it names nothing but folders in its own, and no server is
spoken to but one that this machine's user has named.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from toolgrove.errors import CatalogError

if TYPE_CHECKING:
    from toolgrove.retriever.lexical import Lexical
    from toolgrove.retriever.store import IndexStore
    from toolgrove.retriever.vectors import Vectors

__all__ = ["Derived"]

_NAME = re.compile(r"(?:chroma|bm25)-[0-9]{1,15}")
_PREFIX = re.compile(r"toolgrove-[0-9a-f]{12}-")


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
    named : callable
        Says whether this machine's user has named a server, which may then be spoken to.
    """

    def __init__(
        self,
        folder: Path,
        store: IndexStore,
        embedder: str,
        server: str | None,
        named: Callable[[str], bool],
    ) -> None:
        self._folder, self._store = folder, store
        self._embedder, self._server, self._named = embedder, server, named
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
        """Whether the collection is to be made anew.

        It is where this process was told to keep it elsewhere, and where its name is none that an
        index gives.
        """
        settings = self._store.settings()
        if "collection" not in settings:
            return False
        elsewhere = self._server not in (None, settings.get("chroma", ""))
        return elsewhere or not _NAME.fullmatch(settings["collection"])

    def _open_vectors(self, server: str, name: str) -> Vectors:
        from toolgrove.retriever.vectors import Vectors

        if not server:
            return Vectors(self._own(name).parent, name, self._embedder)
        if server != self._server and not self._named(server):
            raise CatalogError(
                f"{self._folder}: says that its vectors are on {server}, which nobody has named on "
                f"this machine. Name it once, toolgrove search WORDS --catalog "
                f"{self._folder.parent} --chroma-url {server}, or keep them in the folder: "
                "--chroma-url ''."
            )
        return Vectors(server, f"{self._on_server()}{self._own(name).name}", self._embedder)

    def _own(self, name: str) -> Path:
        """The folder of a name, which is one of ours, really there, and holds what is there."""
        path = self._folder / name
        if not _NAME.fullmatch(name):
            raise CatalogError(f"{self._folder}: {name!r} is no name of a part of an index.")
        if path.is_symlink() or any(one.is_symlink() for one in path.rglob("*")):
            raise CatalogError(f"{path}: holds a symbolic link. Delete it; it is made again.")
        return path

    def _on_server(self) -> str:
        """What the names of this index's collections on a server begin with."""
        if not _PREFIX.fullmatch(self._store.get("prefix")):
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
            self._lexical = (name, Lexical.load(self._own(name)))
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
        kept = self._store.get("number", "0")
        number = int(kept) + 1 if re.fullmatch("[0-9]{1,14}", kept) else 1
        while os.path.lexists(self._folder / f"{kind}-{number}"):
            number += 1
        self._store.put(number=str(number))
        return f"{kind}-{number}"

    def tidy(self) -> None:
        """Remove folders that are no longer, or never became, part of the index."""
        current = {self._store.get("collection"), self._store.get("words")}
        for kind in ("chroma", "bm25"):
            for path in self._folder.glob(f"{kind}-*"):
                if path.name not in current:
                    shutil.rmtree(path, ignore_errors=True)  # which follows no symbolic link
        if self._vectors is not None and self._vectors[0][0]:
            self._vectors[1].drop_others(self._on_server())

    def close(self) -> None:
        """Let go of the collection."""
        with self._lock:
            if self._vectors is not None:
                self._vectors[1].close()
