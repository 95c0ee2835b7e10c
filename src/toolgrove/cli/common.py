"""What all commands share: where things are printed, and how JSON and progress are shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from toolgrove.cli.printable import DRAWS
from toolgrove.errors import FormatError, SpecError

if TYPE_CHECKING:
    from rich.console import Console

    from toolgrove.agent.catalog import Catalog
    from toolgrove.machine.progress import Tick

__all__ = [
    "console",
    "err_console",
    "note_if_partial",
    "print_json",
    "progress",
    "skippable",
    "until_interrupted",
]


def console() -> Console:
    """Standard output; rich leaves colour out where it is no terminal."""
    from toolgrove.cli.screen import Screen

    return Screen()


def err_console() -> Console:
    """Standard error, for progress, notes and errors."""
    from toolgrove.cli.screen import Screen

    return Screen(stderr=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output, and nothing else there."""
    import json
    import sys

    from toolgrove.data.codec import to_json

    text = json.dumps(to_json(value), indent=2, ensure_ascii=False)
    # a reader of JSON gets back what was there, and a terminal is not drawn on
    sys.stdout.write(DRAWS.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n")


@contextmanager
def progress(label: str, *, unit: str = "") -> Iterator[Tick]:
    """A progress bar on standard error; on no terminal it stays silent.

    Yields
    ------
    Tick
        Call it with what is done so far and, where known, the total.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    out = err_console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, disable=not out.is_terminal) as bar:
        task = bar.add_task(label, total=None)

        def tick(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield tick


@contextmanager
def skippable() -> Iterator[None]:
    """Name the flag that goes on without a bad source: the command's, and not the reader's."""
    mend = "--skip-bad goes on without it."
    try:
        yield
    except FormatError as error:
        told = f"{error.mend} {mend}"
        raise FormatError(error.file, error.path, error.expected, told) from error
    except SpecError as error:
        raise SpecError(f"{error} {mend}") from error


def note_if_partial(catalog: Catalog) -> None:
    """Say so where a catalogue's indexing broke off or is still going on."""
    if not catalog.whole:
        err_console().print(
            "note: indexing this catalogue broke off or is still going on; some tools are missing. "
            "`toolgrove index` with the same sources finishes it."
        )


def until_interrupted() -> None:
    """Wait for Ctrl-C, which is how a server's command is meant to end."""
    from threading import Event

    try:
        Event().wait()
    except KeyboardInterrupt:
        err_console().print("stopped")
