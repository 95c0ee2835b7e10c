"""Decisions about the calls of a run that waits for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from toolgrove.data.decisions import Decision, Edit, Pause, as_decision
from toolgrove.data.journal import Journal
from toolgrove.data.records import ToolSpec
from toolgrove.errors import UsageError
from toolgrove.tools.calls.editing import edited

__all__ = ["Decisions", "decide"]

Decisions = Mapping[str, bool | Decision]
"""By a call's id, what is decided of it."""


def decide(journal: Journal, decisions: Decisions, spec_of: Callable[[str], ToolSpec]) -> None:
    """Journal what was decided of a run's waiting calls, all of it or nothing.

    The same decision may be given again, as after a crash. A call that is not decided waits on.

    Raises
    ------
    UsageError
        For a call that does not wait, one that was decided otherwise, and edited arguments that do
        not fit.
    """
    record = journal.record
    waiting = {call.id: (key, call) for key, call in record.waiting.items()}
    known = dict(record.decisions.values())
    taken = {call_id: as_decision(answer) for call_id, answer in decisions.items()}
    for call_id, decision in taken.items():
        if call_id in waiting:
            _, call = waiting[call_id]
            if isinstance(decision, Edit):
                edited(spec_of(call.name), call, decision.arguments)
        elif call_id not in known:
            there = ", ".join(waiting) or "none"
            raise UsageError(f"{journal.run}: no call {call_id!r} waits there. Waiting: {there}.")
        elif known[call_id] != decision:
            raise UsageError(
                f"{journal.run}: the call {call_id!r} was decided before, as {known[call_id]}. "
                "That stands; leave the call out."
            )
    for call_id, decision in taken.items():
        if call_id in waiting and not isinstance(decision, Pause):
            journal.decision(*waiting[call_id], decision)
