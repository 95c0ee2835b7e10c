"""The world's tasks, each with a reference answer computed from the facts."""

from __future__ import annotations

from functools import cache

from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Task
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.documents import query_api
from toolgrove.data.world.tasks import (
    airports,
    days,
    errands,
    figures,
    hours,
    journeys,
    places,
    substances,
    unknown,
    words,
)
from toolgrove.data.world.tasks.build import Family

__all__ = ["FAMILIES", "GROUPS", "tasks", "toolbench_queries"]

GROUPS = ("G1", "G2", "G3")
"""One tool; several tools of one category; several categories."""

FAMILIES: tuple[Family, ...] = (
    *airports.FAMILIES,
    *places.FAMILIES,
    *days.FAMILIES,
    *hours.FAMILIES,
    *substances.FAMILIES,
    *figures.FAMILIES,
    *words.FAMILIES,
    *journeys.FAMILIES,
    *errands.FAMILIES,
    *unknown.FAMILIES,
)


@cache
def _tasks() -> tuple[Task, ...]:
    made = [task for family in FAMILIES for task in family.tasks()]
    return tuple(sorted(made, key=lambda task: task.group))


def tasks() -> list[Task]:
    """All tasks: group by group, within a group in the order they were written."""
    return list(_tasks())


def toolbench_queries(group: str | None = None) -> list[JsonObject]:
    """The tasks, or those of one group, in ToolBench's query format.

    Two further keys carry what that format has no field for: ``reference`` (our
    :class:`~toolgrove.data.records.Reference`) and ``group``.
    """
    return [_query(task) for task in tasks() if group in (None, task.group)]


def _query(task: Task) -> JsonObject:
    known = endpoints()
    relevant = [known[id_] for id_ in task.relevant]
    return {
        "query_id": task.id,
        "query": task.query,
        "api_list": [query_api(known[id_]) for id_ in task.tools or ()],
        "relevant APIs": [[one.tool.name, one.name] for one in relevant],
        "group": task.group,
        "reference": codec.to_json(task.reference),
    }
