"""Records to JSON and back, and the digests that journals and caches are keyed by.

One place, so that every file Toolgrove writes agrees: UTF-8, no NaN, keys sorted only where
bytes are compared.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = [
    "DEEPEST",
    "Encoded",
    "decode",
    "deeper",
    "digest",
    "dumps",
    "has_sum",
    "is_intact",
    "line",
    "loads",
    "to_json",
]

T = TypeVar("T")

DEEPEST = 100
"""Levels of arguments and schemas; nothing that is meant has as many."""
_SCALARS = frozenset({str, int, float, bool, type(None)})
_SUM = b',"crc":"'
_SUMMED = len(_SUM) + len(b'01234567"}\n')
_LONG_NUMBER = re.compile(rb"\d{19}")


class Encoded:
    """A value's JSON, made once to stand in that of many others.

    Examples
    --------
    >>> dumps({"a": Encoded([1]), "b": 2})
    b'{"a":[1],"b":2}'
    """

    __slots__ = ("json",)

    def __init__(self, value: Any) -> None:
        self.json = dumps(value)


def _part(value: Any) -> orjson.Fragment:
    if not isinstance(value, Encoded):
        raise TypeError(f"{type(value).__name__} is not JSON")
    return orjson.Fragment(value.json)


def dumps(value: Any) -> bytes:
    """JSON bytes of a record or plain value, on one line.

    Falls back to the standard library for what orjson refuses (lone surrogates, integers past
    64 bits), because a model's reply or a tool's output may hold either.

    Examples
    --------
    >>> dumps({"a": [1, None]})
    b'{"a":[1,null]}'
    """
    try:
        return orjson.dumps(value, default=_part)
    except TypeError:
        return json.dumps(to_json(value), separators=(",", ":")).encode()


def line(event: Any) -> bytes:
    r"""A line of a file that lasts: an object's JSON with a checksum of it.

    Examples
    --------
    >>> line({"a": 1})
    b'{"a":1,"crc":"561bacaf"}\n'
    """
    return _summed(dumps(event))


def is_intact(line: bytes, *, summed: bool) -> bool:
    """Whether a line is as it was written; one without a checksum is, unless it has to have one."""
    if has_sum(line):
        return line == _summed(line[:-_SUMMED] + b"}")
    return not summed


def has_sum(line: bytes) -> bool:
    """Whether a line ends with a checksum."""
    return line[-_SUMMED:].startswith(_SUM)


def _summed(event: bytes) -> bytes:
    return b'%s%s%08x"}\n' % (event[:-1], _SUM, zlib.crc32(event))


def loads(text: str | bytes) -> Any:
    """Parse JSON; raises ``ValueError`` where it is not. Integers of any size stay integers.

    Examples
    --------
    >>> loads('{"a": 1}')
    {'a': 1}
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if not _LONG_NUMBER.search(raw):  # orjson makes floats of integers past 64 bits
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _whole(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python has a limit, because it would take long
        raise ValueError(f"a number of {len(digits):,} digits is too long") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def deeper(value: Any, levels: int = DEEPEST) -> bool:
    """Whether a JSON value nests deeper; without recursion, which is what is to be prevented.

    Examples
    --------
    >>> deeper({"a": [1]}, 2), deeper({"a": [1]}, 1)
    (False, True)
    """
    layer = [value] if isinstance(value, dict | list | tuple) else []
    while layer and levels:
        levels -= 1
        layer = [
            part
            for value in layer
            for part in (value.values() if isinstance(value, dict) else value)
            if isinstance(part, dict | list | tuple)
        ]
    return bool(layer)


def to_json(value: Any) -> Any:
    """A record as plain dicts, lists and scalars.

    A field that a record was given later (``metadata={"later": True}``) is left out while it holds
    its default, so that what is kept under the digest of an older record is found.

    Examples
    --------
    >>> from toolgrove.data import Usage
    >>> to_json({"used": (Usage(1, 2),)})
    {'used': [{'input_tokens': 1, 'output_tokens': 2}]}
    """
    kind: Any = type(value)  # mypy does not take a type for the Hashable that cache wants
    if kind in _SCALARS:
        return value
    if (names := _fields(kind)) is not None:
        return {
            name: to_json(getattr(value, name))
            for name, unless in names
            if unless is MISSING or getattr(value, name) != unless
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Encoded):
        return loads(value.json)
    if isinstance(value, dict):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(v) for v in value]
    return value


@cache
def _fields(kind: type) -> tuple[tuple[str, Any], ...] | None:
    """A record's fields, each with the value that it is left out for; None of what is no record."""
    if not is_dataclass(kind):
        return None
    return tuple((f.name, f.default if f.metadata.get("later") else MISSING) for f in fields(kind))


def digest(value: Any) -> str:
    """A short stable name for a JSON value: 32 hex digits of the SHA-256 of its canonical form.

    Examples
    --------
    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    try:
        canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        canonical = json.dumps(to_json(value), sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(canonical).hexdigest()[:32]


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def decode(kind: type[T], value: Any) -> T:
    """Check plain JSON against a record type and build the record.

    Raises
    ------
    pydantic.ValidationError
        Where the value does not fit; importers turn it into a ``FormatError``.
    """
    key: Any = kind  # mypy does not take type[T] for the Hashable that cache wants
    record: T = _adapter(key).validate_python(value)
    return record
