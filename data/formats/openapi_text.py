"""JSON or YAML text of a stranger as plain values, in bounded time and memory (promise 21).

YAML is built from the parser's events, one at a time: an alias adds the size of what it stands for
to a count that is capped, so that "billion laughs" ends at once, and no tag makes an object.
Scalars are read by YAML 1.2's core schema, as OpenAPI asks: ``no`` and ``2020-01-01`` are strings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.data.formats.check import SKIP, unreadable
from toolgrove.errors import FormatError

__all__ = ["cut", "parse_text", "read_bytes", "small"]

MOST_BYTES = 32 * 2**20
"""Bytes of a document; GitHub's has 13 million."""

MOST_CONTAINERS = 1_500_000
"""Objects and arrays of a JSON document; GitHub's has 99,080."""

MOST_NODES = 1_500_000
"""Values of a YAML document, each alias counted as what it stands for."""

DEEPEST = 200
"""Levels of nesting of a YAML document."""

_TOO_DEEP = f"YAML of at most {DEEPEST} levels"
_AHEAD = 4096
"""Characters that a parser may have read ahead; a key on one line has 1,024 at most."""


def read_bytes(path: str | Path) -> bytes:
    """A file's bytes.

    Raises
    ------
    FormatError
        Where it cannot be read, or is larger than 32 MiB.
    """
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    return data


def parse_text(data: bytes, file: str) -> Any:
    """The value of JSON or YAML text; what begins with ``{`` is taken for JSON.

    Raises
    ------
    FormatError
        Where it is neither, not UTF-8, too large, or nested too deep.

    Examples
    --------
    >>> parse_text(b"on: [no, 1, 2020-01-01, {200: ok}]", "x.yaml")
    {'on': ['no', 1, '2020-01-01', {'200': 'ok'}]}
    """
    if len(data) > MOST_BYTES:
        raise _bad(file, "$", f"a document of at most {MOST_BYTES // 2**20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(file, f"byte {error.start}", "UTF-8 text") from None
    return _json(text, file) if text.lstrip()[:1] == "{" else _yaml(text, file)


def _bad(file: str, place: str, expected: str) -> FormatError:
    return FormatError(file, place, expected, f"Mend or fetch the file again, {SKIP}.")


def _json(text: str, file: str) -> Any:
    if text.count("{") + text.count("[") > MOST_CONTAINERS:
        raise _bad(file, "$", f"at most {MOST_CONTAINERS:,} objects and arrays")
    try:
        return codec.loads(text)
    except RecursionError:
        raise _bad(file, "$", "JSON that is not nested hundreds of levels deep") from None
    except ValueError as error:
        raise _bad(file, "$", f"JSON ({error})") from None


def _yaml(text: str, file: str) -> Any:
    import yaml

    builder = _Builder(file)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "$"
        if len(builder.frames) + _opened(text[builder.read :]) > DEEPEST:
            raise _bad(file, place, _TOO_DEEP) from None
        why = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise _bad(file, place, f"YAML ({why})") from None
    return builder.value


def _opened(text: str) -> int:
    """Levels that text opens at its start: a parser reads ahead, and may have a limit of its own.

    Examples
    --------
    >>> _opened("[{a: [1], b: 2}, [[["), _opened("a: 1")
    (4, 0)
    """
    steps = (1 if mark in "[{" else -1 for mark in re.findall(r"[\[\]{}]", text[:_AHEAD]))
    return max(accumulate(steps), default=0)


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is being read."""

    value: Any
    anchor: str | None
    before: int
    key: str | None = None


class _Builder:
    """Values out of YAML's events; the stack is its own, not Python's."""

    def __init__(self, file: str) -> None:
        self.value: Any = None
        self.frames: list[_Frame] = []
        self.read = 0  # characters
        self._file = file
        self._documents = 0
        self._nodes = 0
        self._anchors: dict[str, tuple[Any, int]] = {}

    def take(self, event: Any) -> None:
        self.read = event.end_mark.index
        match type(event).__name__:
            case "ScalarEvent":
                plain = not event.style and event.implicit[0]
                awaits_key = bool(self.frames) and self._awaits_key()
                value = _scalar(event.value) if plain and not awaits_key else event.value
                self._count(1, event)
                self._name(event.anchor, value, 1)
                self._put(value, event)
            case "AliasEvent":
                if event.anchor not in self._anchors:
                    raise self._no("an alias of something that stands before it", event)
                value, size = self._anchors[event.anchor]
                self._count(size, event)
                self._put(value, event)
            case "MappingStartEvent" | "SequenceStartEvent" as kind:
                if len(self.frames) >= DEEPEST:
                    raise self._no(_TOO_DEEP, event)
                if self.frames and self._awaits_key():
                    raise self._no("keys that are text", event)
                new: Any = {} if kind == "MappingStartEvent" else []
                self.frames.append(_Frame(new, event.anchor, self._nodes))
                self._count(1, event)
            case "MappingEndEvent" | "SequenceEndEvent":
                frame = self.frames.pop()
                value = _merged(frame.value) if isinstance(frame.value, dict) else frame.value
                self._name(frame.anchor, value, self._nodes - frame.before)
                self._put(value, event)
            case "DocumentStartEvent":
                self._documents += 1
                if self._documents > 1:
                    raise self._no("one YAML document", event)

    def _awaits_key(self) -> bool:
        frame = self.frames[-1]
        return isinstance(frame.value, dict) and frame.key is None

    def _put(self, value: Any, event: Any) -> None:
        if not self.frames:
            self.value = value
            return
        frame = self.frames[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is not None:
            frame.value[frame.key] = value
            frame.key = None
        elif isinstance(value, str):
            frame.key = value
        else:
            raise self._no("keys that are text", event)

    def _name(self, anchor: str | None, value: Any, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)

    def _count(self, size: int, event: Any) -> None:
        self._nodes += size
        if self._nodes > MOST_NODES:
            raise self._no(f"at most {MOST_NODES:,} values, aliases written out", event)

    def _no(self, expected: str, event: Any) -> FormatError:
        mark = event.start_mark
        return _bad(self._file, f"line {mark.line + 1}, column {mark.column + 1}", expected)


def _merged(mapping: dict[str, Any]) -> dict[str, Any]:
    """A mapping with YAML 1.1's merge key carried out: what it has itself comes first."""
    if "<<" not in mapping:
        return mapping
    given = mapping["<<"]
    sources = given if isinstance(given, list) else [given]
    if not all(isinstance(source, dict) for source in sources):
        return mapping
    found = {key: value for source in reversed(sources) for key, value in source.items()}
    return {**found, **{key: value for key, value in mapping.items() if key != "<<"}}


_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|[-+]?0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789" or len(text) > 40:
        return text
    if _INTEGER.fullmatch(text):
        if text[:2] == "0x":
            return int(text, 16)
        return int(text, 8) if "o" in text else int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else text
    return text


def cut(text: str, length: int) -> str:
    """Text on one line of at most ``length`` characters, cut between words.

    Examples
    --------
    >>> cut("one two  three", 10)
    'one two…'
    """
    line = " ".join(text[: 4 * length].encode("utf-8", "replace").decode().split())
    if len(line) <= length:
        return line
    return line[: length - 1].rsplit(" ", 1)[0] + "…"


def small(value: Any, depth: int = 6) -> bool:
    """Whether a foreign value is small enough to be kept.

    Examples
    --------
    >>> small({"a": [1, 2]}), small(["x" * 10_000])
    (True, False)
    """
    if isinstance(value, Mapping | list):
        parts = list(value.values()) if isinstance(value, Mapping) else value
        keys = value if isinstance(value, Mapping) else ()
        return (
            depth > 0
            and len(parts) <= 20
            and all(len(str(key)) <= 200 for key in keys)
            and all(small(part, depth - 1) for part in parts)
        )
    return len(value) <= 500 if isinstance(value, str) else True
