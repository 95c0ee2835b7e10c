"""Arguments as models write them: JSON, Python, or in between.

``name=value`` and bare values, strings in any quotes and over several lines, lists, objects,
``true`` and ``True``, references with and without quotes, words without quotes. What is neither is
:class:`Broken`, with the mend; what may still go on is :class:`Incomplete`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolgrove.data import codec
from toolgrove.planners.dag.references import REFERENCE, STEP

__all__ = ["Broken", "Incomplete", "PlanArguments", "read_arguments", "read_value", "write_value"]

_DEEP = 50


class Incomplete(Exception):
    """The text ends before the value does."""


class Broken(Exception):
    """No value can begin so; the message says what is wrong, then the mend."""


@dataclass(slots=True)
class PlanArguments:
    """What stands between the brackets of a call, and where they close."""

    positional: list[Any] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)
    end: int = 0


_BLANK = re.compile(r"\s*")
_NAME = re.compile(r"([^\W\d][\w.$@\[\]-]*+)\s*(?:=(?!=)|:(?!//))\s*|(?=[\"'])")
_AFTER_NAME = re.compile(r"\s*(?:=(?!=)|:)\s*")
_INSIDE = {
    mark: re.compile(rf"(?:[^{mark[0]}\\]|\\.{more})*+{mark}", re.DOTALL)
    for mark, more in (
        ('"', ""),
        ("'", ""),
        ('"""', '|"(?!"")'),
        ("'''", "|'(?!'')"),
    )
}
"""What follows an opening quote, to the closing one."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?")
_BARE = re.compile(r"[^\s,()\[\]{}\"=][^\n,()\[\]{}\"=]*+")
_KEY = re.compile(r"[^\W\d][\w-]*+")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_ESCAPED = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(\n)|(.))", re.DOTALL
)
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", "/": "/"}
_PLAIN |= {"'": "'", '"': '"'}


_NO_NAMES: Mapping[str, int] = {}
_NAMED = re.compile(rf"([^\W\d]\w*+)((?:{STEP})*+)")
_FORMATTED = re.compile(r"[fF](?=[\"'])")
_INSERTED = re.compile(
    rf"\$?\{{\s*(\$?[^\W\d]\w*|\$\d+)((?:{STEP})*)\s*\}}|\$([^\W\d]\w*)((?:{STEP})*)"
)


def read_arguments(text: str, at: int, names: Mapping[str, int] = _NO_NAMES) -> PlanArguments:
    """Read a call's arguments from behind its opening bracket to the closing one.

    ``names`` are those that the plan has given to results: a bare one is a reference.

    Raises
    ------
    Incomplete, Broken
        Where the bracket does not close in this text, or no arguments are written so.

    Examples
    --------
    >>> read_arguments("look('Rome', day=$1.date, tags=[a, true])", 5)
    PlanArguments(positional=['Rome'], named={'day': '$1.date', 'tags': ['a', True]}, end=41)
    """
    read = PlanArguments()
    reader = _Values(text, names)
    while True:
        at = _skip(text, at)
        if text.startswith(")", at):
            read.end = at + 1
            return read
        name, at = _name(text, at)
        value, at = reader.value(_skip(text, at), 0)
        if name is None:
            if read.named:
                raise Broken(
                    "a value without a name comes after one with a name; write name=value, and "
                    "put text that holds commas in quotes"
                )
            read.positional.append(value)
        elif name in read.named:
            raise Broken(f"{name} is given twice; give it once")
        else:
            read.named[name] = value
        at = _next(text, at, ")")


def _name(text: str, at: int) -> tuple[str | None, int]:
    """The name of an argument, in quotes or not, and where its value begins."""
    found = _NAME.match(text, at)
    if found is None:
        return None, at
    if found[1] is not None:
        return found[1], found.end()
    name, end = _string(text, at)
    after = _AFTER_NAME.match(text, end)
    return (name, after.end()) if after else (None, at)


def read_value(text: str, at: int = 0) -> tuple[Any, int]:
    r"""One value, and where it ends.

    Raises
    ------
    Incomplete, Broken
        Where it does not end in this text, or there is none.

    Examples
    --------
    >>> read_value("{'a': [1, 2.5, None,], b: \"two\\nlines\"}")
    ({'a': [1, 2.5, None], 'b': 'two\nlines'}, 39)
    """
    return _Values(text, _NO_NAMES).value(_skip(text, at), 0)


class _Values:
    """Reads the values of one text, in which names may stand for results."""

    def __init__(self, text: str, names: Mapping[str, int]) -> None:
        self._source = text
        self._names = names

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        text = self._source
        if depth > _DEEP:
            raise Broken(f"values are nested more than {_DEEP} deep; write them flatter")
        mark = text[at]
        if mark in "\"'":
            return self._text(at)
        if mark in "[(":
            return self._list(at + 1, "]" if mark == "[" else ")", depth)
        if mark == "{":
            return self._object(at + 1, depth)
        return self._bare(at)

    def _list(self, at: int, close: str, depth: int) -> tuple[list[Any], int]:
        text = self._source
        items: list[Any] = []
        while not text.startswith(close, at := _skip(text, at)):
            item, at = self.value(at, depth + 1)
            items.append(item)
            at = _next(text, at, close)
        return items, at + 1

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        text = self._source
        members: dict[str, Any] = {}
        while not text.startswith("}", at := _skip(text, at)):
            if text[at] in "\"'":
                key, at = _string(text, at)
            elif found := _KEY.match(text, at):
                key, at = found[0], found.end()
            else:
                raise Broken(f"{_near(text, at)} is no key of an object; put keys in quotes")
            at = _skip(text, at)
            if not text.startswith(":", at):
                raise Broken(f'after the key "{key}" a colon is missing')
            members[key], at = self.value(_skip(text, at + 1), depth + 1)
            at = _next(text, at, "}")
        return members, at + 1

    def _text(self, at: int, *, formatted: bool = False) -> tuple[str, int]:
        """A text in quotes, with references in the place of names that it is to hold."""
        said, end = _string(self._source, at)
        if not (self._names or formatted):
            return said, end

        def refer(found: re.Match[str]) -> str:
            name, path = found[1] or found[3], (found[2] or found[4]) or ""
            number = self._names.get(name.lstrip("$"))
            if number is None and formatted and name[1:].isdecimal():
                number = int(name[1:])
            return found[0] if number is None else f"${{{number}{path}}}"

        return _INSERTED.sub(refer, said), end

    def _bare(self, at: int) -> tuple[Any, int]:
        """A number, a constant, a reference, or words that somebody left without quotes."""
        text = self._source
        if found := REFERENCE.match(text, at):
            after = _skip(text, found.end())
            if text[after] in ",)]}":
                return found[0], found.end()
        if (found := _NAMED.match(text, at)) and found[1] in self._names:
            after = _skip(text, found.end())
            if text[after] in ",)]}":
                return f"${self._names[found[1]]}{found[2]}", found.end()
        if _FORMATTED.match(text, at):
            return self._text(at + 1, formatted=True)
        found = _BARE.match(text, at)
        if found is None and text[at] in ")]}":
            raise Broken(f"a value or a bracket is missing before {_near(text, at)}; write it")
        if found is None:
            raise Broken(f"{_near(text, at)} is no value; put text in quotes")
        end = found.end()
        word = found[0].strip()
        if text.startswith("(", end):
            raise Broken(
                f"{_near(text, at)} is a call inside a call; give it a line of its own and "
                "write $N, with that line's number, in its place"
            )
        if text[end : end + 1] in ('"', "=", "[", "{"):
            raise Broken(f"{_near(text, at)} is no value; put text in quotes")
        if word in _WORDS:
            return _WORDS[word], end
        if _NUMBER.fullmatch(word):
            return codec.loads(word) if len(word) < 400 else word, end
        return word, end


def _string(text: str, at: int) -> tuple[str, int]:
    mark = '"""' if text.startswith('"""', at) else text[at]
    mark = "'''" if text.startswith("'''", at) else mark
    found = _INSIDE[mark].match(text, at + len(mark))
    if found is None:
        raise Incomplete
    return _unescaped(found[0][: -len(mark)]), found.end()


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text

    def plain(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        if digits:
            number = int(digits, 16)
            return chr(number) if number <= 0x10FFFF else found[0]
        return "" if found[4] else _PLAIN.get(found[5], found[0])

    pairs = _ESCAPED.sub(plain, text)
    return _PAIR.sub(lambda p: p[0].encode("utf-16", "surrogatepass").decode("utf-16"), pairs)


def _next(text: str, at: int, close: str) -> int:
    """Past the comma behind a value, or at the closing bracket."""
    at = _skip(text, at)
    if text.startswith(",", at):
        return at + 1
    if text.startswith(close, at):
        return at
    raise Broken(
        f'{_near(text, at)} stands where a comma or "{close}" belongs; quotes inside a text are '
        'written \\"'
    )


def _skip(text: str, at: int) -> int:
    """Past blanks and line breaks, to where something stands."""
    blank = _BLANK.match(text, at)
    assert blank is not None
    if blank.end() == len(text):
        raise Incomplete
    return blank.end()


def _near(text: str, at: int) -> str:
    near = " ".join(text[at : at + 24].split())
    return f'"{near}"'


def write_value(value: Any) -> str:
    r"""A value as :func:`read_value` reads it back: JSON on one line.

    Examples
    --------
    >>> write_value({"say": 'two\nlines of "words"'})
    '{"say":"two\\nlines of \\"words\\""}'
    """
    return codec.dumps(value).decode()
