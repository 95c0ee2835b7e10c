"""JSON Schema as strangers write it, in words that validators and model APIs understand alike.

What an author says in another dialect, or says wrongly though the meaning is plain, is said again;
what it then means takes as many values or more. The keywords that hold schemas stand here, too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["LISTS", "MAPS", "ONE", "TYPES", "below", "fitted", "resolve", "said", "with_null"]

TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
ONE = frozenset(
    {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"}
    | {"additionalItems", "unevaluatedItems", "unevaluatedProperties"}
)
"""Keywords that hold a schema."""
LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keywords that hold a list of schemas."""
MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
"""Keywords that hold schemas by name."""

_COMBINED = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "$ref", "const"})
_NOTES = frozenset({"description", "default", "title", "deprecated", "example", "examples"})
_ANY = ("any", "")
_SYNONYMS = {kind: kind for kind in TYPES} | {
    "int": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
}
_SYNONYMS |= {"str": "string", "bool": "boolean", "list": "array"}
_SYNONYMS |= {"dict": "object", "map": "object"}
_DIALECT = ("$schema", "$id", "id", "$vocabulary", "nullable")


def below(schema: Mapping[str, Any]) -> Iterator[tuple[str, str | int | None, Any]]:
    """The schemas right below one: its keyword, its name or place if there are several, and it."""
    for key, value in schema.items():
        if key in ONE and isinstance(value, Mapping | bool):
            yield key, None, value
        elif key in LISTS and isinstance(value, list):
            yield from ((key, place, one) for place, one in enumerate(value))
        elif key in MAPS and isinstance(value, Mapping):
            yield from ((key, name, one) for name, one in value.items())


def resolve(reference: Any, root: Any) -> Any:
    """What a reference inside a document points to, else None. Nothing is fetched.

    Examples
    --------
    >>> resolve("#/$defs/a~1b", {"$defs": {"a/b": True}}), resolve("https://x.example", {})
    (True, None)
    """
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found = root
    for step in reference[1:].split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    return found


def said(schema: Any) -> Any:
    """A schema with what it means in the words of draft 2020-12.

    Types by another name are named rightly; tuples, bounds and requirements of
    older drafts are written the new way; ``nullable`` allows null; choices fit the type
    (:func:`fitted`); and ``oneOf`` becomes ``anyOf``: a value that two of its members take is
    meant to be taken, and whom it is for can tell them apart.

    Examples
    --------
    >>> said({"type": "int", "nullable": True, "minimum": 0, "exclusiveMinimum": True})
    {'type': ['integer', 'null'], 'exclusiveMinimum': 0}
    >>> said({"oneOf": [{"type": "number"}, {"type": "integer"}]})
    {'anyOf': [{'type': 'number'}, {'type': 'integer'}]}
    """
    if not isinstance(schema, Mapping):
        return schema
    found = _typed(dict(schema))
    if found.get("nullable") is True:
        found = with_null(found)
    found = _modern(fitted({k: v for k, v in found.items() if k not in _DIALECT}))
    out: dict[str, Any] = {}
    for key, value in found.items():
        if key in ONE and key not in ("not", "if"):  # where what is loosened would refuse more
            out[key] = said(value)
        elif key in LISTS and isinstance(value, list):
            if value:
                out[key] = [said(one) for one in value]
        elif key in MAPS and isinstance(value, Mapping):
            out[key] = {str(name): said(one) for name, one in value.items()}
        else:
            out[key] = value
    return _with_required(out, found)


def _typed(found: dict[str, Any]) -> dict[str, Any]:
    """Types by their right names; a word that is no type stays, for whoever checks to tell."""
    kinds = found.get("type", "")
    if kinds is None or (isinstance(kinds, str) and kinds.lower() in _ANY):
        found.pop("type", None)
    elif isinstance(kinds, str):
        found["type"] = _SYNONYMS.get(kinds.lower(), kinds)
    elif isinstance(kinds, list):
        named = [_SYNONYMS.get(k.lower(), k) if isinstance(k, str) else k for k in kinds]
        found["type"] = [kind for i, kind in enumerate(named) if kind not in named[:i]]
    return found


def _modern(found: dict[str, Any]) -> dict[str, Any]:
    """Older drafts' tuples, bounds and references, and ``oneOf``, said the new way."""
    if isinstance(found.get("items"), list):
        found["prefixItems"] = found.pop("items")
        if "additionalItems" in found:
            found["items"] = found.pop("additionalItems")
    for bound in ("Maximum", "Minimum"):
        exclusive = found.get(f"exclusive{bound}")
        if isinstance(exclusive, bool):
            del found[f"exclusive{bound}"]
            if exclusive and bound.lower() in found:
                found[f"exclusive{bound}"] = found.pop(bound.lower())
    if "oneOf" in found:
        either = found.pop("oneOf")
        if "anyOf" not in found:
            found["anyOf"] = either
        elif isinstance(either, list):
            both = found.get("allOf")
            found["allOf"] = [*(both if isinstance(both, list) else []), {"anyOf": either}]
    return found


def _with_required(out: dict[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """``required`` as a list of names; draft 3 says it in the properties."""
    names = found.get("required", [])
    if not isinstance(names, list | bool | None):
        return out
    needed = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    parts = found.get("properties")
    for name, part in (parts if isinstance(parts, Mapping) else {}).items():
        if isinstance(part, Mapping) and part.get("required") is True:
            needed.append(str(name))
    out.pop("required", None)
    if needed or "required" in found:
        out["required"] = list(dict.fromkeys(needed))
    return out


def with_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that takes null, too.

    Examples
    --------
    >>> with_null({"type": "string", "enum": ["a"]})
    {'type': ['string', 'null'], 'enum': ['a', None]}
    >>> with_null({"allOf": [{"$ref": "#/Pet"}], "description": "Whose."})
    {'description': 'Whose.', 'anyOf': [{'allOf': [{'$ref': '#/Pet'}]}, {'type': 'null'}]}
    """
    found = {key: value for key, value in schema.items() if key != "nullable"}
    if found.keys() & _COMBINED or ("enum" in found and "type" not in found):
        notes = {key: value for key, value in found.items() if key in _NOTES}
        rest = {key: value for key, value in found.items() if key not in _NOTES}
        return {**notes, "anyOf": [rest, {"type": "null"}]}
    if "type" in found:
        kinds = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found["type"] = kinds if "null" in kinds else [*kinds, "null"]
        if isinstance(found.get("enum"), list) and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
    return found


def fitted(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose choices are of the type that it says, so that there are any.

    Choices of an array that are no arrays are its items'; others become what the type says where
    they can, and where none can the type goes: whoever lists values knows them.

    Examples
    --------
    >>> fitted({"type": "integer", "enum": ["1", "2"]})
    {'type': 'integer', 'enum': [1, 2]}
    >>> fitted({"type": "array", "enum": ["a", "b"], "items": {"type": "string"}})
    {'type': 'array', 'items': {'type': 'string', 'enum': ['a', 'b']}}
    >>> fitted({"type": "object", "enum": ["a", "b"]})
    {'enum': ['a', 'b']}
    """
    kinds = schema.get("type")
    named = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    found = dict(schema)
    if isinstance(found.get("enum"), list) and not found["enum"]:
        del found["enum"]
    word = next((word for word in ("enum", "const") if word in found), None)
    types = all(isinstance(kind, str) and kind in TYPES for kind in named)
    if word is None or not named or not types:
        return found
    values = found[word] if word == "enum" else [found[word]]
    if not isinstance(values, list) or any(_is(value, named) for value in values):
        if word == "enum" and isinstance(values, list):
            found["enum"] = _distinct([_as(value, named) for value in values])
        return found
    if "array" in named and word == "enum":
        return _of_items(found)
    become = [_as(value, named) for value in values]
    if all(_is(value, named) for value in become):
        found[word] = _distinct(become) if word == "enum" else become[0]
    else:
        del found["type"]
    return found


def _of_items(found: dict[str, Any]) -> dict[str, Any]:
    values = found.pop("enum")
    items = found.get("items")
    items = dict(items) if isinstance(items, Mapping) else {}
    if "$ref" in items:
        items = {"allOf": [items]}
    if "enum" not in items:
        items = fitted({**items, "enum": values})
    return {**found, "items": items}


def _is(value: Any, kinds: list[str]) -> bool:
    """Whether a value is of one of the types."""
    match value:
        case None:
            return "null" in kinds
        case bool():
            return "boolean" in kinds
        case int() | float():
            whole = math.isfinite(value) and value == int(value)
            return "number" in kinds or ("integer" in kinds and whole)
        case str():
            return "string" in kinds
        case list():
            return "array" in kinds
        case _:
            return "object" in kinds


def _as(value: Any, kinds: list[str]) -> Any:
    """A value as one of the types, where its text says the same; else as it is."""
    if value is None or _is(value, kinds):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value) if "string" in kinds else value
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value.lower() if "boolean" in kinds else value)
    except (ValueError, RecursionError):
        return value
    plain = isinstance(read, bool | int | float) and read == read and abs(read) < 1e300
    return read if plain and _is(read, kinds) else value


def _distinct(values: list[Any]) -> list[Any]:
    found: dict[str, Any] = {}
    for value in values:
        found.setdefault(json.dumps(value, sort_keys=True, default=str), value)
    return list(found.values())
