"""One run under way: its tree, its journal, its budget, and the calls that go through them.

Every model reply and observation is in the journal before anybody uses it; asking again for one
that the journal holds (after a crash) costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from toolgrove.data import codec
from toolgrove.data.blocks import MARK_PART
from toolgrove.data.events import (
    BudgetUsed,
    RetrievalEnded,
    RetrievalStarted,
    ToolEnded,
    ToolStarted,
)
from toolgrove.data.journal import Journal
from toolgrove.data.listening import SCOPE, told
from toolgrove.data.records import Effect, Message, Node, Observation, Status, ToolCall, ToolSpec
from toolgrove.data.reply import Reply
from toolgrove.data.request import Brief
from toolgrove.data.runs import CallKey
from toolgrove.data.tree import ROOT, SearchTree
from toolgrove.errors import ToolgroveError
from toolgrove.planners import prompts
from toolgrove.planners.approval import Approvals, Paused
from toolgrove.planners.budget import BudgetSpent, Meter
from toolgrove.planners.chat import Chat, Chatting, all_to_langchain
from toolgrove.planners.coding import Coding
from toolgrove.planners.context import Window
from toolgrove.planners.paths import Paths
from toolgrove.planners.showing import Showing
from toolgrove.planners.tool_search import FindTools, listing
from toolgrove.tools.calls.editing import sent
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.calls.policy import Gated
from toolgrove.tools.offer import Offer

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from toolgrove.planners.frontier import Frontier

__all__ = ["Run"]

T = TypeVar("T")
_SEEN = "observation"


class Run:
    """A run under way: the tree so far, and journalled ways to ask models and to call tools.

    Parameters
    ----------
    tree : SearchTree
        Grown by the search.
    chat : Chatting
        The model, or several, with the offered functions bound.
    offer : Offer
        Names, schemas and validation of the tools on offer.
    execute : Execute
        The stack that makes calls.
    journal : Journal
        Where everything is kept first.
    meter : Meter
        What may still be spent.
    frontier : Frontier
        The planner: what it says to the model, and whether it remembers what the tree read.
    find : FindTools or None
        What answers ``search_tools``, where the offer has it.
    window : Window or None
        How much of a path the model is shown; None is all of it.
    in_flight : int
        How many steps are under way at once.
    """

    def __init__(
        self,
        tree: SearchTree,
        *,
        chat: Chatting,
        offer: Offer,
        execute: Execute,
        journal: Journal,
        meter: Meter,
        frontier: Frontier,
        find: FindTools | None = None,
        window: Window | None = None,
        in_flight: int = 1,
    ) -> None:
        self.tree = tree
        self.brief = Brief.of(journal.record)
        self.asked = self.brief.asked(tree.task)
        self._showing: Showing | None = None
        self.in_flight = in_flight
        self.chat = chat
        self.prompts = frontier.prompts
        self.paths = Paths(
            offer, remembers=frontier.remembers, window=window, shown=frontier.prompts.shown
        )
        self._approvals: Approvals | None = None
        self._make = execute
        if isinstance(execute, Gated):
            self._approvals = Approvals(journal, execute.gate, meter)
            self._make = execute.make
        self.journal = journal
        self.meter = meter
        for said in (self.asked.request, *(one.content for one in self.asked.earlier)):
            self._may_show(said)
        self._find = find
        self.coding = Coding()
        self._plain: Chatting | None = None
        self._chats: dict[Offer, Chatting] = {offer: chat}

    def add(self, node: Node) -> None:
        """Append a node to journal and tree; one that the journal holds is scored again later."""
        kept = self.journal.record.nodes.get(node.id)
        fresh = kept and replace(kept, score=node.score, state=node.state, reason=node.reason)
        if fresh != node:
            self.journal.node(node)
        self.tree.add(node)
        self.paths.commit(node)

    def rescore(self, node: Node) -> None:
        """Put a node's scored version in its place."""
        self.journal.node(node)
        self.tree.replace(node)

    def offer(self, node: str) -> Offer:
        """What is on offer after a node."""
        return self.paths.offer(node)

    def _chat(self, offer: Offer) -> Chatting:
        if offer not in self._chats:
            self._chats[offer] = self.chat.offering(offer.functions(), offer.reads())
        return self._chats[offer]

    async def ask(self, node: str, parent: str, prompt: Sequence[Message]) -> Reply:
        """The model's reply for a new node: from the journal, or asked for now."""
        _, conversation, offer = self.paths.at(parent)
        asked = codec.digest([conversation, prompt])
        chat = self._chat(offer)

        def ask() -> Awaitable[Reply]:
            messages = self.paths.messages(parent, all_to_langchain(prompt) if prompt else ())
            return chat.ask(self._shown(messages), f"call_{node[:12]}")

        return await self._reply(CallKey(node, "model", asked), ask, chat.calls)

    async def judge(self, node: str, messages: Sequence[Message]) -> Reply:
        """What the model says to a conversation of its own, with no tools on offer."""
        chat = self._plain = self._plain or self.chat.offering(())

        def ask() -> Awaitable[Reply]:
            return chat.ask(self._shown(all_to_langchain(messages)), "")

        return await self._reply(
            CallKey(node, "judge", codec.digest(list(messages))), ask, chat.calls
        )

    async def stream(
        self,
        node: str,
        messages: Sequence[Message],
        hear: Callable[[str], bool],
        grammar: Callable[[], str] = str,
    ) -> Reply:
        """Like :meth:`judge`, for a step of the tree; the text is heard while it comes.

        ``hear`` is given the text piece by piece; one that the journal holds in one piece. What is
        heard may not come to its end, so nothing may rest on it that could not be left. Once it
        says that this is enough, no more is written. ``grammar`` gives the form of the reply, for
        models that take one.
        """
        chat = self._plain = self._plain or self.chat.offering(())
        assert isinstance(chat, Chat), "without functions one model is asked"
        heard = False

        def ask() -> Awaitable[Reply]:
            nonlocal heard
            heard = True
            form = grammar() if chat.takes_grammar else ""
            return chat.stream(self._shown(all_to_langchain(messages)), hear, form)

        key = CallKey(node, "model", codec.digest(list(messages)))
        reply = await self._reply(key, ask, chat.calls)
        if not heard:
            hear(reply.message.content)
        return reply

    def _shown(self, messages: list[BaseMessage]) -> list[BaseMessage]:
        """The messages with the pictures that they name, where the run has any."""
        return messages if self._showing is None else self._showing.shown(messages)

    def _may_show(self, text: str) -> None:
        if self._showing is None and MARK_PART in text:
            self._showing = Showing(self.journal.run)

    async def _reply(self, key: CallKey, ask: Callable[[], Awaitable[Reply]], calls: int) -> Reply:
        kept, key = self.look_up(key)
        if kept is not None:
            return codec.decode(Reply, kept)
        left = self.meter.before_model(calls)
        self.journal.intent(key)
        reply = await (ask() if left is None else self._timed(left, ask()))
        self.journal.result(key, reply)
        self.meter.after_model(reply, calls)
        if SCOPE.get() is not None:
            await self.tell_spent()
        return reply

    async def tell_spent(self, limit: str = "") -> None:
        """Tell those who listen what is spent, and which limit of the budget was met."""
        if (scope := SCOPE.get()) is None:
            return
        meter = self.meter
        used = partial(
            BudgetUsed,
            model_calls=meter.model_calls,
            tool_calls=meter.tool_calls,
            tokens=meter.tokens,
            money=meter.money,
            seconds=meter.seconds,
            limit=limit,
        )
        await scope.tell(used)

    async def call(
        self, node: str, position: int, call: ToolCall, *, since: int | None = None
    ) -> Observation:
        """What a resolved call gives: from the journal, or called now.

        A write whose outcome a crash left unknown is not made again: its observation says so.
        ``since`` is the epoch that the step began in, for steps whose reads overlap their own
        writes: which of these had ended when a read began is another matter after a crash.
        """
        paths = self.paths
        write = paths.effect(call) is Effect.WRITE
        # what was read before a write is no answer after it, even to the same step of the same run
        began = paths.epoch
        since = 0 if write else began if since is None else since
        observation = await self.made(_tool_key(node, position, call, since), call)
        if not write:
            paths.read(call, began)
        return observation

    async def made(self, key: CallKey, call: ToolCall) -> Observation:
        """The same under a key of the caller's, who has to see to it that no other call has it."""
        write = self.paths.effect(call) is Effect.WRITE
        self.paths.epoch += write
        try:
            made_tools = self.coding.made_tools
            spec = None if made_tools is None else made_tools.spec(self, call)
            if made_tools is None or spec is None:
                observation = await self._observation(key, call, write)
            else:
                observation = await made_tools.call(self, key, call, spec)
            self._may_show(observation.content)
        finally:
            self.paths.epoch += write
        return observation

    async def ask_about(self, node: str, position: int, call: ToolCall) -> None:
        """Ask about a write that cannot be made yet, as one before it waits for a decision."""
        if self._approvals is None or self.paths.effect(call) is not Effect.WRITE:
            return
        made_tools = self.coding.made_tools
        if made_tools is None or made_tools.spec(self, call) is None:
            with suppress(Paused):
                await self._approvals.allowed(_tool_key(node, position, call, 0), call)

    def refusal(self, call: ToolCall) -> Observation | None:
        """What the policy has to say against a call, whoever is asked about those inside it."""
        return None if self._approvals is None else self._approvals.refusal(call)

    async def _observation(self, key: CallKey, call: ToolCall, write: bool) -> Observation:
        kept, key = self.look_up(key)
        if kept is not None:
            return codec.decode(Observation, kept)
        left = self.meter.before_tool()
        if write and key.attempt:
            observation = Observation(Status.IN_DOUBT, prompts.DOUBT, len(prompts.DOUBT))
            if self._approvals is not None:
                observation = self._approvals.sent(key, call, observation)
            self.journal.result(key, observation)
            return observation
        allowed: ToolCall | Observation = call
        if self._approvals is not None:
            allowed = await self._approvals.allowed(key, call)
        made = self._made(left, key, call, allowed, write)
        if SCOPE.get() is None:
            return await made
        name, spec = self.paths.tool(call.name)
        begin = partial(ToolStarted, call=call, name=name, spec=spec)
        observation = await told(made, begin, partial(ToolEnded, call=call, name=name), _SEEN)
        await self.tell_spent()
        return observation

    async def _made(
        self,
        left: float | None,
        key: CallKey,
        call: ToolCall,
        allowed: ToolCall | Observation,
        write: bool,
    ) -> Observation:
        """What a call gives that leaves now: between its intent and its result in the journal."""
        if isinstance(allowed, Observation):
            observation = allowed
        else:
            self.journal.intent(key, write=write)
            making = self._make(allowed)
            observation = await (making if left is None else self._timed(left, making))
            if allowed is not call:
                observation = sent(observation, call, allowed)
        self.journal.result(key, observation)
        return observation

    async def search(self, node: Node, position: int, call: ToolCall) -> Observation:
        """What ``search_tools`` finds, from the journal or searched for now.

        The tools are journalled whole, so that a resumed run has them on offer though the
        catalogue may have changed.
        """
        asked = codec.digest([position, call.name, call.arguments])
        kept, key = self.look_up(CallKey(node.id, "search", asked))
        if kept is None:
            left = self.meter.before_tool()
            self.journal.intent(key)
            searching = self._searched(node, call)
            found = await (searching if left is None else self._timed(left, searching))
            kept = codec.to_json(found)
            self.journal.result(key, kept)
        offer = Offer([codec.decode(ToolSpec, spec) for spec in kept["tools"]], kept["aliases"])
        self.paths.found(node.id, position, offer)
        return listing(offer, kept["failed"])

    async def _searched(self, node: Node, call: ToolCall) -> dict[str, Any]:
        parent = node.parent or ROOT
        made = [
            pair
            for step in self.paths.path(parent)
            for pair in zip(step.calls, step.observations, strict=True)
        ]
        offered = {spec.id for spec in self.offer(parent).specs}
        failed = ""
        found = Offer((), {})
        try:
            if self._find is not None:
                query = str(call.arguments["query"])
                found = await told(
                    self._find(query, made, offered),
                    partial(RetrievalStarted, query=query, asked_by="model"),
                    partial(_found, query=query),
                    "offer",
                )
        except ToolgroveError as error:
            failed = str(error)
        return {"tools": list(found.specs), "aliases": found.aliases, "failed": failed}

    async def code(self, node: str, position: int, call: ToolCall, offer: Offer) -> Observation:
        """What the code of a call gives, which may call what is on offer: kept, or run now."""
        coder = self.coding.coder
        assert coder is not None, "run_python is offered if and only if there is a sandbox"
        return await coder.run(self, node, position, call, offer, str(call.arguments["code"]))

    def look_up(self, key: CallKey) -> tuple[Any, CallKey]:
        """The result of the key's latest attempt, or None and the attempt to make now."""
        record = self.journal.record
        while key in record.intents and key not in record.results:
            key = replace(key, attempt=key.attempt + 1)
        return record.results.get(key), key

    async def _timed(self, left: float, call: Awaitable[T]) -> T:
        """What a call gives that has so many seconds of the budget."""
        try:
            async with asyncio.timeout(left):
                return await call
        except TimeoutError:
            if self.meter.seconds_left:
                raise
            raise BudgetSpent("seconds") from None


def _found(*, query: str, offer: Offer | None = None, **place: Any) -> RetrievalEnded:
    return RetrievalEnded(query=query, tools=() if offer is None else offer.specs, **place)


def _tool_key(node: str, position: int, call: ToolCall, since: int) -> CallKey:
    asked = [position, call.name, call.arguments, *([since] if since else [])]
    return CallKey(node, "tool", codec.digest(asked))
