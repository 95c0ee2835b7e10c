"""How well arguments are filled in, by where their values have to come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import ToolCall, ToolSpec
from toolgrove.evaluators.matching import declared, filled, fits, pairs_of, same_value

__all__ = ["KINDS", "by_kind", "kind_of", "spoken_of"]

KINDS = ("literal", "enum", "result", "ask")
"""Where a value comes from: the request's words, the schema's choices, an earlier result, or
somebody who has to be asked for it."""


def by_kind(
    wanted: Sequence[ExpectedCall],
    made: Sequence[ToolCall],
    query: str,
    specs: Mapping[str, ToolSpec] | None = None,
) -> dict[str, dict[str, int]]:
    """How many expected arguments were filled in right, by kind.

    Parameters
    ----------
    wanted : sequence of ExpectedCall
        The right calls. What they leave open is not counted, nor what else a call takes that must
        not be made yet.
    made : sequence of ToolCall
        The calls that were made. Each counts for one expected call of its tool at most: the one
        that it fits, else the one with which it shares most arguments.
    query : str
        The request, which tells the literals.
    specs : mapping or None
        Tools by id.

    Returns
    -------
    dict
        ``right`` and ``of`` by kind, for the kinds that occur. An argument that has to be asked for
        is right where no call gives it a value.

    Notes
    -----
    The kinds of ShortcutsBench (Shen et al., 2025, ICLR, arXiv:2407.00132), which tells primitive
    values, enumerations, outputs of earlier actions and input to be asked for.

    Examples
    --------
    >>> wanted = [ExpectedCall("far", {"a": ("OSL",), "b": ("LHR",)})]
    >>> by_kind(wanted, [ToolCall("1", "far", {"a": "OSL", "b": "JFK"})], "From OSL to LHR?")
    {'literal': {'right': 1, 'of': 2}}
    """
    known = specs or {}
    pairs = _paired(wanted, made, known)
    found: dict[str, dict[str, int]] = {}
    for place, expected in enumerate(wanted):
        spec = known.get(expected.name)
        call = made[pairs[place]] if place in pairs else None
        given = filled(call.arguments, spec) if call is not None else {}
        for name, values in expected.arguments.items():
            if expected.ask or (name in expected.optional and name not in given):
                continue
            schema = declared(spec).get(name)
            kind = kind_of(values, schema, query, leads=_leads(expected, place))
            right = name in given and any(same_value(value, given[name]) for value in values)
            _count(found, kind, right)
        for name in expected.ask:
            invented = any(
                call.name == expected.name and call.arguments.get(name) is not None for call in made
            )
            _count(found, "ask", not invented)
    return found


def _count(found: dict[str, dict[str, int]], kind: str, right: bool) -> None:
    counts = found.setdefault(kind, {"right": 0, "of": 0})
    counts["right"] += right
    counts["of"] += 1


def _leads(expected: ExpectedCall, place: int) -> bool:
    """Whether nothing before a call can have told it anything."""
    return place == 0 if expected.needs is None else not expected.needs


def kind_of(
    values: Sequence[Any], schema: Any = None, query: str = "", *, leads: bool = False
) -> str:
    """The kind of an argument with these right values: ``enum``, ``literal`` or ``result``.

    Parameters
    ----------
    values : sequence
        Its right values.
    schema : JSON Schema or None
        What the tool says of it: a parameter with ``enum``, or a boolean, is an enumeration.
    query : str
        The request: a value that it names is a literal.
    leads : bool
        Whether no call comes before, so that the value cannot be a result.

    Examples
    --------
    >>> kind_of(["km"], {"enum": ["km", "mi"]}), kind_of([7], None, "Note 7?"), kind_of(["x"])
    ('enum', 'literal', 'result')
    """
    if isinstance(schema, Mapping) and ("enum" in schema or schema.get("type") == "boolean"):
        return "enum"
    if leads or any(spoken_of(value, query) for value in values):
        return "literal"
    return "result"


def spoken_of(value: Any, query: str) -> bool:
    """Whether a request names a value, as a word of its own; of a list every item.

    Examples
    --------
    >>> spoken_of("OSL", "From OSL to LHR?"), spoken_of(5, "Add 5.0 and 7"), spoken_of("a", "air")
    (True, True, False)
    """
    if isinstance(value, Mapping):
        return all(spoken_of(part, query) for part in value.values())
    if isinstance(value, list | tuple):
        return all(spoken_of(part, query) for part in value)
    text, said = str(value).strip().casefold(), query.casefold()
    at = said.find(text)
    while at >= 0:
        around = said[max(at - 1, 0) : at] + said[at + len(text) : at + len(text) + 1]
        if not any(letter.isalnum() for letter in around):
            return True
        at = said.find(text, at + 1)
    return any(same_value(value, word.strip(".,;:?!()'\"")) for word in query.split())


def _paired(
    wanted: Sequence[ExpectedCall], made: Sequence[ToolCall], specs: Mapping[str, ToolSpec]
) -> dict[int, int]:
    """For each expected call the one that was made for it, where there is one."""
    pairs = pairs_of(wanted, made, lambda expected, call: fits(expected, call, specs))
    free = [j for j in range(len(made)) if j not in pairs.values()]
    for i, expected in enumerate(wanted):
        alike = [j for j in free if made[j].name == expected.name]
        if alike and i not in pairs and not expected.ask:
            pairs[i] = max(alike, key=lambda j: (_shared(expected, made[j], specs), -j))
            free.remove(pairs[i])
    return pairs


def _shared(expected: ExpectedCall, call: ToolCall, specs: Mapping[str, ToolSpec]) -> int:
    given = filled(call.arguments, specs.get(call.name))
    return sum(
        name in given and any(same_value(value, given[name]) for value in values)
        for name, values in expected.arguments.items()
    )
