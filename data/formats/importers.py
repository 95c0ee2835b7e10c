"""Formats that other packages read: what an importer is, and which one knows a file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from toolgrove.data.records import Task, ToolSpec
from toolgrove.data.tree import SearchTree
from toolgrove.errors import FormatError, ToolgroveError
from toolgrove.plugins import Plugins

__all__ = ["IMPORTERS", "Holds", "Importer", "Loaded", "known_to", "load_by"]

_LOG = logging.getLogger(__name__)

Holds: TypeAlias = Literal["specs", "tasks", "trees"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one file, or one run's folder, holds.

    ``kind`` is what the file is, in words. ``name`` is its path from the folder that the named path
    stands in; trees have it in ``meta["run"]``, so that runs of one name in several folders stay
    apart. ``left`` says which of its tools were left out, and why.
    """

    path: Path
    kind: str
    specs: Sequence[ToolSpec] = ()
    tasks: Sequence[Task] = ()
    trees: Sequence[SearchTree] = ()
    name: str = ""
    left: Sequence[str] = ()


class Importer(Protocol):
    """Reads the files of one format. It is asked of files that are of no format of ours."""

    @property
    def kind(self) -> str:
        """What its files are, in words, for reports."""
        ...

    @property
    def holds(self) -> Holds:
        """What there is in them."""
        ...

    def recognises(self, path: Path) -> bool:
        """Whether a file is of the format, by its name and a look at its beginning.

        Every file of a folder that is indexed is shown to it, so it looks at the name first.
        """
        ...

    def load(self, path: Path) -> Loaded:
        """Read one file.

        Raises
        ------
        FormatError
            Where the file is not what its format says.
        """
        ...


def _wrong(name: str, importer: Any) -> str:
    missing = [part for part in ("kind", "load", "recognises") if not hasattr(importer, part)]
    if missing or isinstance(importer, type):
        return f"an importer is an object; this is a class, or lacks {missing or 'nothing'}"
    if getattr(importer, "holds", None) not in ("specs", "tasks", "trees"):
        return "its `holds` is none of specs, tasks, trees"
    return ""


IMPORTERS: Plugins[Importer] = Plugins("importers", {}, _wrong)
"""Importers of installed packages; ours have formats that look alike and are told apart at once."""


def known_to(importers: Sequence[Importer], path: Path) -> Importer | None:
    """The first importer that knows a file; one that breaks over it is named and passed over."""
    for importer in importers:
        try:
            if importer.recognises(path):
                return importer
        except Exception as error:  # a stranger's code
            _LOG.warning("the importer of %s is passed over: %r at %s", importer.kind, error, path)
    return None


def load_by(importer: Importer, path: Path) -> Loaded:
    """What an importer reads, under its kind.

    Raises
    ------
    FormatError
        Where it finds something wrong, or breaks.
    """
    try:
        return replace(importer.load(path), path=path, kind=importer.kind)
    except ToolgroveError:
        raise
    except Exception as error:  # a stranger's code
        raise FormatError(
            str(path),
            "$",
            f"a {importer.kind}, which its importer can read; it raised {error!r}",
            "Leave the file out, or mend or uninstall the importer's package.",
        ) from error
