"""The expansion step of a chat: build the prompt, ask, execute the calls, and give the new node.

It is what a frontier's ``expand`` is unless it names another, as planners of graphs do
(:mod:`toolgrove.planners.dag.growing`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from toolgrove.data.events import StepEnded, StepStarted
from toolgrove.data.listening import SCOPE
from toolgrove.data.records import (
    FINISH,
    RUN_PYTHON,
    SEARCH_TOOLS,
    Effect,
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    ToolCall,
)
from toolgrove.data.tree import ROOT, child_id
from toolgrove.planners import prompts, subtasks
from toolgrove.planners.approval import Paused
from toolgrove.planners.run import Run

if TYPE_CHECKING:
    from toolgrove.planners.frontier import Expand
    from toolgrove.tools.offer import Offer

__all__ = ["Expansion", "NotAhead", "expand", "grown", "prompt_of", "tool_message"]


class NotAhead(Exception):
    """A step that looks ahead would write, or run code that may: it has to wait for its turn."""


class Expansion(Protocol):
    """Grows one child, by what ``run.ask`` or ``run.stream`` and ``run.call`` give it.

    Whatever else it does has to come out the same for the same replies and observations: a run
    that is resumed takes its steps again. With ``ahead`` the step is made before it is known to be
    wanted; where it would write, or may not be made early, it raises :class:`NotAhead`.
    """

    async def __call__(self, run: Run, wanted: Expand, *, ahead: bool = False) -> Node: ...


def grown(
    run: Run, expansion: Expansion, wanted: Expand, *, ahead: bool = False
) -> Coroutine[Any, Any, Node]:
    """A step as an expansion grows it, told to those who listen."""
    growing = expansion(run, wanted, ahead=ahead)
    if (scope := SCOPE.get()) is None:
        return growing
    node = child_id(wanted.parent, wanted.index)
    begin = partial(StepStarted, node=node, after=wanted.parent, variant=wanted.variant)
    return scope.around(growing, begin, StepEnded, "node")


async def expand(run: Run, wanted: Expand, *, ahead: bool = False) -> Node:
    """Grow one child by one turn of a chat, whatever the planner's order.

    The calls of one reply are made at once, in their order where one of them writes or runs code.
    The node is returned, not yet added: the frontier has the last word on its state.

    Parameters
    ----------
    run : Run
        Where it happens.
    wanted : Expand
        Which child, and how the model is asked.
    ahead : bool
        Whether the step is made before it is known to be wanted; it must not write then.

    Raises
    ------
    BudgetSpent
        Before a call that would go over the budget.
    ModelError
        Where the model did not answer.
    NotAhead
        Where a step that looks ahead would write or run code. The reply is kept, and costs
        nothing again.
    """
    parent, _, offer = run.paths.at(wanted.parent)
    node_id = child_id(parent.id, wanted.index)
    prompt = prompt_of(run, wanted)
    reply = await run.ask(node_id, parent.id, prompt)
    made = partial(
        Node,
        id=node_id,
        parent=parent.id,
        index=wanted.index,
        prompt=prompt,
        variant=wanted.variant,
        model=reply.model or run.chat.name,
        usage=reply.usage,
        seconds=reply.seconds,
    )
    if not reply.message.calls:
        return made(depth=parent.depth + 1, messages=(reply.message, prompts.nudge()))
    node = made(depth=parent.depth)
    calls, observations = await _execute(run, node, offer, reply.message.calls, ahead)
    state, answer = _finished(calls, observations)
    made_calls = sum(1 for call in calls if call.name != FINISH)
    if offer.form is not None:  # an answer to be mended takes a step: a path of such has an end
        made_calls += sum(1 for seen in observations if seen.status is Status.BAD_FINISH)
    return made(
        depth=parent.depth + made_calls,
        messages=(reply.message, *_tool_messages(reply.message.calls, observations)),
        calls=calls,
        observations=observations,
        state=state,
        answer=answer,
    )


def prompt_of(run: Run, wanted: Expand) -> tuple[Message, ...]:
    """What the model is shown for this step only."""
    if wanted.variant != "diversity":
        return ()
    message = run.prompts.diversity(
        run.paths.siblings(wanted.parent, wanted.index), list(run.offer(wanted.parent).aliases)
    )
    return (message,) if message else ()


def tool_message(call: ToolCall, seen: Observation) -> Message:
    """What a call is answered with: what it gave, and what was sent where somebody changed it."""
    content = seen.content if seen.sent is None else prompts.gave_edited(seen.sent, seen.content)
    return Message(Role.TOOL, content, call_id=call.id, name=call.name)


def _tool_messages(
    calls: tuple[ToolCall, ...], observations: tuple[Observation, ...]
) -> list[Message]:
    return [
        tool_message(call, observation)
        for call, observation in zip(calls, observations, strict=True)
    ]


def _finished(
    calls: tuple[ToolCall, ...], observations: tuple[Observation, ...]
) -> tuple[NodeState, str | None]:
    """The state that a node's Finish call, if it has one, puts it in, and its answer."""
    for call, observation in zip(calls, observations, strict=True):
        if observation.status is Status.FINAL_ANSWER:
            return NodeState.ANSWERED, str(call.arguments.get("final_answer", ""))
        if observation.status is Status.GIVE_UP:
            return NodeState.GAVE_UP, None
    return NodeState.OPEN, None


async def _execute(
    run: Run, node: Node, offer: Offer, asked: tuple[ToolCall, ...], ahead: bool
) -> tuple[tuple[ToolCall, ...], tuple[Observation, ...]]:
    resolved = [offer.resolve(call) for call in asked]
    calls = tuple(
        call if isinstance(found, Observation) else found
        for call, found in zip(asked, resolved, strict=True)
    )
    several = len(calls) > 1
    writes = any(run.paths.effect(call) is Effect.WRITE for call in calls)
    code = any(call.name == RUN_PYTHON for call in calls)
    if ahead and (writes or code):
        raise NotAhead

    async def one(position: int) -> Observation:
        found = resolved[position]
        if isinstance(found, Observation):
            return found
        if found.name == FINISH:
            return _finish(found, several)
        if found.name in subtasks.CONTROLS:
            return subtasks.marked(found, run.paths.goals(node.parent or ROOT), alone=not several)
        before = run.paths.made(node.parent or ROOT, found)
        if before is not None:
            return _known(*before)
        if found.name == SEARCH_TOOLS:
            return await run.search(node, position, found)
        if found.name == RUN_PYTHON:
            return await run.code(node.id, position, found, offer)
        return await run.call(node.id, position, found)

    if writes or code or not several:
        observations = []
        for position in range(len(calls)):
            try:
                observations.append(await one(position))
            except Paused:  # what comes after it may rest on it, but can be decided with it
                for later, found in enumerate(resolved[position + 1 :], position + 1):
                    if isinstance(found, ToolCall):
                        await run.ask_about(node.id, later, found)
                raise
    else:
        observations = await _together([one(i) for i in range(len(calls))])
    return calls, tuple(observations)


def _known(gave: Observation, on_this_path: bool) -> Observation:
    """What a call gave before, which a model is told where it made the call itself."""
    content = prompts.repeated(gave.content) if on_this_path else gave.content
    return replace(gave, content=content, cached=True, seconds=0.0, repeated=on_this_path)


async def _together(calls: list[Coroutine[Any, Any, Observation]]) -> list[Observation]:
    """All at once; where one cannot be made the others are cancelled and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


def _finish(call: ToolCall, several: bool) -> Observation:
    if several:
        mend = "Finish has to be the only call of a message: see the other results first."
        return Observation(Status.BAD_FINISH, mend, len(mend))
    if call.arguments.get("return_type") == "give_answer":
        return Observation(Status.FINAL_ANSWER, "answered", 8)
    return Observation(Status.GIVE_UP, "gave up", 7)
