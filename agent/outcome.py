"""What an agent is asked and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolgrove.data import codec
from toolgrove.data.drawing.notebook import tree_html
from toolgrove.data.records import Task
from toolgrove.data.tree import SearchTree

__all__ = ["Outcome", "as_task"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an agent came to.

    Parameters
    ----------
    answer : str or None
        The final answer; None where no path came to one.
    ended : str
        ``answered``, ``exhausted``, or the limit of the budget that was met.
    tree : SearchTree
        Everything that was tried.
    run : Path or None
        The run's folder, where it was kept.
    """

    answer: str | None
    ended: str
    tree: SearchTree
    run: Path | None = None

    def _repr_html_(self) -> str:
        return tree_html(self.tree)

    @classmethod
    def of(cls, tree: SearchTree, run: Path | None) -> Outcome:
        """The outcome of a run that has ended."""
        return cls(tree.answer, tree.ended or "", tree, run)


def as_task(query: str) -> Task:
    """A request in words as a task, named by a digest of its words.

    Examples
    --------
    >>> as_task("How far is it?").id
    '6aa2be2e0b2c'
    """
    return Task(codec.digest(query)[:12], query)
