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
from toolgrove.data.records import Effect, Message, Node, Observation, Status, ToolCall
from toolgrove.data.tree import SearchTree
from toolgrove.planners import prompts
from toolgrove.planners.budget import BudgetSpent, Meter
from toolgrove.planners.chat import Chat, Reply, to_langchain
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
    ) -> None:
        self.tree = tree
        self.chat = chat
        self.offer = offer
        self.execute = execute
        self.journal = journal
        self.meter = meter
        self._effects = {spec.id: spec.effect for spec in offer.specs}
        self._langchain: dict[str, list[BaseMessage]] = {}
        self._reads: dict[str, _Reads] = {}
        self._conversation: dict[str, str] = {}

    def add(self, node: Node) -> None:
        """Append a node to journal and tree."""
        self.journal.node(node)
        self.tree.add(node)
        before = self._conversation[node.parent] if node.parent is not None else ""
        self._conversation[node.id] = codec.digest([before, node.messages])
        self._langchain[node.id] = [to_langchain(message) for message in node.messages]
        self._reads[node.id] = self._reads_of(node)

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
            reply = await self._timed(self.chat.ask(messages, f"call_{node[:12]}"))
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
