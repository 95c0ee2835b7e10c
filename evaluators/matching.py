"""When two argument values are the same, when a call is the expected one, and how many are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import JsonObject, Reference, ToolCall, ToolSpec

__all__ = [
    "agreement",
    "declared",
    "expected_sets",
    "filled",
    "fits",
    "matched",
    "number_of",
    "pairs_of",
    "same_call",
    "same_calls",
    "same_value",
]

L = TypeVar("L")
R = TypeVar("R")

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_CLOSE = Decimal("1e-9")


def same_value(one: Any, other: Any) -> bool:
    """Whether two JSON values say the same.

    Numbers are compared as numbers, also where a text is one (``"02139"`` is none). Whole numbers
    are the same where they are equal; where a fraction is involved, a billionth of the larger is
    let go, which floating-point sums need. Texts are the same whatever their case and outer space,
    booleans and the words for them too, but ``true`` is not 1. A key that holds null is left out.
    The order of a list counts, that of an object's keys does not.

    Examples
    --------
    >>> same_value(0.1 + 0.2, 0.3), same_value(1, 1.0), same_value("5", 5), same_value(True, 1)
    (True, True, True, False)
    >>> same_value({"n": "5", "on": True}, {"on": "true", "n": 5.0, "x": None})
    True
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        left, right = _given(one), _given(other)
        return left.keys() == right.keys() and all(same_value(left[k], right[k]) for k in left)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, Mapping | list | tuple) or isinstance(other, Mapping | list | tuple):
        return False
    if one is None or other is None:
        return one is other
    left_number, right_number = number_of(one), number_of(other)
    if left_number is None or right_number is None:
        return left_number is right_number and _text(one) == _text(other)
    return _same_number(left_number, right_number)


def _given(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(k): v for k, v in value.items() if v is not None}


def _text(value: Any) -> str:
    return str(value).strip().casefold()


def number_of(value: Any) -> Decimal | None:
    """The number that a value is or is written as; None of anything else."""
    text = "" if isinstance(value, bool) else str(value).strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _same_number(one: Decimal, other: Decimal) -> bool:
    if one == other:
        return True
    whole = one == one.to_integral_value() and other == other.to_integral_value()
    return not whole and abs(one - other) <= _CLOSE * max(abs(one), abs(other))


def same_call(one: ToolCall, other: ToolCall) -> bool:
    """Whether two calls are of one tool and say the same."""
    return one.name == other.name and same_value(dict(one.arguments), dict(other.arguments))


def same_calls(one: Sequence[ToolCall], other: Sequence[ToolCall]) -> bool:
    """Whether two runs made the same set of calls, in any order and each however often."""
    return _within(one, other) and _within(other, one)


def _within(one: Sequence[ToolCall], other: Sequence[ToolCall]) -> bool:
    return all(any(same_call(call, there) for there in other) for call in one)


def expected_sets(reference: Reference | None) -> tuple[tuple[ExpectedCall, ...], ...]:
    """The sets of right calls of a reference: ``calls`` are one set of one value an argument.

    Examples
    --------
    >>> expected_sets(Reference("number", 1, calls=(ToolCall("1", "far", {"a": "OSL"}),)))
    ((ExpectedCall(name='far', arguments={'a': ('OSL',)}, optional=(), ask=(), needs=None),),)
    """
    if reference is None:
        return ()
    if reference.call_sets or not reference.calls:
        return reference.call_sets
    return (
        tuple(
            ExpectedCall(call.name, {k: (v,) for k, v in _given(call.arguments).items()})
            for call in reference.calls
        ),
    )


def fits(
    expected: ExpectedCall, call: ToolCall, specs: Mapping[str, ToolSpec] | None = None
) -> bool:
    """Whether a call is the expected one: the same tool, and a right value for every argument.

    Parameters
    ----------
    expected : ExpectedCall
        What is right.
    call : ToolCall
        What was called, by the tool's id.
    specs : mapping or None
        Tools by id: what is left out equals the schema's default.

    Notes
    -----
    The rule of BFCL's AST check (Patil et al., 2025, "The Berkeley Function Calling Leaderboard",
    ICML), with values compared by :func:`same_value` instead of by Python types.

    Examples
    --------
    >>> far = ExpectedCall("far", {"to": ("London", "LHR"), "unit": ("km",)}, optional=("unit",))
    >>> [fits(far, ToolCall("1", "far", a)) for a in ({"to": "LHR"}, {"to": "LHR", "unit": "mi"})]
    [True, False]
    """
    if expected.name != call.name or expected.ask or call.malformed is not None:
        return False
    spec = (specs or {}).get(call.name)
    given, defaults = filled(call.arguments, spec), filled({}, spec)
    for name, values in expected.arguments.items():
        if name in given:
            if not any(same_value(value, given[name]) for value in values):
                return False
        elif name not in expected.optional and None not in values:
            return False
    return all(
        name in expected.arguments or (name in defaults and same_value(value, defaults[name]))
        for name, value in given.items()
    )


def declared(spec: ToolSpec | None) -> Mapping[str, Any]:
    """The schemas of a tool's parameters by name; empty where nothing is known."""
    found = spec.parameters.get("properties", {}) if spec is not None else {}
    return found if isinstance(found, Mapping) else {}


def filled(arguments: JsonObject, spec: ToolSpec | None) -> dict[str, Any]:
    """The arguments with the defaults of what was left out; null is left out."""
    defaults = {
        name: schema["default"]
        for name, schema in declared(spec).items()
        if isinstance(schema, Mapping) and schema.get("default") is not None
    }
    return {**defaults, **_given(arguments)}


def pairs_of(
    wanted: Sequence[L], made: Sequence[R], same: Callable[[L, R], bool]
) -> dict[int, int]:
    """As many pairs as there can be, each side in one pair: positions of ``made`` by ``wanted``'s.

    A largest matching in a bipartite graph (Hopcroft and Karp, 1973, SIAM J. Comput. 2). It is
    needed because one call may fit several expected ones.

    Examples
    --------
    >>> pairs_of([{"a", "b"}, {"a"}], ["a", "b"], lambda right, made: made in right)
    {0: 1, 1: 0}
    """
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(("wanted", i) for i in range(len(wanted)))
    graph.add_edges_from(
        (("wanted", i), ("made", j))
        for i, one in enumerate(wanted)
        for j, other in enumerate(made)
        if same(one, other)
    )
    top = [("wanted", i) for i in range(len(wanted))]
    found = nx.bipartite.hopcroft_karp_matching(graph, top)
    return {i: found["wanted", i][1] for i in range(len(wanted)) if ("wanted", i) in found}


def matched(wanted: Sequence[L], made: Sequence[R], same: Callable[[L, R], bool]) -> int:
    """How many of both sides can be paired (:func:`pairs_of`)."""
    return len(pairs_of(wanted, made, same))


def agreement(both: int, wanted: int, made: int) -> dict[str, float]:
    """Precision, recall and F1 (van Rijsbergen, 1979) from three counts.

    Nothing made where nothing was wanted is right.

    Examples
    --------
    >>> agreement(1, 3, 2)
    {'precision': 0.5, 'recall': 0.3333333333333333, 'f1': 0.4}
    >>> agreement(0, 0, 0)["f1"], agreement(0, 0, 2)["f1"]
    (1.0, 0.0)
    """
    right = float(wanted == made == 0)
    return {
        "precision": both / made if made else right,
        "recall": both / wanted if wanted else right,
        "f1": 2 * both / (wanted + made) if wanted or made else right,
    }
