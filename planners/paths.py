"""What follows from the nodes of a search: conversations, offers, what was read, what is dead.

Nodes come in two ways. A node that is *staged* can be built upon, so that a search may look ahead;
one that is *committed* is in the tree, and only committed nodes teach the others anything: so a
search that looks ahead knows at each step what one that doesn't would know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from toolgrove.data import codec
from toolgrove.data.records import (
    Effect,
    Message,
    Node,
    Observation,
    Status,
    ToolCall,
    ToolSpec,
)
from toolgrove.planners.chat import all_to_langchain
from toolgrove.planners.context import Context, Window
from toolgrove.planners.prompts import OURS, Shown, repeated
from toolgrove.tools.offer import Offer

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["Paths"]

_LASTING = frozenset(
    {
        Status.OK,
        Status.INVALID_REQUEST,
        Status.ERROR_IN_MESSAGE,
        Status.UNAUTHORIZED,
        Status.PREVIEWED,
    }
)
"""Outcomes that asking again won't change; a rate limit, a time-out or a broken server may pass."""
_DEAD = frozenset({Status.NOT_WORKING, Status.TIMEOUT, Status.UNAUTHORIZED})
_TRIES = 2
"""A tool that gave nothing but these in so many different calls is no longer offered."""


@dataclass(slots=True, eq=False)
class _Step:
    """A node, and what its path had come to when it was staged.

    ``said`` is what is shown of it as LangChain has it, made when the first step builds upon it.
    """

    node: Node
    parent: _Step | None
    offer: Offer
    digest: str
    shown: tuple[Message, ...]
    said: tuple[BaseMessage, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """What a read gave, at which node, and how much had been written before."""

    node: str
    epoch: int
    gave: Observation


class Paths:
    """The knowledge of one run.

    Parameters
    ----------
    offer : Offer
        What the run begins with.
    remembers : bool
        Whether anything is learnt from committed nodes.
    window : Window or None
        How much of a path the model is shown; None is all of it, subtasks and all.
    shown : callable
        What a step is shown of a node on its path.
    """

    def __init__(
        self,
        offer: Offer,
        *,
        remembers: bool = True,
        window: Window | None = None,
        shown: Shown = OURS.shown,
    ) -> None:
        self._remembers = remembers
        self._shown = shown
        self._context = None if window is None else Context(window)
        self.epoch = 0
        """Counts the beginnings and ends of writes: reads of another epoch may be out of date."""
        self._root = offer
        self._steps: dict[str, _Step] = {}
        self._children: dict[str, dict[int, str]] = {}
        self._found: dict[str, dict[int, Offer]] = {}
        self._effects = {spec.id: spec.effect for spec in offer.specs}
        self._reads: dict[str, list[_Read]] = {}
        self._stamps: dict[str, int] = {}
        self._seen: dict[str, dict[str, _Read]] = {}
        self._noted: dict[str, list[str]] = {}
        """By node, which reads it is noted to have seen: another version of it has not."""
        self._failed: dict[str, set[str]] = {}
        self._worked: set[str] = set()
        self._dead: frozenset[str] = frozenset()
        self._alive: dict[tuple[Offer, frozenset[str]], Offer] = {}
        self._said: list[BaseMessage] = []
        self._said_to: dict[str, int] = {}
        """By node on the path that was asked for last, from the root: where in it the node ends."""

    def __contains__(self, node: object) -> bool:
        return node in self._steps

    def __getitem__(self, node: str) -> Node:
        return self._steps[node].node

    def stage(self, node: Node) -> None:
        """Make a node one that can be built upon."""
        parent = None if node.parent is None else self._steps[node.parent]
        if parent is not None:
            self._children.setdefault(parent.node.id, {})[node.index] = node.id
        if node.id in self._said_to:  # another version of it: what was said is no longer so
            self._cut(0)
        shown = self._shown(node)
        if self._context is not None:
            self._context.add(node if shown is node.messages else replace(node, messages=shown))
        offer = self._root if parent is None else parent.offer
        for _, found in sorted(self._found.get(node.id, {}).items()):
            offer = offer.widened(found)
        self._steps[node.id] = _Step(
            node,
            parent,
            offer,
            codec.digest([parent.digest if parent else "", node.messages]),
            shown,
        )
        if self._remembers:
            self._note(node)

    def _note(self, node: Node) -> None:
        """Keep which reads a node has seen the outcome of, for those that build upon it.

        It counts whether the node is committed yet or not, and whether it made the call itself: so
        a step that looks ahead is told of a repeated call as it will be when its turn comes. What
        an earlier version of the node saw is forgotten.
        """
        for asked in self._noted.pop(node.id, ()):
            self._seen[asked].pop(node.id, None)
        if any(self.effect(call) is Effect.WRITE for call in node.calls):
            return
        for call, observation in zip(node.calls, node.observations, strict=True):
            if call.name in self._effects and observation.status in _LASTING:
                epoch = self.epoch if observation.cached else self._stamps.get(call.id, -1)
                asked = identity(call)
                self._seen.setdefault(asked, {})[node.id] = _Read(node.id, epoch, observation)
                self._noted.setdefault(node.id, []).append(asked)

    def commit(self, node: Node) -> None:
        """Learn from a node that has come into the tree."""
        step = self._steps.get(node.id)
        if step is None or step.node.messages is not node.messages:
            self.stage(node)
        if not self._remembers:
            return
        for call, observation in zip(node.calls, node.observations, strict=True):
            self._learn(node, call, observation)

    def _learn(self, node: Node, call: ToolCall, observation: Observation) -> None:
        if observation.cached or call.name not in self._effects:
            return
        status = observation.status
        if status in _LASTING and call.id in self._stamps:
            read = _Read(node.id, self._stamps.pop(call.id), observation)
            self._reads.setdefault(identity(call), []).append(read)
        if status is Status.OK:
            self._worked.add(call.name)
        elif status in _DEAD or status is Status.UNSUBSCRIBED:
            self._failed.setdefault(call.name, set()).add(identity(call))
            tries = 1 if status is Status.UNSUBSCRIBED else _TRIES
            if len(self._failed[call.name]) >= tries and call.name not in self._worked:
                self._dead |= {call.name}

    def found(self, node: str, position: int, offer: Offer) -> None:
        """Take note of the tools that a node's search found."""
        new = {spec.id: spec.effect for spec in offer.specs if spec.id not in self._effects}
        self._effects |= new
        self._found.setdefault(node, {})[position] = offer

    def offer(self, node: str) -> Offer:
        """What is offered after a node: the run's tools, those its path found, without dead ones.

        Where all are dead they stay on offer: a search that can call nothing learns nothing.
        """
        offer = self._steps[node].offer
        if not self._dead:
            return offer
        key = (offer, self._dead)
        if key not in self._alive:
            self._alive[key] = offer.without(self._dead)
        return self._alive[key]

    def read(self, call: ToolCall, epoch: int) -> None:
        """Take note of the epoch that a read began in; one that a write overlapped is no use."""
        if epoch == self.epoch:
            self._stamps[call.id] = epoch

    def effect(self, call: ToolCall) -> Effect:
        """What a resolved call does to the world."""
        return self._effects.get(call.name, Effect.READ)

    def at(self, node: str) -> tuple[Node, str, Offer]:
        """Where a step begins: the node, the name of the conversation up to it, and the offer."""
        step = self._steps[node]
        return step.node, step.digest, self.offer(node) if self._dead else step.offer

    def tool(self, spec_id: str) -> tuple[str, ToolSpec | None]:
        """A tool's name as the model calls it, and what is known of it."""
        found = (offer for at in self._found.values() for offer in at.values())
        for offer in (self._root, *found):
            if (spec := offer.spec(spec_id)) is not None:
                return offer.name(spec_id), spec
        return spec_id, None

    def digest(self, node: str) -> str:
        """Names the conversation up to a node."""
        return self._steps[node].digest

    def messages(self, node: str, prompt: Sequence[BaseMessage] = ()) -> list[BaseMessage]:
        """What the model is shown of the path to a node, then the prompt, in a list of its own."""
        if self._context is not None:
            return self._context.messages(node, prompt)
        return [*self._conversation(node), *prompt]

    def goals(self, node: str) -> tuple[str, ...]:
        """Goals of the subtasks that are open after a node, the outermost first."""
        return () if self._context is None else self._context.goals(node)

    def _conversation(self, node: str) -> list[BaseMessage]:
        """The conversation up to a node: the last one asked for, cut back and gone on with.

        So it costs what the two paths do not share, and a chain of thousands of nodes is not
        gathered again at each of them.
        """
        way = []
        step: _Step | None = self._steps[node]
        while step is not None and step.node.id not in self._said_to:
            way.append(step)
            step = step.parent
        self._cut(0 if step is None else self._said_to[step.node.id])
        for step in reversed(way):
            if step.said is None:
                step.said = tuple(all_to_langchain(step.shown))
            self._said += step.said
            self._said_to[step.node.id] = len(self._said)
        return self._said

    def _cut(self, length: int) -> None:
        """Take back what was said after so many messages."""
        while self._said_to and next(reversed(self._said_to.values())) > length:
            self._said_to.popitem()
        del self._said[length:]

    def siblings(self, parent: str, index: int) -> list[Node]:
        """The children of a node before the ``index``-th, in their order."""
        known = self._children.get(parent, {})
        return [self._steps[known[i]].node for i in range(index) if i in known]

    def path(self, node: str) -> list[Node]:
        """Nodes from the root to ``node``, both included."""
        path = []
        step: _Step | None = self._steps[node]
        while step is not None:
            path.append(step.node)
            step = step.parent
        path.reverse()
        return path

    def made(
        self, parent: str, call: ToolCall, since: int | None = None
    ) -> tuple[Observation, bool] | None:
        """What this very read gave in the tree since the last write, and whether on this path.

        ``since`` is the epoch to go by, where it is not the present one.
        """
        epoch = self.epoch if since is None else since
        asked = identity(call)
        reads = [r for r in self._reads.get(asked, ()) if r.epoch == epoch]
        seen = {n: r for n, r in self._seen.get(asked, {}).items() if r.epoch == epoch}
        here = False
        step: _Step | None = self._steps[parent] if seen else None
        while step is not None and not (here and reads):
            own = seen.get(step.node.id)
            here = here or own is not None
            if not reads and own is not None and not own.gave.cached:
                reads = [own]
            step = step.parent
        return (reads[0].gave, here) if reads else None

    def tells(self, node: Node) -> bool:
        """Whether the calls of a node that was made ahead would be answered now as they were."""
        if not self._remembers or node.parent is None:
            return True
        for call, observation in zip(node.calls, node.observations, strict=True):
            if call.name not in self._effects:
                continue
            known = self.made(node.parent, call)
            if known is None:
                if observation.cached:
                    return False
                continue
            gave, here = known
            if observation.repeated != here or gave.status is not observation.status:
                return False
            if observation.content not in (gave.content, repeated(gave.content)):
                return False
        return True


def identity(call: ToolCall) -> str:
    """One name for a resolved call, whatever the order of its arguments."""
    return codec.digest([call.name, call.arguments])
