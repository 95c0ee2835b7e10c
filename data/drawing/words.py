"""Text in little room: on one line, cut to a width, the words that tell most first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

from toolgrove.data.formats import deepjson

__all__ = ["LONGEST", "gist", "one_line", "shorten", "values_line"]

LONGEST = 200
"""Characters of a line."""


def one_line(text: str) -> str:
    """Text on one line, cut where it is long."""
    line = " ".join(text[: 4 * LONGEST].split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


_READ = 20_000  # characters of an observation that are read for its gist
_LEAVES = 12


def gist(text: str) -> str:
    """What a text says, on one line: of a JSON document its values, with their names.

    Examples
    --------
    >>> gist('{"error": "", "response": {"km": 1186.2, "stops": ["OSL", "LHR"]}}')
    'km 1186.2 · OSL · LHR'
    >>> gist("Not found")
    'Not found'
    """
    if len(text) <= _READ and text.lstrip()[:1] in ("{", "["):
        try:
            value = deepjson.loads(text)
        except ValueError:
            return one_line(text)
        told = (f"{name} {said}".strip() for name, said in _leaves(value))
        return one_line(" · ".join(told)) or one_line(text)
    return one_line(text)


def values_line(arguments: Any) -> str:
    """The values of a call's arguments, without their names.

    Examples
    --------
    >>> values_line({"from": "Rome", "days": 2, "via": None})
    'Rome · 2'
    """
    return one_line(" · ".join(said for _, said in _leaves(arguments)))


def _leaves(value: Any) -> Iterator[tuple[str, str]]:
    """The first scalars of a JSON value that say something, each after its name."""
    waiting: list[tuple[str, Any]] = [("", value)]
    told = 0
    while waiting and told < _LEAVES:
        name, at = waiting.pop()
        if isinstance(at, dict):
            waiting += reversed([(str(key), part) for key, part in at.items()])
        elif isinstance(at, list | tuple):
            waiting += reversed([("", part) for part in at[:_LEAVES]])
        elif at not in ("", None):
            told += 1
            yield name, str(at)


def shorten(text: str, width: float) -> str:
    """Text cut to a width in ems of a proportional font, estimated without one.

    Examples
    --------
    >>> shorten("airport_information", 6)
    'airport_inf…'
    """
    used, kept = 0.0, 0
    for character in text:
        used += _advance(character)
        if used > width:
            return text[:kept].rstrip() + "…"
        kept += used <= width - 1  # room for the ellipsis
    return text


def _advance(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in "iljtfrI.,:;'|!()[]{}\" ":
        return 0.33
    return 0.72 if character.isupper() or character in "mwMW@%…" else 0.57
