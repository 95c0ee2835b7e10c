"""What was said before a task's request, kept in the task itself.

It lies in ``Task.meta``, so that a journal, an evaluation and a resumed run have it wherever they
have the task, and a task without one is what it always was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolgrove.data import codec
from toolgrove.data.records import Message, Role, Task

__all__ = ["earlier", "in_context", "with_earlier"]

_KEY = "conversation"


def with_earlier(task: Task, messages: Sequence[Message]) -> Task:
    """The task with what was said before its request; system messages are instructions of it.

    Examples
    --------
    >>> asked = with_earlier(Task("2", "And in miles?"), [Message(Role.USER, "How far is it?")])
    >>> [message.content for message in earlier(asked)]
    ['How far is it?']
    """
    if not messages:
        return task
    return replace(task, meta={**task.meta, _KEY: codec.to_json(list(messages))})


def earlier(task: Task) -> tuple[Message, ...]:
    """What was said before a task's request."""
    kept = task.meta.get(_KEY)
    return codec.decode(tuple[Message, ...], kept) if kept else ()


def in_context(task: Task) -> str:
    r"""The request after the user's message before it: what tools are looked for with.

    Examples
    --------
    >>> in_context(with_earlier(Task("2", "And by rail?"), [Message(Role.USER, "How far is it?")]))
    'How far is it?\\nAnd by rail?'
    """
    before = [message.content for message in earlier(task) if message.role is Role.USER]
    return "\n".join([*before[-1:], task.query])
