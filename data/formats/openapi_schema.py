"""OpenAPI's schemas as self-contained JSON Schema (draft 2020-12) of bounded size.

References are written out breadth first: where the budget of nodes or levels ends, or a reference
leads back into itself, only the type stays. So a schema is cut at its deepest parts, in time that
does not depend on how often its references multiply. A cut schema takes more values than the whole
one, never fewer: ``not`` goes above a cut.

``oneOf`` becomes ``anyOf``, whose members say by the discriminator's values which of them is meant:
a value that fits two is meant to be taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolgrove.data.formats.openapi_refs import Refs
from toolgrove.data.formats.openapi_text import cut, small
from toolgrove.data.schemas import fitted, with_null

__all__ = ["Expander"]

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_NUMBERS = ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum")
_COUNTS = frozenset(
    {"maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"}
    | {"maxContains", "minContains"}
)
_ONE = frozenset(
    {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "dependentSchemas")
_FRAGILE = frozenset(
    {"not", "if", "then", "else", "unevaluatedItems", "unevaluatedProperties", "maxContains"}
)
_OF_ONE_VALUE = frozenset({"allOf", "anyOf", "not", "if", "then", "else", "dependentSchemas"})
"""Keywords whose schemas speak of the same value as the schema that they stand in."""
_NOTES = ("description", "default", "example", "examples", "deprecated", "title", "summary")
_ENUM = 1000
_PATTERN = 500


@dataclass(slots=True)
class _Holder:
    """An output whose meaning turns around where something below it is cut."""

    out: dict[str, Any]
    above: _Holder | None
    weak: bool = False


@dataclass(slots=True)
class _OneValue:
    """All schemas that speak of one value, and the properties that are not for whoever gives it."""

    outs: list[dict[str, Any]] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)
    branches: bool = False

    def settle(self) -> None:
        """Ask for nothing that was left out, whichever of the schemas asks."""
        for out in self.outs if self.dropped else ():
            if "required" in out:
                out["required"] = [name for name in out["required"] if name not in self.dropped]
            if not self.branches:  # else another branch may mean another property
                for name in self.dropped & out.get("properties", {}).keys():
                    del out["properties"][name]
            if "dependentRequired" in out:
                out["dependentRequired"] = {
                    name: [one for one in needed if one not in self.dropped]
                    for name, needed in out["dependentRequired"].items()
                    if isinstance(needed, list)
                }


@dataclass(frozen=True, slots=True)
class _Tag:
    """What a discriminator's property says where a branch is meant."""

    name: str
    values: tuple[str, ...]


@dataclass(slots=True)
class _Part:
    """A schema that waits to be written out, and where to."""

    source: Any
    into: Any
    key: Any
    depth: int = 0
    way: tuple[Any, ...] = ()
    holder: _Holder | None = None
    value: _OneValue = field(default_factory=_OneValue)
    tag: _Tag | None = None


@dataclass(frozen=True, slots=True)
class Expander:
    """Writes out schemas of one document.

    Parameters
    ----------
    refs : Refs
        Follows its references.
    old : bool
        Whether the document is Swagger 2.0 or OpenAPI 3.0, whose schemas have a dialect of their
        own (``nullable``, boolean ``exclusiveMinimum``, nothing beside ``$ref``).
    skip : str
        ``readOnly`` for what is sent, ``writeOnly`` for what comes back: such properties are left
        out.
    nodes, levels : int
        What one schema may have of each.
    text : int
        Characters of a description.

    Examples
    --------
    >>> root = {"Tree": {"type": "object", "properties": {"kids": {"type": "array",
    ...         "items": {"$ref": "#/Tree"}}}}}
    >>> Expander(Refs(root)).schema({"$ref": "#/Tree"})["properties"]
    {'kids': {'type': 'array', 'items': {'type': 'object'}}}
    """

    refs: Refs
    old: bool = False
    skip: str = "readOnly"
    nodes: int = 1500
    levels: int = 12
    text: int = 300

    def schema(self, source: Any) -> Any:
        """A schema without references.

        Raises
        ------
        Unfit
            Where a reference on the way leads out of the document or nowhere.
        """
        self.refs.spend(0)  # ends at once where everything is spent
        top: dict[str, Any] = {}
        holders: list[_Holder] = []
        values: list[_OneValue] = []
        queue = deque([_Part(source, top, "")])
        left = self.nodes
        while queue:
            part = queue.popleft()
            found, way = self._followed(part)
            if isinstance(found, bool):
                part.into[part.key] = found
                continue
            found = _meant(self._tagged(found, part.tag))
            children = list(_children(found)) if way is not None else []
            if way is None or part.depth >= self.levels or len(children) > left:
                part.into[part.key] = _stub(found)
                _weaken(part.holder)
                continue
            left -= len(children)
            out, whole = self._plain(found)
            holder = part.holder
            if any(key in found for key in _FRAGILE):
                holder = _Holder(out, holder)
                holders.append(holder)
            if not whole:
                _weaken(holder)
            part.into[part.key] = out
            if not part.value.outs:
                values.append(part.value)
            part.value.outs.append(out)
            part.value.branches |= "anyOf" in found
            queue.extend(self._below(part, found, children, out, way, holder))
        self.refs.spend(self.nodes - left + 1)
        for holder in holders:
            if holder.weak:
                for key in _FRAGILE:
                    holder.out.pop(key, None)
        for value in values:
            value.settle()
        return top[""]

    def _followed(self, part: _Part) -> tuple[Any, tuple[Any, ...] | None]:
        """A schema with its references followed; no way where one of them was on it already."""
        source, way = part.source, part.way
        notes: dict[str, Any] = {}
        while isinstance(source, Mapping) and isinstance(source.get("$ref"), str):
            reference = source["$ref"]
            rest = {key: value for key, value in source.items() if key != "$ref"}
            if not self.old and any(key not in _NOTES and not key.startswith("x-") for key in rest):
                both = {key: value for key, value in rest.items() if key in _NOTES}
                others = {key: value for key, value in rest.items() if key not in _NOTES}
                return {**both, "allOf": [{"$ref": reference}, others]}, way
            notes = {**{k: v for k, v in rest.items() if k in _NOTES}, **notes}
            if rest.get("nullable") is True:
                return {**notes, **with_null({"$ref": reference})}, way
            source = self.refs.target(reference)
            if _in(way, reference):
                way = ()
                break
            way = (reference, way)
        else:
            reference = ""
        looped = reference != ""
        if isinstance(source, bool):
            return source, way
        found = dict(source) if isinstance(source, Mapping) else {}
        return {**found, **notes}, None if looped else way

    def _below(
        self,
        part: _Part,
        found: Mapping[str, Any],
        children: list[tuple[str, Any, Any]],
        out: dict[str, Any],
        way: tuple[Any, ...] | None,
        holder: _Holder | None,
    ) -> Iterator[_Part]:
        tags = self._tags(found)
        for keyword, name, child in children:
            value = part.value if keyword in _OF_ONE_VALUE else _OneValue()
            next_part = _Part(child, out, keyword, part.depth + 1, way or (), holder, value)
            if name is None:
                yield next_part
                continue
            into = out.setdefault(keyword, [] if keyword in _LISTS else {})
            if keyword == "properties" and self._skipped(child):
                part.value.dropped.add(name)
                _weaken(holder)
                continue
            if isinstance(into, list):
                into.append(None)
            else:
                into[name] = None  # keeps the order
            next_part.into, next_part.key = into, name
            if keyword == "anyOf" and isinstance(child, Mapping):
                next_part.tag = tags.get(str(child.get("$ref")))
            yield next_part

    def _skipped(self, child: Any, hops: int = 20) -> bool:
        """Whether a property is said to be read-only, or write-only, on the way to its schema."""
        while isinstance(child, Mapping) and hops:
            hops -= 1
            reference = child.get("$ref")
            alone = self.old and isinstance(reference, str)
            if child.get(self.skip) is True and not alone:
                return True
            if not isinstance(reference, str):
                parts = child.get("allOf")
                parts = parts if isinstance(parts, list) else []
                return any(self._skipped(one, hops // 2) for one in parts[:5])
            child = self.refs.target(reference)
        return False

    def _tags(self, found: Mapping[str, Any]) -> dict[str, _Tag]:
        """By a branch's reference, what the discriminator's property says where it is meant."""
        discriminator = found.get("discriminator")
        if not isinstance(discriminator, Mapping):
            return {}
        name, mapping = discriminator.get("propertyName"), discriminator.get("mapping")
        if not isinstance(name, str) or not isinstance(mapping, Mapping):
            return {}
        values: dict[str, list[str]] = {}
        for value, target in mapping.items():
            at = str(target) if "/" in str(target) else f"#/components/schemas/{target}"
            values.setdefault(at, []).append(str(value))
        return {at: _Tag(name, tuple(named)) for at, named in values.items()}

    def _tagged(self, found: dict[str, Any], tag: _Tag | None) -> dict[str, Any]:
        """A branch that takes only what the discriminator says of it."""
        if tag is None:
            return found
        parts = found.get("properties")
        parts = dict(parts) if isinstance(parts, Mapping) else {}
        declared = self.refs.resolved(parts.get(tag.name, {}))
        declared = dict(declared) if isinstance(declared, Mapping) else {}
        known = [declared["const"]] if "const" in declared else declared.get("enum")
        values = [v for v in tag.values if not isinstance(known, list) or v in known]
        if not values:  # the document contradicts itself
            return found
        declared.pop("const", None)
        parts[tag.name] = {**declared, "enum": values}
        return {**found, "properties": parts}

    def _plain(self, found: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """The keywords that hold no schema, and whether nothing that restricts was left out."""
        out: dict[str, Any] = {}
        kinds = found.get("type")
        named = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
        known = [kind for kind in named if isinstance(kind, str) and kind in _TYPES]
        whole = len(known) == len(named)
        if known and whole:
            out["type"] = known if len(known) > 1 else known[0]
        for key in ("description", "format", "contentMediaType", "contentEncoding"):
            if isinstance(found.get(key), str) and found[key]:
                out[key] = cut(found[key], self.text)
        if named == ["file"]:
            out |= {"type": "string", "format": "binary"}
        for key in (*_NUMBERS, *_COUNTS, "multipleOf"):
            value: Any = found.get(key)
            if type(value) in (int, float):  # a boolean is an int, too
                fits = key in _NUMBERS or value > 0 or (value == 0 and key != "multipleOf")
                whole &= fits
                if fits:
                    out[key] = value
        for bound in ("Maximum", "Minimum"):
            if found.get(f"exclusive{bound}") is True and bound.lower() in out:
                out[f"exclusive{bound}"] = out.pop(bound.lower())
        if isinstance(found.get("pattern"), str):
            if len(found["pattern"]) <= _PATTERN:
                out["pattern"] = found["pattern"]
            else:
                whole = False
        if found.get("uniqueItems") is True:
            out["uniqueItems"] = True
        whole &= _values(found, out)
        if isinstance(found.get("required"), list):
            names = [name for name in found["required"] if isinstance(name, str)]
            out["required"] = list(dict.fromkeys(names))[:_ENUM]
        needed = found.get("dependentRequired")
        if isinstance(needed, Mapping) and small(needed):
            out["dependentRequired"] = dict(needed)
        return out, whole


def _meant(found: dict[str, Any]) -> dict[str, Any]:
    """A schema in which null, choices and branches are said as a validator reads them."""
    if found.get("nullable") is True or found.get("x-nullable") is True:
        found = with_null({key: part for key, part in found.items() if key != "x-nullable"})
    found = fitted(found)
    if isinstance(found.get("oneOf"), list):
        either = found.pop("oneOf")
        if "anyOf" in found:
            both = found.get("allOf")
            found["allOf"] = [*(both if isinstance(both, list) else []), {"anyOf": either}]
        else:
            found["anyOf"] = either
    return found


def _values(found: Mapping[str, Any], out: dict[str, Any]) -> bool:
    whole = True
    if isinstance(enum := found.get("enum"), list) and enum:
        if len(enum) <= _ENUM and all(map(small, enum)):
            out["enum"] = enum
        else:
            whole = False
    for key in ("const", "default"):
        if key in found and small(found[key]):
            out[key] = found[key]
        elif key in found:
            whole &= key != "const"
    examples = found.get("examples")
    example = examples[0] if isinstance(examples, list) and examples else found.get("example")
    if example is not None and "enum" not in out and small(example):
        out["examples"] = [example]
    return whole


def _children(found: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """The schemas right below one: keyword, name or place if the keyword holds several, schema."""
    for key, child in found.items():
        if key not in _ONE:
            continue
        if isinstance(child, Mapping | bool):
            yield key, None, child
        elif key == "items" and isinstance(child, list) and child:
            yield from (("prefixItems", place, one) for place, one in enumerate(child))
    for key in _LISTS:
        if isinstance(found.get(key), list):
            yield from ((key, place, child) for place, child in enumerate(found[key]))
    for key in _MAPS:
        if isinstance(found.get(key), Mapping):
            yield from ((key, str(name), child) for name, child in found[key].items())


def _in(way: tuple[Any, ...], reference: str) -> bool:
    while way:
        if way[0] == reference:
            return True
        way = way[1]
    return False


def _stub(found: Mapping[str, Any]) -> dict[str, Any]:
    kind = found.get("type")
    return {"type": kind} if isinstance(kind, str) and kind in _TYPES else {}


def _weaken(holder: _Holder | None) -> None:
    while holder is not None and not holder.weak:
        holder.weak = True
        holder = holder.above
