"""The tasks that ``toolgrove eval`` was asked for: the world's, one's own, or ToolBench's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.errors import FormatError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from toolgrove.data.records import Task, ToolSpec

__all__ = ["chosen_tasks", "held_out_tasks"]


def chosen_tasks(
    source: str, split: str | None, group: str | None, limit: int | None, *, retrieved: bool
) -> tuple[list[Task], list[ToolSpec]]:
    """The tasks of a split and group, and the tools that they name.

    Parameters
    ----------
    source : str
        ``world``, ``bfcl:CATEGORY``, ``tau2:DOMAIN``, or a file: one task a line, or ToolBench's
        array of queries.
    split, group : str or None
        Only tasks of these.
    limit : int or None
        Only so many.
    retrieved : bool
        Whether tools are retrieved for each task, so that those it names do not matter.

    Raises
    ------
    UsageError
        Where no task is left, or one names no tools and none are retrieved.
    """
    if source == "world":
        from toolgrove.data.world import specs, tasks

        found, offered = tasks(split or "train"), specs()
    else:
        found, offered = _elsewhere(source, retrieved)
        if split is not None:
            found = [task for task in found if task.meta.get("split") == split]
        if not found:
            which = "" if split is None else f" whose meta.split is {split!r}"
            raise UsageError(f"{source} holds no task{which}.")
    chosen = [task for task in found if group is None or task.group == group][:limit]
    if not chosen:
        groups = ", ".join(sorted({task.group for task in found if task.group}))
        raise UsageError(
            f"{source} has no task of group {group!r}. Its groups: {groups or 'none'}."
        )
    return chosen, offered


def held_out_tasks(source: Path) -> list[Task]:
    """The tasks of a file that nothing may be learnt from: one a line, or ToolBench's queries."""
    return _elsewhere(str(source), True)[0]


def _elsewhere(source: str, retrieved: bool) -> tuple[list[Task], list[ToolSpec]]:
    if source.startswith("bfcl:"):
        from toolgrove.evaluators.bfcl.tasks import load_tasks as load_bfcl

        return load_bfcl(source.removeprefix("bfcl:"))
    if source.startswith("tau2:"):
        from toolgrove.evaluators.tau.tasks import load_tasks as load_tau2

        return load_tau2(source.removeprefix("tau2:"))
    from toolgrove.data.formats.check import read_text
    from toolgrove.data.formats.task_lines import load_tasks

    if not read_text(source).lstrip().startswith("{"):
        return _queries(source)
    if retrieved:
        return load_tasks(source), []
    from toolgrove.data.world import specs

    offered = specs()
    tasks = load_tasks(source, {spec.id for spec in offered})
    for task in tasks:
        if task.tools is None:
            raise UsageError(
                f"task {task.id!r} of {source} names no tools: give their ids under tools, or name "
                "the --catalog that tools are retrieved from."
            )
    return tasks, offered


def _queries(source: str) -> tuple[list[Task], list[ToolSpec]]:
    """ToolBench's array; whoever put tasks of their own into one is told how they are written."""
    from toolgrove.data.formats.toolbench_queries import load_queries

    try:
        return load_queries(source)
    except FormatError as error:
        if not error.path.endswith(".api_list"):
            raise
        mend = f"{error.mend} Tasks of your own are one object a line, without an array."
        raise FormatError(error.file, error.path, error.expected, mend) from None
