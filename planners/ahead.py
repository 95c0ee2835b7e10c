"""Looking ahead: steps that will be wanted, or may be, are made while another one is under way.

The search itself stays sequential. It asks for one step after another, and what it is given is
what it would have come to by itself: a step made ahead counts only if the conversation, the tools
on offer and what had been written were the same as they are when its turn comes. Everything else
that was made ahead is cancelled or left out of the tree; the journal keeps what it cost
(``tree.ending.unused``).
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from toolgrove.data.records import FINISH, Message, Node, NodeState
from toolgrove.data.tree import child_id
from toolgrove.errors import ToolgroveError
from toolgrove.planners.budget import BudgetSpent
from toolgrove.planners.expand import NotAhead, grown, prompt_of
from toolgrove.planners.frontier import Expand, Frontier, Step
from toolgrove.planners.run import Run
from toolgrove.tools.offer import Offer

__all__ = ["Ahead"]

_SHELF = 4
"""Steps made ahead and not yet wanted, for each one that may be under way."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What decides how a step turns out."""

    conversation: str
    offer: Offer
    prompt: tuple[Message, ...]
    epoch: int


@dataclass(slots=True)
class _Try:
    """A step that is made ahead; ``node`` once it is there, and none where it came to nothing."""

    wanted: Expand
    seen: _Seen
    task: asyncio.Task[Node]
    node: Node | None = None
    failed: bool = field(default=False)


class Ahead:
    """Gives a search its steps, and makes others meanwhile.

    Parameters
    ----------
    run : Run
        Whose ``in_flight`` says how many steps are under way at once.
    frontier : Frontier
        Whose copy is asked what may come next, where it can be copied (``forks``).
    """

    def __init__(self, run: Run, frontier: Frontier) -> None:
        self._run = run
        self._frontier = frontier
        self._most = run.in_flight
        self._tries: dict[str, _Try] = {}

    async def __aenter__(self) -> Ahead:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._drop(list(self._tries))

    async def node(self, wanted: Expand, rest: tuple[Step, ...]) -> Node:
        """The node of a step whose turn it is; ``rest`` comes after it in its wave."""
        node_id = child_id(wanted.parent, wanted.index)
        self._gather()
        found = self._tries.get(node_id)
        if found is not None and self._holds(found):
            await self._meanwhile(found.task, wanted, rest)
            if not found.failed and self._holds(found):
                del self._tries[node_id]
                return found.task.result()
        await self._drop([node_id])
        task = asyncio.create_task(grown(self._run, self._frontier.expand, wanted))
        try:
            await self._meanwhile(task, wanted, rest)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        return task.result()

    def _holds(self, made: _Try) -> bool:
        """Whether a step turns out now as it did, or will, when it was begun."""
        if made.node is not None and not self._run.paths.tells(made.node):
            return False
        now = self._see(made.wanted)
        if now == made.seen:
            return True
        called = made.node is None or any(call.name != FINISH for call in made.node.calls)
        return (
            not called
            and now.conversation == made.seen.conversation
            and ((now.offer, now.prompt) == (made.seen.offer, made.seen.prompt))
        )

    def _see(self, wanted: Expand) -> _Seen:
        paths = self._run.paths
        return _Seen(
            paths.digest(wanted.parent),
            paths.offer(wanted.parent),
            prompt_of(self._run, wanted),
            paths.epoch,
        )

    async def _meanwhile(
        self, task: asyncio.Task[Node], wanted: Expand, rest: tuple[Step, ...]
    ) -> None:
        """Wait for a step, and keep others under way."""
        while not task.done():
            self._start(wanted, rest)
            going = [one.task for one in self._tries.values() if not one.task.done()]
            await asyncio.wait({task, *going}, return_when=asyncio.FIRST_COMPLETED)
            self._gather()

    def _start(self, wanted: Expand, rest: tuple[Step, ...]) -> None:
        going = 1 + sum(1 for one in self._tries.values() if not one.task.done())
        if going >= self._most:
            return
        for step in self._wanted(wanted, rest):
            if going >= self._most or len(self._tries) >= _SHELF * self._most:
                return
            if not self._run.meter.spare(self._most):
                return
            seen = self._see(step)
            task = asyncio.create_task(grown(self._run, self._frontier.expand, step, ahead=True))
            self._tries[child_id(step.parent, step.index)] = _Try(step, seen, task)
            going += 1

    def _wanted(self, wanted: Expand, rest: tuple[Step, ...]) -> Iterator[Expand]:
        """Steps that can be begun now: the rest of the wave, then what follows if this one fails.

        The frontier's copy is told of what is under way as if it led nowhere, and of what was made
        ahead as it turned out.
        """
        certain = [step for step in rest if isinstance(step, Expand)]
        yield from (step for step in certain if self._ready(step))
        if not self._frontier.forks or len(certain) < len(rest):
            return
        search = copy.copy(self._frontier)
        for known in (wanted, *certain):
            search.on_node(self._outcome(known))
        while wave := search.next():
            for step in wave:
                if not isinstance(step, Expand):
                    return
                if self._ready(step):
                    yield step
                search.on_node(self._outcome(step))

    def _ready(self, wanted: Expand) -> bool:
        """Whether a step is not begun, and all that its prompt shows is known."""
        if (
            child_id(wanted.parent, wanted.index) in self._tries
            or wanted.parent not in self._run.paths
        ):
            return False
        shown = wanted.index if wanted.variant == "diversity" else 0
        return len(self._run.paths.siblings(wanted.parent, wanted.index)) >= shown

    def _outcome(self, wanted: Expand) -> Node:
        node_id = child_id(wanted.parent, wanted.index)
        made = self._tries.get(node_id)
        if made is not None and made.node is not None:
            return made.node
        return Node(
            node_id, wanted.parent, wanted.index, state=NodeState.PRUNED, reason="under way"
        )

    def _gather(self) -> None:
        """Take in what has come back."""
        for made in self._tries.values():
            if made.node is not None or made.failed or not made.task.done():
                continue
            if made.task.cancelled() or made.task.exception() is not None:
                made.failed = True  # its turn will tell
                _raise_bugs(made.task)
            else:
                made.node = made.task.result()
                self._run.paths.stage(made.node)

    async def _drop(self, nodes: list[str]) -> None:
        dropped: list[Any] = [self._tries.pop(node).task for node in nodes if node in self._tries]
        for task in dropped:
            task.cancel()
        if dropped:
            await asyncio.gather(*dropped, return_exceptions=True)


def _raise_bugs(task: asyncio.Task[Node]) -> None:
    """Only what can befall a step may pass unheard."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, NotAhead | BudgetSpent | ToolgroveError):
        raise error
