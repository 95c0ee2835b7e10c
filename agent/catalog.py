"""A catalogue on disk: the tools that can be called, and the index that finds them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from toolgrove.data import codec
from toolgrove.data.chat_text import model_name
from toolgrove.data.records import Status, ToolSpec
from toolgrove.data.secret_forms import without_passwords
from toolgrove.errors import CatalogError, UsageError
from toolgrove.machine.progress import Tick, silent
from toolgrove.retriever import chains
from toolgrove.retriever.expansion import Expansions
from toolgrove.retriever.hits import Hits
from toolgrove.tools.registry import Changes, Registry

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from toolgrove.agent.sources import IndexReport
    from toolgrove.retriever.co_use import CoUse, Episode
    from toolgrove.retriever.embedding import Embedder
    from toolgrove.retriever.index import Index
    from toolgrove.retriever.intents import Intents
    from toolgrove.retriever.ranking import Hit
    from toolgrove.retriever.rerank import Reranker

__all__ = ["Catalog"]

_Asked: TypeAlias = tuple[str, int, tuple[tuple[str, str], ...]]
_POOL = 30  # hits among which a supplier's own score is looked up
_REMEMBERED = 64  # searches whose result is kept while nothing changes


class Catalog:
    """A registry and an index in one folder, kept in step. Use it in ``with``, or close it.

    Several processes may open one folder; one at a time writes. A catalogue whose writing broke
    off opens and answers with what it has; adding the same sources again finishes it.

    Attributes
    ----------
    folder : Path
    registry : Registry
        Every tool by id. Change it through the catalogue only.
    search_index : Index
    expansions : Expansions
        What a chat model said of its tools, where one was asked (:meth:`expand`).
    """

    def __init__(self, folder: Path, registry: Registry, index: Index) -> None:
        self.folder, self.registry, self.search_index = folder, registry, index
        self.expansions = Expansions(folder)
        index.besides = lambda spec: self.expansions.of(spec).text
        self._linked: tuple[object, chains.Links] | None = None
        self._known: OrderedDict[_Asked, tuple[object, list[tuple[Hit, ToolSpec]]]] = OrderedDict()

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        create: bool = True,
        embedder: Embedder | None = None,
        chroma_url: str | None = None,
    ) -> Catalog:
        """Open a catalogue.

        Parameters
        ----------
        folder : path
        create : bool
            Make it where there is none. Commands that only read say False: they need one that
            has tools.
        embedder : Embedder, optional
            Otherwise what ``toolgrove train retriever`` made and this catalogue was opened with
            before, or :class:`toolgrove.retriever.embedding.MiniLM`. Nothing is loaded or fetched
            before the first text is embedded.
        chroma_url : str, optional
            ``http://host:port`` of a Chroma server to keep the vectors' collection on, or empty
            for the folder itself. It is remembered (:class:`toolgrove.retriever.index.Index`), in
            the folder and, since a folder may be somebody else's and must not choose a host, among
            what this machine's user trusts (:func:`toolgrove.tools.trusted.trust`).

        Raises
        ------
        CatalogError
            There is none and none may be made, it is damaged, or another embedder or version
            made it.
        """
        from toolgrove.retriever.embedding import MiniLM
        from toolgrove.retriever.index import Index
        from toolgrove.retriever.trained import keep, load_embedder
        from toolgrove.tools.trusted import trust_chroma, trusted_chroma

        registry = Registry.open(folder, create=create)
        try:
            kept = Path(folder) / "embedder"
            given = embedder is not None
            if embedder is None:
                embedder = load_embedder(kept) if kept.is_dir() else MiniLM()
            if chroma_url:
                trust_chroma(chroma_url)
            index = Index(
                Path(folder) / "index", embedder, chroma_url=chroma_url, named=trusted_chroma
            )
            if create and given:
                keep(embedder, kept)
        except BaseException:
            registry.close()
            raise
        return cls(Path(folder), registry, index)

    def add(self, specs: Iterable[ToolSpec], tick: Tick | None = None) -> Changes:
        """Add tools, or bring those of the same id up to date; the iterable is streamed.

        Only what is new or changed is indexed, and only texts never seen before are embedded.

        Parameters
        ----------
        specs : iterable of ToolSpec
        tick : callable, optional
            Progress of the indexing.

        Raises
        ------
        SpecError
            A spec's id cannot be a tool's.
        """
        with self.search_index.writing() as whole:
            whole = whole and len(self.search_index) == len(self.registry)
            changes = self.registry.add(specs)
            ids: Sequence[str] = (*changes.added, *changes.changed)
            if not whole:
                ids = [spec.id for spec in self.registry]
                self.search_index.remove(list(self.search_index.ids().difference(ids)))
            specs_of = map(self.registry.find, ids)
            new: Iterator[ToolSpec] = (spec for spec in specs_of if spec is not None)
            self.search_index.update(
                new, None if tick is None else lambda done, _: tick(done, len(ids))
            )
            if ids or not (self.folder / chains.FILE).exists():
                chains.save_links(self.folder, chains.links(self.registry))
        return changes

    def expand(self, model: str | BaseChatModel, tick: Tick | None = None) -> tuple[int, int]:
        """Have a chat model say when to use each tool, and search for that, too.

        A tool is asked about once, and again where its text has changed or by another model. What
        was said is kept as it comes: broken off, the same call goes on. Nobody but the search
        reads it (:mod:`toolgrove.retriever.expansion`).

        Returns
        -------
        (int, int)
            About how many tools the model was asked, and how many replies could not be used.

        Raises
        ------
        ModelError
            Where the model does not answer.
        """
        from toolgrove.agent.models.loading import loaded

        name = without_passwords(model) if isinstance(model, str) else model_name(model)
        found = self.expansions.write(list(self.registry), loaded(model), name, tick or silent)
        with self.search_index.writing():
            self.search_index.update(self.registry)
        return found

    def index(
        self,
        sources: str | Sequence[str],
        *,
        name: str | None = None,
        base: str = "",
        skip_bad: bool = False,
        expand: str | BaseChatModel | None = None,
        tick: Tick | None = None,
    ) -> IndexReport:
        """Add the tools of any source, as ``toolgrove index`` does.

        A source ``mcp+stdio:COMMAND`` starts that program, ``module:object`` imports that module
        and an MCP server's URL is spoken to, with the rights of whoever runs this. Naming one
        here trusts it: it is remembered (:func:`toolgrove.tools.trusted.trust`), so that the
        commands may call it for this catalogue. Index no source that you have from a stranger.

        Parameters
        ----------
        sources : str or sequence of str
            Files or folders, addresses of OpenAPI documents or MCP servers, ``module:object``, or
            the words ``world``, ``botocore`` and ``google-discovery``.
        name : str or None
            A name for the one source, where another service or server calls itself the same.
        base : str
            The address that the one source's API is served at, where its OpenAPI document names
            none, or a relative one: ``https://api.example/v1``. One that was fetched is served
            where it was found.
        skip_bad : bool
            Whether to go on after a bad source or file; the report lists it.
        expand : str, BaseChatModel or None
            A model that says of each tool of the catalogue when to use it (:meth:`expand`).
        tick : callable, optional
            Progress of the indexing.

        Returns
        -------
        IndexReport
            What was taken of each source, and what was left and why.

        Raises
        ------
        UsageError
            There is no tool in any of the sources, or no such source.
        ToolgroveError
            A source cannot be read; its whole files before it stay.
        """
        from toolgrove.agent.sources import SourceReader

        named = [sources] if isinstance(sources, str) else sources
        reader = SourceReader(named, self.registry, skip_bad=skip_bad, name=name, base=base)
        changes = self.add(reader.specs(), tick)
        if reader.empty:
            raise UsageError("no tools there. Name files, folders or servers that hold some.")
        if expand is not None:
            self.expand(expand, tick)
        return reader.report(changes, len(self))

    def remove(self, ids: Iterable[str]) -> int:
        """Remove tools; returns how many there were."""
        wanted = list(ids)
        with self.search_index.writing():
            self.search_index.remove(wanted)
            return self.registry.remove(wanted)

    def search(
        self,
        query: str,
        k: int = 5,
        *,
        where: Mapping[str, str] | None = None,
        intents: Callable[[str], Intents] | None = None,
        rerank: Reranker | None = None,
    ) -> Hits:
        """Find the ``k`` tools that a query is most likely about, best first.

        ``where`` filters on ``category``, ``tool``, ``source`` and ``effect``
        (:meth:`toolgrove.retriever.index.Index.search`). ``intents`` says what a request asks for
        (:class:`toolgrove.retriever.intents.ChatIntents`); each is then searched for by itself, and
        its best tool is among the ``k``. ``rerank`` looks at the first 20 again
        (:mod:`toolgrove.retriever.rerank`); the hits keep the scores of the search.
        """
        if rerank is None and intents is None:
            return Hits(self._searched(query, k, where))
        hits = self._again(query, k, where, rerank)
        if intents is not None:
            from toolgrove.retriever.intents import served

            each = [self._hits(text, k, where) for text in intents(query).texts]
            hits = served(hits, each, k)
        return Hits(self._found(hits))

    def _hits(self, query: str, k: int, where: Mapping[str, str] | None) -> list[Hit]:
        """What the index finds, with the tools that give the identifiers which the first need."""
        linked = self._links()
        if not linked:
            return self.search_index.search(query, k, where=where)
        hits = self.search_index.search(query, max(k, _POOL), where=where)
        return chains.with_suppliers(query, hits, linked, k, anew=not where)

    def _links(self) -> chains.Links:
        """Which identifiers come from where, as it was found when tools were last added."""
        now = self.registry.version
        if self._linked is None or self._linked[0] != now:
            self._linked = now, chains.load_links(self.folder)
        return self._linked[1]

    def _found(self, hits: Iterable[Hit]) -> list[tuple[Hit, ToolSpec]]:
        """Hits with their tools; one whose tool is gone or damaged is left out."""
        found = ((hit, self.registry.find(hit.id)) for hit in hits)
        return [(hit, spec) for hit, spec in found if spec is not None]

    def _searched(
        self, query: str, k: int, where: Mapping[str, str] | None
    ) -> list[tuple[Hit, ToolSpec]]:
        """What a plain search finds; the same one, while nothing changed, is made once."""
        now = self.version
        asked = (query, k, tuple(sorted((where or {}).items())))
        known = self._known.get(asked)
        if known is None or known[0] != now:
            known = now, self._found(self._hits(query, k, where))
            if not known[1] and not len(self.search_index) and len(self):
                raise _nothing_found(self.folder)
            if not self.search_index.whole:  # it is mended when it is searched again
                return known[1]
            self._known[asked] = known
        self._known.move_to_end(asked)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return known[1]

    def _again(
        self, query: str, k: int, where: Mapping[str, str] | None, rerank: Reranker | None
    ) -> list[Hit]:
        if rerank is None:
            return self._hits(query, k, where)
        from toolgrove.retriever.documents import document
        from toolgrove.retriever.rerank import DEPTH, reordered

        hits = self._hits(query, max(k, DEPTH), where)
        found = self._found(hits)
        hits = [hit for hit, _ in found]
        documents = [document(spec) for _, spec in found]
        return reordered(hits, rerank(query, documents))[:k]

    def next(
        self, query: str, called: Sequence[tuple[str, Status]], k: int = 5
    ) -> list[tuple[Hit, ToolSpec]]:
        """Find the ``k`` tools that the next step of a request most likely needs, best first.

        Parameters
        ----------
        query : str
            The request, or what is sought now.
        called : sequence of (tool id, Status)
            The calls made so far and how they ended
            (:func:`toolgrove.retriever.next_step.following`).
        k : int
            How many at most.
        """
        from toolgrove.retriever.documents import document
        from toolgrove.retriever.next_step import following

        known = {tool: self.registry.find(tool) for tool, _ in called}
        documents = {tool: document(spec) for tool, spec in known.items() if spec is not None}
        hits = following(query, called, self.search_index.search, documents, k, learned=self.co_use)
        return self._found(hits)

    @cached_property
    def co_use(self) -> CoUse:
        """Which tools are used together, as far as it was learnt (``toolgrove learn co-use``)."""
        from toolgrove.retriever.co_use import CoUse

        return CoUse.load(self.folder)

    def learn(self, episodes: Iterable[Episode]) -> int:
        """Learn which tools are used together, and keep it in the folder.

        Tools may be named by their id or alias; those that the catalogue does not have are left
        out. Leave the tasks out that you mean to test on.

        Returns
        -------
        int
            How many episodes were new.
        """
        ids = {self.registry.alias(spec.id): spec.id for spec in self.registry}
        ids |= {spec_id: spec_id for spec_id in ids.values()}
        new = self.co_use.learn(episode.among(ids) for episode in episodes)
        self.co_use.save(self.folder)
        return new

    @property
    def version(self) -> tuple[object, ...]:
        """Another value after every change of tools or of what is found, by whichever process."""
        index = self.search_index
        return (self.registry.database.version, index.database.version, index.ranker)

    @property
    def ranking(self) -> dict[str, str]:
        """What decides besides the tools which of them are found, where it is not the default."""
        from toolgrove.retriever.embedding import MiniLM
        from toolgrove.retriever.ranker import DEFAULT

        index, found = self.search_index, {}
        if index.embedder.name != MiniLM.name:
            found["embedder"] = index.embedder.name
        if index.ranker != DEFAULT:
            found["ranker"] = codec.digest(index.ranker.weights)
        if self.expansions.digest:
            found["expansions"] = self.expansions.digest
        return found

    @property
    def whole(self) -> bool:
        """False where adding broke off, until the same sources are added again."""
        return self.search_index.whole

    def __len__(self) -> int:
        return len(self.registry)

    def close(self) -> None:
        """Let go of the folder; closing twice is harmless."""
        self.search_index.close()
        self.registry.close()
        self.expansions.close()

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _nothing_found(folder: Path) -> CatalogError:
    from toolgrove.retriever.store import FILE

    return CatalogError(
        f"{folder / 'index' / FILE}: missing or empty, so no tool can be found. Index any of the "
        f"sources again, toolgrove index SOURCE --catalog {folder}: all tools are embedded anew."
    )
