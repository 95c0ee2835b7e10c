"""The notation of numbered lines: ``1. tool(name=value) after: 2``.

A call ends where its brackets do, however many lines that takes. A bracket that is missing at the
very end of a call is added, because nothing is left to guess. Of a call that cannot be read the
next line that begins one is found again, so that no other is lost.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace

from toolgrove.data.records import Effect
from toolgrove.planners.dag.building import SpecOf, build
from toolgrove.planners.dag.plan import Entry, Join, Note, Problem
from toolgrove.planners.dag.values import Broken, Incomplete, read_arguments

__all__ = ["LineReader", "begins_lines"]

_MARKS = r"[*`_]*"
_NUMBER = rf"\s*(?:[-*>]\s+)?{_MARKS}(?:(?:Task|Step)\s+)?(\d{{1,9}})(?:[.)]+|:){_MARKS}\s*"
_NUMBERED = re.compile(rf"{_NUMBER}(?=[^\s\d])")
_CALL = re.compile(r"(?:\s*[-*>]\s+)?[\s*`]*([^\W\d][\w.\-/]*)[*`]*\s*\(")
_JOIN = re.compile(rf"(?:{_NUMBER}|\s*){_MARKS}(?:join|[Ff]inish)\b[*`]*\s*(?:\(|$)")
_AFTER = re.compile(r"[\s;,#(\[*`/-]*after\b[\s:=]*((?:[\s,$\[\](){}*`]|and|\d)*)", re.IGNORECASE)
_UNCLOSED = "a bracket or quote is not closed; close it"


def begins_lines(text: str) -> bool:
    """Whether a line begins a call of a plan, or ends the plan."""
    return _NUMBERED.match(text) is not None or _JOIN.match(text) is not None


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
        self._head = (0, "", 0)  # the open call's number, tool, and where its arguments begin
        self._joined = False

    def feed(self, chunk: str) -> list[Entry]:
        """The entries whose last line this piece of text completes."""
        *lines, self._tail = (self._tail + chunk).split("\n")
        self._waiting.extend((self._next + i, line.rstrip("\r")) for i, line in enumerate(lines))
        self._next += len(lines)
        return self._drain()

    def close(self) -> list[Entry]:
        """The entries that are left once the text is at its end."""
        self._waiting.append((self._next, self._tail))
        found = self._drain()
        while self._open:
            found += self._complete(")") or self._broken(_UNCLOSED)
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
        if not self._joined and _JOIN.match(text):
            self._joined = True
            return [Join(line, text)]
        numbered = _NUMBERED.match(text)
        call = _CALL.match(text, numbered.end() if numbered else 0)
        if numbered is None or self._joined:
            return [self._not_called(line, text, call)]
        if call is None:
            wrong = "it calls no tool; write tool(name=value)"
            return [Problem(line, text, wrong, int(numbered[1]))]
        self._open, self._head = [(line, text)], (int(numbered[1]), call[1], call.end())
        return self._complete() if ")" in text else []

    def _not_called(self, line: int, text: str, call: re.Match[str] | None) -> Entry:
        """A line without a number, or behind the plan's end: a problem if it calls a tool."""
        if call is None or self._spec_of(call[1]) is None:
            return Note(line, text)
        if self._joined:
            return Problem(line, text, "it comes after join(); write it before", None, call[1])
        return Problem(line, text, f"it has no number; write N. {call[1]}(…)", None, call[1])

    def _go_on(self, line: int, text: str) -> list[Entry]:
        """Read a line behind one whose brackets are open."""
        if begins_lines(text):
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
        number, tool, at = self._head
        try:
            arguments = read_arguments(text + closing, at)
        except Incomplete:
            return []
        except Broken as error:
            return self._broken(_UNCLOSED if closing else str(error))
        spec = self._spec_of(tool)
        if closing and (text.rstrip()[-1] in ",(=" or (spec and spec.effect is Effect.WRITE)):
            return self._broken(_UNCLOSED)
        self._open = []
        after, rest = _after(text[arguments.end :])
        found: list[Entry] = [build(self._spec_of, number, tool, arguments, after, line, text)]
        last = line + text.count("\n")
        if begins_lines(rest := rest.lstrip(" \t;,")):
            self._waiting.appendleft((last, rest))
            found[0] = replace(found[0], text=text[: len(text) - len(rest)])
        return found

    def _broken(self, wrong: str) -> list[Entry]:
        """Give the open call up, and read on where the next one begins."""
        lines, self._open = self._open, []
        end = next((i for i, (_, t) in enumerate(lines) if i and begins_lines(t)), len(lines))
        self._waiting.extendleft(reversed(lines[end:]))
        text = "\n".join(text for _, text in lines[:end])
        number, tool, _ = self._head
        return [Problem(lines[0][0], text, wrong, number, tool)]


def _after(rest: str) -> tuple[tuple[int, ...], str]:
    """The tasks that a call is to come after, and what else stands behind it."""
    found = _AFTER.match(rest)
    if found is None or not (numbers := re.findall(r"\d{1,9}", found[1])):
        return (), rest
    return tuple(dict.fromkeys(map(int, numbers))), rest[found.end() :]
