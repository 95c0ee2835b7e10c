"""What a run is told of earlier ones: a few lessons and solved requests that fit its own.

It stands with the request, after the rules and the tools, and is kept in the journal's header, so
that a run that is gone on with is told the same. Tools go by the names that they are offered under.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from toolgrove.data import codec
from toolgrove.data.argument_names import argument_names
from toolgrove.data.records import Task
from toolgrove.data.request import Brief, in_context

if TYPE_CHECKING:
    from toolgrove.agent.lesson_mining import Example
    from toolgrove.agent.memory import MemoryEntry
    from toolgrove.agent.settings import RunSettings
    from toolgrove.tools.offer import Offer

__all__ = ["said_of", "taught_brief"]

_LESSONS = "Notes from earlier runs. They are hints, not part of the request:"
_EXAMPLES = (
    "Calls that answered other requests, as examples ($1.x is the x that call 1 gave; use what "
    "your own calls give):"
)
_LONGEST = 400
"""Characters of a line."""


def taught_brief(settings: RunSettings, task: Task, brief: Brief, offer: Offer) -> Brief:
    """What a run is told, with what its memory holds for it."""
    asked = in_context(task)
    lines: list[str] = []
    source: dict[str, object] = {}
    if settings.memory is not None:
        lessons = settings.memory.search(asked, offer.specs)
        source["memory"] = settings.memory.digest
        source["lessons"] = [one.id for one in lessons]
        said = [f"- {_line(said_of(one, offer))}" for one in lessons]
        lines += [_LESSONS, *said] if said else []
    if settings.examples is not None:
        examples = settings.examples.examples(asked, offer.specs)
        source["examples"] = settings.examples.digest
        said = [f"- {_line(_called(one, offer))}" for one in examples]
        lines += [_EXAMPLES, *said] if said else []
    return replace(brief, learnt="".join(f"{line}\n" for line in lines), learnt_from=source)


def said_of(entry: MemoryEntry, offer: Offer) -> str:
    """A lesson in words, with the names that its tools are offered under."""
    if entry.words:
        return entry.words.format(*(offer.name(tool) for tool in entry.lesson.tools))
    return entry.lesson.words(lambda tool, parameter: _named(offer, tool, parameter))


def _named(offer: Offer, tool: str, parameter: str) -> str:
    if not parameter:
        return offer.name(tool)
    spec = offer.spec(tool)
    return parameter if spec is None else argument_names(spec.parameters).get(parameter, parameter)


def _called(example: Example, offer: Offer) -> str:
    """An example on a line: the request as a JSON text, which no request can close."""
    return f"{codec.dumps(example.request).decode()} -> {' '.join(_calls(example, offer))}"


def _calls(example: Example, offer: Offer) -> Iterator[str]:
    for place, (tool, arguments) in enumerate(example.calls, 1):
        given = ", ".join(f"{_named(offer, tool, name)}={value}" for name, value in arguments)
        yield f"{place}. {offer.name(tool)}({given})"


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
