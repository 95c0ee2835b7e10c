"""The calls that a run made on its way to an answer, and what they gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import CONTROLS, Node, Observation, Status, ToolCall
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.matching import same_call

__all__ = ["MadeCalls", "accepted", "anywhere", "calls_of", "sides"]

_PASSING = frozenset(
    {Status.TIMEOUT, Status.NOT_WORKING, Status.TOO_MANY_REQUESTS, Status.RATE_LIMITED}
)


@dataclass(frozen=True, slots=True)
class MadeCalls:
    """Calls in the order in which they were made.

    Parameters
    ----------
    calls : tuple of ToolCall
        Without those that steer the run itself (Finish, searches for tools, marks of subtasks).
    observations : tuple of Observation
        What each gave.
    needs : frozenset of (int, int)
        ``(i, j)``: by the planner's word, call ``j`` uses what call ``i`` gave.
    """

    calls: tuple[ToolCall, ...] = ()
    observations: tuple[Observation, ...] = ()
    needs: frozenset[tuple[int, int]] = frozenset()


def calls_of(node: Node) -> Iterator[tuple[int, ToolCall, Observation]]:
    """A step's calls that reach an API, each with its place in the step; those of code, too."""
    for place, (call, seen) in enumerate(zip(node.calls, node.observations, strict=True)):
        if call.name not in CONTROLS:
            yield place, call, seen
        for one in seen.inner:
            yield place, one.call, one.observation


def sides(
    tree: SearchTree, sets: Sequence[Sequence[ExpectedCall]]
) -> Iterator[tuple[Sequence[ExpectedCall], MadeCalls]]:
    """Each set of right calls, and the calls of a run that are to be compared with it.

    These are the calls of the accepted path; where no call is right to make, all of the tree.
    """
    path = accepted(tree)
    for one in sets:
        none_right = all(expected.ask for expected in one)
        yield one, anywhere(tree) if none_right else path


def anywhere(tree: SearchTree) -> MadeCalls:
    """All calls of a run, those of dead branches too, step by step."""
    made = [(call, seen) for node in tree for _, call, seen in calls_of(node)]
    return MadeCalls(tuple(call for call, _ in made), tuple(seen for _, seen in made))


def accepted(tree: SearchTree) -> MadeCalls:
    """The calls from the root to the first answer; none without an answer.

    A call that failed for a passing reason and was made again just so counts once.
    """
    if not tree.answered:
        return MadeCalls()
    calls: list[ToolCall] = []
    seen: list[Observation] = []
    needs: set[tuple[int, int]] = set()
    for node in tree.path(tree.answered[0].id):
        place = {}
        for i, call, observation in calls_of(node):
            place[i] = len(calls)
            calls.append(call)
            seen.append(observation)
        needs |= {(place[i], place[j]) for i, j in node.needs if i in place and j in place}
    stands_for = [_again(i, calls, seen) for i in range(len(calls))]
    kept = [i for i, other in enumerate(stands_for) if i == other]
    now = {old: new for new, old in enumerate(kept)}
    return MadeCalls(
        tuple(calls[i] for i in kept),
        tuple(seen[i] for i in kept),
        frozenset((now[stands_for[i]], now[stands_for[j]]) for i, j in needs),
    )


def _again(i: int, calls: list[ToolCall], seen: list[Observation]) -> int:
    """The place of the last attempt that a call is an attempt of."""
    while seen[i].status in _PASSING:
        later = range(i + 1, len(calls))
        again = next((j for j in later if same_call(calls[i], calls[j])), None)
        if again is None:
            break
        i = again
    return i
