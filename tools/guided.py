"""Walks through arguments by the schema that they are given under."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from toolgrove.data.records import JsonObject
from toolgrove.data.schemas import resolve

__all__ = ["own_names", "whole_numbers", "without_nulls"]

_Change = Callable[[Any, Sequence[Mapping[str, Any]]], Any]
_MOST = 50
"""Subschemas that are looked at for one value."""


def whole_numbers(arguments: JsonObject, schema: Any) -> JsonObject:
    """The arguments with integers written as such: models write ``5.0``, and servers mind.

    Examples
    --------
    >>> schema = {"properties": {"n": {"type": "integer"}, "x": {"type": "number"}}}
    >>> whole_numbers({"n": 5.0, "x": 5.0}, schema)
    {'n': 5, 'x': 5.0}
    """
    changed = False

    def whole(value: Any, schemas: Sequence[Mapping[str, Any]]) -> Any:
        nonlocal changed
        if not isinstance(value, float) or not value.is_integer():
            return value
        kinds: set[str] = set()
        for one in schemas:
            named = one.get("type")
            kinds.update(named if isinstance(named, list) else [named] if named else [])
        if "integer" not in kinds or "number" in kinds:
            return value
        changed = True
        return int(value)

    found = _walked(arguments, schema, whole)
    return found if changed else arguments


def own_names(arguments: JsonObject, schema: Any, names: Mapping[str, str]) -> JsonObject:
    """Arguments under a schema's own names, given under those that a model sees.

    Parameters
    ----------
    arguments : JsonObject
    schema : JSON Schema
        As the model sees it (:func:`toolgrove.data.functions.shown_parameters`).
    names : mapping
        By a name of the schema's, the one that the model sees.

    Examples
    --------
    >>> own_names({"a_b": 1}, {"properties": {"a_b": {}}}, {"a b": "a_b"})
    {'a b': 1}
    """
    own = {shown: name for name, shown in names.items()}

    def named(value: Any, schemas: Sequence[Mapping[str, Any]]) -> Any:
        if not isinstance(value, Mapping):
            return value
        declared = {name for one in schemas for name in _properties(one)}
        return {own.get(key, key) if key in declared else key: v for key, v in value.items()}

    return _walked(arguments, schema, named) if own else arguments


def without_nulls(arguments: JsonObject, schema: Any) -> JsonObject:
    """The arguments less each null where no branch of the schema speaks of one.

    Examples
    --------
    >>> branch = {"properties": {"a": {"type": "string"}, "b": {"type": ["string", "null"]}}}
    >>> without_nulls({"x": {"a": None, "b": None}}, {"properties": {"x": {"anyOf": [branch]}}})
    {'x': {'b': None}}
    """

    def may_be_null(schemas: Sequence[Any]) -> bool:
        found = _all(schemas, schema)
        return not found or any(
            "null" in one.get("type", ()) or None in one.get("enum", ()) for one in found
        )

    def less(value: Any, schemas: Sequence[Mapping[str, Any]]) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {
            key: part
            for key, part in value.items()
            if part is not None or may_be_null(_of_key(schemas, key))
        }

    found: JsonObject = _walked(arguments, schema, less)
    return found


def _walked(value: Any, root: Any, change: _Change) -> Any:
    """A value in which each part is changed, the innermost first."""

    def walk(part: Any, schemas: Sequence[Any]) -> Any:
        found = _all(schemas, root)
        if isinstance(part, Mapping):
            part = {key: walk(inner, _of_key(found, key)) for key, inner in part.items()}
        elif isinstance(part, list | tuple):
            part = [walk(inner, _of_place(found, place)) for place, inner in enumerate(part)]
        return change(part, found)

    return walk(value, [root])


def _all(schemas: Sequence[Any], root: Any) -> list[Mapping[str, Any]]:
    """The schemas that a value may be under: those, what they refer to, and their branches."""
    found: list[Mapping[str, Any]] = []
    waiting = list(schemas)
    while waiting and len(found) < _MOST:
        one = waiting.pop()
        if not isinstance(one, Mapping) or any(one is known for known in found):
            continue
        found.append(one)
        if "$ref" in one:
            waiting.append(resolve(one["$ref"], root))
        for word in ("allOf", "anyOf", "oneOf"):
            waiting += one[word] if isinstance(one.get(word), list) else []
        waiting += [one[word] for word in ("then", "else") if word in one]
    return found


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _of_key(schemas: Sequence[Mapping[str, Any]], key: str) -> list[Any]:
    named = [_properties(one)[key] for one in schemas if key in _properties(one)]
    return named or [one.get("additionalProperties") for one in schemas]


def _of_place(schemas: Sequence[Mapping[str, Any]], place: int) -> list[Any]:
    found = []
    for one in schemas:
        first = one.get("prefixItems")
        first = first if isinstance(first, list) else []
        found.append(first[place] if place < len(first) else one.get("items"))
    return found
