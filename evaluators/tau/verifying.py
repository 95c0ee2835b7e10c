"""How often our rule and the benchmark agree: on recorded rewards, or on made conversations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.evaluators.tau.package import DOMAINS, Domain, domain
from toolgrove.evaluators.tau.scoring import judge, score_all
from toolgrove.evaluators.tau.trajectories import (
    Action,
    Criteria,
    MadeCall,
    RecordedConversation,
    criteria_of,
    read_all,
)

__all__ = ["TauAgreement", "made_for", "verify", "verify_recorded"]


@dataclass(slots=True)
class TauAgreement:
    """One domain or file: how many conversations, on how many the verdicts are equal.

    ``broken`` counts those without a verdict of ours; they are not equal.
    """

    category: str
    items: int = 0
    outputs: int = 0
    valid: int = 0
    equal: int = 0
    broken: int = 0
    different: list[dict[str, Any]] = field(default_factory=list)

    def count(self, name: str, form: str, theirs: bool, ours: bool | None, reason: str) -> None:
        """Note two verdicts on one conversation."""
        self.outputs += 1
        self.valid += theirs
        self.broken += ours is None
        if ours is theirs:
            self.equal += 1
        else:
            told = "right" if ours else reason if ours is False else f"no verdict: {reason}"
            self.different.append({"id": name, "form": form, "tau": theirs, "ours": told})


def verify_recorded(path: Path) -> TauAgreement:
    """Judge the conversations of a result file, and compare with the rewards that it records."""
    found, seen = TauAgreement(path.name), set()
    for verdict in score_all(read_all(path)):
        if verdict.recorded is not None:
            seen.add(verdict.id)
            form = "recorded" if verdict.trial is None else f"trial {verdict.trial}"
            found.count(str(verdict.id), form, verdict.recorded, verdict.valid, verdict.reason)
    found.items = len(seen)
    return found


def verify(names: Sequence[str] = tuple(DOMAINS)) -> Iterator[TauAgreement]:
    """Judge made conversations about every task twice, and count.

    The other verdict is of the package's own database, copied whole and hashed by its own method.
    """
    for name in names:
        place, found = domain(name), TauAgreement(name)
        whole = _Whole(place)
        for key, task in place.tasks.items():
            criteria = criteria_of(task)
            found.items += 1
            for form, one in made_for(key, criteria, place):
                theirs = whole.valid(one, criteria)
                found.count(key, form, theirs, *judge(one, criteria, place))
        yield found


def made_for(
    name: str, criteria: Criteria, place: Domain
) -> Iterator[tuple[str, RecordedConversation]]:
    """Conversations about a task, each with the name of its form; the first two are right."""
    right = [(a.name, a.arguments) for a in criteria.actions]
    writes = [i for i, (tool, _) in enumerate(right) if tool in place.writing]
    yield "right", _made(name, right, criteria.told)
    spoken = [f"It is {told.upper()}, as asked." for told in criteria.told]
    yield "right, in other words", _made(name, right, ["One moment.", *spoken])
    yield "nothing done", _made(name, [], criteria.told)
    yield "cut off", _made(name, right, criteria.told, ended=False)
    for i in writes:
        yield f"without call {i}", _made(name, right[:i] + right[i + 1 :], criteria.told)
        changed = [*right[:i], (right[i][0], _changed(right[i][1])), *right[i + 1 :]]
        yield f"call {i} changed", _made(name, changed, criteria.told)
    if writes:
        yield "twice", _made(name, [*right, right[writes[-1]]], criteria.told)
    yield "one call more", _made(name, [*right, _foreign(place)], criteria.told)
    for told in criteria.told:
        rest = [other for other in criteria.told if told.lower() not in other.lower()]
        yield f"{told} untold", _made(name, right, rest)


class _Whole:
    """The package's own verdict: its database, copied whole for each conversation."""

    def __init__(self, place: Domain) -> None:
        self.place, self._known = place, dict[str, str]()

    def valid(self, one: RecordedConversation, criteria: Criteria) -> bool:
        text = "\n".join(one.said).lower().replace(",", "")
        return (
            one.ended
            and self._hash(one.calls) == self._hash(criteria.actions)
            and all(told.lower() in text for told in criteria.told)
        )

    def _hash(self, calls: Sequence[MadeCall | Action]) -> str:
        writes = [(c.name, c.arguments) for c in calls if c.name in self.place.writing]
        key = codec.digest(writes)
        if key not in self._known:
            tools = self.place.tools(db=self.place.database.model_copy(deep=True))
            for name, arguments in writes:
                try:
                    getattr(tools, name)(**(arguments or {}))
                except Exception:  # the benchmark tells the agent, and goes on
                    continue
            self._known[key] = str(tools.db.get_hash())
        return self._known[key]


def _made(
    name: str,
    calls: Sequence[tuple[str, Mapping[str, Any]]],
    said: Sequence[str],
    ended: bool = True,
) -> RecordedConversation:
    made = tuple(MadeCall(tool, arguments) for tool, arguments in calls)
    return RecordedConversation(name, None, "tau2/1", "", "", None, made, tuple(said), ended, None)


def _changed(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with the first that can be changed so that the call still goes well, if any can."""
    found = dict(arguments)
    for name, value in found.items():
        if name in ("total_baggages", "amount") and isinstance(value, int):
            found[name] = value + 1
        elif name in ("address1", "address2"):
            found[name] = f"{value} x"
        elif name == "reason":
            reasons = {"no longer needed": "ordered by mistake"}
            found[name] = reasons.get(value, "no longer needed")
        elif name in ("item_ids", "flights", "passengers") and len(value) > 1:
            found[name] = value[1:]
        else:
            continue
        return found
    first = next(iter(found))
    return {**found, first: f"{found[first]}x"}


def _foreign(place: Domain) -> tuple[str, dict[str, Any]]:
    """A call that writes what no task asks for."""
    user = next(iter(place.database.users))
    if place.name == "airline":
        return "send_certificate", {"user_id": user, "amount": 1}
    parts = ("address1", "address2", "city", "state", "country", "zip")
    return "modify_user_address", {"user_id": user, **dict.fromkeys(parts, "x")}
