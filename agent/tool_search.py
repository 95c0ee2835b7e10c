"""What answers ``search_tools``: conditioned retrieval from the catalogue of an agent."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, MutableMapping, Sequence
from typing import TYPE_CHECKING

from toolgrove.data import codec
from toolgrove.data.records import Observation, ToolCall
from toolgrove.errors import UsageError
from toolgrove.tools.offer import Offer

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.planners.tool_search import FindTools

__all__ = ["finder"]


def finder(agent: Agent, pins: MutableMapping[str, str]) -> FindTools:
    """Look in an agent's catalogue for ``k`` tools that the path has neither on offer nor called.

    Where the agent has made tools, those that the query is about come with them, and what they
    call. What is found is pinned (:func:`toolgrove.tools.calls.stack.with_pins`). The registry's
    aliases never change, so that every branch that finds a tool has it under the same name.
    """
    catalog, k = agent.catalog, agent.settings.k
    if catalog is None:
        raise UsageError("search_tools needs a catalog to search.")

    def found(
        query: str, made: Sequence[tuple[ToolCall, Observation]], offered: Collection[str]
    ) -> Offer:
        called = [(call.name, observation.status) for call, observation in made]
        hits = catalog.next(query, called, k + len(offered))
        specs = [spec for _, spec in hits if spec.id not in offered][:k]
        if agent.made_tools:
            from toolgrove.agent.making.offering import also_made

            specs = also_made(agent, query, specs, offered)
        return catalog.registry.offer([spec.id for spec in specs])

    async def find(
        query: str, made: Sequence[tuple[ToolCall, Observation]], offered: Collection[str]
    ) -> Offer:
        offer = await asyncio.to_thread(found, query, made, offered)
        pins.update({spec.id: codec.digest(spec) for spec in offer.specs})
        return offer

    return find
