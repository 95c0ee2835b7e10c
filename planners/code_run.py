"""One piece of code in a run: its calls are the run's own, and what it gave is an observation."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.functions import shown_parameters
from toolgrove.data.records import InnerCall, Observation, Status, ToolCall
from toolgrove.data.runs import CallKey, whole_observation
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.offer import Offer
from toolgrove.tools.sandbox.sandbox import CallRefused, CodeLimits, Ran, Sandbox, plain

if TYPE_CHECKING:
    from toolgrove.planners.run import Run

__all__ = ["CodeRun", "shown"]


class _Diverged(Exception):
    """Code that was interrupted made another call, when it was run again, than it had made."""


@dataclass(slots=True)
class CodeRun:
    """One piece of code that is run once, under the name ``asked`` in the journal."""

    run: Run
    node: str
    offer: Offer
    sandbox: Sandbox
    limits: CodeLimits
    asked: str
    code: str
    inner: list[InnerCall] = field(default_factory=list)
    _before: Mapping[int, str] = field(default_factory=dict)
    _id: str = ""
    _own: float = 0.0
    _away: float = 0.0

    async def execute(self, call: ToolCall) -> Observation:
        """Run the code of a call."""
        self._id = call.id
        self._before = self._made_before()
        functions = {
            alias: tuple(shown_parameters(spec)[0].get("properties", ()))
            for alias, spec_id in self.offer.aliases.items()
            if (spec := self.offer.spec(spec_id)) is not None
        }
        began = time.monotonic()
        try:
            ran = await self.sandbox.run(self.code, functions, self._call, self.limits)
        except _Diverged:
            return self._observed(Status.IN_DOUBT, _DIVERGED)
        finally:
            self._own = time.monotonic() - began - self._away
        if len(self.inner) <= max(self._before, default=-1):
            return self._observed(Status.IN_DOUBT, _DIVERGED)
        if ran.error:
            made = self._made_words()
            text = f"{ran.output.rstrip()}\nThe code ended early: {ran.error}.{made}".lstrip()
            return self._observed(Status.ERROR_IN_MESSAGE, text)
        return self._observed(Status.OK, shown(ran))

    def _observed(self, status: Status, text: str) -> Observation:
        """What the code gave; its seconds are its own, without those of its calls."""
        return replace(failure(status, text), inner=tuple(self.inner), seconds=self._own)

    def _made_words(self) -> str:
        """What was called before the code ended early, so that no write is asked for again."""
        if not self.inner:
            return ""
        calls = Counter((self._name(one.call.name), one.observation.status) for one in self.inner)
        words = (f"{name} ({status}, {n})" for (name, status), n in calls.items())
        return f" Before that it called {', '.join(words)}. What was written then stays written."

    def _name(self, tool: str) -> str:
        """A tool as the model calls it."""
        return tool if self.offer.spec(tool) is None else self.offer.name(tool)

    def _made_before(self) -> dict[int, str]:
        """The calls that an earlier process made for this code, by their numbers."""
        record = self.run.journal.record
        start = f"{self.asked}."
        keys = {*record.intents, *record.waited}
        asked = (key.asked for key in keys if key.node == self.node and key.kind == "tool")
        found = (one.removeprefix(start) for one in asked if one.startswith(start))
        return {int(one.partition(".")[0]): f"{start}{one}" for one in found}

    async def _call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """A call that the code makes, as the run makes every call."""
        number = len(self.inner)
        written = ToolCall(f"{self._id}.{number}", name, arguments)
        found = self.offer.resolve(written)
        asked = f"{self.asked}.{number}.{codec.digest([name, arguments])}"
        if self._before.get(number, asked) != asked:
            raise _Diverged
        if isinstance(found, Observation):
            self.inner.append(InnerCall(written, found))
            raise CallRefused(found.content, "TypeError")
        began = time.monotonic()
        seen = await self.run.made(CallKey(self.node, "tool", asked), found)
        self._away += time.monotonic() - began
        self.inner.append(InnerCall(found, seen))
        if not seen.status.usable:
            raise CallRefused(f"{name}: {seen.status}: {seen.content}")
        content = whole_observation(self.run.journal.run, seen)
        try:
            return codec.loads(content)
        except (ValueError, RecursionError):
            return content


_DIVERGED = (
    "The code was interrupted, and when it was run again it made other calls than before, so it "
    "was stopped. What it had written before stays written: read the data back."
)


def shown(ran: Ran) -> str:
    """What the model sees of code that came to its end."""
    if ran.value is None:
        return ran.output or "The code ran, and printed nothing. Print what you want to see."
    value = ran.value
    if not isinstance(value, str):
        try:
            value = codec.dumps(plain(value)).decode()
        except (ValueError, TypeError, RecursionError):
            value = repr(value)[:10_000]
    return (
        f"{ran.output}{value}"
        if ran.output.endswith("\n") or not ran.output
        else (f"{ran.output}\n{value}")
    )
