"""How well arguments are filled in, by where their values have to come from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import ToolCall, ToolSpec
from toolgrove.evaluators.matching import (
    declared,
    filled,
    fits,
    left_open,
    number_of,
    pairs_of,
    same_value,
)

__all__ = ["KINDS", "bounded", "by_kind", "kind_of", "spoken_of"]

KINDS = ("literal", "enum", "result", "ask")
"""Where a value comes from: the request's words, the schema's choices, an earlier result, or
somebody who has to be asked for it."""
_FIGURE = re.compile(r"(?<![\w.])[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")


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
    right = pairs_of(wanted, made, lambda expected, call: fits(expected, call, known))
    pairs = right | _nearest(wanted, made, right, known)
    whole = set(right.values())
    found: dict[str, dict[str, int]] = {}
    for place, expected in enumerate(wanted):
        spec = known.get(expected.name)
        call = made[pairs[place]] if place in pairs else None
        given = filled(call.arguments, spec) if call is not None else {}
        for name, values in expected.arguments.items():
            unsaid = call is None or call.arguments.get(name) is None
            if expected.ask or (unsaid and left_open(expected, name)):
                continue
            schema = declared(spec).get(name)
            kind = kind_of(values, schema, query, leads=_leads(expected, place))
            same = name in given and any(same_value(value, given[name]) for value in values)
            _count(found, kind, same)
        for name in expected.ask:
            invented = any(
                call.name == expected.name and call.arguments.get(name) is not None
                for j, call in enumerate(made)
                if j not in whole
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
    """Whether a request names a value, as a word or a number of its own; of a list every item.

    Examples
    --------
    >>> spoken_of("OSL", "From OSL to LHR?"), spoken_of(5, "Add 5.0 and 7"), spoken_of("a", "air")
    (True, True, False)
    >>> spoken_of(5, "It costs 5.50."), spoken_of(1000, "1,000 km"), spoken_of(12, "At 12.")
    (False, True, True)
    """
    if isinstance(value, Mapping):
        return all(spoken_of(part, query) for part in value.values())
    if isinstance(value, list | tuple):
        return all(spoken_of(part, query) for part in value)
    if number_of(value) is not None:
        numbers = (found.replace(",", "") for found in _FIGURE.findall(query))
        return any(same_value(value, one) for one in numbers)
    return re.search(bounded(str(value).strip().casefold()), query.casefold()) is not None


def bounded(text: str) -> str:
    """A pattern for a text that is no part of a longer word or number."""
    return rf"(?<![\w.]){re.escape(text)}(?!\w|\.\d)"


def _nearest(
    wanted: Sequence[ExpectedCall],
    made: Sequence[ToolCall],
    right: Mapping[int, int],
    specs: Mapping[str, ToolSpec],
) -> dict[int, int]:
    """For expected calls without a right one the nearest one made, the nearest pairs first."""
    near = sorted(
        (-_shared(expected, call, specs), i, j)
        for i, expected in enumerate(wanted)
        for j, call in enumerate(made)
        if call.name == expected.name and not expected.ask
    )
    pairs: dict[int, int] = {}
    taken = set(right.values())
    for _, i, j in near:
        if i not in right and i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def _shared(expected: ExpectedCall, call: ToolCall, specs: Mapping[str, ToolSpec]) -> int:
    given = filled(call.arguments, specs.get(call.name))
    return sum(
        name in given and any(same_value(value, given[name]) for value in values)
        for name, values in expected.arguments.items()
    )
