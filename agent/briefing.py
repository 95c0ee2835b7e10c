"""What an agent tells a run: made when the run begins, and taken from its journal afterwards."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolgrove.errors import UsageError
from toolgrove.planners.brief import Brief

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.data.records import Task

__all__ = ["brief_of", "brief_to_go_on"]


async def brief_of(agent: Agent, task: Task, context: Any) -> Brief:
    """What a task's run is told.

    Raises
    ------
    UsageError
        Where the instructions are no text.
    """
    settings = agent.settings
    schema = None if agent.form is None else agent.form.schema
    return Brief(await _text(settings.instructions, task, context), schema, settings.finish)


def brief_to_go_on(agent: Agent, begun: Brief) -> Brief:
    """What a run that is gone on with is told: what it was, unless the agent says another thing."""
    settings, brief = agent.settings, begun
    if settings.instructions and not callable(settings.instructions):
        brief = replace(brief, instructions=settings.instructions)
    if agent.form is not None:
        brief = replace(brief, schema=agent.form.schema)
    return brief if settings.finish == "auto" else replace(brief, finish=settings.finish)


async def _text(instructions: str | Callable[..., Any], task: Task, context: Any) -> str:
    if not callable(instructions):
        return instructions
    takes = len(inspect.signature(instructions).parameters)
    text = instructions(task) if takes == 1 else instructions(task, context)
    text = await text if inspect.isawaitable(text) else text
    if not isinstance(text, str):
        raise UsageError(
            f"instructions gave {type(text).__name__} for task {task.id}: let it return a text."
        )
    return text
