"""Runs that somebody watches: who hears of them, and how the events reach whom."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import NAMESPACE_URL, uuid5

from toolgrove.agent.callbacks import CallbackTree
from toolgrove.agent.clean_callbacks import without_secrets
from toolgrove.agent.outcome import Outcome
from toolgrove.agent.telling import LOGGER, log
from toolgrove.data.chat_text import model_name
from toolgrove.data.events import STARTS, Event, RunEnded, RunScored, RunStarted
from toolgrove.data.listening import SCOPE, Listener, Scope, heard_by, new_id
from toolgrove.planners.direct_call import heard_here
from toolgrove.planners.tokens import wants_pieces

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from toolgrove.agent.agent import Agent
    from toolgrove.data.records import Score, Task
    from toolgrove.tools.secrets import SecretStore

__all__ = ["EVERYWHERE", "run_id", "streamed", "tell_score", "watched"]

T = TypeVar("T")

EVERYWHERE: list[Listener] = []
"""Who hears of the runs of every agent of this process."""


def run_id(folder: Path | None) -> str:
    """The id of a run in its events: a kept run has the same one whenever it is gone on with."""
    return new_id() if folder is None else uuid5(NAMESPACE_URL, folder.absolute().as_uri()).hex


async def watched(
    agent: Agent,
    task: Task,
    folder: Path | None,
    config: RunnableConfig | None,
    work: Callable[[], Awaitable[Outcome]],
    secrets: SecretStore,
) -> Outcome:
    """Do the work of a run, told to all who listen.

    Nobody is told its ``secrets``, nor those of the runs that it is a part of.
    """
    outer = SCOPE.get()
    run = run_id(folder)
    listeners = _listeners(agent, outer)
    from langchain_core.runnables.config import ensure_config

    config = ensure_config(config)
    name = config.get("run_name") or type(agent).__name__
    scope = _scope(outer, listeners, run, secrets)
    tree = None
    if heard_here(config):
        config = without_secrets(config, scope)
        tree = CallbackTree(run, config, name, agent.settings.calls.apis is not None)
        listeners.insert(0, tree)
    begin = partial(
        RunStarted,
        task=task,
        name=name,
        planner=agent.planner,
        model=model_name(agent.chat_models),
        folder="" if folder is None else str(folder),
        tags=tuple(config.get("tags") or ()),
        metadata=dict(config.get("metadata") or {}),
    )
    scope = replace(scope, listeners=tuple(dict.fromkeys(listeners)))
    if wants_pieces(config):
        scope = replace(scope, tokens=True)
    within = _within(config, tree, work)
    return await scope.around(within, begin, RunEnded, "outcome", known=run)


async def tell_score(agent: Agent, folder: Path, score: Score) -> None:
    """Tell who hears of an agent's runs how one of them was judged."""
    listeners = _listeners(agent, SCOPE.get())
    if listeners:
        scope = _scope(SCOPE.get(), listeners, run_id(folder), agent.secrets)
        await replace(scope, id=scope.run).tell(partial(RunScored, score=score))


def _listeners(agent: Agent, outer: Scope | None) -> list[Listener]:
    listeners = [*EVERYWHERE, *agent.listeners]
    if LOGGER.isEnabledFor(logging.INFO):
        listeners.append(log)
    return [*listeners, *(outer.listeners if outer is not None else ())]


def _scope(outer: Scope | None, listeners: list[Listener], run: str, secrets: SecretStore) -> Scope:
    outer = outer or Scope(())
    told, kept = dict.fromkeys(listeners), dict.fromkeys((*outer.secrets, secrets))
    return replace(outer, listeners=tuple(told), run=run, secrets=tuple(kept))


async def _within(
    config: RunnableConfig, tree: CallbackTree | None, work: Callable[[], Awaitable[T]]
) -> T:
    """Work under a config, which its models and tools find."""
    from langchain_core.runnables.config import var_child_runnable_config

    inner = config.copy() if tree is None else tree.inner
    inner.pop("run_name", None)  # these are the run's own
    inner.pop("run_id", None)
    token = var_child_runnable_config.set(inner)
    try:
        return await work()
    finally:
        var_child_runnable_config.reset(token)


async def streamed(work: Callable[[], Awaitable[object]]) -> AsyncGenerator[Event, None]:
    """The events of a run while it runs; who stops listening stops it, as Ctrl-C does.

    What begins waits until all that was told before is taken: a call is not made before its start
    was seen and more was asked for.
    """
    events = _Waiting()
    outer = SCOPE.get() or Scope(())
    inner = replace(outer, listeners=(*outer.listeners, events.put), tokens=True)
    with heard_by(inner):
        task = asyncio.ensure_future(work())
    task.add_done_callback(lambda _: events.end())
    try:
        while (event := await events.next()) is not None:
            yield event
        await task
    finally:
        events.leave()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # which nobody is left to hear of


class _Waiting:
    """Events that wait for whoever takes them."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._there, self._taken = asyncio.Event(), asyncio.Event()
        self._left = self._ended = False

    async def put(self, event: Event) -> None:
        """Add one; what begins waits until it is taken and more is wanted.

        Once nobody is there to take it, it waits until it is cancelled: nothing begins any more.
        """
        if not self._left:
            self._events.append(event)
            self._there.set()
        if isinstance(event, STARTS):
            self._taken.clear()
            await self._taken.wait()

    async def next(self) -> Event | None:
        """The next one; None once no more will come."""
        while not self._events:
            self._taken.set()
            if self._ended:
                return None
            self._there.clear()
            await self._there.wait()
        return self._events.popleft()

    def end(self) -> None:
        """Say that no more will come."""
        self._ended = True
        self._there.set()

    def leave(self) -> None:
        """Say that no more will be taken."""
        self._left = True
        self._taken.clear()
