"""JSON nested deeper than parsers that recurse can follow.

An answer tree nests one object and one array a step, so a search a few hundred calls deep is past
the limits of orjson and of the standard library. Such a file is read and written with a stack of
our own; every other file takes the fast way.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

from toolgrove.data import codec

__all__ = ["dumps", "loads"]


def loads(text: str) -> Any:
    """Parse JSON of any depth; raises ``ValueError`` where it is not JSON.

    Examples
    --------
    >>> deep = loads("[" * 100_000 + "]" * 100_000)
    >>> len(deep)
    1
    """
    try:
        return codec.loads(text)
    except RecursionError:
        return _loads_iteratively(text)


def _loads_iteratively(text: str) -> Any:
    import ijson  # type: ignore[import-untyped]  # it ships no types

    top: list[Any] = []
    open_containers: list[Any] = [top]
    keys: list[str] = []
    try:
        for event, value in ijson.basic_parse(io.BytesIO(text.encode()), use_float=True):
            if event in ("end_map", "end_array"):
                done = open_containers.pop()
                if isinstance(done, dict):
                    keys.pop()
                continue
            if event == "map_key":
                keys[-1] = value
                continue
            container = open_containers[-1]
            new: Any = {} if event == "start_map" else [] if event == "start_array" else value
            if isinstance(container, dict):
                container[keys[-1]] = new
            else:
                container.append(new)
            if event in ("start_map", "start_array"):
                open_containers.append(new)
                if event == "start_map":
                    keys.append("")
    except ijson.JSONError as error:
        raise ValueError(str(error)) from None
    return top[0]


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
        return "".join(_pieces(value)).encode()


def _pieces(value: Any) -> Iterator[str]:
    """Text of a value in pieces, depth first; a string on the stack is text already written."""
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
