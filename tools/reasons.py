"""Why an argument does not fit, in words of our own: they are the same with every validator.

What a model was told stands in journals and recordings, so it may not change with a library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgrove.data import codec
from toolgrove.tools.schema import Problem

__all__ = ["reason"]

_SHOWN = 10

_REASONS = {
    "const": "{value} is not {expected_value}",
    "contains": "{value} holds nothing of the kind that is asked",
    "exclusiveMaximum": "{value} is greater than or equal to the maximum of {limit}",
    "exclusiveMinimum": "{value} is less than or equal to the minimum of {limit}",
    "falseSchema": "{value} is not allowed here",
    "format": "{value} is not a {format}",
    "maximum": "{value} is greater than the maximum of {limit}",
    "minimum": "{value} is less than the minimum of {limit}",
    "multipleOf": "{value} is not a multiple of {multiple_of}",
    "not": "{value} is what is not allowed here: {schema}",
    "pattern": "{value} does not match {pattern}",
    "uniqueItems": "{value} has non-unique elements",
}
_COUNTED = {
    "maxItems": ("has more than", "item"),
    "maxLength": ("is longer than", "character"),
    "maxProperties": ("has more than", "field"),
    "minItems": ("has less than", "item"),
    "minLength": ("is shorter than", "character"),
    "minProperties": ("has less than", "field"),
}
_CHOICES = ("anyOf", "oneOf")


def reason(problem: Problem) -> str:
    """Say in a line what is wrong with a value: ``"five" is not of type "integer"``."""
    kind, value = problem.kind.name, _json(problem.instance)
    given: Mapping[str, Any] = problem.kind.as_dict()
    match kind:
        case "type":
            types = sorted(given["types"], key="null".__eq__)
            return f"{value} is not of type {_listed(types)}"
        case "enum":
            return f"{value} is not one of {_listed(given['options'])}"
        case "required":
            return f"{_json(given['property'])} is required"
        case "additionalProperties" | "unevaluatedProperties":
            return f"{_listed(given['unexpected'])} is not expected"
        case _ if kind in _CHOICES:
            return f"{value} fits none, or too many, of the kinds that are allowed"
        case _ if kind in _COUNTED:
            verb, noun = _COUNTED[kind]
            limit = given["limit"]
            return f"{value} {verb} {limit} {noun}{'' if limit == 1 else 's'}"
        case _ if kind in _REASONS:
            shown = {name: _json(what) for name, what in given.items()}
            return _REASONS[kind].format(value=value, **shown)
    return f"{value} does not fit {_json(kind)}: {problem.message}"


def _listed(values: list[Any]) -> str:
    shown = [_json(value) for value in values]
    if len(shown) > _SHOWN:
        shown[_SHOWN - 1 :] = [f"{len(shown) - _SHOWN + 1} others"]
    *first, last = shown
    return f"{', '.join(first)} or {last}" if first else last


def _json(value: Any) -> str:
    return codec.dumps(value).decode()
