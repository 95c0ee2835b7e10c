"""Which of a tool's parameters a query gives, word for word, and which are missing.

Nothing is invented: a value is a stretch of the query, or a value of the parameter's enumeration
that the query names. What is only likely is called so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from toolgrove.data.records import JsonObject
from toolgrove.retriever.values import Kind, Value, listed, values, words

__all__ = ["Argument", "Found", "arguments"]


class Found(StrEnum):
    """Whether a query gives a parameter's value."""

    GIVEN = "given"
    PERHAPS = "perhaps"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter, and what a query says of it.

    Parameters
    ----------
    name, type, description : str
        As the schema has them.
    required : bool
    found : Found
    value : str or None
        As the query writes it; None where it is missing.
    why : str
        What speaks for the value, in words.
    example : Any
        The schema's default or example.
    """

    name: str
    type: str
    description: str
    required: bool
    found: Found = Found.MISSING
    value: str | None = None
    why: str = ""
    example: Any = None


_GENERIC = listed("address code date id key name number string text time type value")
"""Words of parameters that say little of which value is meant."""
_SECRET = listed("apikey auth credential password secret token")
_SAID = {
    "arrival": "to", "base": "from", "departure": "from", "destination": "to", "end": "to",
    "lat": "latitude", "lng": "longitude", "lon": "longitude", "origin": "from",
    "source": "from", "start": "from", "target": "to",
}  # fmt: skip
"""How requests say what parameters are called."""
_PREPOSITIONS = frozenset({"from", "to"})
_FILLERS = listed(
    "a address an are as being by called code equal id is key my name named number our the titled "
    "to value was your"
)
"""Words that may stand between a parameter's name and its value."""
_LINKS = listed("is of the")
_BEFORE = 6
"""Words before a value that may name its parameter."""
_DESCRIBED = 5
"""Words at the beginning of a description that tell what the value is."""

_BY_FORMAT = {
    "date": (Kind.DATE,),
    "date-time": (Kind.DATE_TIME, Kind.DATE),
    "email": (Kind.EMAIL,),
    "idn-email": (Kind.EMAIL,),
    "ipv4": (Kind.IP,),
    "ipv6": (Kind.IP,),
    "iri": (Kind.URL,),
    "time": (Kind.TIME,),
    "uri": (Kind.URL,),
    "url": (Kind.URL,),
    "uuid": (Kind.UUID,),
}
_BY_WORD = {
    "color": (Kind.COLOUR,),
    "colour": (Kind.COLOUR,),
    "currency": (Kind.CURRENCY,),
    "date": (Kind.DATE, Kind.DATE_TIME),
    "datetime": (Kind.DATE_TIME, Kind.DATE),
    "email": (Kind.EMAIL,),
    "ip": (Kind.IP,),
    "link": (Kind.URL,),
    "mail": (Kind.EMAIL,),
    "time": (Kind.TIME, Kind.DATE_TIME),
    "url": (Kind.URL,),
    "uuid": (Kind.UUID,),
    "website": (Kind.URL,),
}
_IDENTIFIERS = (Kind.UUID, Kind.CODE, Kind.QUOTED, Kind.NUMBER)
_TEXTS = (Kind.QUOTED, Kind.NAME, Kind.CODE, Kind.CURRENCY, Kind.URL)
_CODES = (Kind.CODE, Kind.CURRENCY, Kind.QUOTED)


def arguments(query: str, schema: JsonObject, part: str = "") -> list[Argument]:
    """What a query says of each parameter of a tool.

    In this order: a value of the parameter's enumeration; a value with the parameter's name
    beside it ("ZIP code 98765", "300 months"); the only value of the parameter's kind (a date, an
    e-mail address, a currency), where no other parameter takes it; and, for required parameters,
    what is left and of a fitting kind, which is called "perhaps". Secrets are never looked for.

    Parameters
    ----------
    query : str
        In words.
    schema : JsonObject
        JSON Schema of type ``object``.
    part : str
        The sentence that the tool is to answer: looked at first.

    Returns
    -------
    list of Argument
        In the schema's order.

    Examples
    --------
    >>> schema = {"properties": {"zip_code": {"type": "string"}, "date": {"type": "string",
    ...           "format": "date"}, "city": {"type": "string"}, "email": {"type": "string"}},
    ...           "required": ["zip_code", "date", "city", "email"]}
    >>> said = "Will it rain in Oslo, ZIP code 0150, on 2026-05-17?"
    >>> [(one.name, one.found.value, one.value) for one in arguments(said, schema)]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('zip_code', 'given', '0150'), ('date', 'given', '2026-05-17'),
     ('city', 'perhaps', 'Oslo'), ('email', 'missing', None)]
    """
    properties = schema.get("properties")
    required = schema.get("required")
    names = set(required) if isinstance(required, list | tuple) else set()
    wanted = [
        _Wanted(str(name), one if isinstance(one, Mapping) else {}, name in names)
        for name, one in (properties if isinstance(properties, Mapping) else {}).items()
    ]
    before, sentence, after = query.partition(part) if part else ("", "", query)
    for text in (sentence, f"{before}\n{after}"):
        _Matching(text, wanted).run()
    return [one.argument() for one in wanted]


class _Wanted:
    """A parameter while a value is looked for."""

    def __init__(self, name: str, schema: Mapping[str, Any], required: bool) -> None:
        self.name, self.schema, self.required = name, schema, required
        self.words = words(name)
        self.said = {*self.words, *(_SAID[word] for word in self.words if word in _SAID)}
        self.joined = "".join(self.words)
        self.description = str(schema.get("description") or "")
        kinds = schema.get("type")
        self.types = kinds if isinstance(kinds, list) else [kinds or "string"]
        examples = schema.get("examples")
        first = examples[0] if isinstance(examples, list) and examples else None
        self.example = schema.get("default", schema.get("example", first))
        self.specific, self.kinds = self._kinds()
        self.found, self.why = Found.MISSING, ""
        self.value: str | None = None

    def _kinds(self) -> tuple[bool, tuple[Kind, ...]]:
        """Whether the kind of value is settled, and the kinds it may be, the likeliest first."""
        if _SECRET.intersection((*self.words, self.joined)):
            return True, ()
        if {"integer", "number"}.intersection(map(str, self.types)):
            return False, (Kind.NUMBER,)
        if "string" not in self.types:
            return True, ()
        if isinstance(self.schema.get("enum"), list):
            return True, ()
        by_format = _BY_FORMAT.get(str(self.schema.get("format")))
        if by_format:
            return True, by_format
        text = "" if self.example is None else str(self.example).strip("\"' ")
        shape = [one.kind for one in values(text) if one.text == text]
        described = words(self.description)[:_DESCRIBED]
        if not {"zone", "timezone"}.intersection(self.words):
            for word in (*self.words, *(described if shape or not text else ())):
                if word in _BY_WORD and (not shape or shape[0] in _BY_WORD[word]):
                    return True, _BY_WORD[word]
        if {"id", "identifier"}.intersection(self.words):
            return False, _IDENTIFIERS
        if {"abbreviation", "code", "iata", "icao", "iso", "symbol", "ticker"}.intersection(
            (*self.words, *described)
        ):
            return False, tuple(dict.fromkeys((*shape, *_CODES)))
        return False, tuple(dict.fromkeys((*shape, *_TEXTS)))

    def take(self, found: Found, value: str, why: str) -> None:
        self.found, self.value, self.why = found, value, why

    def argument(self) -> Argument:
        return Argument(
            name=self.name,
            type="|".join(map(str, self.types)),
            description=self.description,
            required=self.required,
            found=self.found,
            value=self.value,
            why=self.why,
            example=self.example,
        )


class _Matching:
    """Hands out a query's values to parameters, the surest first, each value once."""

    def __init__(self, query: str, wanted: Sequence[_Wanted]) -> None:
        self.query, self.wanted = query, wanted
        self.free = values(query)

    def run(self) -> None:
        for one in self._open():
            self._enumerated(one)
        self._labelled()
        self._only_of_its_kind()
        self._likely()

    def _open(self) -> list[_Wanted]:
        return [one for one in self.wanted if one.found is Found.MISSING]

    def _give(self, one: _Wanted, value: Value, found: Found, why: str) -> None:
        one.take(found, value.text, why)
        self.free.remove(value)

    def _enumerated(self, one: _Wanted) -> None:
        allowed = one.schema.get("enum")
        if not isinstance(allowed, list):
            return
        padded = f" {' '.join(_plain(self.query))} "
        named = [str(v) for v in allowed if _plain(str(v)) and
                 f" {' '.join(_plain(str(v)))} " in padded]  # fmt: skip
        if named:
            sure = len(named) == 1 and len(named[0]) > 1
            one.take(Found.GIVEN if sure else Found.PERHAPS, max(named, key=len),
                     "one of its allowed values")  # fmt: skip

    def _labelled(self) -> None:
        """Values beside which a parameter's name stands, most of the name first."""
        pairs = [
            (len(named), one, value, named)
            for one in self._open()
            for value in self.free
            if value.kind in _readable(one) and (named := self._named(one, value))
        ]
        for size, one, value, named in sorted(pairs, key=lambda pair: -pair[0]):
            if one.found is Found.MISSING and value in self.free:
                rivals = [pair for pair in pairs if pair[0] == size and pair[2] is value]
                sure = _sure(one, value, named) and len(rivals) == 1
                if sure or one.required:
                    found = Found.GIVEN if sure else Found.PERHAPS
                    self._give(one, value, found, "named beside it")

    def _named(self, one: _Wanted, value: Value) -> set[str]:
        """Words of a parameter's name that stand beside a value."""
        before = words(self.query[max(0, value.start - 60) : value.start])[-_BEFORE:]
        last = [word for word in before if word not in _LINKS]
        named = set(one.words) if one.joined in ("".join(last[-2:]), *last[-1:]) else set()
        fillers = _FILLERS | ({"of"} if value.kind is Kind.NUMBER else set())
        while before and (before[-1] in one.said or before[-1] in fillers):
            word = before.pop()
            if word in one.said:
                named.add(word)
        after = self.query[value.end : value.end + 30]
        unit = re.match(r"[ -]([^\W_]+)(?![\w/])", after)
        if value.kind is Kind.NUMBER and unit:
            named.update(word for word in words(unit[1]) if word in one.said)
        return named

    def _only_of_its_kind(self) -> None:
        for one in self._open():
            if not one.specific:
                continue
            fitting = [value for value in self.free if value.kind in one.kinds]
            rivals = [
                other
                for other in self._open()
                if other is not one and other.specific and set(other.kinds) & set(one.kinds)
                and (other.required or not one.required)
            ]  # fmt: skip
            if len(fitting) == 1 and not rivals:
                self._give(one, fitting[0], Found.GIVEN, f"the only {fitting[0].kind}")

    def _likely(self) -> None:
        """What is left, for required parameters, likeliest kind first, in the query's order."""
        for one in self._open():
            for kind in one.kinds if one.required else ():
                fitting = [value for value in self.free if value.kind is kind]
                if fitting:
                    self._give(one, fitting[0], Found.PERHAPS, f"a value of its kind: {kind}")
                    break


def _sure(one: _Wanted, value: Value, named: set[str]) -> bool:
    """Whether the words beside a value can mean no other parameter, and the value's kind fits."""
    if value.kind is Kind.NAME and Kind.NAME not in one.kinds:
        return False
    telling = named - _GENERIC - _PREPOSITIONS
    return (
        named.issuperset(one.words)
        or (bool(telling) and 2 * len(named) >= len(one.words))
        or (one.specific and bool(named))
    )


def _readable(one: _Wanted) -> tuple[Kind, ...]:
    """Kinds that a value may have when its parameter's name stands beside it."""
    if not one.kinds or one.specific or one.kinds == (Kind.NUMBER,):
        return one.kinds
    return tuple(kind for kind in Kind if kind not in (Kind.DATE, Kind.DATE_TIME, Kind.TIME))


def _plain(text: str) -> list[str]:
    return words(text.casefold())
