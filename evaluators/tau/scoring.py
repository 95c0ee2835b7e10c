"""Verdicts on recorded conversations: rules ``tau/1`` and ``tau2/1``, without running a model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.data.records import JsonObject
from toolgrove.evaluators.tau.environment import Environment, TauEnvironment
from toolgrove.evaluators.tau.package import DOMAINS, Domain, domain, domain_of_user
from toolgrove.evaluators.tau.trajectories import (
    Action,
    Criteria,
    MadeCall,
    RecordedConversation,
    criteria_of,
)

__all__ = ["TauVerdict", "judge", "score_all"]

_EARLY = "recorded as right for its facts alone, as τ-bench judged before its pull request 16"
_ENVIRONMENTS = {"tau/1": TauEnvironment, "tau2/1": Environment}


@dataclass(frozen=True, slots=True)
class TauVerdict:
    """Whether a conversation did what its task asks; ``valid`` is None without a verdict.

    ``data`` is a digest of all that the verdict depends on beside the conversation: the database,
    the tools' source and the task's criteria. Verdicts with another ``rule`` or ``data`` were given
    by another measure. ``recorded`` is the file's own verdict.
    """

    id: str | int
    trial: int | None
    valid: bool | None
    reason: str
    rule: str
    data: str
    recorded: bool | None


class _Unknown(Exception):
    """Why what a conversation left behind cannot be told."""


def score_all(
    conversations: Iterable[RecordedConversation], *, folder: Path | None = None
) -> Iterator[TauVerdict]:
    """A verdict on each, in their order.

    Parameters
    ----------
    conversations : iterable of RecordedConversation
        Of either benchmark.
    folder : Path or None
        Databases and tasks in place of the installed package's.
    """
    for one in conversations:
        name = one.domain or domain_of_user(one.user, folder)
        recorded = None if one.recorded is None else one.recorded > 1 - 1e-6
        blank = TauVerdict(one.id, one.trial, None, "", one.rule, "", recorded)
        if name not in DOMAINS:
            where = f"domain {name!r}" if name else f"user {one.user!r}"
            yield replace(blank, reason=f"{where} is not in the databases at hand")
            continue
        place = domain(name, folder)
        criteria = one.criteria or _packaged(one, place)
        if criteria is None:
            yield replace(blank, reason="neither the file nor the package has a task of this id")
            continue
        valid, reason = judge(one, criteria, place)
        if recorded and valid is False and _by_facts_alone(one, criteria, place):
            reason = f"{reason}; {_EARLY}"
        digest = codec.digest([place.digest, criteria])[:16]
        yield replace(blank, valid=valid, reason=reason, data=digest)


def _packaged(one: RecordedConversation, place: Domain) -> Criteria | None:
    task = place.tasks.get(str(one.id)) if one.rule == "tau2/1" else None
    return None if task is None else criteria_of(task)


def _by_facts_alone(one: RecordedConversation, criteria: Criteria, place: Domain) -> bool:
    """Whether it is right by the rule that τ-bench had until November 2024.

    Where a task had facts, the database did not count then. No file says which rule it was judged
    by: what is recorded as right tells.
    """
    if one.rule != "tau/1" or not criteria.told:
        return False
    return judge(one, replace(criteria, basis=("COMMUNICATE",)), place)[0] is True


def judge(one: RecordedConversation, criteria: Criteria, place: Domain) -> tuple[bool | None, str]:
    """Whether a conversation meets its criteria, and why not, or why that is not known."""
    if one.problem:
        return None, one.problem
    if not one.ended:
        return False, "nobody ended the conversation"
    try:
        wrong = list(_misses(one, criteria, place))
    except _Unknown as error:
        return None, str(error)
    if wrong or criteria.open:
        return (False, "; ".join(wrong)) if wrong else (None, "; ".join(criteria.open))
    failed = _reference(place, criteria.actions, one.rule)[1]
    return True, f"the reference's own calls fail: {failed}" if failed else ""


def _misses(one: RecordedConversation, criteria: Criteria, place: Domain) -> Iterator[str]:
    if "DB" in criteria.basis:
        left = _left(one.calls, place, one.rule)
        due = _reference(place, criteria.actions, one.rule)[0]
        other = sorted(key for key in {*left, *due} if left.get(key) != due.get(key))
        if other:
            yield f"another end state: {', '.join(other)}"
    if "COMMUNICATE" in criteria.basis:
        said = [text.lower().replace(",", "") for text in one.said]
        missing = [told for told in criteria.told if not any(told.lower() in text for text in said)]
        if missing:
            yield f"not told: {', '.join(missing)}"
    if "ACTION" in criteria.basis:
        undone = [a.name for a in criteria.actions if not any(_is(c, a) for c in one.calls)]
        if undone:
            yield f"not called: {', '.join(undone)}"


def _left(calls: Iterable[MadeCall], place: Domain, rule: str) -> JsonObject:
    """What the calls changed.

    A replay that goes otherwise than the recording is no ground for a verdict: its database or its
    tools are not those of the conversation.
    """
    environment = _ENVIRONMENTS[rule](place)
    for call in calls:
        if call.name in place.reading:
            continue
        if call.name not in place.writing:
            if call.failed:
                continue
            raise _Unknown(f"{place.name} has no tool {call.name!r}, of which nobody knows effects")
        if call.arguments is None:
            refused = "its arguments are no JSON object"
        else:
            refused = environment.call(call.name, call.arguments)
        if call.failed is not None and call.failed != bool(refused):
            raise _Unknown(
                f"{call.name} {'succeeds' if call.failed else 'fails'} in the environment at hand "
                f"({refused or 'no error'}), and did not when it was recorded"
            )
    return environment.changes()


def _reference(place: Domain, actions: tuple[Action, ...], rule: str) -> tuple[JsonObject, str]:
    told = codec.dumps([[a.name, a.arguments] for a in actions])
    return _replayed(place, told, rule)


@lru_cache(maxsize=1024)
def _replayed(place: Domain, told: bytes, rule: str) -> tuple[JsonObject, str]:
    """The end state after the reference calls, and those of them that the tools refuse.

    The benchmarks let a refused reference call pass: the state is that which the others leave.
    """
    environment, failed = _ENVIRONMENTS[rule](place), []
    for name, arguments in json.loads(told):
        if name in place.reading:
            continue
        if name not in place.writing:
            raise _Unknown(f"{place.name} has no tool {name!r}, which the reference calls")
        refused = environment.call(name, arguments)
        if refused:
            failed.append(f"{name} ({refused})")
    return environment.changes(), ", ".join(failed)


def _is(call: MadeCall, action: Action) -> bool:
    if call.name != action.name or call.arguments is None:
        return False
    names = call.arguments if action.compare is None else action.compare
    made = {k: _loose(v) for k, v in call.arguments.items() if k in names}
    return not names or made == {k: _loose(v) for k, v in action.arguments.items() if k in names}


def _loose(value: Any) -> Any:
    """A value with JSON in its texts read, as τ²-bench compares arguments."""
    if isinstance(value, str) and value.strip().startswith(("{", "[")):
        try:
            return _loose(json.loads(value))
        except (ValueError, RecursionError):
            return value
    if isinstance(value, Mapping):
        return {k: _loose(v) for k, v in value.items()}
    return [_loose(v) for v in value] if isinstance(value, list) else value
