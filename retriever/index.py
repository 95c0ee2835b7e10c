"""The index: which tools a query may be about, best first.

A folder holds three things::

    index.sqlite    every tool's document, vector and metadata: the truth
    chroma-N/       a Chroma collection of the vectors: finds near neighbours
    bm25-N/         a BM25 index of the documents: finds shared words
    ranker.json     how candidates are ordered, where it was fitted to data

The two searches' folders are made from the first file. They are brought up to date together under
a file lock, and a mark in the first says so; whoever finds the mark of a process that died makes
them again from what is stored, without embedding anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolgrove.data import codec
from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError, ToolgroveError, UsageError
from toolgrove.machine.files import made_folder
from toolgrove.machine.progress import Tick
from toolgrove.retriever.derived import Derived
from toolgrove.retriever.documents import document, parts, words
from toolgrove.retriever.embedding import PartEmbedder
from toolgrove.retriever.lexical import known_share
from toolgrove.retriever.ranker import DEFAULT, Ranker
from toolgrove.retriever.ranking import Evidence, Hit, best, evidence, ranked
from toolgrove.retriever.store import CLEAN, FIELDS, PARTIAL, WRITING, IndexEntry, IndexStore

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from toolgrove.retriever.embedding import Embedder
    from toolgrove.retriever.lexical import Lexical
    from toolgrove.retriever.vectors import Vectors

__all__ = ["Index"]

BATCH = 64
"""Texts that are embedded and committed together: what a crash can cost."""
AHEAD = 1024
"""Specs that are read ahead and sorted by length, so that texts of a batch are equally long."""
DEPTH = 30
"""Candidates that each of the two searches proposes for each part of a query."""
REMEMBERED = 1024
RANKER = "ranker.json"


class Index:
    """Tools' documents, searchable by words and by meaning. Close it, or use it in ``with``.

    Parameters
    ----------
    folder : path
        Made where it is not there.
    embedder : Embedder
        An index answers only to the embedder that it was made with.
    chroma_url : str, optional
        A Chroma server to keep the vectors' collection on, or empty for the folder itself; it is
        remembered, and where it is not given, the collection stays where it is. Where it is
        another place than before, the collection is made there from what is stored.
    named : callable, optional
        Says whether this machine's user has named a Chroma server before. A server that the folder
        remembers and nobody has named is not spoken to; without this none is.

    Raises
    ------
    CatalogError
        The folder's index was made with another embedder or by another version, or is damaged.
    """

    def __init__(
        self,
        folder: str | Path,
        embedder: Embedder,
        *,
        chroma_url: str | None = None,
        named: Callable[[str], bool] = lambda server: False,
    ) -> None:
        self.folder = made_folder(folder)
        self.embedder = embedder
        self._store = IndexStore(self.folder)
        self.database = self._store.database
        made_with = self._store.get("embedder", embedder.name)
        if made_with != embedder.name:
            self._store.close()
            raise CatalogError(
                f"{self.folder}: made with the embedder {made_with}, opened with {embedder.name}. "
                "Open it with the one it was made with, or index the sources into a new folder."
            )
        self.besides: Callable[[ToolSpec], str] = _nothing
        """What is searched of a tool besides what it says of itself."""
        self._lock = threading.RLock()
        self._file_lock = _file_lock(self.folder / "lock")
        self._writer: int | None = None
        self._changed = False
        self._derived = Derived(self.folder, self._store, embedder.name, chroma_url, named)
        self._fitting: tuple[str, ...] = ()
        self._queries: dict[str, NDArray[np.float32]] = {}
        path = self.folder / RANKER
        self.ranker = Ranker.load(path) if path.exists() else DEFAULT

    def __len__(self) -> int:
        return len(self._store)

    @property
    def whole(self) -> bool:
        """False where the last writing broke off: not everything that was given is in it."""
        return self._store.get("state", CLEAN) == CLEAN

    def ids(self) -> set[str]:
        """The id of every tool in it."""
        return self._store.ids()

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """Changes inside are finished together; one thread of one process at a time, others wait.

        Each batch is kept as it is written, so that a process that dies inside loses one at most.

        Yields
        ------
        bool
            What :attr:`whole` was before.
        """
        if self._writer == threading.get_ident():
            yield True
            return
        if self._store.frozen:
            raise CatalogError(
                f"{self.folder}: can only be read. Let it and its folder be written, or name "
                "another place."
            )
        with self._file_lock:
            state = self._store.get("state", CLEAN)
            self._store.put(state=WRITING, embedder=self.embedder.name)
            self._writer, self._changed = threading.get_ident(), state == WRITING
            try:
                if state == WRITING or self._derived.moved():
                    self._made(self._derived.renew_vectors)
                yield state == CLEAN
                if self._changed:
                    self._store.sweep()
                    self._made(self._derived.renew_words)
                self._store.put(state=CLEAN)
                self._derived.tidy()
            except BaseException:
                if not self._changed:  # the derived parts still fit; what was to come is missing
                    self._store.put(state=PARTIAL)
                raise
            finally:
                self._writer = None

    def update(self, specs: Iterable[ToolSpec], tick: Tick | None = None) -> int:
        """Add tools or bring those of the same id up to date; the iterable is streamed.

        Returns
        -------
        int
            How many texts were embedded. A tool whose text and metadata are the same costs a
            look-up; one whose text is known from anywhere in the index is not embedded again.
        """
        count = embedded = 0
        stream = iter(specs)
        with self.writing():
            while ahead := list(islice(stream, AHEAD)):
                new = self._new(ahead)
                count += len(ahead) - len(new)
                for at in range(0, len(new), BATCH):
                    batch = new[at : at + BATCH]
                    embedded += self._write(batch)
                    count += len(batch)
                    if tick is not None:
                        tick(count, None)
                if tick is not None and not new:
                    tick(count, None)
        return embedded

    def remove(self, ids: Sequence[str]) -> None:
        """Remove tools; ids that are not there are passed over."""
        with self.writing():
            known = list(self._store.entries(ids))
            if known:
                self._changed = True
                self._store.delete(known)
                self._derived.vectors().delete(known)

    def _new(self, specs: Sequence[ToolSpec]) -> list[IndexEntry]:
        """The entries of specs that are not known as they are, the short ones first."""
        wanted = {spec.id: _entry(spec, self.besides(spec)) for spec in specs}
        known = self._store.entries(list(wanted))
        new = [e for e in wanted.values() if e.id not in known or known[e.id].mark != e.mark]
        return sorted(new, key=lambda entry: len(entry.document))

    def _write(self, new: Sequence[IndexEntry]) -> int:
        self._changed = True
        vectors = self._store.vectors([entry.digest for entry in new])
        texts = {entry.digest: entry.document for entry in new if entry.digest not in vectors}
        fresh: dict[str, NDArray[np.float32]] = {}
        if texts:
            fresh = dict(zip(texts, self.embedder.embed(list(texts.values())), strict=True))
        self._store.write(new, fresh)
        vectors |= fresh
        self._derived.vectors().upsert(
            [entry.id for entry in new],
            np.stack([vectors[entry.digest] for entry in new]),
            [entry.metadata for entry in new],
        )
        return len(texts)

    def search(
        self, query: str, k: int = 5, *, where: Mapping[str, str] | None = None
    ) -> list[Hit]:
        """The tools a query is most likely about.

        BM25 and cosine propose candidates for the query and for each of its sentences; every
        candidate is given both scores and what else is known of it
        (:mod:`toolgrove.retriever.features`), and the ranker adds that up.

        Parameters
        ----------
        query : str
            In words.
        k : int
            How many at most.
        where : mapping, optional
            Values that ``category``, ``tool``, ``source`` or ``effect`` must have.

        Returns
        -------
        list of Hit
            Best first.

        Raises
        ------
        UsageError
            The query is empty, ``k`` is below 1, or ``where`` names another field.
        """
        known = self.evidence(query, k, where=where)
        return [] if known is None else ranked(known, self.ranker, k)

    def evidence(
        self, query: str, k: int = 5, *, where: Mapping[str, str] | None = None
    ) -> Evidence | None:
        """What is known of a query's candidates before they are ordered; None where none are.

        Takes and raises what :meth:`search` does.
        """
        where = dict(where or {})
        if not query.strip() or k < 1 or not where.keys() <= set(FIELDS):
            raise UsageError(
                f"search takes words, k of 1 or more, and filters on {', '.join(FIELDS)}."
            )
        texts = parts(query)
        try:
            return self._evidence(texts, k, where)
        except (ToolgroveError, MemoryError):
            raise
        except Exception:  # numbers that a disk changed lead the libraries anywhere
            with self._lock:
                self._mend(self._store.get("state", CLEAN))
        try:
            return self._evidence(texts, k, where)
        except (ToolgroveError, MemoryError):
            raise
        except Exception as error:
            raise self._store.damaged(error) from error

    def _evidence(self, texts: Sequence[str], k: int, where: dict[str, str]) -> Evidence | None:
        with self._lock:
            vectors, lexical = self._ready()
        if vectors is None or lexical is None:
            return None
        asked = self._embedded(texts)
        near = vectors.nearest(asked, max(DEPTH, k), where)
        scores = lexical.scores(texts)
        if where:
            scores[:, ~np.isin(lexical.rows, self._store.rows_where(where))] = 0
        rows = lexical.rows[best(scores, max(DEPTH, k))]
        found = self._store.candidates(list({i for some in near for i in some}), rows.tolist())
        if not found:
            return None
        known = known_share(texts, lexical)
        return evidence(
            texts, found, asked, scores, lexical.rows, known, lexical.rarity, lexical.highest
        )

    def use(self, ranker: Ranker) -> None:
        """Order candidates by another ranker from now on, in this process and in later ones."""
        ranker.save(self.folder / RANKER)
        self.ranker = ranker

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of a query and its sentences, those of recent queries from memory."""
        known = self._queries.get(texts[0])
        if known is None:
            if isinstance(self.embedder, PartEmbedder):
                known = self.embedder.embed_parts(texts)
            else:
                known = self.embedder.embed(texts, query=True)
            with self._lock:
                self._queries[texts[0]] = known
                while len(self._queries) > REMEMBERED:
                    self._queries.pop(next(iter(self._queries)))
        return known

    def _ready(self) -> tuple[Vectors | None, Lexical | None]:
        """Both derived parts as they stand now, mended first where a process died over them."""
        settings = self._store.settings()
        if settings.get("state") == WRITING and self._writer is None:
            settings = self._mend(PARTIAL)
        if "collection" not in settings:
            return None, None
        now = tuple(settings.get(key, "") for key in ("chroma", "collection", "words"))
        try:
            vectors, lexical = self._derived.vectors(), self._derived.words(settings.get("words"))
            fits = settings.get("state") == WRITING or now == self._fitting
            fits = (fits or len(vectors) == len(self._store)) and not self._derived.moved()
        except MemoryError:
            raise
        except Exception:  # what a damaged file makes of its library is the library's secret
            fits = False
        if not fits:
            settings = self._mend(settings.get("state", CLEAN))
            vectors, lexical = self._derived.vectors(), self._derived.words(settings.get("words"))
        elif settings.get("state") != WRITING:
            self._fitting = now  # counting takes longer than searching does
        return vectors, lexical

    def _made(self, make: Callable[[], None]) -> None:
        """Make a derived part from what is stored; say what kept it from being made."""
        try:
            make()
        except (ToolgroveError, MemoryError):
            raise
        except OSError as error:
            raise CatalogError(
                f"{self.folder}: cannot be written ({error.strerror or error}). Make room on the "
                "disk, or let it be written; then index the same sources again."
            ) from error
        except Exception as error:  # rows that are not what was written
            raise self._store.damaged(error) from error

    def _mend(self, state: str) -> dict[str, str]:
        """Make the derived parts again, unless a living process is at it."""
        from filelock import Timeout

        try:
            with self._file_lock.acquire(timeout=0):
                self._made(self._derived.renew_vectors)
                self._made(self._derived.renew_words)
                self._store.put(state=state)
                self._derived.tidy()
        except Timeout:
            if not self._store.get("words"):
                raise CatalogError(
                    f"{self.folder}: another process is making this index. Wait for it."
                ) from None
        except OSError as error:
            raise CatalogError(
                f"{self.folder}: a part of it is missing or damaged and cannot be made again "
                f"({error.strerror or error}). Let the folder be written, or copy it to where it "
                "can be, and search there once."
            ) from error
        return self._store.settings()

    def close(self) -> None:
        """Let go of the folder; closing twice is harmless."""
        with self._lock:
            self._derived.close()
            self._store.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _file_lock(path: Path) -> BaseFileLock:
    from filelock import FileLock

    return FileLock(path)


def _nothing(spec: ToolSpec) -> str:
    return ""


def _entry(spec: ToolSpec, besides: str) -> IndexEntry:
    text, said = document(spec), words(spec)
    if besides:
        text, said = f"{text} {besides}", f"{said} {besides}"
    fields = (spec.category, spec.tool, spec.source, spec.effect.value, spec.name)
    category, tool, source, effect, name = (f.encode(errors="replace").decode() for f in fields)
    mark = codec.digest([category, tool, source, effect, name, text, said])
    digest = codec.digest(text)
    return IndexEntry(spec.id, digest, category, tool, source, effect, name, mark, text, said)
