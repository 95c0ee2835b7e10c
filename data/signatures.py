"""Tools in one line each, for prompts that have to be short."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["gives", "signature"]

_DESCRIPTION = 110
_NOTE = 40
_CHOICES = 8
_FIELDS = 120


def signature(function: Mapping[str, Any]) -> str:
    """A function in one line: name, parameters with their types, required ones first, what it does.

    Parameters
    ----------
    function : mapping
        An OpenAI function object.

    Examples
    --------
    >>> signature({"name": "now", "description": "The time.", "parameters": {
    ...     "properties": {"zone": {"type": "string"}, "form": {"enum": ["iso", "unix"]}},
    ...     "required": ["zone"]}})
    'now(zone: string, form?: "iso"|"unix"): The time'
    """
    parameters = function.get("parameters")
    parameters = parameters if isinstance(parameters, Mapping) else {}
    properties = parameters.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    required = parameters.get("required")
    required = required if isinstance(required, list) else []
    ordered = sorted(properties.items(), key=lambda item: item[0] not in required)
    words = ", ".join(
        f"{name}{'' if name in required else '?'}: {_kind(schema)}" for name, schema in ordered
    )
    says = _brief(str(function.get("description") or ""), _DESCRIPTION)
    return f"{function['name']}({words})" + (f": {says}" if says else "")


def _kind(schema: Any) -> str:
    """A parameter's type in a word or two, and what it is in a few more."""
    if not isinstance(schema, Mapping):
        return "any"
    note = _brief(str(schema.get("description") or ""), _NOTE)
    return _type(schema) + (f" ({note})" if note else "")


def _type(schema: Any) -> str:
    schema = _first_option(schema)
    values = schema.get("enum")
    if isinstance(values, list) and values:
        shown = "|".join(json.dumps(v, ensure_ascii=False) for v in values[:_CHOICES])
        return shown + ("|…" if len(values) > _CHOICES else "")
    kind = schema.get("type", "any")
    kind = next((k for k in kind if k != "null"), "any") if isinstance(kind, list) else kind
    if kind == "array":
        return f"[{_type(schema.get('items'))}]"
    return str(schema.get("format") if kind == "string" and schema.get("format") else kind)


def _first_option(schema: Any) -> Mapping[str, Any]:
    """The first alternative of a union that is more than null."""
    if not isinstance(schema, Mapping):
        return {}
    for word in ("anyOf", "oneOf"):
        options = schema.get(word)
        for option in options if isinstance(options, list) else ():
            if isinstance(option, Mapping) and option.get("type") != "null":
                return option
    return schema


def _brief(text: str, longest: int) -> str:
    """The first sentence, or as many words as fit."""
    text = " ".join(text.split())
    first = re.split(r"(?<=[a-z)][.!?]) ", text, maxsplit=1)[0]
    if len(first) <= longest:
        return first.removesuffix(".")
    return first[:longest].rsplit(" ", 1)[0] + "…"


def gives(returns: Any) -> str:
    """The fields of what a tool returns, as far as its schema or example tells; "" if it does not.

    Examples
    --------
    >>> gives({"type": "object", "properties": {"places": {"type": "array", "items": {
    ...     "properties": {"id": {"type": "integer"}, "name": {}}}}, "more": {}}})
    '{places: [{id, name}], more}'
    >>> gives([{"quote": "str"}])
    '[{quote}]'
    """
    for deep in (3, 2, 1):
        shown = _fields(returns, deep)
        if len(shown) <= _FIELDS:
            return shown
    return shown[:_FIELDS] + "…"


def _fields(value: Any, deep: int) -> str:
    if isinstance(value, list):
        inner = _fields(value[0], deep) if value else ""
        return f"[{inner}]" if inner else ""
    value = _first_option(value)
    if value.get("type") == "array" or "items" in value:
        inner = _fields(value.get("items"), deep)
        return f"[{inner}]" if inner else ""
    members = value.get("properties", {} if "type" in value or "$ref" in value else value)
    if not isinstance(members, Mapping) or not members or not deep:
        return ""
    shown = [(name, _fields(part, deep - 1)) for name, part in members.items()]
    return "{" + ", ".join(f"{name}: {part}" if part else name for name, part in shown) + "}"
