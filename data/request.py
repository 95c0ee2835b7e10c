"""What a run is asked: a task's request, what was said before it, and what is told beside it.

The conversation lies in ``Task.meta``, so that a journal, an evaluation and a resumed run have it
wherever they have the task, and a task without one is what it always was. What whoever runs it says
beside that is in the header of the run's journal, where a run that is gone on with takes it from. A
run that is told nothing says what its planner says, to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from toolgrove.data import codec
from toolgrove.data.quoting import quoted
from toolgrove.data.records import JsonObject, Message, Role, Task

if TYPE_CHECKING:
    from toolgrove.data.runs import Record

__all__ = [
    "Brief",
    "Finish",
    "RunRequest",
    "earlier",
    "in_context",
    "quoted_request",
    "with_earlier",
]

_KEY = "conversation"
_BRIEF = "brief"
_QUOTED = 20
_LONGEST = 1000
_INSTRUCTIONS = "\n\nFollow these instructions, too:\n{text}"
_FORM = "\n\nThe final answer has to be JSON that fits this schema, and nothing else:\n{schema}"
_REQUEST = "\nThe request:\n"

Finish: TypeAlias = Literal["auto", "tool", "text"]
"""What ends a path besides giving up."""


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
    'How far is it?\nAnd by rail?'
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


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is asked: the request, what was said before it, and what has to be heeded.

    ``told`` begins with line breaks, to stand below a planner's own words; it may be empty.
    ``learnt`` stands before the request, so that the rules and tools before it stay the same.
    """

    request: str
    earlier: tuple[Message, ...] = ()
    told: str = ""
    learnt: str = ""

    def opening(self, rules: str, request: str = "{query}") -> tuple[Message, ...]:
        """The messages every path begins with.

        Parameters
        ----------
        rules : str
            A planner's, of which a system message is made with what is told; may be empty.
        request : str
            What it says around the ``{query}``.
        """
        system = rules + self.told if rules else self.told.strip()
        asked = request.format(query=self.request)
        if self.learnt:
            asked = f"{self.learnt}{_REQUEST}{asked}"
        first = (Message(Role.SYSTEM, system),) if system else ()
        return (*first, *self.earlier, Message(Role.USER, asked))


@dataclass(frozen=True, slots=True)
class Brief:
    """What somebody wants of a run.

    Parameters
    ----------
    instructions : str
        Shown below the planner's own words, at every step and to every model that has a say.
    schema : JsonObject or None
        What the final answer has to fit; None takes any text.
    finish : str
        When a reply that calls nothing is an answer: ``text`` always, ``tool`` never, ``auto``
        where the planner has no other path to try.
    learnt : str
        What earlier runs taught, shown with the request; whole lines, or empty.
    learnt_from : JsonObject or None
        What it was taken from: digests, and ids of lessons.
    """

    instructions: str = ""
    schema: JsonObject | None = field(default=None, hash=False)
    finish: Finish = "auto"
    learnt: str = field(default="", metadata={"later": True})
    learnt_from: JsonObject | None = field(default=None, hash=False, metadata={"later": True})

    @classmethod
    def of(cls, record: Record) -> Brief:
        """That of a run, by its journal."""
        kept = record.header["config"].get(_BRIEF)
        return codec.decode(cls, kept) if kept else _NOTHING

    def header(self) -> JsonObject:
        """What the journal's header has of it."""
        return {} if self == _NOTHING else {_BRIEF: codec.to_json(self)}

    def digest(self, prompts: str) -> str:
        """Names all that a planner says, this included, given the digest of its own words."""
        if replace(self, learnt_from=None) == _NOTHING:
            return prompts
        said = _Said(self.instructions, self.schema, self.finish)
        learnt = [_REQUEST, self.learnt] if self.learnt else []
        return codec.digest([prompts, _INSTRUCTIONS, _FORM, said, *learnt])

    def asked(self, task: Task) -> RunRequest:
        """What a task's run is asked."""
        said = earlier(task)
        told = [self.instructions, *(one.content for one in said if one.role is Role.SYSTEM)]
        text = "\n\n".join(part.strip() for part in told if part.strip())
        others = tuple(one for one in said if one.role is not Role.SYSTEM)
        heeded = _INSTRUCTIONS.format(text=text) if text else ""
        if self.schema is not None:
            heeded += _FORM.format(schema=codec.dumps(self.schema).decode())
        return RunRequest(task.query, others, heeded, self.learnt)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a brief's digest was made of before there was ``learnt``: it stays the same."""

    instructions: str
    schema: JsonObject | None
    finish: Finish


_NOTHING = Brief()
