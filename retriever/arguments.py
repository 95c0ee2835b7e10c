"""Which of a tool's parameters a query gives, word for word, and which are missing.

Nothing is invented: a value is a stretch of the query, or a value of the parameter's enumeration
that the query names. What is only likely is called so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from toolgrove.data.records import JsonObject
from toolgrove.retriever.parameters import GENERIC, ValueParameter, parameters
from toolgrove.retriever.values import Value, ValueKind, listed, values, words

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
    name, description : str
        As the schema has them.
    type : str
        Its JSON types, with ``|`` between them; empty where the schema does not say.
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


_PREPOSITIONS = frozenset({"from", "to"})
_FILLERS = listed(
    "a address an are as being by called code equal id is key my name named number our the titled "
    "to value was your"
)
"""Words that may stand between a parameter's name and its value."""
_LINKS = listed("is of the")
_BEFORE = 6
"""Words before a value that may name its parameter."""
_NEAR = 60
"""Characters that these words are looked for in."""


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
    wanted = parameters(schema)
    found = {
        one.name: Argument(
            one.name, "|".join(one.types), one.description, one.required, example=one.example
        )
        for one in wanted
    }
    before, sentence, after = query.partition(part) if part else ("", "", query)
    for text in (sentence, f"{before}\n{after}"):
        missing = [one for one in wanted if found[one.name].found is Found.MISSING]
        for name, given in _Matching(text, missing).run().items():
            found[name] = replace(found[name], found=given.found, value=given.value, why=given.why)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Given:
    found: Found
    value: str
    why: str


class _Matching:
    """Hands out a text's values to parameters, the surest first, each value once."""

    def __init__(self, text: str, wanted: Sequence[ValueParameter]) -> None:
        self.text, self.wanted = text, wanted
        self.free = values(text)
        self.beside = {value: _beside(text, value) for value in self.free}
        self.given: dict[str, _Given] = {}

    def run(self) -> dict[str, _Given]:
        self._enumerated()
        self._labelled()
        self._only_of_its_kind()
        self._likely()
        return self.given

    def _open(self) -> list[ValueParameter]:
        return [one for one in self.wanted if one.name not in self.given]

    def _give(self, one: ValueParameter, value: Value, found: Found, why: str) -> None:
        self.given[one.name] = _Given(found, value.text, why)
        self.free.remove(value)

    def _enumerated(self) -> None:
        """Allowed values that the text names in whole words; one of them is sure."""
        padded = f" {_plain(self.text)} "
        for one in self._open():
            named = [v for v in one.enum if _plain(v) and f" {_plain(v)} " in padded]
            if named:
                sure = len(named) == 1 and len(named[0]) > 1
                found = Found.GIVEN if sure else Found.PERHAPS
                self.given[one.name] = _Given(
                    found, max(named, key=len), "one of its allowed values"
                )

    def _labelled(self) -> None:
        """Values beside which a parameter's name stands, most of the name first."""
        pairs = [
            (one, value, named)
            for one in self._open()
            for value in self.free
            if value.kind in _readable(one) and (named := self._named(one, value))
        ]
        for one, value, named in sorted(pairs, key=lambda pair: -len(pair[2])):
            if one.name in self.given or value not in self.free:
                continue
            rivals = sum(v is value and len(n) == len(named) for _, v, n in pairs) - 1
            sure = not rivals and _sure(one, value, named)
            if sure or one.required:
                found = Found.GIVEN if sure else Found.PERHAPS
                self._give(one, value, found, "named beside it")

    def _named(self, one: ValueParameter, value: Value) -> set[str]:
        """Words of a parameter's name that stand beside a value."""
        before, unit = self.beside[value]
        last = [word for word in before if word not in _LINKS]
        whole = "".join(one.words) in ("".join(last[-2:]), *last[-1:])
        named = set(one.words) if whole else set()
        of = value.kind is ValueKind.NUMBER
        for word in reversed(before):
            if word in one.said:
                named.add(word)
            elif word not in _FILLERS and not (of and word == "of"):
                break
        return named | one.said.intersection(unit)

    def _only_of_its_kind(self) -> None:
        """The only value of the one kind that a parameter takes, where no other needs it too."""
        for one in self._open():
            fitting = [value for value in self.free if one.specific and value.kind in one.kinds]
            rivals = [
                other
                for other in self._open()
                if other is not one
                and other.specific
                and set(other.kinds).intersection(one.kinds)
                and (other.required or not one.required)
            ]
            if len(fitting) == 1 and not rivals:
                self._give(one, fitting[0], Found.GIVEN, f"the only {fitting[0].kind}")

    def _likely(self) -> None:
        """What is left, for required parameters, likeliest kind first, in the text's order."""
        for one in self._open():
            left = [v for kind in one.kinds for v in self.free if v.kind is kind]
            if one.required and left:
                why = f"a value of its kind: {left[0].kind}"
                self._give(one, left[0], Found.PERHAPS, why)


def _beside(text: str, value: Value) -> tuple[list[str], list[str]]:
    """Words before a value, and behind a number the word that may be its unit."""
    before = words(text[max(0, value.start - _NEAR) : value.start])[-_BEFORE:]
    unit = re.match(r"[ -]([^\W_]+)(?![\w/])", text[value.end : value.end + _NEAR])
    return before, words(unit[1]) if unit and value.kind is ValueKind.NUMBER else []


def _sure(one: ValueParameter, value: Value, named: set[str]) -> bool:
    """Whether the words beside a value mean this parameter, and the value's kind fits."""
    if value.kind is ValueKind.NAME and ValueKind.NAME not in one.kinds:
        return False
    telling = named - GENERIC - _PREPOSITIONS
    return (
        named.issuperset(one.words)
        or (bool(telling) and 2 * len(named) >= len(one.words))
        or (one.specific and bool(named))
    )


def _readable(one: ValueParameter) -> tuple[ValueKind, ...]:
    """Kinds that a value may have when its parameter's name stands beside it."""
    if not one.kinds or one.specific or one.kinds == (ValueKind.NUMBER,):
        return one.kinds
    return tuple(
        kind
        for kind in ValueKind
        if kind not in (ValueKind.DATE, ValueKind.DATE_TIME, ValueKind.TIME)
    )


def _plain(text: str) -> str:
    return " ".join(words(text.casefold()))
