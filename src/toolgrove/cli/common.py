"""What all commands share: where things are printed, and how JSON and progress are shown.

Much of what is printed is somebody else's text: titles, arguments, answers, errors. It passes one
sanitiser here, so that it cannot move the cursor, erase what stands above or turn round what is
read (promise 27).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from toolgrove.agent.catalog import Catalog
    from toolgrove.machine.progress import Tick

__all__ = [
    "console",
    "err_console",
    "note_if_partial",
    "one_line",
    "print_json",
    "printable",
    "progress",
    "until_interrupted",
]


_DRAWS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but line feed and tab
    "\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f"  # what turns the direction, or is not seen
    "\u2028\u2029\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    "\ud800-\udfff]"  # half a character, which no stream takes
)


def printable(text: str) -> str:
    r"""A text as it may be printed: what acts on a terminal is shown as a sign instead.

    Examples
    --------
    >>> printable("notes\x1b[2K\rfine\u202e"), printable("a\tb")
    ('notes␛[2K␍fine�', 'a\tb')
    """
    return _DRAWS.sub(lambda found: _sign(found[0]), text)


def one_line(text: str, limit: int = 300) -> str:
    r"""A text that is to be a part of one line; where it is cut, it says so.

    Examples
    --------
    >>> one_line("a\nb"), one_line("abcdef", 4)
    ('a␊b', 'abcd… (2 more characters)')
    """
    shown = printable(text[:limit].replace("\n", "␊").replace("\t", "␉"))
    return shown if len(text) <= limit else f"{shown}… ({len(text) - limit:,} more characters)"


def _sign(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"


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
    sys.stdout.write(_DRAWS.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n")


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
