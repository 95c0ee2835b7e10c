"""What was said before a task's request, kept in the task itself.

It lies in ``Task.meta``, so that a journal, an evaluation and a resumed run have it wherever they
have the task, and a task without one is what it always was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolgrove.data import codec
from toolgrove.data.quoting import quoted
from toolgrove.data.records import Message, Role, Task

__all__ = ["earlier", "in_context", "quoted_request", "with_earlier"]

_KEY = "conversation"
_QUOTED = 20
_LONGEST = 1000


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


def quoted_request(task: Task) -> str:
    r"""The request for a judge, and the conversation that it goes on from: each message quoted.

    Of a long conversation it is the latest 20 messages, each cut to 1,000 characters.

    Examples
    --------
    >>> asked = with_earlier(Task("2", "And in miles?"), [Message(Role.USER, "How far is it?")])
    >>> print(quoted_request(asked))  # doctest: +ELLIPSIS
    <data-...>
    And in miles?
    </data-...>
    It goes on from this conversation, the oldest message first:
    user:
    <data-...>
    How far is it?
    </data-...>
    """
    said = [_said(one) for one in earlier(task) if one.role is not Role.SYSTEM]
    request = quoted(task.query)
    if not said:
        return request
    shown = "\n".join(said[-_QUOTED:])
    before = f"[{len(said) - _QUOTED} earlier messages]\n" if len(said) > _QUOTED else ""
    heading = "It goes on from this conversation, the oldest message first:"
    return f"{request}\n{heading}\n{before}{shown}"


def _said(message: Message) -> str:
    calls = [f"calls {one.name} {codec.dumps(one.arguments).decode()}" for one in message.calls]
    text = "\n".join([*filter(None, [message.content]), *calls])
    return f"{message.role}:\n{quoted(text, _LONGEST)}"
