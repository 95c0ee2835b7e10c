"""A run in the terminal while it grows: its tree, or a plain line a step where it is none.

It is read from the run's journal as it is written, as the served page is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from toolgrove.cli.common import err_console
from toolgrove.cli.printable import one_line
from toolgrove.data.drawing.look import (
    KINDS,
    failed_calls,
    kind_of,
    label,
    node_seconds,
    seconds_text,
    tool_names,
)
from toolgrove.data.drawing.words import gist
from toolgrove.data.following import Following
from toolgrove.data.records import Node, NodeState
from toolgrove.data.tree import SearchTree
from toolgrove.errors import JournalError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["cost_words", "paused", "watched"]

PAUSE = 0.25
"""Seconds between two looks."""
_GLYPHS = {
    "step": "›", "right": "✓", "answered": "✓", "gave_up": "↩", "pruned": "×", "error": "!",
    "open": "○",
}  # fmt: skip
_STYLES = {"answered": "green", "gave_up": "yellow", "pruned": "magenta", "error": "red"}


@contextmanager
def watched(run: Path, *, quiet: bool) -> Iterator[None]:
    """Show a run on standard error until the block ends."""
    if quiet:
        yield
        return
    watcher = _Watcher(Following(run), err_console())
    ended = Event()

    def look() -> None:
        while not ended.wait(PAUSE):
            watcher.look()

    thread = Thread(target=look, name="toolgrove live", daemon=True)
    _SHOWN.append(watcher)
    try:
        watcher.begin()
        thread.start()
        yield
    finally:
        ended.set()
        thread.join()
        watcher.look()
        watcher.pause()
        _SHOWN.remove(watcher)


@contextmanager
def paused() -> Iterator[None]:
    """Keep the terminal still, so that somebody can be asked something there."""
    shown = list(_SHOWN)
    for watcher in shown:
        watcher.pause()
    try:
        yield
    finally:
        for watcher in shown:
            watcher.begin()


def cost_words(cost: float | None) -> str:
    """What a run cost, as a summary says it; empty where it is not known.

    Examples
    --------
    >>> cost_words(0.01234), cost_words(None)
    (', cost 0.01234', '')
    """
    return "" if cost is None else f", cost {cost:,.4g}"


@dataclass
class _Watcher:
    """What shows one run."""

    following: Following
    screen: Console
    _told: set[str] = field(default_factory=set)
    _live: Any = None
    _fresh: bool = True
    _lock: Lock = field(default_factory=Lock)

    def begin(self) -> None:
        """Show the tree, where there is a terminal to show it on."""
        if not self.screen.is_terminal:
            return
        from rich.live import Live

        with self._lock:
            self._live = Live(console=self.screen, auto_refresh=False, redirect_stdout=False,
                              redirect_stderr=False)  # fmt: skip
            self._live.start()
            self._fresh = True

    def pause(self) -> None:
        """Leave on the terminal what is there."""
        with self._lock:
            if self._live is not None:
                self._live.stop()
                self._live = None

    def look(self) -> None:
        """Show what is new; a journal that cannot be read is none of the watcher's business."""
        try:
            grew = self.following.read()
            if not grew and not self._fresh:
                return
            tree = self.following.tree
        except JournalError:
            return
        self._fresh = False
        with self._lock:
            if self._live is not None:
                height = max(self.screen.height - 3, 3)
                self._live.update(grown(tree, self.following.doing, height), refresh=True)
            elif grew and not self.screen.is_terminal:
                self._print(tree)

    def _print(self, tree: SearchTree) -> None:
        names = tool_names(tree)
        for number, node in enumerate(tree):
            if node.parent is not None and node.id not in self._told:
                self._told.add(node.id)
                self.screen.print("  ".join(filter(None, _cells(tree, number, node, names))))


_SHOWN: list[_Watcher] = []


def grown(tree: SearchTree, doing: str, height: int) -> RenderableType:
    """A tree as its last lines that fit, under what it has come to so far."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(justify="right", no_wrap=True)
    for ratio in (3, 4):
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=ratio)
    for _ in range(2):
        grid.add_column(justify="right", no_wrap=True)
    names = tool_names(tree)
    steps = [(n, node) for n, node in enumerate(tree) if node.parent is not None]
    for number, node in steps[-height + 1 :]:
        nth, did, came, took, tokens = _cells(tree, number, node, names)
        kind = kind_of(tree, node)
        indent = "  " * min(_forks(tree, node), 12)
        style = _STYLES.get(kind, "")
        line = Text(f"{indent}{_GLYPHS.get(kind, ' ')} {did}", style=style)
        grid.add_row(
            Text(nth, "dim"), line, Text(came, "dim"), Text(took, "dim"), Text(tokens, "dim")
        )
    usage = f"{tree.usage.total:,} tokens" if tree.usage.total else ""
    calls = f"{tree.model_calls:,} model and {tree.tool_calls:,} tool calls"
    total = ", ".join(filter(None, (calls, usage))) + cost_words(tree.cost)
    outer = Table.grid()
    outer.add_row(grid)
    outer.add_row(Text(f"{total}; {doing}", "dim", no_wrap=True, overflow="ellipsis"))
    return outer


def _forks(tree: SearchTree, node: Node) -> int:
    return sum(len(tree.children(up.id)) > 1 for up in tree.path(node.id)[:-1])


def _cells(tree: SearchTree, number: int, node: Node, names: Any) -> tuple[str, str, str, str, str]:
    """Number, what was done, what came of it, seconds and tokens."""
    did, with_ = label(tree, node, names)
    took = node_seconds(node)
    tokens = f"{node.usage.total:,} tokens" if node.usage.total else ""
    return (
        str(number),
        one_line(f"{did} {with_}".strip(), 100),
        one_line(_came(node), 100),
        seconds_text(took) if took >= 0.001 else "",
        tokens,
    )


def _came(node: Node) -> str:
    if failed := failed_calls(node):
        return f"{failed[0].status.value.replace('_', ' ')}: {gist(failed[0].content)}"
    if node.state is NodeState.OPEN:
        return gist(node.observations[0].content) if node.observations else ""
    return node.reason or KINDS[node.state.value].word.partition(",")[0]
