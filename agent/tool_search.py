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
    from toolgrove.agent.catalog import Catalog
    from toolgrove.planners.tool_search import FindTools

__all__ = ["finder"]


def finder(catalog: Catalog | None, k: int, pins: MutableMapping[str, str]) -> FindTools:
    """Look in a catalogue for ``k`` tools that the path has neither on offer nor called.

    What is found is pinned (:func:`toolgrove.tools.calls.stack.with_pins`). The registry's
    aliases never change, so that every branch that finds a tool has it under the same name.
    """
    if catalog is None:
        raise UsageError("search_tools needs a catalog to search.")

    def found(
        query: str, made: Sequence[tuple[ToolCall, Observation]], offered: Collection[str]
    ) -> Offer:
        called = [(call.name, observation.status) for call, observation in made]
        hits = catalog.next(query, called, k + len(offered))
        return catalog.registry.offer([s.id for _, s in hits if s.id not in offered][:k])

    async def find(
        query: str, made: Sequence[tuple[ToolCall, Observation]], offered: Collection[str]
    ) -> Offer:
        offer = await asyncio.to_thread(found, query, made, offered)
        pins.update({spec.id: codec.digest(spec) for spec in offer.specs})
        return offer

    return find
