"""Argument names that every model API takes, for those of a schema that some do not.

Some APIs refuse a tool whose parameters are called ``filter[name]``. Such names are offered as
others, and what a model gives under them goes out under its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolgrove.data.schemas import LISTS, MAPS, ONE, below

__all__ = ["NAME", "argument_names", "plain_name", "renamed"]

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LONGEST = 56


def plain_name(name: str, otherwise: str = "field") -> str:
    """A name of letters that all model APIs take; several names may become one.

    Examples
    --------
    >>> plain_name("filter[a b]"), plain_name("$top"), plain_name("日本")
    ('filter_a_b', 'top', 'field')
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:_LONGEST].strip("_") or otherwise


def argument_names(schema: Any) -> dict[str, str]:
    """By each name of a schema's that some API refuses, the one it is offered under.

    Examples
    --------
    >>> argument_names({"properties": {"a b": {}, "a_b": {}, "ok": {}}})
    {'a b': 'a_b_2'}
    """
    names = dict.fromkeys(_names(schema))
    taken = {name for name in names if NAME.fullmatch(name)}
    found: dict[str, str] = {}
    for name in names:
        if name in taken or NAME.fullmatch(name):
            continue
        plain, number = plain_name(name), 1
        alias = plain
        while alias in taken:
            number += 1
            alias = f"{plain}_{number}"
        taken.add(alias)
        found[name] = alias
    return found


def _names(schema: Any) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    for keyword, name, part in below(schema):
        if keyword == "properties":
            yield str(name)
        yield from _names(part)


def renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """A schema under the names that it is offered with.

    The description says the own name of a parameter where letters of it are lost.

    Examples
    --------
    >>> schema = {"properties": {"日本": {"type": "string"}}, "required": ["日本"]}
    >>> renamed(schema, argument_names(schema))
    {'properties': {'field': {'type': 'string', 'description': '(日本)'}}, 'required': ['field']}
    """
    if not names or not isinstance(schema, Mapping):
        return schema
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ONE:
            out[key] = renamed(value, names)
        elif key in LISTS and isinstance(value, list):
            out[key] = [renamed(one, names) for one in value]
        elif key in MAPS and isinstance(value, Mapping):
            named = key in ("properties", "dependentSchemas")
            out[key] = {
                names.get(name, name) if named else name: _told(renamed(one, names), name, names)
                if key == "properties"
                else renamed(one, names)
                for name, one in value.items()
            }
        elif key == "required" and isinstance(value, list):
            out[key] = [names.get(name, name) for name in value]
        elif key == "dependentRequired" and isinstance(value, Mapping):
            out[key] = {
                names.get(name, name): [names.get(one, one) for one in others]
                for name, others in value.items()
            }
        elif key == "$ref" and isinstance(value, str):
            out[key] = _pointer(value, names)
        else:
            out[key] = value
    return out


def _told(schema: Any, name: str, names: Mapping[str, str]) -> Any:
    lost = name in names and (len(name) > _LONGEST or any(c > "\x7f" and c.isalnum() for c in name))
    if not lost or not isinstance(schema, Mapping):
        return schema
    described = f"({name[:100]}) {schema.get('description', '')}".strip()
    return {**schema, "description": described}


def _pointer(reference: str, names: Mapping[str, str]) -> str:
    """A reference that leads through a property, by the property's new name."""
    steps = reference.split("/")
    for place in range(1, len(steps)):
        name = steps[place].replace("~1", "/").replace("~0", "~")
        if steps[place - 1] == "properties" and name in names:
            steps[place] = names[name]
    return "/".join(steps)
