"""Right calls with one argument made wrong in ways that models get arguments wrong.

That such a call is wrong is not known before it was made (:mod:`toolgrove.evaluators.corrupting`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolgrove.data.pairs.facts import call_key
from toolgrove.data.records import JsonObject, ToolCall

__all__ = ["corrupted"]


def corrupted(
    call: ToolCall, parameters: JsonObject, seen: Sequence[Any]
) -> list[tuple[str, ToolCall]]:
    """The same call with one argument made wrong, each with the way.

    Parameters
    ----------
    call : ToolCall
    parameters : JsonObject
        The tool's JSON Schema.
    seen : sequence
        Other values of the conversation, which a model could take by mistake.

    Returns
    -------
    list of (str, ToolCall)
        ``other_value`` is one of ``seen``, ``other_choice`` another member of an enumeration,
        ``left_out`` lacks a required argument, ``other_number`` is ten times as large, and
        ``cut_text`` lacks its end. Which comes first depends on the call, so that over many calls
        all ways occur.

    Examples
    --------
    >>> call = ToolCall("c", "far", {"to": "Bergen"})
    >>> schema = {"properties": {"to": {"type": "string"}}, "required": ["to"]}
    >>> sorted((way, dict(made.arguments)) for way, made in corrupted(call, schema, ["Oslo"]))
    [('cut_text', {'to': 'Berge'}), ('left_out', {}), ('other_value', {'to': 'Oslo'})]
    """
    properties = parameters.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    required = parameters.get("required") or ()
    found: list[tuple[str, ToolCall]] = []
    for name, value in call.arguments.items():
        schema = properties.get(name)
        for way, wrong in _values(value, schema if isinstance(schema, Mapping) else {}, seen):
            found.append((way, replace(call, arguments={**call.arguments, name: wrong})))
        if name in required:
            rest = {key: kept for key, kept in call.arguments.items() if key != name}
            found.append(("left_out", replace(call, arguments=rest)))
    begin = int(call_key(call)[:8], 16) % max(len(found), 1)
    return found[begin:] + found[:begin]


def _values(value: Any, schema: JsonObject, seen: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    choices = schema.get("enum")
    if isinstance(choices, list):
        yield from (("other_choice", one) for one in choices if one != value)
        return
    yield from (
        ("other_value", one)
        for one in dict.fromkeys(one for one in seen if type(one) is type(value))
        if one != value and _looks_alike(one, value)
    )
    if isinstance(value, bool):
        yield "other_choice", not value
    elif isinstance(value, int | float) and value:
        yield "other_number", value * 10
    elif isinstance(value, str) and len(value) > 3 and value.isalpha():
        yield "cut_text", value[:-1]


def _looks_alike(one: Any, other: Any) -> bool:
    """Whether a value could be taken for another: numbers, and texts of the same form."""
    if not isinstance(one, str):
        return not isinstance(one, bool)
    return _form(one) == _form(other) and abs(len(one) - len(other)) <= max(len(other), 4)


def _form(text: str) -> tuple[bool, bool, bool]:
    together = "".join(text.split())
    return text.isupper(), together.isalpha(), any(letter.isdigit() for letter in text)
