"""What of a tool is searched, and which parts of a query are searched for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from toolgrove.data.records import ToolSpec

__all__ = ["MAX_PARTS", "asking", "document", "parts", "words"]

MAX_PARTS = 8
"""Sentences of a query that are searched for by themselves; a pasted page has hundreds."""

MAX_CHARACTERS = 600
"""Of a tool's example values, and of its parameters' descriptions, that are searched."""
MAX_FIELDS = 60
"""Names of a tool's answer that are searched."""
SCENE = 0.7
"""How much a sentence that asks for nothing counts beside one that does."""

_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\s*\n\s*")

_VALUES = ("default", "example", "examples", "enum")
_SCHEMA = {"$ref", "allOf", "anyOf", "description", "enum", "example", "format", "items"}
_SCHEMA |= {"oneOf", "properties", "required", "type", "_list_length"}
"""Keys of a JSON Schema and of ToolBench's response templates, which are no names of fields."""
_SELF = re.compile(r"(?:i'm|i am|we are|we're|my|our|as an?|i have|i've)\b", re.IGNORECASE)
_WISH = re.compile(r"\?|\b(?:need|want|like|interested|looking|please)\b", re.IGNORECASE)
_REQUEST = re.compile(
    r"\?|\b(?:please|can you|could you|would you|need|want|would like|require|looking for"
    r"|additionally|also|furthermore|finally|lastly|moreover|provide|give|fetch|retrieve|find"
    r"|show|get|tell|suggest|recommend|list|search|check|help)\b",
    re.IGNORECASE,
)


def document(spec: ToolSpec) -> str:
    """The text that is embedded: ``category | tool: name. description Parameters: names``.

    Everything on one line, since third-party text is full of breaks.

    Examples
    --------
    >>> properties = {"country": {"type": "string"}, "year": {"type": "integer"}}
    >>> schema = {"type": "object", "properties": properties}
    >>> document(ToolSpec("x", "Dates", "Holidays", "list", "Public holidays.", schema))
    'Dates | Holidays: list. Public holidays. Parameters: country, year'
    >>> document(ToolSpec("y", "Dates", "Clock", "now"))
    'Dates | Clock: now.'
    """
    names = ", ".join(map(str, spec.parameters.get("properties", ())))
    text = f"{spec.category} | {spec.tool}: {spec.name}. {spec.description}"
    if names:
        text += f" Parameters: {names}"
    return _line(text)


def words(spec: ToolSpec) -> str:
    """The text that BM25 searches: the parts that name the tool repeated, and what is said of its
    parameters and of its answer.

    Repeating is how a bag of words weighs its fields (Robertson, Zaragoza and Taylor, 2004, say
    why: scores of fields must not be added after BM25's saturation). People who ask for something
    often give a value of the very kind that a specification has as an example.

    Examples
    --------
    >>> schema = {"type": "object", "properties": {"country": {"type": "string", "default": "NO"}}}
    >>> words(ToolSpec("x", "Dates", "Holidays", "list", "Public.", schema, {"date": "str"}))
    'Dates Dates Holidays Holidays list list list Public. Public. country NO NO date'
    """
    properties = spec.parameters.get("properties", {})
    described = [p for p in properties.values() if isinstance(p, dict)]
    values = _line(" ".join(str(v) for p in described for v in _values(p)))[:MAX_CHARACTERS]
    about = _line(" ".join(str(p.get("description", "")) for p in described))[:MAX_CHARACTERS]
    fields = " ".join(islice(dict.fromkeys(_fields(spec.returns)), MAX_FIELDS))
    weighed = ((spec.category, 2), (spec.tool, 2), (spec.name, 3), (spec.description, 2))
    named = " ".join(" ".join([text] * times) for text, times in weighed)
    return _line(f"{named} {' '.join(map(str, properties))} {values} {values} {about} {fields}")


def asking(part: str) -> float:
    """How much a part of a query asks for something: 1, or :data:`SCENE` where it sets the scene.

    Examples
    --------
    >>> asking("I'm planning a trip to Oslo."), asking("I need the forecast, please.")
    (0.7, 1.0)
    """
    scene = _SELF.match(part.strip()) and not _WISH.search(part)
    return SCENE if scene or not _REQUEST.search(part) else 1.0


def _values(schema: dict[str, Any]) -> Iterator[Any]:
    """The values that a parameter's schema gives as examples."""
    for key in _VALUES:
        value = schema.get(key)
        if isinstance(value, list):
            yield from (one for one in value if isinstance(one, str | int | float))
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield value


def _fields(answer: Any, depth: int = 6) -> Iterator[str]:
    """The names in a schema, a template or an example of an answer."""
    if depth and isinstance(answer, dict):
        for key, value in answer.items():
            if key not in _SCHEMA:
                yield str(key)
            yield from _fields(value, depth - 1)
    elif depth and isinstance(answer, list):
        for value in answer[:3]:
            yield from _fields(value, depth - 1)


def _line(text: str) -> str:
    """Text on one line, without what cannot be encoded."""
    return " ".join(text.encode(errors="replace").decode().split())


def parts(query: str) -> list[str]:
    """A query, then its sentences where it has several: each may ask for another tool.

    Examples
    --------
    >>> parts("Find a hotel. Is it warm in Oslo?")
    ['Find a hotel. Is it warm in Oslo?', 'Find a hotel.', 'Is it warm in Oslo?']
    >>> parts("latest lottery results")
    ['latest lottery results']
    """
    whole = _line(query)
    sentences = [_line(s) for s in _END.split(query.strip()) if s.strip()][:MAX_PARTS]
    return [whole, *sentences] if len(sentences) > 1 else [whole]
