"""The notation of numbered lines: ``1. tool(name=value) after: 2``.

Numbers in other forms (``(1)``, ``1 -``, ``#1``, ``Action 1:``, a table's ``| 1 |``), names for
results (``1. r = tool(…)``, then ``r.field``) and ``(depends on $1)`` are read, too.

A call ends where its brackets do, however many lines that takes. A bracket that is missing at the
very end of a call is added, because nothing is left to guess. Of a call that cannot be read the
next line that begins one is found again, so that no other is lost.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, replace

from toolgrove.data.records import Effect
from toolgrove.planners.dag.building import SpecOf, build, named
from toolgrove.planners.dag.plan import Entry, Join, Note, Problem
from toolgrove.planners.dag.values import Broken, Incomplete, read_arguments

__all__ = ["LineReader", "begins_lines", "number_of", "told"]

_MARKS = r"[*`_]*"
_NUMBER = rf"\s*(?:[-*>]\s+)?{_MARKS}(?:(?:Task|Step)\s+)?(\d{{1,9}})(?:[.)]+|:){_MARKS}\s*"
_NUMBERED = re.compile(rf"{_NUMBER}(?=[^\s\d])")
_ODDLY_NUMBERED = re.compile(
    rf"[\s>|•*+-]*{_MARKS}(?:(?:task|step|action|call|line|tool(?: call)?)\s*)?[(\[#№]*"
    rf"\s*(\d{{1,9}})\s*[)\]]*{_MARKS}(?:\s*(?:[.:|=．、–—-]+|->|=>))?\s*{_MARKS}\s*",
    re.IGNORECASE,
)
"""Numbers that begin a line as a plan's do where a tool on offer is called behind them."""
_DOLLAR = re.compile(r"[\s*>-]*`?\$\{?(\d{1,9})\}?\s*:?=\s*(?=[^\W\d])")
_ASSIGNED = re.compile(r"`?([^\W\d]\w*)\s*(?::\s*[\w.\[\]]+\s*)?:?=\s*(?=[^\W\d][\w.\-/]*\s*\()")
_VERB = re.compile(r"(?:(?:call|use|invoke|run|execute|action)\b:?|await)\s+(?=[*`]*[^\W\d])", re.I)
_CALL = re.compile(r"(?:\s*[-*>]\s+)?[\s*`]*([^\W\d][\w.\-/]*)[*`]*\s*\(")
_JOIN = re.compile(rf"(?:{_NUMBER}|\s*){_MARKS}(?:join|[Ff]inish)\b[*`]*\s*(?:\(|$)")
_AFTER = re.compile(
    r"[\s;,#(\[{*`/>→-]*"
    r"(?:after|depend(?:s|ing|ent)?(?:[ _]on)?|dependenc(?:y|ies)|deps?|waits? for)\b"
    r"[\s:=]*((?:[\s,$#\[\](){}*`&]|and|tasks?\b|steps?\b|lines?\b|calls?\b|\d)*)",
    re.IGNORECASE,
)
_THOUGHT = re.compile(r"[\s>*_#-]*(?:thoughts?|thinking|reasoning|observations?)\b[\s*_]*:", re.I)
_MENTION = re.compile(
    r"([^\W\d][\w.\-/]*)[*`\"]*\s*\(|\"(?:name|tool)\"\s*:\s*\"([^\"\n]+)\"|<function=([^>\n]+)>"
    r"|\b(?:action|tool)\s*:\s*[`\"]?([^\W\d][\w.\-/]*)",
    re.IGNORECASE,
)
_UNCLOSED = "a bracket or quote is not closed; close it"


@dataclass(frozen=True, slots=True)
class _Head:
    """How a line that calls a tool begins: its number, the tool, and where arguments begin."""

    number: int
    tool: str
    at: int
    name: str = ""


def _head(text: str, spec_of: SpecOf) -> _Head | None:
    """The beginning of a line's call, None where it calls nothing under a number.

    Where the number or the words before the call are not those that a plan is asked for, the tool
    has to be one on offer: so that prose stays prose.
    """
    numbered = _NUMBERED.match(text)
    plain = numbered is not None
    numbered = numbered or _DOLLAR.match(text) or _ODDLY_NUMBERED.match(text)
    if numbered is None:
        return None
    at, name = numbered.end(), ""
    if assigned := _ASSIGNED.match(text, at):
        at, name = assigned.end(), assigned[1]
    if verb := _VERB.match(text, at):
        at, plain = verb.end(), False
    call = _CALL.match(text, at)
    if call is None or not (plain or named(call[1], spec_of) is not None):
        return None
    return _Head(int(numbered[1]), call[1], call.end(), name)


def number_of(text: str, spec_of: SpecOf) -> int | None:
    """The number of the call that a line makes; None where it makes none, or ends the plan."""
    head = None if _JOIN.match(text) else _head(text, spec_of)
    return None if head is None else head.number


def begins_lines(text: str, spec_of: SpecOf) -> bool:
    """Whether a line begins a call of a plan, or ends the plan."""
    return (
        _NUMBERED.match(text) is not None
        or _JOIN.match(text) is not None
        or _head(text, spec_of) is not None
    )


def told(line: int, text: str, spec_of: SpecOf, wrong: str = "") -> Entry:
    """Text that is not read: a problem where it calls a tool on offer, and else a note."""
    if not _THOUGHT.match(text):
        for found in _MENTION.finditer(text):
            tool = next(filter(None, found.groups()))
            if named(tool, spec_of) is not None:
                mend = wrong or f"it has no number; write N. {tool}(…)"
                return Problem(line, text, mend, None, tool)
    return Note(line, text)


class LineReader:
    """Reads numbered lines.

    Parameters
    ----------
    spec_of : callable
        The spec behind a tool's name.
    line : int
        The number of the first line.
    """

    def __init__(self, spec_of: SpecOf, line: int = 1) -> None:
        self._spec_of = spec_of
        self._next = line
        self._tail = ""
        self._waiting: deque[tuple[int, str]] = deque()
        self._open: list[tuple[int, str]] = []
        self._head = _Head(0, "", 0)  # the open call's
        self._names: dict[str, int] = {}
        self._joined = False
        self._answer = 0  # brackets that an answer at the plan's end has open

    def feed(self, chunk: str) -> list[Entry]:
        """The entries whose last line this piece of text completes."""
        *lines, self._tail = (self._tail + chunk).split("\n")
        self._waiting.extend((self._next + i, line.rstrip("\r")) for i, line in enumerate(lines))
        self._next += len(lines)
        return self._drain()

    def close(self, *, cut: bool = False) -> list[Entry]:
        """The entries that are left once the text is at its end.

        Of a text that was cut no bracket is closed: what is missing is not known then.
        """
        self._waiting.append((self._next, self._tail))
        found = self._drain()
        while self._open:
            done = [] if cut and not self._waiting else self._complete(")")
            found += done or self._broken(_UNCLOSED, last=True)
            found += self._drain()
        return found

    def _drain(self) -> list[Entry]:
        found: list[Entry] = []
        while self._waiting:
            line, text = self._waiting.popleft()
            found += self._go_on(line, text) if self._open else self._begin(line, text)
        return found

    def _begin(self, line: int, text: str) -> list[Entry]:
        """Read a line that no call before it goes on into."""
        if not text.strip():
            return []
        if self._joined:
            return [self._behind(line, text)]
        if _JOIN.match(text):
            self._joined, self._answer = True, text.count("(") - text.count(")")
            return [Join(line, text)]
        head = _head(text, self._spec_of)
        if head is None and (numbered := _NUMBERED.match(text)):
            wrong = "it calls no tool; write tool(name=value)"
            return [Problem(line, text, wrong, int(numbered[1]))]
        if head is None:
            return [told(line, text, self._spec_of)]
        self._open, self._head = [(line, text)], head
        return self._complete() if ")" in text else []

    def _behind(self, line: int, text: str) -> Entry:
        """A line behind the plan's end, which may be an answer of several lines."""
        if self._answer > 0:
            self._answer += text.count("(") - text.count(")")
            return Note(line, text)
        return told(line, text, self._spec_of, "it comes after the plan's end; write it before")

    def _go_on(self, line: int, text: str) -> list[Entry]:
        """Read a line behind one whose brackets are open."""
        if begins_lines(text, self._spec_of):
            self._waiting.appendleft((line, text))
            found = self._complete(")")
            if not self._open:
                return found
            self._waiting.popleft()  # it stands inside of a text that is still open
        self._open.append((line, text))
        return self._complete() if ")" in text else []

    def _complete(self, closing: str = "") -> list[Entry]:
        """Read the open call, with a closing bracket added or not; nothing if it goes on."""
        line = self._open[0][0]
        text = "\n".join(text for _, text in self._open)
        head = self._head
        tool = head.tool
        try:
            arguments = read_arguments(text + closing, head.at, self._names)
        except Incomplete:
            return []
        except Broken as error:
            return self._broken(_UNCLOSED if closing else str(error))
        spec = named(tool, self._spec_of)
        if closing and (text.rstrip()[-1] in ",(=" or (spec and spec.effect is Effect.WRITE)):
            return self._broken(_UNCLOSED)
        self._open = []
        self._name(head)
        after, rest = _after(text[arguments.end :])
        found: list[Entry] = [build(self._spec_of, head.number, tool, arguments, after, line, text)]
        last = line + text.count("\n")
        if _begins_another(rest := rest.lstrip(" \t;,")):
            self._waiting.appendleft((last, rest))
            found[0] = replace(found[0], text=text[: len(text) - len(rest)])
        return found

    def _broken(self, wrong: str, *, last: bool = False) -> list[Entry]:
        """Give the open call up, and read on where the next one begins."""
        lines, self._open = self._open, []
        self._name(self._head)
        begins = (i for i, (_, t) in enumerate(lines) if i and begins_lines(t, self._spec_of))
        end = next(begins, len(lines))
        self._waiting.extendleft(reversed(lines[end:]))
        text = "\n".join(text for _, text in lines[:end])
        unfinished = last and end == len(lines)
        head = self._head
        return [Problem(lines[0][0], text, wrong, head.number, head.tool, unfinished)]

    def _name(self, head: _Head) -> None:
        """What a line sets a name to is what later ones mean by it, read or not."""
        if head.name:
            self._names[head.name] = head.number


def _begins_another(rest: str) -> bool:
    """Whether what stands behind a call is another one, or the plan's end."""
    return _NUMBERED.match(rest) is not None or _JOIN.match(rest) is not None


def _after(rest: str) -> tuple[tuple[int, ...], str]:
    """The tasks that a call is to come after, and what else stands behind it."""
    found = _AFTER.match(rest)
    if found is None or not (numbers := re.findall(r"\d{1,9}", found[1])):
        return (), rest
    return tuple(dict.fromkeys(map(int, numbers))), rest[found.end() :]
