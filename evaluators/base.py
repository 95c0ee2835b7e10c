"""What an evaluator is, and what every score is stamped with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from toolgrove.data.records import NodeState, Score, Status
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UnscorableReference

__all__ = [
    "ANSWER_JUDGES",
    "Evaluator",
    "breakdown",
    "gave_up",
    "infrastructure",
    "is_called",
    "judged",
    "meant",
    "only_shown",
    "scored",
    "unanswered",
    "unscorable",
    "unversioned",
]

ANSWER_JUDGES = ("answer", "tooleval-pass")
"""Who says first what an answer is worth, where several have scored it."""


class Evaluator(Protocol):
    """Judges one run. Implementations are small dataclasses with this one method."""

    @property
    def name(self) -> str:
        """Evaluator and version, ``answer/2``: a changed rule is a new version."""
        ...

    async def score(self, tree: SearchTree) -> Score:
        """Judge a run by its tree; ``tree.task.reference`` is the truth where it is known."""
        ...


def judged(
    tree: SearchTree,
    evaluator: str,
    value: float | None,
    reason: str,
    *,
    judge: str = "code",
    **details: Any,
) -> Score:
    """A score with the date (ISO 8601, UTC) and the version of the world that the run saw.

    Examples
    --------
    >>> from toolgrove import Task
    >>> tree = SearchTree(Task("1", "How far?"), meta={"world": "2"})
    >>> judged(tree, "answer/2", 1.0, "20 km is 12.4 mi").world
    '2'
    """
    return Score(
        value=value,
        reason=reason,
        evaluator=evaluator,
        judge=judge,
        world=str(tree.meta.get("world") or ""),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        details=details,
    )


def infrastructure(tree: SearchTree, evaluator: str, reason: str, *, judge: str = "code") -> Score:
    """The score of what broke down for no fault of the agent's: it stays out of every rate."""
    from dataclasses import replace

    return replace(judged(tree, evaluator, None, reason, judge=judge), infrastructure=True)


async def scored(evaluator: Evaluator, tree: SearchTree) -> Score:
    """An evaluator's score; no opinion where the task's reference is one that cannot be scored."""
    try:
        return await evaluator.score(tree)
    except UnscorableReference as error:
        return judged(tree, evaluator.name, None, f"the reference cannot be scored: {error}")


def breakdown(tree: SearchTree) -> str | None:
    """Why the run cannot be judged, or None where it can.

    A run that our journal says has not ended was cut short from outside: the model did not answer,
    or its process died. A tree from a file of another system carries no ``ended`` and counts as
    whole. A tool that fails is the agent's to deal with and never counts as a breakdown.
    """
    if tree.ending is not None and tree.ending.reason is None:
        return "the run was cut short; resume it"
    if tree.ended == "waiting":
        return "the run waits for somebody's approval; resume it"
    return None


def only_shown(tree: SearchTree) -> str | None:
    """Why the run has nothing to judge: a dry run, whose calls were shown and not made; or None."""
    for node in tree:
        if any(observation.status is Status.PREVIEWED for observation in node.observations):
            return "a dry run: its calls were shown, not made"
    return None


def unscorable(tree: SearchTree, evaluator: str, missing: str | None) -> Score | None:
    """The score of a run that cannot be judged by a reference; None where it can.

    Parameters
    ----------
    tree : SearchTree
        The run.
    evaluator : str
        Who would judge it.
    missing : str or None
        What the task lacks, in words.
    """
    if missing is not None:
        return judged(tree, evaluator, None, missing)
    broken = breakdown(tree)
    if broken is not None:
        return infrastructure(tree, evaluator, broken)
    shown = only_shown(tree)
    return judged(tree, evaluator, None, shown) if shown is not None else None


def gave_up(tree: SearchTree) -> bool:
    """Whether the run ended without an answer, and not because a budget ran out.

    Every path of such a run came to an end, and at least one of them by giving up.
    """
    stopped = (tree.ended or "exhausted") != "exhausted"
    given_up = any(node.state is NodeState.GAVE_UP for node in tree)
    return tree.answer is None and given_up and not stopped


def unanswered(tree: SearchTree) -> str:
    """Why a run without an answer has none, in words."""
    if tree.answer is not None:
        return "the final answer is empty"
    ended = tree.ended or "exhausted"
    if ended == "exhausted":
        return "the agent gave up" if gave_up(tree) else "no path came to an answer"
    return f"no answer before the budget ran out ({ended})"


def unversioned(evaluator: str) -> str:
    """An evaluator's name without its version, the judge left on.

    Examples
    --------
    >>> unversioned("answer/2"), unversioned("tooleval-pass/1@gpt-5x3")
    ('answer', 'tooleval-pass@gpt-5x3')
    """
    name, _, version = evaluator.partition("/")
    return name + "".join(version.partition("@")[1:])


def is_called(evaluator: str, name: str) -> bool:
    """Whether an evaluator is meant by a name, which may lack its version and judge.

    Examples
    --------
    >>> is_called("tooleval-pass/1@gpt-5x3", "tooleval-pass"), is_called("answers/1", "answer")
    (True, False)
    """
    return evaluator == name or evaluator.startswith((f"{name}/", f"{name}@"))


def meant(evaluators: Iterable[str], name: str | None = None) -> str | None:
    """The evaluator that a name means; without one the first that judges answers, else the first.

    Examples
    --------
    >>> meant(["calls/2", "answer/2"]), meant(["calls/2", "answer/2"], "calls"), meant([], "calls")
    ('answer/2', 'calls/2', None)
    """
    known = list(evaluators)
    first = [one for judge in ANSWER_JUDGES for one in known if is_called(one, judge)]
    fits = (one for one in [*first, *known] if name is None or is_called(one, name))
    return next(fits, None)
