"""A way to a success as rounds of calls that need nothing of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolgrove.data.pairs.checks import Checks
from toolgrove.data.pairs.corrections import leaves, stands
from toolgrove.data.pairs.facts import call_key
from toolgrove.data.pairs.solved import folded, text_of
from toolgrove.data.records import CONTROLS, Node, Observation, ToolCall
from toolgrove.data.tree import SearchTree

__all__ = ["RoundCall", "Rounds", "rounds"]


@dataclass(frozen=True, slots=True)
class RoundCall:
    """A call of a path: as it was written and as it was made, what it gave, and what it needs."""

    written: ToolCall
    made: ToolCall
    gave: Observation
    needs: tuple[int, ...]
    round: int


@dataclass(frozen=True, slots=True)
class Rounds:
    """A success as rounds of calls that need nothing of each other."""

    tree: SearchTree
    success: Node
    calls: tuple[RoundCall, ...]

    @property
    def count(self) -> int:
        """How many rounds there are."""
        return max((one.round for one in self.calls), default=-1) + 1


def rounds(checks: Checks, success: Node) -> Rounds:
    """The calls on the way to a success, each in the first round in which it could be made.

    A call needs an earlier one where an argument stands in its result and not in the request or
    the tools. A value that stands nowhere may have been worked out of all that was seen, so such a
    call needs all before it; and so do a write, and what comes after one.

    Notes
    -----
    Divide-Then-Aggregate (Zhu et al., 2025) has a model judge what needs what.
    """
    tree = checks.branches.tree
    path = folded(checks, tree.path(success.id))
    request = f"{text_of(path[:1])}\n{checks.branches.known.tools_text}"
    found: list[RoundCall] = []
    results: list[str] = []
    writes: list[bool] = []
    for node in path[1:]:
        facts = checks.branches.known.of(node)
        said = [call for message in node.messages for call in message.calls]
        for as_said, made, gave in zip(said, node.calls, node.observations, strict=False):
            if made.name in CONTROLS or call_key(made) not in facts.gained:
                continue
            needs = _needed(made, request, results)
            last = max((place for place, wrote in enumerate(writes) if wrote), default=None)
            if facts.writes:
                needs = tuple(range(len(found)))
            elif last is not None:
                needs = tuple(sorted({*needs, last}))
            level = max((found[place].round + 1 for place in needs), default=0)
            found.append(RoundCall(as_said, made, gave, needs, level))
            results.append(gave.content.casefold())
            writes.append(facts.writes)
    return Rounds(tree, success, tuple(found))


def _needed(call: ToolCall, request: str, results: Sequence[str]) -> tuple[int, ...]:
    """The earlier calls that a call's values come from: the first that shows each."""
    needs: set[int] = set()
    for value in map(_plain, leaves(call.arguments)):
        if not value or stands(value, request):
            continue
        shows = [place for place, text in enumerate(results) if stands(value, text)]
        needs |= {shows[0]} if shows else set(range(len(results)))
    return tuple(sorted(needs))


def _plain(value: object) -> str:
    return "" if value is None or isinstance(value, bool) else str(value).casefold().strip()
