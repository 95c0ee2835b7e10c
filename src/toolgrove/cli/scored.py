"""What ``toolgrove score`` asks of a kind of file: is it one, its scores, and how they look.

A kind is a module with one :class:`ScoredKind`, named in ``KINDS`` of :mod:`toolgrove.cli.score`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from toolgrove.cli.common import print_json
from toolgrove.errors import UsageError
from toolgrove.machine.progress import Tick

__all__ = ["ScoredKind", "WantedScores", "refuse_options"]


@dataclass(frozen=True, slots=True)
class WantedScores:
    """The options of the command; each is empty where it was not given."""

    paths: tuple[Path, ...]
    queries: tuple[Path, ...] = ()
    votes: tuple[Path, ...] = ()
    judge: str = ""
    prompts: Path | None = None
    times: int = 3
    against: tuple[Path, ...] = ()
    against_votes: tuple[Path, ...] = ()
    write_tooleval: Path | None = None
    concurrency: int = 1
    skip_bad: bool = False
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class ScoredKind:
    """A kind of file that the command scores.

    Parameters
    ----------
    name : str
        In words, for errors.
    holds : callable
        Whether a named path is of the kind, by its name and a look at its beginning.
    score : callable
        What ``--json`` prints. It refuses options that say nothing of its files.
    show : callable
        Prints it for people.
    dump : callable
        Prints it for programs; one JSON document unless the kind says otherwise.
    """

    name: str
    holds: Callable[[Path], bool]
    score: Callable[[WantedScores, Tick], Any]
    show: Callable[[Any], None]
    dump: Callable[[Any], None] = print_json


_ALWAYS = ("paths", "out", "skip_bad", "times", "concurrency")


def refuse_options(wanted: WantedScores, why: str) -> None:
    """Refuse options that say nothing of files with verdicts of their own kind.

    Raises
    ------
    UsageError
        With the names of those that were given.
    """
    given = [f.name for f in fields(wanted) if f.name not in _ALWAYS and getattr(wanted, f.name)]
    if given:
        names = ", ".join("--" + name.replace("_", "-") for name in given)
        raise UsageError(f"{why}, without {names}.")
