"""The JSON Schema a local model's reply is decoded under, made from the offered tools' schemas.

Third-party schemas are narrowed first: what the grammar converter does not know is left out,
what would let a small model run away is bounded, and references are resolved. Narrowing keeps to
what validation accepts wherever it can; where it cannot, it accepts more, and the call is still
validated before it is made.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from toolgrove.data.records import FINISH
from toolgrove.data.schemas import resolve

__all__ = ["narrow", "reply_schema"]

_STRING = 400
"""Longest string the model may write, in characters; a small model does not always stop."""
_THOUGHT = 200
_ITEMS = 16
_ENUM = 256
_OPTIONAL = 24
_DEPTH = 6
_NODES = 200
"""Subschemas looked at in one document: references can fan out without end."""
_FORMATS = frozenset({"date", "time", "date-time", "uuid"})
_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_LOW, _HIGH = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")
_PATTERN = re.compile(
    r"\^(?:[\w ,:./|()\[\]-]|\\[dw.\-/]|(?<!\))\{\d{1,2}(?:,\d{1,2})?\}|\?(?!\?)){1,80}\$"
)
"""Anchored, short, of bounded length, and without what only some engines know."""

_STRING_SCHEMA = {"type": "string", "maxLength": _STRING}
_SCALAR = {"anyOf": [_STRING_SCHEMA, {"type": "number"}, {"type": "boolean"}]}

Schema = dict[str, Any]


def reply_schema(functions: Sequence[Mapping[str, Any]], *, loose: bool = False) -> Schema:
    """The schema of one step: a thought, then a tool, then that tool's arguments.

    The order matters: what is written first is all that the rest can build on.

    Parameters
    ----------
    functions : sequence of mapping
        OpenAI function objects: ``name`` and ``parameters``.
    loose : bool
        Accept any flat object as arguments: for schemas that the grammar converter refuses.

    Examples
    --------
    >>> schema = reply_schema([{"name": "now", "parameters": {"type": "object"}}])
    >>> list(schema["properties"])
    ['thought', 'tool', 'arguments']
    """
    steps = [
        {
            "type": "object",
            "properties": {
                "thought": {"type": "string", "maxLength": _THOUGHT},
                "tool": {"const": function["name"]},
                "arguments": _open() if loose else _arguments(function),
            },
            "required": ["thought", "tool", "arguments"],
            "additionalProperties": False,
        }
        for function in functions
    ]
    return steps[0] if len(steps) == 1 else {"anyOf": steps}


def narrow(schema: Any, root: Any = None) -> Schema:
    """A third-party schema as one that the grammar converter takes.

    Parameters
    ----------
    schema : Any
        JSON Schema of any draft, or what somebody took for one.
    root : Any
        The document that ``$ref`` points into; ``schema`` itself where it is None.

    Examples
    --------
    >>> narrow({"type": "integer", "minimum": 1, "x-note": "?"})
    {'type': 'integer', 'minimum': 1}
    >>> narrow({"$ref": "https://elsewhere.example/schema.json"}) == narrow({})
    True
    """
    return _Narrower(schema if root is None else root).narrow(schema)


def _arguments(function: Mapping[str, Any]) -> Schema:
    parameters = function.get("parameters")
    if not isinstance(parameters, Mapping):
        return _closed({}, [])
    whole = {"type": "object", **parameters}
    if function["name"] == FINISH:  # a small model leaves out what it may leave out: the answer
        whole["required"] = list(whole.get("properties", ()))
    narrowed = narrow(whole, parameters)
    if narrowed.get("type") != "object":
        return _open()
    return narrowed if "properties" in narrowed else _closed({}, [])


class _Narrower:
    """Walks one document; ends soon, whatever its references do."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = _NODES

    def narrow(self, schema: Any, depth: int = 0) -> Schema:
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > _DEPTH or self._left < 0:
            return _SCALAR
        if "$ref" in schema:
            return self.narrow(resolve(schema["$ref"], self._root), depth + 1)
        for values in ([schema["const"]] if "const" in schema else None, schema.get("enum")):
            if isinstance(values, list) and (choice := _choice(values)):
                return choice
        if isinstance(schema.get("allOf"), list):
            return self.narrow(self._merged(schema, schema["allOf"], "allOf"), depth + 1)
        for word in ("anyOf", "oneOf"):
            options = schema.get(word)
            if isinstance(options, list) and options:
                merged = [self._merged(schema, [option], word) for option in options[:_ITEMS]]
                return _union([self.narrow(option, depth + 1) for option in merged])
        return _union([self._of_type(kind, schema, depth) for kind in _types(schema)])

    def _of_type(self, kind: str, schema: Mapping[str, Any], depth: int) -> Schema:
        match kind:
            case "string":
                return _string(schema)
            case "integer" | "number":
                return _number(kind, schema)
            case "array":
                return self._array(schema, depth)
            case "object":
                return self._object(schema, depth)
            case _:
                return {"type": kind}

    def _array(self, schema: Mapping[str, Any], depth: int) -> Schema:
        most = min(_size(schema.get("maxItems"), _ITEMS), _ITEMS)
        least = min(_size(schema.get("minItems"), 0), most)
        items = self.narrow(schema.get("items", {}), depth + 1)
        return {"type": "array", "items": items, "minItems": least, "maxItems": most}

    def _object(self, schema: Mapping[str, Any], depth: int) -> Schema:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        given = schema.get("required")
        given = given if isinstance(given, list) else []
        required = list(dict.fromkeys(name for name in given if isinstance(name, str)))
        optional = [name for name in properties if name not in required][:_OPTIONAL]
        if not required and not optional:
            return _closed({}, []) if schema.get("additionalProperties") is False else _open()
        names = [*required, *optional]
        parts = {}
        for name in names:
            part = properties.get(name, {})
            parts[name] = self.narrow(part, depth + 1)
            if _means_null(part):
                parts[name] = {"anyOf": [*_options(parts[name]), {"type": "null"}]}
        return _closed(parts, required)

    def _merged(self, schema: Mapping[str, Any], parts: Sequence[Any], word: str) -> Schema:
        """A schema and its ``allOf`` parts, or one ``anyOf`` option, as a single schema."""
        whole: Schema = {key: value for key, value in schema.items() if key != word}
        for part in parts:
            found = part
            if isinstance(part, Mapping) and "$ref" in part:
                found = resolve(part["$ref"], self._root)
            for key, value in found.items() if isinstance(found, Mapping) else ():
                old = whole.get(key)
                if key == "properties" and isinstance(old, Mapping) and isinstance(value, Mapping):
                    whole[key] = {**old, **value}
                elif key == "required" and isinstance(old, list) and isinstance(value, list):
                    whole[key] = [*old, *value]
                else:
                    whole[key] = value
        return whole


def _types(schema: Mapping[str, Any]) -> list[str]:
    """The types a schema allows."""
    given = schema.get("type")
    named = given if isinstance(given, list) else [given]
    types = [t for t in named if isinstance(t, str) and t in _TYPES]
    if not types and isinstance(schema.get("properties"), Mapping):
        types = ["object"]
    elif not types and "items" in schema:
        types = ["array"]
    return list(dict.fromkeys(types)) or ["string", "number", "boolean"]


def _means_null(schema: Any) -> bool:
    """Whether null says something: it is allowed, and is not what goes without saying.

    A small model that may write null writes it for what it should have filled in, so it may only
    where leaving the parameter out would be another thing.
    """
    if not isinstance(schema, Mapping) or "default" in schema:
        return False
    kinds, options = schema.get("type"), schema.get("anyOf", schema.get("oneOf"))
    either = options if isinstance(options, list) else []
    return (isinstance(kinds, list) and "null" in kinds and len(kinds) > 1) or (
        {"type": "null"} in either and len(either) > 1
    )


def _options(schema: Schema) -> list[Schema]:
    flat: list[Schema] = schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
    return [one for one in flat if one != {"type": "null"}]


def _union(options: list[Schema]) -> Schema:
    """The options as one schema; null is left out where there is another."""
    flat: list[Schema] = []
    for option in options:
        inner = option["anyOf"] if set(option) == {"anyOf"} else [option]
        flat += [one for one in inner if one not in flat]
    flat = [one for one in flat if one != {"type": "null"}] or flat[:1]
    return flat[0] if len(flat) == 1 else {"anyOf": flat[:_ITEMS]}


def _choice(values: list[Any]) -> Schema | None:
    scalars = [v for v in values if v is None or isinstance(v, str | bool) or _finite(v)]
    return {"enum": scalars} if 0 < len(scalars) <= _ENUM else None


def _string(schema: Mapping[str, Any]) -> Schema:
    pattern, form = schema.get("pattern"), schema.get("format")
    if isinstance(form, str) and form in _FORMATS:
        return {"type": "string", "format": form}
    if isinstance(pattern, str) and _usable(pattern):
        return {"type": "string", "pattern": pattern}
    longest = min(_size(schema.get("maxLength"), _STRING), _STRING)
    shortest = min(_size(schema.get("minLength"), 0), longest)
    bounds = {"minLength": shortest} if shortest else {}
    return {"type": "string", **bounds, "maxLength": longest}


def _usable(pattern: str) -> bool:
    if not _PATTERN.fullmatch(pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _number(kind: str, schema: Mapping[str, Any]) -> Schema:
    bounds = {word: schema[word] for word in (*_LOW, *_HIGH) if _finite(schema.get(word))}
    low = max((bounds[word] for word in _LOW if word in bounds), default=-math.inf)
    high = min((bounds[word] for word in _HIGH if word in bounds), default=math.inf)
    return {"type": kind, **bounds} if high - low >= 2 else {"type": kind}


def _finite(value: Any) -> bool:
    """Whether it is a number that the converter can read: finite, and no larger than a double."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _size(value: Any, default: int) -> int:
    """A count as a schema gives it, else the default."""
    sound = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if sound else default


def _closed(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _open() -> Schema:
    return {"type": "object", "additionalProperties": _SCALAR}
