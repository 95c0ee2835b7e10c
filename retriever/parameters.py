"""What a tool's parameters want: which kinds of value, and by which words a request names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolgrove.data.records import JsonObject
from toolgrove.retriever.values import ValueKind, listed, values, words

__all__ = ["GENERIC", "ValueParameter", "parameters"]

GENERIC = listed("address code date id key name number string text time type value")
"""Words of parameters that say little of which value is meant."""
_SECRET = listed("auth credential password secret token")
_SAID = {
    "arrival": ("to",), "base": ("from",), "departure": ("from",), "destination": ("to",),
    "end": ("to",), "lat": ("latitude",), "lng": ("longitude",), "lon": ("longitude",),
    "name": ("called", "named"), "origin": ("from",), "source": ("from",), "start": ("from",),
    "target": ("to",), "title": ("titled",),
}  # fmt: skip
"""How requests say what parameters are called."""
_DESCRIBED = 5
"""Words at the beginning of a description that tell what the value is."""

_BY_FORMAT = {
    "date": (ValueKind.DATE,),
    "date-time": (ValueKind.DATE_TIME, ValueKind.DATE),
    "email": (ValueKind.EMAIL,),
    "idn-email": (ValueKind.EMAIL,),
    "ipv4": (ValueKind.IP,),
    "ipv6": (ValueKind.IP,),
    "iri": (ValueKind.URL,),
    "time": (ValueKind.TIME,),
    "uri": (ValueKind.URL,),
    "url": (ValueKind.URL,),
    "uuid": (ValueKind.UUID,),
}
_BY_WORD = {
    "color": (ValueKind.COLOUR,),
    "colour": (ValueKind.COLOUR,),
    "currency": (ValueKind.CURRENCY,),
    "date": (ValueKind.DATE, ValueKind.DATE_TIME),
    "datetime": (ValueKind.DATE_TIME, ValueKind.DATE),
    "email": (ValueKind.EMAIL,),
    "ip": (ValueKind.IP,),
    "link": (ValueKind.URL,),
    "mail": (ValueKind.EMAIL,),
    "time": (ValueKind.TIME, ValueKind.DATE_TIME),
    "url": (ValueKind.URL,),
    "uuid": (ValueKind.UUID,),
    "website": (ValueKind.URL,),
}
_CODED = listed("abbreviation code iata icao iso symbol ticker")
_IDENTIFIERS = (ValueKind.UUID, ValueKind.CODE, ValueKind.QUOTED, ValueKind.NUMBER)
_TEXTS = (ValueKind.QUOTED, ValueKind.NAME, ValueKind.CODE, ValueKind.CURRENCY, ValueKind.URL)
_CODES = (ValueKind.CODE, ValueKind.CURRENCY, ValueKind.QUOTED)


@dataclass(frozen=True, slots=True)
class ValueParameter:
    """A parameter as a value is looked for.

    Parameters
    ----------
    name, description : str
    types : tuple of str
        JSON types; empty where the schema does not say.
    required : bool
    example : Any
        The schema's default or example.
    enum : tuple of str
        The allowed values, where they are enumerated.
    words : tuple of str
        The words of its name.
    said : frozenset of str
        Words that name it in a request: its own, and from or to for an origin or destination.
    specific : bool
        Whether one kind of value is wanted and no other will do.
    kinds : tuple of ValueKind
        What the value may be, the likeliest first; empty where none may be guessed.
    """

    name: str
    description: str
    types: tuple[str, ...]
    required: bool
    example: Any
    enum: tuple[str, ...]
    words: tuple[str, ...]
    said: frozenset[str]
    specific: bool
    kinds: tuple[ValueKind, ...]


def parameters(schema: JsonObject) -> list[ValueParameter]:
    """The parameters of a JSON Schema of type ``object``, in its order.

    Examples
    --------
    >>> schema = {"properties": {"mail": {"type": "string"}, "api_key": {"type": "string"}}}
    >>> [(one.name, one.specific, [kind.value for kind in one.kinds]) for one in parameters(schema)]
    [('mail', True, ['email']), ('api_key', True, [])]
    """
    properties = schema.get("properties")
    required = schema.get("required")
    names = set(required) if isinstance(required, list | tuple) else set()
    return [
        _parameter(str(name), one if isinstance(one, Mapping) else {}, name in names)
        for name, one in (properties if isinstance(properties, Mapping) else {}).items()
    ]


def _parameter(name: str, schema: Mapping[str, Any], required: bool) -> ValueParameter:
    own = words(name)
    enum = schema.get("enum")
    description = str(schema.get("description") or "")
    types = tuple(dict.fromkeys(_types(schema)))
    example = _example(schema)
    specific = True
    kinds: tuple[ValueKind, ...] = ()
    if not isinstance(enum, list) and not _secret(own, description):
        specific, kinds = _kinds(own, words(description), types, schema, example)
    return ValueParameter(
        name=name,
        description=description,
        types=types,
        required=required,
        example=example,
        enum=tuple(map(str, enum)) if isinstance(enum, list) else (),
        words=tuple(own),
        said=frozenset((*own, *(said for word in own for said in _SAID.get(word, ())))),
        specific=specific,
        kinds=kinds,
    )


def _types(schema: Mapping[str, Any]) -> list[str]:
    """JSON types that a schema allows, null left out; those of its alternatives together."""
    kind = schema.get("type")
    if kind is not None:
        return [str(one) for one in (kind if isinstance(kind, list) else [kind]) if one != "null"]
    either = schema.get("anyOf", schema.get("oneOf"))
    inner = [one for one in either if isinstance(one, Mapping)] if isinstance(either, list) else []
    return [name for one in inner for name in _types(one)]


def _example(schema: Mapping[str, Any]) -> Any:
    examples = schema.get("examples")
    first = examples[0] if isinstance(examples, list) and examples else None
    return schema.get("default", schema.get("example", first))


def _secret(own: list[str], description: str) -> bool:
    return (
        bool(_SECRET.intersection(own))
        or "apikey" in "".join(own)
        or "apikey" in "".join(words(description))
    )


def _kinds(
    own: list[str],
    described: list[str],
    types: tuple[str, ...],
    schema: Mapping[str, Any],
    example: Any,
) -> tuple[bool, tuple[ValueKind, ...]]:
    """Whether one kind is wanted only, and the kinds, the likeliest first."""
    if {"integer", "number"}.intersection(types):
        return False, (ValueKind.NUMBER,)
    if types and "string" not in types:
        return True, ()
    by_format = _BY_FORMAT.get(str(schema.get("format")))
    if by_format:
        return True, by_format
    text = "" if example is None else str(example).strip("\"' ")
    shape = [one.kind for one in values(text) if one.text == text]
    described = described[:_DESCRIBED]
    if not {"zone", "timezone"}.intersection(own):
        for word in (*own, *(described if shape or not text else ())):
            if word in _BY_WORD and (not shape or shape[0] in _BY_WORD[word]):
                return True, _BY_WORD[word]
    likely: tuple[ValueKind, ...] = _TEXTS
    if {"id", "identifier"}.intersection(own):
        likely = _IDENTIFIERS
    elif _CODED.intersection((*own, *described)):
        likely = _CODES
    return False, tuple(dict.fromkeys((*shape, *likely)))
