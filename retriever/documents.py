"""What of a tool is searched, and which parts of a query are searched for."""

from __future__ import annotations

import re

from toolgrove.data.records import ToolSpec

__all__ = ["MAX_PARTS", "document", "parts"]

MAX_PARTS = 8
"""Sentences of a query that are searched for by themselves; a pasted page has hundreds."""

_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\s*\n\s*")


def document(spec: ToolSpec) -> str:
    """The text a tool is found by: ``category | tool: name. description Parameters: names``.

    On ToolBench the tool's name is worth more than the description and the parameters' names next
    to nothing; everything on one line, since third-party text is full of breaks.

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
    whole = " ".join(query.encode(errors="replace").decode().split())
    sentences = [" ".join(s.split()) for s in _END.split(query.strip()) if s.strip()]
    sentences = [s.encode(errors="replace").decode() for s in sentences[:MAX_PARTS]]
    return [whole, *sentences] if len(sentences) > 1 else [whole]
