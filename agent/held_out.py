"""Tasks that are kept for tests: nothing is learnt from their runs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from toolgrove.agent.hosting import of_the_world
from toolgrove.data.records import Task
from toolgrove.data.tree import SearchTree

__all__ = ["HeldOut"]

_TEST = "test"


class HeldOut:
    """The bundled world's test splits, tasks that say so themselves, and those that are named.

    Parameters
    ----------
    tasks : iterable of Task
        Known by their ids or their words.
    """

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        named = list(tasks)
        self._ids = {task.id for task in named}
        self._requests = {_plain(task.query) for task in named}

    def holds(self, tree: SearchTree) -> bool:
        """Whether a run's task is one of them."""
        task = tree.task
        if task.id in self._ids or _plain(task.query) in self._requests:
            return True
        if str(task.meta.get("split", "")).startswith(_TEST):
            return True
        if task.id.startswith(_TEST) and task.id.startswith(tuple(f"{one}-" for one in _tests())):
            return True
        return of_the_world(tree.tools) and _plain(task.query) in self._worlds

    @cached_property
    def _worlds(self) -> set[str]:
        """Requests of the bundled world's tests, whatever a task of one is called."""
        from toolgrove.data.world import tasks

        return {_plain(task.query) for split in _tests() for task in tasks(split)}


def _tests() -> list[str]:
    from toolgrove.data.world import SPLITS

    return [split for split in SPLITS if split.startswith(_TEST)]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
