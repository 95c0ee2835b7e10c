"""Which made tools a run is offered: the few that its request is about, and what they call.

They are no part of the catalogue that they were made for: its registry is lent them in the process
of an agent that asks for them, so that no other run lists, finds or ranks anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from toolgrove.agent.making.made import MadeTool, by_views
from toolgrove.agent.making.workshop import Workshop
from toolgrove.data.records import MADE, Effect, Task, ToolSpec
from toolgrove.data.request import in_context
from toolgrove.planners.made_tools import with_parts

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.catalog import Catalog

__all__ = ["also_made", "lent_tools", "with_made_tools"]


def lent_tools(catalog: Catalog) -> tuple[MadeTool, ...]:
    """The made tools of a catalogue, which its registry then knows in this process.

    One that calls a tool which writes is a write, whoever made it.

    Raises
    ------
    CatalogError
        Where no tools were made there.
    """
    with Workshop.open(catalog.folder, create=False) as shop:
        found = shop.tools()
    for one in found:
        parts = [catalog.registry.find(tool) for _, tool in one.draft.calls]
        writes = any(part is not None and part.effect is Effect.WRITE for part in parts)
        catalog.registry.lend(replace(one.spec, effect=Effect.WRITE) if writes else one.spec)
    return tuple(found)


def with_made_tools(agent: Agent, task: Task, specs: list[ToolSpec]) -> list[ToolSpec]:
    """The tools that a task is offered, with the made ones that fit it and what these call.

    A task that names its own tools gets only those that call them. One whose tools name made ones
    already gets these.
    """
    registry, tools = agent.registry, agent.made_tools
    if any(spec.source == MADE for spec in specs):
        return with_parts(specs, registry.find)
    if task.tools is not None:
        named = {spec.id for spec in specs}
        tools = tuple(o for o in tools if named.issuperset(dict(o.draft.calls).values()))
    return _with_those_about(agent, in_context(task), specs, tools)


def also_made(
    agent: Agent, query: str, specs: list[ToolSpec], offered: Collection[str]
) -> list[ToolSpec]:
    """The tools that a search in mid-run found, with the made ones that its query is about.

    What these call comes with them. Nothing is found that is ``offered`` already.
    """
    tools = [one for one in agent.made_tools if one.id not in offered]
    found = _with_those_about(agent, query, specs, tools)
    return [spec for spec in found if spec.id not in offered]


def _with_those_about(
    agent: Agent, request: str, specs: list[ToolSpec], tools: Sequence[MadeTool]
) -> list[ToolSpec]:
    assert agent.catalog is not None, "made_tools needs a catalog"
    chosen = by_views(request, tools, agent.catalog.search_index.embedder)
    registry = agent.registry
    return with_parts([*specs, *(registry.get(one.id) for one in chosen)], registry.find)
