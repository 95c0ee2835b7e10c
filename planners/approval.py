"""Approval of a run's writes: what was decided is journalled, then the call may leave."""

from __future__ import annotations

from dataclasses import replace

from toolgrove.data.decisions import Decision, Edit, Pause
from toolgrove.data.journal import Journal
from toolgrove.data.records import Observation, ToolCall
from toolgrove.data.runs import CallKey
from toolgrove.planners.budget import Meter
from toolgrove.tools.calls.editing import edited, sent
from toolgrove.tools.calls.policy import Gate

__all__ = ["Approvals", "Paused"]


class Paused(Exception):
    """Raised in a step of a search where a call waits for somebody's decision."""


class Approvals:
    """Asks about a run's calls, once each, whatever process it goes on in.

    Parameters
    ----------
    journal : Journal
        Keeps what waits and what was decided.
    gate : Gate
        What a call passes before it leaves.
    meter : Meter
        Counts the run's time, and none while somebody is asked.
    """

    def __init__(self, journal: Journal, gate: Gate, meter: Meter) -> None:
        self._journal, self._gate, self._meter = journal, gate, meter

    async def allowed(self, key: CallKey, call: ToolCall) -> ToolCall | Observation:
        """The call as it may leave now, or what the model is told in its place.

        Raises
        ------
        Paused
            Where nobody has decided yet; the journal holds the call.
        UsageError
            Where whoever is asked gives arguments that do not fit the tool.
        """
        gate = self._gate
        refused = gate.refusal(call)
        if refused is not None:
            return refused
        if not gate.writes(call):
            return call
        key = replace(key, attempt=0)
        decision = self._decided(key)
        if decision is not None:
            return gate.applied(decision, call)
        if not gate.asks and not self._journal.record.asked:
            return call
        if gate.asks:
            with self._meter.stopped():  # a person's time is not the run's
                decision = await gate.ask(call)
        else:  # a run whose writes somebody was asked about does not go on unasked
            decision = Pause()
        if isinstance(decision, Pause):
            self._journal.waiting(key, call)
            raise Paused
        allowed = gate.applied(decision, call)
        self._journal.decision(key, call, decision)
        return allowed

    def refusal(self, call: ToolCall) -> Observation | None:
        """What becomes of a call that nobody has to be asked about; None lets it through."""
        return self._gate.refusal(call)

    def sent(self, key: CallKey, call: ToolCall, observation: Observation) -> Observation:
        """What a call gave, with the arguments that were sent in place of the model's."""
        decision = self._decided(replace(key, attempt=0))
        if not isinstance(decision, Edit):
            return observation
        return sent(
            observation, call, edited(self._gate.spec_of(call.name), call, decision.arguments)
        )

    def _decided(self, key: CallKey) -> Decision | None:
        found = self._journal.record.decisions.get(key)
        return None if found is None else found[1]
