"""How much work it is to check arguments: a schema that refers to itself can make it without end.

A validator tries each branch of ``anyOf`` anew at each level of a value, so that three branches
that lead back take three times as long for each level. What it would do is counted first, each
part of a value under each part of a schema once, which takes no longer than both are large.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgrove.data.schemas import resolve

__all__ = ["effort", "refers_to_itself"]

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_HERE = ("not", "if", "then", "else", "propertyNames")
_LISTS = ("allOf", "anyOf", "oneOf")


def effort(value: Any, schema: Any, root: Any, most: int) -> int:
    """Steps of checking a value by a schema: that many, or ``most`` where there are more.

    Parameters
    ----------
    value : Any
    schema, root : JSON Schema
        What is checked by, and the document that its references are in.
    most : int

    Examples
    --------
    >>> n = {"$ref": "#/$defs/n"}
    >>> root = {"$defs": {"n": {"anyOf": [{"items": n}, {"items": n}, {"items": n}]}}}
    >>> effort([1], n, root, 1000), effort([[[1]]], n, root, 1000)
    (20, 200)
    """
    known: dict[tuple[int, int], int] = {}
    referred: dict[str, Any] = {}

    def steps(part: Any, under: Any) -> int:
        if not isinstance(under, Mapping):
            return 1
        key = id(part), id(under)
        if key in known:
            return known[key]
        known[key] = 1  # a reference that leads back without going down into the value
        total = 1
        for inner, below in _below(part, under):
            total += steps(inner, below)
            if total >= most:
                break
        else:
            for word in _REFERENCES:
                if isinstance(reference := under.get(word), str):
                    if reference not in referred:
                        referred[reference] = resolve(reference, root)
                    total += steps(part, referred[reference])
        known[key] = min(total, most)
        return known[key]

    try:
        return steps(value, schema)
    except RecursionError:
        return most


def _below(part: Any, under: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """What of a value is checked by what of a schema, right below it."""
    found = [(part, under[word]) for word in _HERE if word in under]
    for word in _LISTS:
        if isinstance(branches := under.get(word), list):
            found += [(part, branch) for branch in branches]
    schemas = under.get("dependentSchemas")
    found += [(part, one) for one in (schemas.values() if isinstance(schemas, Mapping) else ())]
    if isinstance(part, Mapping):
        for word in ("properties", "patternProperties"):
            named = under.get(word)
            for name, one in (named if isinstance(named, Mapping) else {}).items():
                if word == "patternProperties":
                    found += [(value, one) for value in part.values()]
                elif name in part:
                    found.append((part[name], one))
        for word in ("additionalProperties", "unevaluatedProperties"):
            if isinstance(under.get(word), Mapping):
                found += [(value, under[word]) for value in part.values()]
    elif isinstance(part, list | tuple):
        for word in ("items", "additionalItems", "unevaluatedItems", "contains"):
            if isinstance(under.get(word), Mapping):
                found += [(value, under[word]) for value in part]
        if isinstance(first := under.get("prefixItems"), list):
            found += list(zip(part, first, strict=False))
    return found


def refers_to_itself(schema: Any) -> bool:
    """Whether a reference in a schema leads back to itself, so that values may nest without end.

    Examples
    --------
    >>> refers_to_itself({"properties": {"x": {"$ref": "#"}}}), refers_to_itself({"items": {}})
    (True, False)
    """
    done: set[str] = set()
    going: set[str] = set()

    def leads_back(part: Any) -> bool:
        if isinstance(part, list):
            return any(leads_back(one) for one in part)
        if not isinstance(part, Mapping):
            return False
        for word in _REFERENCES:
            reference = part.get(word)
            if not isinstance(reference, str) or reference in done:
                continue
            if reference in going or word != "$ref" or reference == "#":
                return True
            going.add(reference)
            if leads_back(resolve(reference, schema)):
                return True
            going.discard(reference)
            done.add(reference)
        return any(leads_back(one) for one in part.values())

    try:
        return leads_back(schema)
    except RecursionError:
        return True
