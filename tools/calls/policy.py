"""What a run may do: which tools, whether it may write, how often, and who is asked first.

A refusal is an observation, so that the planner can go another way. Nothing here depends on what a
tool says of itself but its declared effect.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from inspect import isawaitable
from typing import TypeAlias

from toolgrove.data.decisions import Allow, Decision, Edit, Pause, Refuse, as_decision
from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.data.settings import decides
from toolgrove.errors import CatalogError
from toolgrove.tools.calls.editing import edited, sent
from toolgrove.tools.calls.execute import Execute, failure
from toolgrove.tools.http.address import Blocked
from toolgrove.tools.http.request import Refused

__all__ = ["Approve", "Gate", "Gated", "Policy", "with_policy"]

Approve: TypeAlias = Callable[[ToolSpec, ToolCall], bool | Decision | Awaitable[bool | Decision]]
"""Says whether a write may be made; may wait for a person, or have the run wait."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules for what a run may do; the default allows everything.

    Parameters
    ----------
    allow : tuple of str or None
        Ids that may be called, with ``*`` and ``?`` as in ``GitHub/*``; None is all.
    read_only : bool
        Whether writes are refused.
    approve : callable or None
        Asked before each write, one at a time; None asks nobody. It gives True, False or a
        :data:`~toolgrove.data.decisions.Decision`, or an awaitable of one.
    dry_run : bool
        Whether calls are shown instead of made, reads too.
    calls_per_tool : int or None
        How often each tool may be called.
    also : tuple of tuples of str
        Further lists, each of which a tool has to be on as well (:meth:`within`).

    Examples
    --------
    >>> spec = ToolSpec("World/notes/add", "World", "notes", "add", effect=Effect.WRITE)
    >>> Policy(read_only=True).refusal(spec)
    'World/notes/add writes, and this run may only read.'
    >>> Policy(allow=("World/*",)).refusal(spec) is None
    True
    """

    allow: tuple[str, ...] | None = decides(None)
    read_only: bool = decides(False)
    approve: Approve | None = decides(None, kept=False)
    dry_run: bool = decides(False)
    calls_per_tool: int | None = decides(None)
    also: tuple[tuple[str, ...], ...] = decides(())

    @property
    def allows_all(self) -> bool:
        """Whether every call is made, and nobody is asked."""
        return self == _OPEN

    def within(self, begun: Policy) -> Policy:
        """The policy under which a run goes on that was begun under another one.

        Going on lifts no restriction: what either forbids is forbidden.

        Examples
        --------
        >>> both = Policy(allow=("*",)).within(Policy(allow=("World/*",)))
        >>> both.refusal(ToolSpec("GitHub/repos/star", "GitHub", "repos", "star"))
        "GitHub/repos/star is not on this run's list of allowed tools."
        """
        lists = [*self.also, *begun.also, *([begun.allow] if begun.allow is not None else [])]
        own = [self.allow] if self.allow is not None else []
        most = [n for n in (self.calls_per_tool, begun.calls_per_tool) if n is not None]
        return replace(
            self,
            read_only=self.read_only or begun.read_only,
            dry_run=self.dry_run or begun.dry_run,
            calls_per_tool=min(most, default=None),
            also=tuple(one for one in dict.fromkeys(lists) if one not in own),
        )

    def refusal(self, spec: ToolSpec) -> str | None:
        """Why a tool may not be called in this run, whatever its arguments; None if it may."""
        lists = (*self.also, *([self.allow] if self.allow is not None else []))
        if not all(any(fnmatchcase(spec.id, p) for p in one) for one in lists):
            return f"{spec.id} is not on this run's list of allowed tools."
        if self.read_only and spec.effect is Effect.WRITE:
            return f"{spec.id} writes, and this run may only read."
        return None


_OPEN = Policy()


class Gate:
    """Says of each call whether a policy lets it through, before anything leaves.

    Parameters
    ----------
    policy : Policy
        What is allowed.
    spec_of : callable
        Gives the spec of an id.
    preview : callable
        Shows a call that a dry run does not make; may refuse as the backend would.
    """

    def __init__(
        self,
        policy: Policy,
        spec_of: Callable[[str], ToolSpec],
        preview: Callable[[ToolCall], str],
    ) -> None:
        self._policy, self._preview = policy, preview
        self._open = policy.allows_all
        self.spec_of = spec_of
        self._made: Counter[str] = Counter()
        self._one_at_a_time = asyncio.Lock()

    def refusal(self, call: ToolCall) -> Observation | None:
        """What becomes of a call that nobody has to be asked about; None lets it through."""
        try:
            spec = self.spec_of(call.name)
        except CatalogError as error:
            return failure(Status.NO_SUCH_TOOL, str(error), attempts=0)
        if self._open:
            return None
        policy = self._policy
        refusal = policy.refusal(spec)
        if refusal is not None:
            return failure(Status.UNAUTHORIZED, refusal, attempts=0)
        if policy.calls_per_tool is not None and self._made[spec.id] >= policy.calls_per_tool:
            text = f"{spec.id} may be called {policy.calls_per_tool} times in this run, and was."
            return failure(Status.TOO_MANY_REQUESTS, text, attempts=0)
        self._made[spec.id] += 1
        return _shown(call, self._preview) if policy.dry_run else None

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask before a write."""
        return self._policy.approve is not None

    def writes(self, call: ToolCall) -> bool:
        """Whether a call is one that somebody may have to be asked about."""
        return self.spec_of(call.name).effect is Effect.WRITE

    async def ask(self, call: ToolCall) -> Decision:
        """What is decided of a write, asked for one at a time."""
        approve = self._policy.approve
        if approve is None:
            return Allow()
        async with self._one_at_a_time:
            answer = approve(self.spec_of(call.name), call)
            return as_decision(await answer if isawaitable(answer) else answer)

    def applied(self, decision: Decision, call: ToolCall) -> ToolCall | Observation:
        """The call as it is to be sent, or what the model is told in its place.

        Raises
        ------
        UsageError
            Where edited arguments do not fit the tool.
        """
        match decision:
            case Allow():
                return call
            case Edit(arguments):
                return edited(self.spec_of(call.name), call, arguments)
            case Refuse(reason):
                why = f": {reason.strip().rstrip('.')}." if reason.strip() else "."
                text = f"{call.name} writes, and this call was not approved{why}"
            case Pause():
                text = f"{call.name} writes, and this call is not approved yet."
        text = f"{text} Nothing was changed."
        return failure(Status.UNAUTHORIZED, text, attempts=0)


@dataclass(frozen=True, slots=True)
class Gated:
    """An ``Execute`` behind a gate. What journals a run passes the gate by itself.

    Parameters
    ----------
    gate : Gate
        What is asked first.
    make : Execute
        What makes a call that it let through.
    """

    gate: Gate
    make: Execute

    async def __call__(self, call: ToolCall) -> Observation:
        gate = self.gate
        refused = gate.refusal(call)
        if refused is not None:
            return refused
        allowed = gate.applied(await gate.ask(call), call) if gate.writes(call) else call
        if isinstance(allowed, Observation):
            return allowed
        return sent(await self.make(allowed), call, allowed)


def with_policy(
    execute: Execute,
    spec_of: Callable[[str], ToolSpec],
    policy: Policy,
    preview: Callable[[ToolCall], str],
) -> Gated:
    """Make only the calls that a policy allows. Goes outermost: a person's time is no deadline's.

    The parameters are those of :class:`Gate`.
    """
    return Gated(Gate(policy, spec_of, preview), execute)


def _shown(call: ToolCall, preview: Callable[[ToolCall], str]) -> Observation:
    try:
        text = f"Dry run: nothing was sent. The request would be\n{preview(call)}"
        return failure(Status.PREVIEWED, text, attempts=0)
    except Refused as error:
        return failure(error.status, str(error), attempts=0)
    except Blocked as error:
        return failure(Status.NOT_WORKING, str(error), attempts=0)
