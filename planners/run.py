"""One run under way: its tree, its journal, its budget, and the calls that go through them.

Every model reply and observation is in the journal before anybody uses it; asking again for one
that the journal holds (after a crash) costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.journal import Journal, Key
from toolgrove.data.records import (
    Effect,
    Message,
    Node,
    Observation,
    Status,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import ROOT, SearchTree
from toolgrove.errors import ToolgroveError
from toolgrove.planners import prompts
from toolgrove.planners.budget import BudgetSpent, Meter
from toolgrove.planners.chat import Chat, Reply, to_langchain
from toolgrove.planners.searching import FindTools, listing
from toolgrove.tools.execute import Execute
from toolgrove.tools.offer import Offer

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["Run"]

_LASTING = frozenset(
    {Status.OK, Status.INVALID_REQUEST, Status.ERROR_IN_MESSAGE, Status.UNAUTHORIZED}
)
"""Outcomes that asking again won't change; a rate limit, a time-out or a broken server may pass."""


@dataclass(frozen=True, slots=True)
class _Reads:
    """What one step's reads gave, by their identity, and whether the step wrote."""

    gave: dict[str, Observation]
    wrote: bool


def _identity(call: ToolCall) -> str:
    return codec.digest([call.name, call.arguments])


class Run:
    """What an expansion needs: the tree so far, and journalled ways to ask and to call.

    Parameters
    ----------
    tree : SearchTree
        Grown by the search.
    chat : Chat
        The model with the offered functions bound.
    offer : Offer
        Names, schemas and validation of the tools on offer.
    execute : Execute
        The stack that makes calls.
    journal : Journal
        Where everything is kept first.
    meter : Meter
        What may still be spent.
    find : FindTools or None
        What answers ``search_tools``, where the offer has it.
    """

    def __init__(
        self,
        tree: SearchTree,
        *,
        chat: Chat,
        offer: Offer,
        execute: Execute,
        journal: Journal,
        meter: Meter,
        find: FindTools | None = None,
    ) -> None:
        self.tree = tree
        self.chat = chat
        self._find = find
        self._offers: dict[str, Offer] = {ROOT: offer}
        self._chats: dict[str, Chat] = {}
        self._found: dict[str, dict[int, Offer]] = {}
        self.execute = execute
        self.journal = journal
        self.meter = meter
        self._effects = {spec.id: spec.effect for spec in offer.specs}
        self._langchain: dict[str, list[BaseMessage]] = {}
        self._reads: dict[str, _Reads] = {}
        self._conversation: dict[str, str] = {}

    def add(self, node: Node) -> None:
        """Append a node to journal and tree."""
        if node.parent is not None:
            self._offers[node.id] = self._offer_after(node)
        self.journal.node(node)
        self.tree.add(node)
        before = self._conversation[node.parent] if node.parent is not None else ""
        self._conversation[node.id] = codec.digest([before, node.messages])
        self._langchain[node.id] = [to_langchain(message) for message in node.messages]
        self._reads[node.id] = self._reads_of(node)

    def offer(self, node: str) -> Offer:
        """What is on offer after a node: what the run began with and what its path found."""
        return self._offers[node]

    def _offer_after(self, node: Node) -> Offer:
        offer = self._offers[node.parent or ROOT]
        for _, found in sorted(self._found.get(node.id, {}).items()):
            offer = offer.widened(found)
        return offer

    def _chat(self, node: str) -> Chat:
        offer = self._offers[node]
        if offer is self._offers[ROOT]:
            return self.chat
        tools = codec.digest([spec.id for spec in offer.specs])
        if tools not in self._chats:
            self._chats[tools] = self.chat.offering(offer.functions())
        return self._chats[tools]

    def effect(self, call: ToolCall) -> Effect:
        """What a resolved call does to the world."""
        return self._effects.get(call.name, Effect.READ)

    def made(self, parent: str, call: ToolCall) -> Observation | None:
        """What this very read gave on the path to ``parent``, unless a write came after it."""
        asked = _identity(call)
        at: str | None = parent
        while at is not None:
            reads = self._reads[at]
            if asked in reads.gave or reads.wrote:
                return reads.gave.get(asked)
            at = self.tree[at].parent
        return None

    def _reads_of(self, node: Node) -> _Reads:
        gave: dict[str, Observation] = {}
        wrote = False
        for call, observation in zip(node.calls, node.observations, strict=True):
            if self.effect(call) is Effect.WRITE:
                gave.clear()
                wrote = True
            elif not observation.cached and observation.status in _LASTING:
                gave[_identity(call)] = observation
        return _Reads(gave, wrote)

    async def ask(self, node: str, parent: str, prompt: Sequence[Message]) -> Reply:
        """The model's reply for a new node: from the journal, or asked for now."""
        asked = codec.digest([self._conversation[parent], prompt])
        self.meter.before_model()
        kept, key = self._look_up(Key(node, "model", asked))
        if kept is not None:
            reply = codec.decode(Reply, kept)
            self.meter.replayed += reply.seconds
        else:
            messages = [m for step in self.tree.path(parent) for m in self._langchain[step.id]]
            messages += [to_langchain(message) for message in prompt]
            self.journal.intent(key)
            reply = await self._timed(self._chat(parent).ask(messages, f"call_{node[:12]}"))
            self.journal.result(key, reply)
        self.meter.usage += reply.usage
        return reply

    async def call(self, node: str, position: int, call: ToolCall) -> Observation:
        """What a resolved call gives: from the journal, or called now.

        A write whose outcome a crash left unknown is not made again: its observation says so.
        """
        write = self.effect(call) is Effect.WRITE
        asked = codec.digest([position, call.name, dict(call.arguments)])
        self.meter.before_tool()
        kept, key = self._look_up(Key(node, "tool", asked))
        if kept is not None:
            observation = codec.decode(Observation, kept)
            self.meter.replayed += observation.seconds
            return observation
        if write and key.attempt:
            observation = Observation(Status.IN_DOUBT, prompts.DOUBT, len(prompts.DOUBT))
        else:
            self.journal.intent(key, write=write)
            observation = await self._timed(self.execute(call))
        self.journal.result(key, observation)
        return observation

    async def search(self, node: Node, position: int, call: ToolCall) -> Observation:
        """What ``search_tools`` finds, from the journal or searched for now.

        The tools are journalled whole, so that a resumed run has them on offer though the
        catalogue may have changed.
        """
        asked = codec.digest([position, call.name, dict(call.arguments)])
        self.meter.before_tool()
        kept, key = self._look_up(Key(node.id, "search", asked))
        if kept is None:
            self.journal.intent(key)
            kept = codec.to_json(await self._timed(self._searched(node, call)))
            self.journal.result(key, kept)
        specs = [codec.decode(ToolSpec, spec) for spec in kept["tools"]]
        self._effects |= {spec.id: spec.effect for spec in specs if spec.id not in self._effects}
        found = Offer(specs, kept["aliases"])
        self._found.setdefault(node.id, {})[position] = found
        return listing(found, kept["failed"])

    async def _searched(self, node: Node, call: ToolCall) -> dict[str, Any]:
        parent = node.parent or ROOT
        made = [
            pair
            for step in self.tree.path(parent)
            for pair in zip(step.calls, step.observations, strict=True)
        ]
        offered = {spec.id for spec in self._offers[parent].specs}
        failed = ""
        found = Offer((), {})
        try:
            if self._find is not None:
                found = await self._find(str(call.arguments["query"]), made, offered)
        except ToolgroveError as error:
            failed = str(error)
        return {"tools": list(found.specs), "aliases": found.aliases, "failed": failed}

    def _look_up(self, key: Key) -> tuple[Any, Key]:
        """The result of the key's latest attempt, or None and the attempt to make now."""
        record = self.journal.record
        while key in record.intents and key not in record.results:
            key = replace(key, attempt=key.attempt + 1)
        return record.results.get(key), key

    async def _timed(self, call: Any) -> Any:
        left = self.meter.seconds_left
        if left is None:
            return await call
        try:
            async with asyncio.timeout(left):
                return await call
        except TimeoutError:
            if self.meter.seconds_left:
                raise
            raise BudgetSpent("seconds") from None
