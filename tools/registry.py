"""The registry: every tool that can be called, by id, each with an alias for model APIs.

One SQLite file, in memory or on disk. Aliases stand in a table of their own and outlive their
tools, so that an alias that a run's journal holds never comes to mean another tool.
"""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import CatalogError, SpecError
from toolgrove.machine.files import made_folder
from toolgrove.machine.sqlite import Database
from toolgrove.tools.lent import LentTools
from toolgrove.tools.offer import Offer
from toolgrove.tools.origins import conflict, goes_to
from toolgrove.tools.registry_file import FILE, ORIGINS, SCHEMA, put
from toolgrove.tools.rows import decoded, encoded, whole

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from toolgrove.tools.answer_form import AnswerForm

__all__ = ["Changes", "Registry"]

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Changes:
    """What adding specs changed.

    Parameters
    ----------
    added, changed : tuple of str
        Ids of the specs that are new, and of those that differ from what was there.
    unchanged : int
        How many were there already, the same.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0


class Registry:
    """Tools by id. Use it as a context manager, or close it.

    ``Registry()`` lives in memory; :meth:`open` gives one that stays on disk and that several
    processes may use at once. Iterating streams the specs in the order they were first added.

    Attributes
    ----------
    functions : dict
        By id, the function or LangChain tool that this process registered.

    Examples
    --------
    >>> with Registry() as registry:
    ...     changes = registry.add([ToolSpec("World/clock/now", "World", "clock", "now")])
    ...     changes.added, registry.alias("World/clock/now"), len(registry)
    (('World/clock/now',), 'now_for_clock', 1)
    """

    def __init__(self) -> None:
        self._start(None)

    @classmethod
    def open(cls, folder: str | Path, *, create: bool = True) -> Registry:
        """Open a catalogue's registry, making it where there is none yet.

        Parameters
        ----------
        folder : path
            The catalogue's folder; the registry is the file ``registry.sqlite`` in it.
        create : bool
            False refuses a folder that holds no registry, or no tools, for commands that only
            read.

        Raises
        ------
        CatalogError
            Where the folder is a file, holds no registry or no tools though it should, or its
            registry is damaged or was made by another version.
        """
        place = Path(folder)
        path = place / FILE
        if place.exists() and not place.is_dir():
            raise CatalogError(f"{place}: is a file, not a catalogue. Name a folder.")
        if not path.exists():
            if not create:
                raise CatalogError(
                    f"{place}: no catalogue here (no {FILE}). Make one with "
                    f"'toolgrove index SOURCE --catalog {place}'."
                )
            made_folder(place)
        registry = cls.__new__(cls)
        registry._start(path)
        if not create and not len(registry):
            registry.close()
            raise CatalogError(
                f"{place}: this catalogue has no tools. Add some with "
                f"'toolgrove index SOURCE --catalog {place}'."
            )
        return registry

    def _start(self, path: Path | None) -> None:
        self.functions: dict[str, Any] = {}
        self._specs: dict[str, ToolSpec] = {}
        self._lent = LentTools()
        self._path = path
        self.database = Database(path, SCHEMA)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self.database.writing() as db:
            self._specs.clear()
            yield db

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self.database.rows(query, values)
        except UnicodeEncodeError:  # a lone surrogate: no id holds one
            return []

    def add(self, specs: Iterable[ToolSpec]) -> Changes:
        """Add specs, or bring those of the same id up to date.

        The iterable is streamed: 500 specs at a time are committed together, so whatever stops
        it half-way leaves whole specs behind and adding again costs little.

        Returns
        -------
        Changes
            An id given several times is listed once; the last spec given stays.

        Raises
        ------
        SpecError
            Where a spec's id is empty or not valid Unicode.
        """
        added: dict[str, None] = {}
        changed: dict[str, None] = {}
        unchanged = 0
        stream = iter(specs)
        while chunk := [(spec, *encoded(spec)) for spec in islice(stream, _CHUNK)]:
            with self._transaction() as db:
                for spec, digest, body in chunk:
                    what = put(db, spec, digest, body)
                    if what == "added":
                        added[spec.id] = None
                    elif what == "unchanged":
                        unchanged += 1
                    elif spec.id not in added:
                        changed[spec.id] = None
        return Changes(tuple(added), tuple(changed), unchanged)

    def claim(self, spec: ToolSpec, source: str) -> str | None:
        """Note that a spec comes from a source; ask before it is added.

        Parameters
        ----------
        spec : ToolSpec
        source : str
            A file's path, an address: what was indexed.

        Returns
        -------
        str or None
            The other source of a tool of the same id that goes elsewhere, which then stays what it
            is: the spec is not to be added (:func:`toolgrove.tools.origins.renamed` gives it
            another id). None where there is no such tool.
        """
        row = self._rows("SELECT source FROM origins WHERE id = ?", spec.id) if self._has() else []
        known = str(row[0][0]) if row else ""
        old = self.find(spec.id)
        if old is not None and conflict(old, known, spec, source):
            return known or goes_to(old)
        if known != source:
            with self._transaction() as db:
                db.execute(ORIGINS)
                db.execute("INSERT OR REPLACE INTO origins VALUES (?, ?)", (spec.id, source))
        return None

    def _has(self) -> bool:
        """Whether origins are written down: older registries have no place for them."""
        return bool(self._rows("SELECT 1 FROM sqlite_schema WHERE name = 'origins'"))

    def add_function(
        self, function: Callable[..., Any], *, effect: Effect | None = None
    ) -> ToolSpec:
        """Add a typed Python function, sync or async; what it does is kept in memory only.

        Parameters
        ----------
        function : callable
            With annotated parameters and, best, a numpy-style docstring.
        effect : Effect, optional
            Overrides what the function says of itself
            (:func:`toolgrove.tools.python.effect.tool`); one that says nothing writes.

        Raises
        ------
        SpecError
            Where the function cannot become a tool
            (:func:`toolgrove.tools.python.function.function_spec`), or another closure or bound
            method of the same name is registered.
        """
        from toolgrove.tools.python.function import function_spec

        spec = function_spec(function, effect=effect)
        before = self.functions.get(spec.id, function)
        if before != function and (inspect.ismethod(function) or "<" in spec.id):
            raise SpecError(
                f"{spec.id}: another function of this name is registered, made by the same code. "
                "Give each its own __qualname__."
            )
        self.add([spec])
        self.functions[spec.id] = function
        return spec

    def lend(self, tool: Callable[..., Any] | ToolSpec) -> ToolSpec:
        """Know a tool in this process alone; it can be called, and is not among the others.

        It is found by its id, and neither listed, searched nor written to disk, so that a run can
        be offered what a catalogue does not have.

        Parameters
        ----------
        tool : callable or ToolSpec
            A function as :meth:`add_function` takes it, or what a run has its own way to call.
            Where the registry has it, too, that is the tool.

        Examples
        --------
        >>> from toolgrove import tool
        >>> @tool(effect="read")
        ... def double(x: int) -> int:
        ...     '''Double a number.'''
        ...     return 2 * x
        >>> registry = Registry()
        >>> spec = registry.lend(double)
        >>> registry.alias(spec.id), registry.get(spec.id) == spec, len(registry)
        ('double', True, 0)
        """
        from toolgrove.tools.python.function import function_spec

        spec = tool if isinstance(tool, ToolSpec) else function_spec(tool)
        self._lent.add(spec, self._has_alias)
        if not isinstance(tool, ToolSpec):
            self.functions[spec.id] = tool
        return spec

    def _has_alias(self, alias: str) -> bool:
        return bool(self._rows("SELECT 1 FROM aliases WHERE alias = ?", alias))

    def add_langchain(self, tool: BaseTool, *, effect: Effect | None = None) -> ToolSpec:
        """Add a LangChain tool; the tool itself is kept in memory only.

        Parameters
        ----------
        tool : BaseTool
        effect : Effect, optional
            Overrides what the tool says of itself
            (:func:`toolgrove.tools.python.langchain.from_langchain`, which raises ``SpecError``).
        """
        from toolgrove.tools.python.langchain import from_langchain

        spec = from_langchain(tool, effect=effect)
        if self.functions.get(spec.id, tool) is not tool:
            raise SpecError(f"{spec.id}: another tool of this name is registered. Rename one.")
        self.add([spec])
        self.functions[spec.id] = tool
        return spec

    def remove(self, ids: Iterable[str]) -> int:
        """Remove specs; ids that are not there are passed over.

        Returns
        -------
        int
            How many were removed. Their aliases stay theirs.
        """
        wanted = list(ids)
        with self._transaction() as db:
            before = db.total_changes
            db.executemany("DELETE FROM specs WHERE id = ?", ((spec_id,) for spec_id in wanted))
            removed = db.total_changes - before
        for spec_id in wanted:
            self.functions.pop(spec_id, None)
        return removed

    def get(self, spec_id: str) -> ToolSpec:
        """The spec of an id.

        Raises
        ------
        CatalogError
            Where there is none, or its row is damaged.
        """
        known = self._specs.get(spec_id)
        if known is not None:
            return known
        with self.database.lock:  # so that nothing is changed in between
            rows = self._rows("SELECT body FROM specs WHERE id = ?", spec_id)
            if not rows and spec_id in self._lent:
                return self._lent[spec_id].spec
            if not rows:
                raise CatalogError(f"no tool has the id {spec_id!r}. Index its source first.")
            spec = decoded(spec_id, rows[0][0])
            if self._path is None:  # which no other process can change
                self._specs[spec_id] = spec
            return spec

    def find(self, spec_id: str) -> ToolSpec | None:
        """The spec of an id; None where there is none, or where its row is damaged."""
        if spec_id in self._specs:
            return self._specs[spec_id]
        rows = self._rows("SELECT body FROM specs WHERE id = ?", spec_id)
        if not rows and spec_id in self._lent:
            return self._lent[spec_id].spec
        return whole(spec_id, rows[0][0]) if rows else None

    def digest(self, spec_id: str) -> str:
        """The digest of an id's spec (:func:`toolgrove.data.codec.digest`), without reading it.

        Raises
        ------
        CatalogError
            Where there is none.
        """
        rows = self._rows("SELECT digest FROM specs WHERE id = ?", spec_id)
        if not rows and spec_id in self._lent:
            return self._lent[spec_id].digest
        if not rows:
            raise CatalogError(f"no tool has the id {spec_id!r}. Index its source first.")
        return str(rows[0][0])

    def alias(self, spec_id: str) -> str:
        """The name under which model APIs are offered a tool; it never changes.

        Raises
        ------
        CatalogError
            Where there is no such tool.
        """
        rows = self._rows("SELECT alias FROM aliases JOIN specs USING (id) WHERE id = ?", spec_id)
        if not rows and spec_id in self._lent:
            return self._lent[spec_id].alias
        if not rows:
            raise CatalogError(f"no tool has the id {spec_id!r}. Index its source first.")
        return str(rows[0][0])

    def id_of(self, alias: str) -> str | None:
        """The id of the tool that has an alias, if one has."""
        rows = self._rows("SELECT id FROM aliases JOIN specs USING (id) WHERE alias = ?", alias)
        return str(rows[0][0]) if rows else None

    def offer(self, ids: Sequence[str]) -> Offer:
        """What one run shows its model: these tools, each once, and Finish.

        Raises
        ------
        CatalogError
            Where there is no such tool.
        """
        return self.offer_of([self.get(spec_id) for spec_id in dict.fromkeys(ids)])

    def offer_of(
        self,
        specs: Iterable[ToolSpec],
        controls: Collection[str] = (),
        form: AnswerForm | None = None,
    ) -> Offer:
        """What one run shows its model: these of the registry's tools, each once, and Finish.

        Parameters
        ----------
        specs : iterable of ToolSpec
        controls : collection of str
            What else is offered (:class:`~toolgrove.tools.offer.Offer`).
        form : AnswerForm or None
            What a final answer has to be.

        Raises
        ------
        CatalogError
            Where the registry does not have one of them.
        """
        unique = {spec.id: spec for spec in specs}
        aliases = {self.alias(spec_id): spec_id for spec_id in unique}
        return Offer(tuple(unique.values()), aliases, controls=controls, form=form)

    def ids(self) -> list[str]:
        """The ids of all specs, in the order they were first added."""
        return [str(row[0]) for row in self._rows("SELECT id FROM specs ORDER BY seq")]

    @property
    def version(self) -> tuple[int, int]:
        """Another value after every change, by this process or another; equal: nothing changed."""
        return self.database.version

    def __contains__(self, spec_id: object) -> bool:
        return bool(self._rows("SELECT 1 FROM specs WHERE id = ?", spec_id))

    def __len__(self) -> int:
        return int(self._rows("SELECT count(*) FROM specs")[0][0])

    def __iter__(self) -> Iterator[ToolSpec]:
        query = "SELECT seq, id, body FROM specs WHERE seq > ? ORDER BY seq LIMIT ?"
        seen = 0
        while rows := self._rows(query, seen, _CHUNK):
            for seen, spec_id, body in rows:  # noqa: B007 - the last one says where to go on
                if (spec := whole(spec_id, body)) is not None:
                    yield spec

    def close(self) -> None:
        """Let go of the file; closing twice is harmless."""
        self.database.close()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
