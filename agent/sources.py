"""Sources of tools: a file or folder, an MCP server, a Python object, or a word."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urljoin, urlsplit

from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError, FormatError, SpecError, ToolgroveError, UsageError
from toolgrove.tools.http.address import origin_of
from toolgrove.tools.origins import goes_to, renamed, unkeyed

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from toolgrove.tools.registry import Changes, Registry

__all__ = ["IndexReport", "SourceReader", "SourceReport", "apart", "registered"]


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source held.

    Parameters
    ----------
    source : str
        As it was named.
    kind : str
        What it was taken for.
    tools, added, changed, unchanged : int
        How many tools it has, and how many of them were new, differed, or were there already.
    files, other_files : int
        Files that were read, and those that hold no tools.
    skipped : tuple of str
        The errors that were passed over because of ``skip_bad``.
    left : tuple of str
        What could not be taken, each with the reason.
    """

    source: str
    kind: str
    tools: int
    added: int
    changed: int
    unchanged: int
    files: int = 0
    other_files: int = 0
    skipped: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What indexing came to.

    Parameters
    ----------
    tools : int
        How many the catalogue has now.
    added, changed, unchanged : int
        How many tools of the sources were new, differed, or were there already.
    sources : tuple of SourceReport
    """

    tools: int
    added: int
    changed: int
    unchanged: int
    sources: tuple[SourceReport, ...]


@dataclass
class _Reading:
    """One source while it is read."""

    source: str
    registry: Registry
    skip_bad: bool
    name: str | None = None
    base: str = ""
    kind: str = ""
    ids: dict[str, None] = field(default_factory=dict)
    files: int = 0
    other_files: int = 0
    skipped: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def report(self, changes: Changes) -> SourceReport:
        added = len(self.ids.keys() & set(changes.added))
        changed = len(self.ids.keys() & set(changes.changed))
        return SourceReport(
            source=self.source,
            kind=self.kind,
            tools=len(self.ids),
            added=added,
            changed=changed,
            unchanged=len(self.ids) - added - changed,
            files=self.files,
            other_files=self.other_files,
            skipped=tuple(self.skipped),
            left=tuple(self.left),
        )


def apart(sources: Sequence[str], catalog: Path) -> None:
    """Refuse a catalogue that is its own source, or whose name is a word for one.

    Raises
    ------
    UsageError
        Saying what to name instead.
    """
    if str(catalog) in _WORDS:
        raise UsageError(
            f"--catalog {catalog}: {catalog} is a source's name. Name another folder, as in "
            "--catalog catalog."
        )
    for source in sources:
        if source not in _WORDS and os.path.abspath(source) == os.path.abspath(catalog):
            raise UsageError(f"{source} is the --catalog itself. Name the source of its tools.")


class SourceReader:
    """Reads sources one after another, one file in memory at a time, and counts what passes.

    Parameters
    ----------
    sources : sequence of str
    registry : Registry
        That of the catalogue which the tools go into.
    skip_bad : bool
        Whether to go on after a bad source or file, and report it.
    name : str or None
        A name for the one source, in the place of what it calls itself.
    base : str
        Where the one source's API is served, if its document does not say.

    Raises
    ------
    UsageError
        Where a name or base is given for several sources, or for one that has none.
    """

    def __init__(
        self,
        sources: Sequence[str],
        registry: Registry,
        *,
        skip_bad: bool,
        name: str | None = None,
        base: str = "",
    ) -> None:
        if name is not None and len(sources) > 1:
            raise UsageError("--as names one source. Index the sources one by one.")
        if base:
            base = _served(base, sources)
        self._readings = [_Reading(source, registry, skip_bad, name, base) for source in sources]

    def specs(self) -> Iterator[ToolSpec]:
        """The tools of all sources.

        Raises
        ------
        ToolgroveError
            Where a source cannot be read, unless bad ones are skipped.
        """
        described: dict[str, str] = {}
        for reading in self._readings:
            try:
                for spec in _reader(reading.source)(reading):
                    if spec.source == "openapi":
                        if spec.id in described:
                            other = described[spec.id]
                            mend = "; the first is taken"
                            if other != goes_to(spec):
                                mend = f" ({other}): {_AS}"
                            reading.left.append(f"{spec.id}: described before{mend}")
                            continue
                        described[spec.id] = goes_to(spec)
                    reading.ids[spec.id] = None
                    yield spec
            except CatalogError:  # not the source's fault
                raise
            except ToolgroveError as error:
                if not reading.skip_bad:
                    raise
                reading.skipped.append(str(error))

    @property
    def empty(self) -> bool:
        """Whether there was nothing in any source, not even something bad."""
        return not any(one.ids or one.skipped or one.left for one in self._readings)

    def report(self, changes: Changes, tools: int) -> IndexReport:
        """What was read, after the tools were added.

        Parameters
        ----------
        changes : Changes
            What adding them changed.
        tools : int
            How many the catalogue has now.
        """
        return IndexReport(
            tools=tools,
            added=len(changes.added),
            changed=len(changes.changed),
            unchanged=changes.unchanged,
            sources=tuple(one.report(changes) for one in self._readings),
        )


def _served(base: str, sources: Sequence[str]) -> str:
    """A base that was named, ending in a slash unless it is a document's address."""
    try:
        origin_of(base)
        parts = urlsplit(base)
        good = not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        good = False
    if not good:
        shown = unkeyed(base).rpartition("@")[2][:200]
        raise UsageError(f"--base {shown!r}: write the server's address, https://host/path.")
    if len(sources) > 1:
        raise UsageError("--base is of one source. Index the sources one by one.")
    for source in sources:
        if _reader(source) not in (_files, _web):
            raise UsageError(f"--base is for OpenAPI documents; leave it out for {source}.")
    return base if parts.path.endswith(_DOCUMENTS) else base.rstrip("/") + "/"


_DOCUMENTS = (".json", ".yaml", ".yml")
_AS = "give one of the two a name of its own, --as NAME"


def _own(specs: Iterable[ToolSpec], reading: _Reading, source: str) -> Iterator[ToolSpec]:
    """The specs that are not another source's by the same id, under the source's name."""
    for spec in specs:
        found = spec if reading.name is None else renamed(spec, reading.name)
        if found.source not in ("openapi", "mcp"):
            yield found
        elif other := reading.registry.claim(found, source):
            kind = "server" if found.source == "mcp" else "service"
            reading.left.append(
                f"{found.id}: another {kind} of this name is in the catalogue ({other}): {_AS}"
            )
        else:
            yield found


_Read: TypeAlias = Callable[[_Reading], Iterator[ToolSpec]]


def _reader(source: str) -> _Read:
    from toolgrove.tools.mcp.source import is_address
    from toolgrove.tools.python.source import is_source
    from toolgrove.tools.registry_file import FILE

    if source in _WORDS:  # also where a file has that name: ./world is the file
        return _WORDS[source]
    if Path(source, FILE).exists():
        raise UsageError(f"{source} is a catalogue, not a source. Name the source of its tools.")
    if Path(source).exists():
        return _files
    if is_address(source):
        return _web if source.startswith(("http://", "https://")) and "#" not in source else _mcp
    if is_source(source):
        return _python
    return _files


def _world(reading: _Reading) -> Iterator[ToolSpec]:
    from toolgrove.data import world

    reading.kind = "bundled world"
    yield from _own(world.specs(), reading, reading.source)


def _botocore(reading: _Reading) -> Iterator[ToolSpec]:
    from toolgrove.data.formats.botocore_models import load_botocore

    reading.kind = "botocore's models"
    yield from _own(load_botocore(), reading, reading.source)


def _google(reading: _Reading) -> Iterator[ToolSpec]:
    from toolgrove.data.formats.google_discovery import load_google

    reading.kind = "Google's discovery documents"
    yield from _own(load_google(), reading, reading.source)


_WORDS: dict[str, _Read] = {"botocore": _botocore, "google-discovery": _google, "world": _world}


def _web(reading: _Reading) -> Iterator[ToolSpec]:
    """What an address answers: an OpenAPI document, or else an MCP server."""
    from toolgrove.data.formats.openapi import parse_openapi
    from toolgrove.data.formats.sources import SourceKind
    from toolgrove.machine.threads import wait
    from toolgrove.tools.http.fetched import fetched

    shown = unkeyed(reading.source)
    named = bool(reading.base) or shown.endswith(_DOCUMENTS)  # so it is meant to be a document
    data, found, why = None, reading.source, "what is there is none"
    try:
        found, text = wait(fetched(reading.source))
        data = _document(text, shown, named)
    except SpecError as error:
        if named:
            raise
        why = str(error).removeprefix(f"{shown}: ").partition(". ")[0]
    if data is None and not named:
        yield from _mcp(reading, f" Nor is there an OpenAPI document ({why}).")
        return
    reading.kind = str(SourceKind.OPENAPI)
    document = parse_openapi(data, shown, base=reading.base or urljoin(found, "openapi.json"))
    reading.left += [f"{shown}: {one.where}: {one.why}" for one in document.left]
    yield from _own(document.specs, reading, shown)


def _document(text: bytes, file: str, named: bool) -> Any:
    """The value of a document's text; None where it is no OpenAPI document and none was named."""
    from toolgrove.data.formats.openapi import is_openapi
    from toolgrove.data.formats.openapi_text import parse_text
    from toolgrove.data.formats.sources import openapi_at_a_glance

    data = openapi_at_a_glance(text, file)
    if data is None and (named or text.lstrip()[:1] == b"{"):
        try:
            data = parse_text(text, file)
        except FormatError:
            if named:
                raise
    return data if named or is_openapi(data) else None


def _mcp(reading: _Reading, otherwise: str = "") -> Iterator[ToolSpec]:
    from toolgrove.machine.threads import wait
    from toolgrove.tools.mcp.source import load_mcp
    from toolgrove.tools.trusted import trust

    reading.kind = "MCP server"
    try:
        specs, left = wait(load_mcp(reading.source))
    except SpecError as error:
        raise SpecError(f"{error}{otherwise}") from error
    reading.left += left
    trust([reading.source])
    yield from _own(specs, reading, reading.source)


def _python(reading: _Reading) -> Iterator[ToolSpec]:
    from toolgrove.tools.python.source import load_source
    from toolgrove.tools.trusted import trust

    reading.kind = "Python object"
    loaded = load_source(reading.source)
    reading.left += loaded.left
    trust([reading.source])
    yield from _own(loaded.specs, reading, reading.source)


def _files(reading: _Reading) -> Iterator[ToolSpec]:
    from toolgrove.data.formats.sources import SPECS, load_sources

    sources = load_sources([reading.source], SPECS, skip_bad=reading.skip_bad, base=reading.base)
    kinds: dict[str, None] = {}
    try:
        for loaded in sources:
            kinds[str(loaded.kind)] = None
            reading.left += loaded.left
            yield from _own(loaded.specs, reading, str(loaded.path.resolve()))
    finally:
        reading.kind = ", ".join(kinds)
        reading.files, reading.other_files = sources.read, sources.passed
        reading.skipped += [str(error) for error in sources.skipped]


def registered(tools: Iterable[Callable[..., Any] | BaseTool | ToolSpec]) -> Registry:
    """A registry in memory of Python functions, LangChain tools and specs."""
    from langchain_core.tools import BaseTool

    from toolgrove.tools.registry import Registry

    registry = Registry()
    for tool in tools:
        if isinstance(tool, ToolSpec):
            registry.add([tool])
        elif isinstance(tool, BaseTool):
            registry.add_langchain(tool)
        else:
            registry.add_function(tool)
    return registry
