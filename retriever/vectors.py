"""The Chroma collection: nearest neighbours among tools' vectors, with metadata to filter by.

Chroma finds candidates; it is never the only place a vector is kept
(:mod:`toolgrove.retriever.store`), so a collection that a crash left damaged is made again
without embedding anything.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from toolgrove.errors import CatalogError
from toolgrove.machine.client import client_options

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

__all__ = ["Vectors"]

COLLECTION = "tools"
EF_SEARCH = 200
"""Neighbours that HNSW keeps in sight; it cannot return more than this reliably."""


_begun_in: list[int] = []
"""The process in which Chroma began its threads, which no process forked from it has."""


def _refuse_fork(where: str) -> None:
    """Say what would hang for ever."""
    if not _begun_in:
        _begun_in.append(os.getpid())
    if _begun_in[0] != os.getpid():
        raise CatalogError(
            f"{where}: this process was forked after its parent had searched, and Chroma's threads "
            'stayed there. Start it anew (multiprocessing.get_context("spawn")), or fork first.'
        )


class Vectors:
    """A Chroma collection, embedded or on a server.

    Parameters
    ----------
    home : Path or str
        The folder that holds the folder of an embedded one, or the URL of a server,
        ``http://host:port``.
    name : str
        The folder's or, on a server, the collection's; made where it is not there.
    embedder : str
        The embedder's name, kept with the collection for whoever opens it by other means.

    Raises
    ------
    CatalogError
        The collection cannot be opened.
    """

    def __init__(self, home: Path | str, name: str, embedder: str) -> None:
        self.name = name
        self._where = f"{home}/{name}"
        self._remote = isinstance(home, str)
        self._copy: Path | None = None
        if not self._remote:
            _refuse_fork(self._where)
        try:
            if isinstance(home, str):
                self._client = _server(home)
            else:
                self._copy = None if _writable(home / name) else _copied(home / name)
                self._client = _embedded(self._copy or home / name)
            self._tools: Collection = self._client.get_or_create_collection(
                name if self._remote else COLLECTION,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_search": EF_SEARCH}},
                metadata={"embedder": embedder},
            )
        except Exception as error:
            raise self._damaged(error) from error

    def upsert(
        self,
        ids: Sequence[str],
        vectors: NDArray[np.float32],
        metadata: Sequence[Mapping[str, str]],
    ) -> None:
        """Add records or replace those of the same id; at most some thousand at once."""
        plain = [dict(one) for one in metadata]
        self._here()
        try:
            self._tools.upsert(list(ids), embeddings=vectors, metadatas=cast(Any, plain))
        except Exception as error:
            raise self._damaged(error) from error

    def delete(self, ids: Sequence[str]) -> None:
        """Remove records."""
        self._here()
        self._tools.delete(list(ids))

    def __len__(self) -> int:
        self._here()
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
        self._here()
        try:
            found = self._tools.query(
                query_embeddings=vectors, n_results=n, where=cast(Any, condition), include=[]
            )
        except Exception as error:
            raise self._damaged(error) from error
        return found["ids"]

    def drop_others(self, prefix: str) -> None:
        """Remove the other collections there whose names begin so."""
        for other in self._client.list_collections():
            if other.name.startswith(prefix) and other.name != self.name:
                self._client.delete_collection(other.name)

    def close(self) -> None:
        """Let go of the collection; closing twice is harmless."""
        if self._remote or _begun_in[0] == os.getpid():
            self._client.close()
        if self._copy is not None:
            shutil.rmtree(self._copy, ignore_errors=True)

    def _here(self) -> None:
        if not self._remote:
            _refuse_fork(self._where)

    def _damaged(self, error: Exception) -> CatalogError:
        if "disk is full" in str(error):
            return CatalogError(f"{self._where}: the disk is full. Make room, then try again.")
        mend = (
            "See that a Chroma server runs there (chroma run), or name another: "
            "toolgrove search WORDS --catalog DIR --chroma-url URL."
            if self._remote
            else "If another process is indexing, wait for it; else delete that folder, and it is "
            "made again from what is stored."
        )
        return CatalogError(
            f"{self._where}: the Chroma collection cannot be read ({error}). {mend}"
        )


def _writable(folder: Path) -> bool:
    """Whether Chroma can open a folder itself: it writes even where it is only asked."""
    file = folder / "chroma.sqlite3"
    place = file if file.exists() else folder
    effective = os.access in os.supports_effective_ids
    return not place.exists() or all(
        os.access(one, os.W_OK, effective_ids=effective) for one in {place, folder}
    )


def _copied(folder: Path) -> Path:
    """A folder's contents where they can be written, for as long as they are searched."""
    copy = Path(tempfile.mkdtemp(prefix="toolgrove-chroma-"))
    for file in folder.rglob("*"):
        if file.is_file():
            target = copy / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)  # without its mode, which forbids writing
    return copy


def _embedded(folder: Path) -> Client:
    import chromadb
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(anonymized_telemetry=False)
    return cast("Client", chromadb.PersistentClient(str(folder.absolute()), settings))


def _server(url: str) -> Client:
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ValueError("write http://host:port")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 8000)
    settings = Settings(anonymized_telemetry=False)
    with _direct():
        return cast("Client", chromadb.HttpClient(parts.hostname, port, secure, settings=settings))


_making = threading.Lock()


@contextmanager
def _direct() -> Iterator[None]:
    """Have Chroma's clients made that ask no proxy but one they were told (promise 13).

    Its client asks the server while it is made, takes no HTTP client, and is known to it by the
    name of its class; so the class of that name is ours meanwhile.
    """
    import httpx
    from chromadb.api import fastapi

    theirs = fastapi.FastAPI

    class Direct(theirs):  # type: ignore[misc, valid-type]  # a variable, to be put back
        def __init__(self, system: Any) -> None:
            super().__init__(system)
            proxied = cast("httpx.Client", self._session)  # type: ignore[has-type]  # a variable base
            options = client_options(self._api_url)
            self._session = httpx.Client(timeout=None, headers=proxied.headers, **options)
            proxied.close()

    with _making:
        fastapi.FastAPI = Direct  # type: ignore[misc]
        try:
            yield
        finally:
            fastapi.FastAPI = theirs  # type: ignore[misc]
