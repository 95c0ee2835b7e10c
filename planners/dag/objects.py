"""The notation of JSON objects: ``{"tasks": [{"id": 1, "tool": …, "arguments": {…}}]}``.

The list may stand alone, and so may its objects, one behind the other, in the tags that models put
around their tool calls or not. Each is read as soon as it closes. Of other names for its members
the common ones are read (``{"name": …, "args": …, "dependencies": …}``); an object without a number
gets the next one.
"""

from __future__ import annotations

import re
from typing import Any

from toolgrove.data import codec
from toolgrove.planners.dag.building import SpecOf, build, named
from toolgrove.planners.dag.lines import told
from toolgrove.planners.dag.plan import Entry, Join, Note, Problem
from toolgrove.planners.dag.values import Broken, Incomplete, PlanArguments, read_value

__all__ = ["ObjectReader", "begins_objects"]

_TAG = r"</?tool_calls?>|\[/?TOOL_CALLS?\]|<\|(?:python_tag|tool_call)\|>"
_BEGIN = re.compile(rf"(?:\s|{_TAG})*(?:\{{|\[\s*[{{\]])")
_ALONE = re.compile(r"\s*\[\s*")
_WRAPPED = re.compile(
    r'\s*\{(?:[^{}\[\]]|\[[^{}\[\]]*\])*?"(?:tasks|plan|steps|(?:tool_)?calls|actions)"\s*:\s*\['
)
_LIST = re.compile(r"\s*\[(?!/?TOOL)")
_BETWEEN = re.compile(rf"(?:[\s,]|{_TAG})*")
_TASK = re.compile(
    r'\{\s*"(?:id|tool|name|function|action|task|step|type|number|tool_name|function_name)"'
)
_NUMBER = ("id", "number", "step")
_TOOL = ("tool", "name", "tool_name", "function_name", "function", "action", "task")
_ARGUMENTS = ("arguments", "args", "parameters", "params", "input", "tool_input", "action_input")
_AFTER = ("after", "depends_on", "dependencies", "dependency", "dep", "deps")
_WORDS = frozenset({"thought", "reason", "reasoning", "description", "explanation", "type"})
"""Members that ask for nothing."""
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
        self._next = 1

    def feed(self, chunk: str) -> list[Entry]:
        """The entries whose closing brace this piece of text holds."""
        self._text += chunk
        return self._drain() if "}" in chunk or "]" in chunk else []

    def close(self, *, cut: bool = False) -> list[Entry]:
        """The entries that are left once the text is at its end, cut or not."""
        found = self._drain()
        rest = self._text[self._at :]
        if rest.strip(" \t\r\n]},`"):
            line = self._line_of(self._at)
            if self._over or not self._inside:
                found.append(told(line, rest, self._spec_of, "it is no part of the plan; write N."))
            else:
                wrong = f"it is not a whole task; write {_SHAPE}"
                found.append(Problem(line, rest, wrong, unfinished=_unfinished(rest)))
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
        at = _end(_BETWEEN, self._text, 0)
        begin = _WRAPPED.match(self._text, at) or _LIST.match(self._text, at)
        if begin is not None:
            self._at, self._inside = begin.end(), True
        elif _TASK.match(self._text, at):
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
        inner = value.get("function")
        value = value | inner if isinstance(inner, dict) else value
        members = {"function"} if isinstance(inner, dict) else set()
        number, tool = _first(value, _NUMBER, members), _first(value, _TOOL, members)
        arguments = _whole(_first(value, _ARGUMENTS, members))
        after = _numbers(_first(value, _AFTER, members))
        known = named(str(tool), self._spec_of) is not None
        if number is None and not (known or members & {"tool", *_ARGUMENTS}):
            return Note(line, text)  # JSON of another kind
        ours = "tool" in members
        if number is None or (isinstance(number, str) and not ours and not number.isdecimal()):
            number = self._next
        elif isinstance(number, str) and number.strip("$ ").isdecimal():
            number = int(number.strip("$ ")) if len(number) < 11 else number
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 10**9:
            return Problem(line, text, f"its id is no number; write {_SHAPE}")
        if not isinstance(tool, str) or not tool:
            return Problem(line, text, f"it names no tool; write {_SHAPE}", number)
        self._next = max(self._next, number + 1)
        if not isinstance(arguments, dict):
            wrong = 'its arguments are no object; write {"name": value}'
            return Problem(line, text, wrong, number, tool)
        if after is None:
            return Problem(line, text, "its after is no list of ids; write [1, 2]", number, tool)
        if unknown := set(value) - members - _WORDS:
            wrong = f"it has a {min(unknown)}; a task has after, arguments, id, tool"
            return Problem(line, text, wrong, number, tool)
        given = PlanArguments(named=arguments)
        return build(self._spec_of, number, tool, given, after, line, text)

    def _line_of(self, at: int) -> int:
        return self._line + self._text.count("\n", 0, at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    assert found is not None
    return found.end()


def _unfinished(rest: str) -> bool:
    """Whether a text ends inside of the object that it begins with."""
    try:
        read_value(rest)
    except Incomplete:
        return rest.startswith("{")
    except Broken:
        pass
    return False


def _first(value: dict[str, Any], names: tuple[str, ...], members: set[str]) -> Any:
    """The member under the first of these names that is there, which is then one of ``members``."""
    name = next((name for name in names if name in value and name not in members), None)
    if name is None:
        return None
    members.add(name)
    return value[name]


def _whole(arguments: Any) -> Any:
    """Arguments, which some write as a text of JSON, or not at all."""
    if arguments is None:
        return {}
    if isinstance(arguments, str):
        try:
            return codec.loads(arguments or "{}")
        except ValueError:
            return arguments
    return arguments


def _numbers(after: Any) -> tuple[int, ...] | None:
    """What a task is to come after; None where it is no list of numbers. -1 means nothing."""
    given = [] if after is None else after if isinstance(after, list) else [after]
    found = [
        int(one.strip("$ ")) if isinstance(one, str) and one.strip("$ ").isdecimal() else one
        for one in given
    ]
    if isinstance(after, str | bool) or any(type(one) is not int for one in found):
        return None
    return tuple(one for one in found if one >= 0)
