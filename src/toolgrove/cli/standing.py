"""How far a matrix is, while it runs: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from toolgrove.cli.common import err_console

if TYPE_CHECKING:
    from rich.console import Console

    from toolgrove.evaluators.standing import Standing

__all__ = ["watching"]

LINES = 20
"""How many lines are told, where there is no terminal."""


@contextmanager
def watching() -> Iterator[Callable[[Standing], None]]:
    """Show on standard error what it is told, until the block ends."""
    screen = err_console()
    if not screen.is_terminal:
        yield _lines(screen)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("evaluating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs{task.description}"),
    )
    with Progress(*columns, console=screen) as bar:
        task = bar.add_task("", total=None)

        def tell(standing: Standing) -> None:
            said = "".join(f", {part}" for part in _said(standing))
            bar.update(task, description=said, completed=standing.done, total=standing.total)

        yield tell


def _lines(screen: Console) -> Callable[[Standing], None]:
    told = 0

    def tell(standing: Standing) -> None:
        nonlocal told
        part = standing.done * LINES // max(standing.total, 1)
        if standing.worked and part > told:
            told = part
            of = f"{standing.done} of {standing.total} runs"
            screen.print(", ".join([of, *_said(standing)]))

    return tell


def _said(standing: Standing) -> list[str]:
    said = [] if standing.rate is None else [f"{standing.rate:.1%} right so far"]
    if standing.broke_down:
        said.append(f"{standing.broke_down} broke down")
    if standing.done == standing.total:
        return said
    if standing.seconds_left is not None:
        said.append(f"{_duration(standing.seconds_left)} left")
    if standing.cost_left:
        said.append(f"cost left {standing.cost_left:,.3g}")
    return said


def _duration(seconds: float) -> str:
    """A time to the figures that matter.

    Examples
    --------
    >>> _duration(8.2), _duration(95), _duration(7300)
    ('8 s', '1 min 35 s', '2 h 1 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
