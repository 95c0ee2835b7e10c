"""When two argument values are the same, when a call is the expected one, and how many are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    "left_open",
    "matched",
    "number_of",
    "pairings",
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
    """Whether two calls are of one tool and say the same, one that cannot be read to the letter."""
    if one.name != other.name or one.malformed != other.malformed:
        return False
    return same_value(dict(one.arguments), dict(other.arguments))


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
        if call.arguments.get(name) is None and left_open(expected, name):
            continue
        if name not in given or not any(same_value(value, given[name]) for value in values):
            return False
    return all(
        name in expected.arguments or (name in defaults and same_value(value, defaults[name]))
        for name, value in given.items()
    )


def left_open(expected: ExpectedCall, name: str) -> bool:
    """Whether a call may leave an argument out, or give null, whatever the schema's default."""
    return name in expected.optional or None in expected.arguments.get(name, ())


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


def pairings(
    wanted: Sequence[L], made: Sequence[R], same: Callable[[L, R], bool]
) -> Iterator[dict[int, int]]:
    """The ways to pair as much of both sides as can be: positions of ``made`` by ``wanted``'s.

    Largest matchings in a bipartite graph (Hopcroft and Karp, 1973, SIAM J. Comput. 2): one call
    may fit several expected ones. They come in an order that hangs on positions alone, the pairs
    of the earliest first, so that what is in the same order on both sides is paired so.

    Examples
    --------
    >>> two = [{"a", "b"}, {"a", "b"}]
    >>> list(pairings(two, ["a", "b"], lambda right, made: made in right))
    [{0: 0, 1: 1}, {0: 1, 1: 0}]
    """
    fit = [[j for j, one in enumerate(made) if same(right, one)] for right in wanted]
    sole = [row[0] for row in fit if row]
    if len(set(sole)) == sum(map(len, fit)):  # no choice anywhere
        yield {i: row[0] for i, row in enumerate(fit) if row}
    else:
        yield from _paired(fit, 0, frozenset(), _largest(fit))


def _paired(
    fit: Sequence[Sequence[int]], at: int, taken: frozenset[int], need: int
) -> Iterator[dict[int, int]]:
    """The ways to make ``need`` pairs of the rows from ``at`` on."""
    if at == len(fit):
        yield {}
        return
    for j in fit[at]:
        if j not in taken and _largest(fit[at + 1 :], taken | {j}) == need - 1:
            yield from ({at: j, **rest} for rest in _paired(fit, at + 1, taken | {j}, need - 1))
    if _largest(fit[at + 1 :], taken) == need:
        yield from _paired(fit, at + 1, taken, need)


def _largest(fit: Sequence[Sequence[int]], taken: frozenset[int] = frozenset()) -> int:
    """How many rows can have a number of their own."""
    import networkx as nx

    graph = nx.Graph()
    top = [("wanted", i) for i in range(len(fit))]
    graph.add_nodes_from(top)
    graph.add_edges_from(
        (("wanted", i), ("made", j)) for i, row in enumerate(fit) for j in row if j not in taken
    )
    return len(nx.bipartite.hopcroft_karp_matching(graph, top)) // 2


def pairs_of(
    wanted: Sequence[L], made: Sequence[R], same: Callable[[L, R], bool]
) -> dict[int, int]:
    """The first of the ways to pair both sides (:func:`pairings`).

    Examples
    --------
    >>> pairs_of([{"a", "b"}, {"a"}], ["a", "b"], lambda right, made: made in right)
    {0: 1, 1: 0}
    """
    return next(pairings(wanted, made, same))


def matched(wanted: Sequence[L], made: Sequence[R], same: Callable[[L, R], bool]) -> int:
    """How many of both sides can be paired (:func:`pairings`)."""
    return _largest([[j for j, one in enumerate(made) if same(right, one)] for right in wanted])


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
