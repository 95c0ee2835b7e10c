"""What the strictest of the model APIs takes as a tool, and schemas made to be taken.

The rules are those that public APIs were reported to refuse requests by. A request is refused
whole: one tool that breaks them loses all the others. So what is offered is narrowed to them;
arguments are still checked by the whole schema.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from toolgrove.data.argument_names import NAME
from toolgrove.data.schemas import LISTS, MAPS, ONE, TYPES, below, resolve

__all__ = ["refusals", "strict"]

_ROOT = frozenset({"type", "properties", "required", "additionalProperties", "description"})
_ROOT |= {"$defs", "definitions"}
_BRANCHES = ("allOf", "anyOf", "oneOf", "enum", "const", "not", "if", "$ref")
_LEVELS = 4
"""Branches within branches that are looked into for properties."""
_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ODD_PATTERN = re.compile(r"\(\?(?!:)|\\[1-9]|\\[kKQEGZzAhHvVRXCN]|[*+?}]\+|\[\[:")
"""Look-around, back-references and whatever else not every engine knows."""


def refusals(functions: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the strictest API would refuse of functions offered to a model; nothing is good.

    Examples
    --------
    >>> refusals([{"name": "a b", "parameters": {"type": "object", "properties": {
    ...     "ids": {"type": "array"}}}}])
    ['a b: its name', 'a b: properties.ids: an array without items']
    """
    found: list[str] = []
    for function in functions:
        name, parameters = str(function.get("name")), function.get("parameters", {})
        said = [] if _FUNCTION.fullmatch(name) else ["its name"]
        if not isinstance(parameters, Mapping) or parameters.get("type") != "object":
            said.append("its parameters are no object")
        else:
            said += [f"{word} at the root" for word in _BRANCHES if word in parameters]
            said += _wrong(parameters, parameters, "")
        found += [f"{name}: {one}" for one in said]
    return found


def _wrong(schema: Any, root: Any, where: str) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    at = f"{where}: " if where else ""
    if not isinstance(schema, Mapping):
        yield f"{at}no schema"
        return
    for key, value in schema.items():
        if not _fits(key, value, root):
            yield f"{at}{key}: {str(value)[:60]}"
    if _is_array(schema) and not isinstance(schema.get("items"), Mapping):
        yield f"{at}an array without items"
    for keyword, name, part in below(schema):
        place = ".".join(str(step) for step in (where, keyword, name) if step not in ("", None))
        if keyword == "properties" and not NAME.fullmatch(str(name)):
            yield f"{place}: a property's name"
        if isinstance(part, bool) and keyword in ("properties", "items"):
            yield f"{place}: no schema"
        yield from _wrong(part, root, place)


def _is_array(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type")
    return "array" in kinds if isinstance(kinds, list) else kinds == "array"


def _fits(key: str, value: Any, root: Any) -> bool:
    """Whether a keyword has a value that an API takes."""
    if key == "$ref":
        return isinstance(resolve(value, root), Mapping | bool)
    if key in LISTS:
        return isinstance(value, list) and bool(value)
    if key in MAPS:
        return isinstance(value, Mapping)
    if key in ONE:
        return isinstance(value, Mapping | bool)
    return key not in _TAKEN or _TAKEN[key](value)


def _are_types(kinds: Any) -> bool:
    named = kinds if isinstance(kinds, list) else [kinds]
    return bool(named) and all(isinstance(kind, str) and kind in TYPES for kind in named)


def _is_number(value: Any) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_TAKEN: dict[str, Callable[[Any], bool]] = {
    "type": _are_types,
    "enum": lambda value: isinstance(value, list) and bool(value),
    "required": _are_names,
    "pattern": lambda value: not _is_odd(value),
    "uniqueItems": lambda value: isinstance(value, bool),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minProperties", "maxProperties"), _is_count),
    **dict.fromkeys(("description", "title", "format", "$comment"), _is_text),
}
"""By keyword, which of its values are taken."""


def _is_odd(pattern: Any) -> bool:
    if not isinstance(pattern, str) or _ODD_PATTERN.search(pattern):
        return True
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return "\\p" not in pattern  # which all engines know but Python's
    return False


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A tool's parameters as the strictest API takes them.

    Names have to be plain already (:mod:`toolgrove.data.argument_names`), and dialects said in one
    way (:func:`toolgrove.data.schemas.said`). A rule that cannot be said is left out, or told in
    the description.

    Examples
    --------
    >>> strict({"properties": {"a": {"type": "array"}}, "anyOf": [{"required": ["a"]}, {}]})
    {'type': 'object', 'properties': {'a': {'type': 'array', 'items': {}}}}
    >>> strict({"type": "object", "properties": {"p": {"type": "string", "pattern": "(?=.*a)b"}}})
    {'type': 'object', 'properties': {'p': {'type': 'string', 'description': 'Has to match \
(?=.*a)b'}}}
    """
    root = _flattened(schema)
    return _narrowed(root, root)  # type: ignore[no-any-return]  # of a mapping: a dict


def _flattened(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A root that is an object without branches: what they have in common, their properties."""
    plain, needed = _merged(schema, schema, _LEVELS)
    kept = {key: value for key, value in schema.items() if key in _ROOT and key != "type"}
    root: dict[str, Any] = {"type": "object", **kept, "properties": plain}
    needed = [name for name in needed if name in plain]
    root.pop("required", None)
    if needed or isinstance(schema.get("required"), list):
        root["required"] = needed
    return root


def _merged(schema: Any, root: Any, levels: int) -> tuple[dict[str, Any], list[str]]:
    """The properties that a schema's branches have, and the names that all of them need."""
    if not isinstance(schema, Mapping) or not levels:
        return {}, []
    parts = schema.get("properties")
    properties = dict(parts) if isinstance(parts, Mapping) else {}
    names = schema.get("required")
    needed = list(names) if isinstance(names, list) else []
    together = [resolve(schema["$ref"], root)] if "$ref" in schema else []
    together += schema["allOf"] if isinstance(schema.get("allOf"), list) else []
    for part in together:
        more, also = _merged(part, root, levels - 1)
        properties = {**more, **properties}
        needed += [name for name in also if name not in needed]
    for word in ("anyOf", "oneOf"):
        options = schema.get(word)
        listed = options if isinstance(options, list) else []
        found = [_merged(option, root, levels - 1) for option in listed]
        for more, _ in found:
            properties = {**more, **properties}
        for name in found[0][1] if found else []:
            if all(name in also for _, also in found) and name not in needed:
                needed.append(name)
    return properties, needed


def _narrowed(schema: Any, root: Any) -> Any:
    if not isinstance(schema, Mapping):
        return {}
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "pattern" and isinstance(value, str) and _is_odd(value):
            told = schema.get("description")
            out["description"] = f"{told or ''} Has to match {value}".strip()
        if key == "items" and not isinstance(value, Mapping):
            continue
        if not _fits(key, value, root) or key in out:
            continue
        if key in LISTS:
            out[key] = [_narrowed(one, root) for one in value]
        elif key in MAPS:
            out[key] = {
                name: _narrowed(one, root)
                for name, one in value.items()
                if one is not False and not (key == "patternProperties" and _is_odd(name))
            }
        elif key in ONE:
            out[key] = value if isinstance(value, bool) else _narrowed(value, root)
        else:
            out[key] = value
    if _is_array(out) and not out.get("items"):
        out["items"] = _either(out.get("prefixItems"))
    return out


def _either(options: Any) -> dict[str, Any]:
    """One schema for all items of a tuple."""
    distinct = [one for i, one in enumerate(options or []) if one not in options[:i]]
    if not distinct:
        return {}
    return dict(distinct[0]) if len(distinct) == 1 else {"anyOf": distinct}
