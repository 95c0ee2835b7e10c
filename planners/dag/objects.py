"""The notation of JSON objects: ``{"tasks": [{"id": 1, "tool": …, "arguments": {…}}]}``.

The list may stand alone, and so may its objects, one behind the other. Each is read as soon as it
closes.
"""

from __future__ import annotations

import re
from typing import Any

from toolgrove.planners.dag.building import SpecOf, build
from toolgrove.planners.dag.plan import Entry, Join, Note, Problem
from toolgrove.planners.dag.values import Broken, Incomplete, PlanArguments, read_value

__all__ = ["ObjectReader", "begins_objects"]

_BEGIN = re.compile(r"\s*(?:\{|\[\s*[{\]])")
_ALONE = re.compile(r"\s*\[\s*")
_WRAPPED = re.compile(r'\s*\{(?:[^{}\[\]]|\[[^{}\[\]]*\])*?"tasks"\s*:\s*\[')
_LIST = re.compile(r"\s*\[")
_BETWEEN = re.compile(r"[\s,]*")
_TASK = re.compile(r'\{\s*"(?:id|tool)"')
_KEYS = frozenset({"id", "tool", "arguments", "after"})
_SHAPE = '{"id": 1, "tool": "its name", "arguments": {}, "after": []}'


def begins_objects(text: str, whole: bool) -> bool:
    """Whether a line, whole or not yet, begins a plan of JSON objects."""
    return bool(_BEGIN.match(text) or (whole and _ALONE.fullmatch(text)))


class ObjectReader:
    """Reads a plan of JSON objects.

    Parameters
    ----------
    spec_of : callable
        The spec behind a tool's name.
    line : int
        The number of the first line.
    """

    def __init__(self, spec_of: SpecOf, line: int = 1) -> None:
        self._spec_of = spec_of
        self._line = line
        self._text = ""
        self._at = 0
        self._inside = False
        self._over = False

    def feed(self, chunk: str) -> list[Entry]:
        """The entries whose closing brace this piece of text holds."""
        self._text += chunk
        return self._drain() if "}" in chunk or "]" in chunk else []

    def close(self) -> list[Entry]:
        """The entries that are left once the text is at its end."""
        found = self._drain()
        rest = self._text[self._at :]
        if rest.strip(" \t\r\n]},`"):
            note = self._over or not self._inside
            wrong = f"it is not a whole task; write {_SHAPE}"
            line = self._line_of(self._at)
            found.append(Note(line, rest) if note else Problem(line, rest, wrong))
        return found

    def _drain(self) -> list[Entry]:
        found: list[Entry] = []
        if not self._inside:
            self._enter()
        while self._inside and not self._over:
            self._at = _end(_BETWEEN, self._text, self._at)
            if self._text.startswith("]", self._at):
                found.append(Join(self._line_of(self._at), "]"))
                self._over = True
            elif not (entry := self._entry()):
                break
            else:
                found.append(entry)
        return found

    def _enter(self) -> None:
        """Find where the first task is."""
        begin = _WRAPPED.match(self._text) or _LIST.match(self._text)
        if begin is not None:
            self._at, self._inside = begin.end(), True
        elif _TASK.match(self._text.lstrip()):
            self._inside = True

    def _entry(self) -> Entry | None:
        """The next object, or None where it is not whole yet."""
        start = self._at
        try:
            if not self._text.startswith("{", start):
                if start == len(self._text):
                    return None
                raise Broken(f"it is no object; write {_SHAPE}")
            value, self._at = read_value(self._text, start)
        except Incomplete:
            return None
        except Broken as error:
            following = _TASK.search(self._text, start + 1)
            if following is None:
                return None  # all that is left is told at the end
            self._at = following.start()
            return Problem(self._line_of(start), self._text[start : self._at], str(error))
        return self._task(value, self._line_of(start), self._text[start : self._at])

    def _task(self, value: dict[str, Any], line: int, text: str) -> Entry:
        number, tool = value.get("id"), value.get("tool")
        arguments, after = value.get("arguments", {}), value.get("after", [])
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 10**9:
            return Problem(line, text, f"its id is no number; write {_SHAPE}")
        if not isinstance(tool, str) or not tool:
            return Problem(line, text, f"it names no tool; write {_SHAPE}", number)
        if not isinstance(arguments, dict):
            wrong = 'its arguments are no object; write {"name": value}'
            return Problem(line, text, wrong, number, tool)
        if not isinstance(after, list) or any(type(other) is not int for other in after):
            return Problem(line, text, "its after is no list of ids; write [1, 2]", number, tool)
        if unknown := set(value) - _KEYS:
            wrong = f"it has a {min(unknown)}; a task has {', '.join(sorted(_KEYS))}"
            return Problem(line, text, wrong, number, tool)
        given = PlanArguments(named=arguments)
        return build(self._spec_of, number, tool, given, tuple(after), line, text)

    def _line_of(self, at: int) -> int:
        return self._line + self._text.count("\n", 0, at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    assert found is not None
    return found.end()
