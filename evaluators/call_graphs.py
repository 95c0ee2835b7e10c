"""Calls as a graph: which uses what another gave, and which must not overtake another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import Effect, ToolCall, ToolSpec
from toolgrove.errors import UnscorableReference
from toolgrove.evaluators.made import MadeCalls
from toolgrove.evaluators.matching import declared, fits, number_of, pairings, same_value
from toolgrove.evaluators.parameters import bounded, kind_of

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["expected_graphs", "made_graph", "value_needs", "write_order"]

_ITEMS = re.compile(r"\s*[,;|]\s*")
_WORD = 3
"""Characters from which a text is told from chance inside another."""
WAYS = 50
"""How many ways to tell calls apart that are alike are looked at."""


def made_graph(
    made: MadeCalls, query: str, specs: Mapping[str, ToolSpec], *, by_word: bool = True
) -> nx.DiGraph[int]:
    """The graph of the calls that a run made.

    Nodes are positions, with the call as ``call``. An edge ``(i, j)`` says that ``j`` uses what
    ``i`` gave, by its values (:func:`value_needs`) or the planner's word, or that it must not
    overtake it (:func:`write_order`). Without ``by_word`` the planner's word does not count.
    """
    needs = value_needs(
        [_alone(call) for call in made.calls], [o.content for o in made.observations], query, specs
    )
    order = write_order([call.name for call in made.calls], specs)
    told = made.needs if by_word else frozenset()
    return _graph(made.calls, needs | told | order, strict=False)


def expected_graphs(
    wanted: Sequence[ExpectedCall], made: MadeCalls, query: str, specs: Mapping[str, ToolSpec]
) -> Iterator[nx.DiGraph[int]]:
    """The graph of a set of right calls, without those that must not be made yet.

    Where the reference does not say what a call needs, its values tell, as they do for the calls
    that were made. The values and the result of an expected call are those of the run, where it
    made it. Where calls are alike there are several ways to tell which was which, and a graph for
    each: ``WAYS`` at most.

    Raises
    ------
    UnscorableReference
        Where the reference's calls need each other in a circle, or one that is not there.
    """
    told = {(i, j) for j, one in enumerate(wanted) for i in one.needs or ()}
    if not all(0 <= i < len(wanted) for i, _ in told):
        raise UnscorableReference(
            f"a reference's call needs one that is not there: give positions below {len(wanted)}."
        )
    kept = [i for i, one in enumerate(wanted) if not one.ask]
    order = write_order([wanted[i].name for i in kept], specs)
    told |= {(kept[i], kept[j]) for i, j in order}
    ways = pairings(wanted, made.calls, lambda expected, call: fits(expected, call, specs))
    for pairs in islice(ways, WAYS):
        calls = [
            _alone(made.calls[pairs[i]]) if i in pairs else one for i, one in enumerate(wanted)
        ]
        gave = [
            made.observations[pairs[i]].content if i in pairs else "" for i in range(len(wanted))
        ]
        found = value_needs(calls, gave, query, specs)
        unsaid = {(i, j) for i, j in found if wanted[j].needs is None}
        graph = _graph(wanted, told | unsaid, strict=True)
        graph.remove_nodes_from(set(graph) - set(kept))
        yield graph


def _graph(
    calls: Sequence[ToolCall | ExpectedCall], edges: Iterable[tuple[int, int]], *, strict: bool
) -> nx.DiGraph[int]:
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from((i, {"call": call}) for i, call in enumerate(calls))
    graph.add_edges_from(edges)
    if not nx.is_directed_acyclic_graph(graph):
        if strict:
            raise UnscorableReference(
                "a reference's calls need each other in a circle: mend their `needs`."
            )
        graph.remove_edges_from([(i, j) for i, j in graph.edges if i >= j])
    return graph


def _alone(call: ToolCall) -> ExpectedCall:
    return ExpectedCall(call.name, {k: (v,) for k, v in call.arguments.items()})


def write_order(names: Sequence[str], specs: Mapping[str, ToolSpec]) -> set[tuple[int, int]]:
    """Which calls must not overtake each other: those of one tool family after a write of it.

    A family is a tool of a category, what it writes another call of it may see. Two reads of it may
    change places, and so may writes of two families.

    Examples
    --------
    >>> specs = {
    ...     "add": ToolSpec("add", "Office", "notes", "add", effect=Effect.WRITE),
    ...     "list": ToolSpec("list", "Office", "notes", "list"),
    ... }
    >>> sorted(write_order(["add", "add", "list", "list"], specs))
    [(0, 1), (1, 2), (1, 3)]
    """
    last: dict[tuple[str, str], int] = {}
    order = set()
    for place, name in enumerate(names):
        spec = specs.get(name)
        if spec is None:
            continue
        family = spec.category, spec.tool
        if family in last:
            order.add((last[family], place))
        if spec.effect is Effect.WRITE:
            last[family] = place
    return order


def value_needs(
    calls: Sequence[ExpectedCall],
    results: Sequence[str],
    query: str,
    specs: Mapping[str, ToolSpec],
) -> set[tuple[int, int]]:
    """Which calls use what earlier ones gave, read from their values.

    Call ``j`` needs ``i`` where a value of its arguments stands in what ``i`` gave and not in the
    request; or of a longer text one of the items that it lists, or a word that holds a digit. What
    the schema lets choose, and its defaults, come from nowhere.

    Parameters
    ----------
    calls : sequence of ExpectedCall
        In their order.
    results : sequence of str
        What each gave; empty where that is not known.
    query : str
        The request.
    specs : mapping
        Tools by id.

    Examples
    --------
    >>> calls = [ExpectedCall("find"), ExpectedCall("read", {"id": (417,)})]
    >>> value_needs(calls, ['{"hits": [{"id": 417}]}', "…"], "Read me the note.", {})
    {(0, 1)}
    """
    gave = [_Leaves(text) for text in results]
    found = set()
    for j, call in enumerate(calls):
        for name, values in call.arguments.items():
            schema = declared(specs.get(call.name)).get(name)
            default = schema.get("default") if isinstance(schema, Mapping) else None
            pieces = [piece for value in values for piece in _pieces(value)]
            if any(same_value(value, default) for value in values):
                continue
            fed = [piece for piece in pieces if kind_of([piece], schema, query) == "result"]
            found |= {(i, j) for i in range(j) for piece in fed if gave[i].hold(piece)}
    return found


def _pieces(value: Any) -> Iterator[Any]:
    """The texts and numbers in a value; of a text its items, and its words that hold a digit."""
    for leaf in _leaves(value):
        if leaf is None or isinstance(leaf, bool):
            continue
        yield leaf
        if isinstance(leaf, str):
            items = _ITEMS.split(leaf.strip())
            yield from (item for item in items if len(items) > 1 and _tells(item))
            words = (word.strip(".,;:!?()'\"") for word in leaf.split())
            yield from (word for word in words if any(map(str.isdigit, word)))


def _tells(item: str) -> bool:
    return len(item) >= _WORD or number_of(item) is not None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


class _Leaves:
    """What a result holds, as JSON where it is that."""

    def __init__(self, text: str) -> None:
        try:
            parsed = codec.loads(text)
        except ValueError:
            parsed = None
        leaves = [leaf for leaf in _leaves(parsed) if not isinstance(leaf, bool)]
        self._keys = {_key(leaf) for leaf in leaves}
        told = (leaf for leaf in leaves if isinstance(leaf, str))
        self._text = "\n".join((text, *told)).casefold()  # JSON may hold a text's letters escaped

    def hold(self, value: Any) -> bool:
        key = _key(value)
        if key in self._keys:
            return True
        text = str(value).strip().casefold()
        return len(text) >= _WORD and re.search(bounded(text), self._text) is not None


def _key(value: Any) -> str | Decimal:
    number = number_of(value)
    return str(value).strip().casefold() if number is None else number
