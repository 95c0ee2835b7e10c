"""What a run is told beside its request and its tools, in the words of whoever runs it.

It is kept in the header of the run's journal, where a run that is gone on with takes it from. One
that is told nothing says what its planner says, to the byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from toolgrove.data import codec
from toolgrove.data.conversation import earlier
from toolgrove.data.records import JsonObject, Message, Role, Task
from toolgrove.planners.prompts import Prompts

if TYPE_CHECKING:
    from toolgrove.data.runs import Record

__all__ = ["Brief", "Finish", "RunRequest"]

_INSTRUCTIONS = "\n\nFollow these instructions, too:\n{text}"
_FORM = "\n\nThe final answer has to be JSON that fits this schema, and nothing else:\n{schema}"
_KEY = "brief"

Finish: TypeAlias = Literal["auto", "tool", "text"]
"""What ends a path besides giving up."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is asked: the request, what was said before it, and what has to be heeded.

    ``told`` begins with line breaks, to stand below a planner's own words; it may be empty.
    """

    request: str
    earlier: tuple[Message, ...] = ()
    told: str = ""

    def opening(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """A planner's opening with what is told, and what was said before, in their places."""
        if not (self.told or self.earlier):
            return messages
        said = list(messages)
        system = next((i for i, one in enumerate(said) if one.role is Role.SYSTEM), None)
        if self.told and system is None:
            said.insert(0, Message(Role.SYSTEM, self.told.strip()))
        elif self.told and system is not None:
            said[system] = Message(Role.SYSTEM, said[system].content + self.told)
        users = [i for i, one in enumerate(said) if one.role is Role.USER]
        place = users[-1] if users else len(said)
        return (*said[:place], *self.earlier, *said[place:])


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
    """

    instructions: str = ""
    schema: JsonObject | None = field(default=None, hash=False)
    finish: Finish = "auto"

    @classmethod
    def of(cls, record: Record) -> Brief:
        """That of a run, by its journal."""
        kept = record.header["config"].get(_KEY)
        return codec.decode(cls, kept) if kept else _NOTHING

    def header(self) -> JsonObject:
        """What the journal's header has of it."""
        return {} if self == _NOTHING else {_KEY: codec.to_json(self)}

    def digest(self, prompts: Prompts) -> str:
        """Names all that a planner says, this included."""
        if self == _NOTHING:
            return prompts.digest
        return codec.digest([prompts.digest, _INSTRUCTIONS, _FORM, self])

    def asked(self, task: Task) -> RunRequest:
        """What a task's run is asked."""
        said = earlier(task)
        told = [self.instructions, *(one.content for one in said if one.role is Role.SYSTEM)]
        text = "\n\n".join(part.strip() for part in told if part.strip())
        others = tuple(one for one in said if one.role is not Role.SYSTEM)
        heeded = _INSTRUCTIONS.format(text=text) if text else ""
        if self.schema is not None:
            heeded += _FORM.format(schema=codec.dumps(self.schema).decode())
        return RunRequest(task.query, others, heeded)


_NOTHING = Brief()
