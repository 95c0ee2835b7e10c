"""JSON nested deeper than parsers that recurse can follow.

An answer tree nests one object and one array a step, so a search a few hundred calls deep is past
the limits of orjson and of the standard library. Such a file is read and written with a stack of
our own; every other file takes the usual way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from toolgrove.data import codec

__all__ = ["dumps", "loads", "loads_iteratively", "pieces"]


def loads(text: str, *, strict: bool = True) -> Any:
    """Parse JSON of any depth; raises ``ValueError`` where it is not JSON.

    Without ``strict`` a text may hold line breaks and tabs as such.

    Examples
    --------
    >>> deep = loads("[" * 100_000 + "]" * 100_000)
    >>> len(deep)
    1
    """
    try:
        return (_JSON if strict else _LENIENT).decode(text)  # orjson rounds integers past 64 bits
    except RecursionError:
        return loads_iteratively(text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse)
_LENIENT = json.JSONDecoder(parse_constant=_refuse, strict=False)
_SPACE = re.compile(r"[ \t\n\r]*")


def loads_iteratively(text: str) -> Any:
    """Parse JSON with a stack of our own; only scalars are left to the standard library."""
    top: list[Any] = []
    open_above: list[Any] = []
    container: Any = top
    key, at = "", 0
    while True:
        at = _skip(text, at)
        char = _char(text, at)
        if char in ("{", "["):
            new: Any = {} if char == "{" else []
            _put(container, key, new)
            open_above.append(container)
            container = new
            at = _skip(text, at + 1)
            if _char(text, at) != _closing(container):
                key, at = _key(text, at) if char == "{" else ("", at)
                continue
        else:
            value, at = _JSON.raw_decode(text, at)
            _put(container, key, value)
        while _char(text, at := _skip(text, at)) == _closing(container) and open_above:
            container = open_above.pop()
            at += 1
        if not open_above:
            if at != len(text):
                raise json.JSONDecodeError("Extra data", text, at)
            return top[0]
        if _char(text, at) != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        key, at = _key(text, at + 1) if isinstance(container, dict) else ("", at + 1)


def _char(text: str, at: int) -> str:
    """The character there, or nothing at the end."""
    return text[at : at + 1]


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _closing(container: Any) -> str:
    return "}" if isinstance(container, dict) else "]"


def _put(container: Any, key: str, value: Any) -> None:
    if isinstance(container, dict):
        container[key] = value
    else:
        container.append(value)


def _key(text: str, at: int) -> tuple[str, int]:
    at = _skip(text, at)
    if _char(text, at) != '"':
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
    key, at = _JSON.raw_decode(text, at)
    at = _skip(text, at)
    if _char(text, at) != ":":
        raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
    return key, at + 1


def dumps(value: Any) -> bytes:
    """JSON bytes of a plain value of any depth, on one line.

    Examples
    --------
    >>> dumps({"a": [1, {"b": None}]})
    b'{"a":[1,{"b":null}]}'
    >>> deep: list[object] = []
    >>> for _ in range(100_000):
    ...     deep = [deep]
    >>> len(dumps(deep))
    200002
    """
    try:
        return codec.dumps(value)
    except RecursionError:
        return "".join(pieces(value)).encode()


def pieces(value: Any) -> Iterator[str]:
    """The JSON text of a value in pieces, with a stack of our own."""
    stack: list[Iterator[tuple[str, Any]]] = [iter([("", value)])]
    closing: list[str] = [""]
    while stack:
        for prefix, item in stack[-1]:
            if isinstance(item, dict) and item:
                yield prefix + "{"
                stack.append(_members(item))
                closing.append("}")
                break
            if isinstance(item, list | tuple) and item:
                yield prefix + "["
                stack.append(_elements(item))
                closing.append("]")
                break
            yield prefix + codec.dumps(item).decode()
        else:
            stack.pop()
            yield closing.pop()


def _members(items: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for number, (key, item) in enumerate(items.items()):
        yield ("," if number else "") + json.dumps(key, ensure_ascii=False) + ":", item


def _elements(items: list[Any] | tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    for number, item in enumerate(items):
        yield "," if number else "", item
