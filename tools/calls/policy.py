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

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.data.settings import decides
from toolgrove.tools.calls.execute import Execute, failure
from toolgrove.tools.http.address import Blocked
from toolgrove.tools.http.request import Refused

__all__ = ["Approve", "Policy", "with_policy"]

Approve: TypeAlias = Callable[[ToolSpec, ToolCall], bool | Awaitable[bool]]
"""Says whether a write may be made; may wait for a person."""


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
        Asked before each write, one at a time; None asks nobody.
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


def with_policy(
    execute: Execute,
    spec_of: Callable[[str], ToolSpec],
    policy: Policy,
    preview: Callable[[ToolCall], str],
) -> Execute:
    """Make only the calls that a policy allows. Goes outermost: a person's time is no deadline's.

    Parameters
    ----------
    execute : Execute
        What makes the call.
    spec_of : callable
        Gives the spec of an id.
    policy : Policy
        What is allowed.
    preview : callable
        Shows a call that a dry run does not make; may refuse as the backend would.
    """
    made: Counter[str] = Counter()
    one_at_a_time = asyncio.Lock()

    async def allowed(call: ToolCall) -> Observation:
        spec = spec_of(call.name)
        refusal = policy.refusal(spec)
        if refusal is not None:
            return failure(Status.UNAUTHORIZED, refusal, attempts=0)
        if policy.calls_per_tool is not None and made[spec.id] >= policy.calls_per_tool:
            text = f"{spec.id} may be called {policy.calls_per_tool} times in this run, and was."
            return failure(Status.TOO_MANY_REQUESTS, text, attempts=0)
        made[spec.id] += 1
        if policy.dry_run:
            return _shown(call, preview)
        if spec.effect is Effect.WRITE and policy.approve is not None:
            async with one_at_a_time:
                answer = policy.approve(spec, call)
                approved = await answer if isawaitable(answer) else answer
            if not approved:
                text = f"{spec.id} writes, and this call was not approved. Nothing was changed."
                return failure(Status.UNAUTHORIZED, text, attempts=0)
        return await execute(call)

    return allowed


def _shown(call: ToolCall, preview: Callable[[ToolCall], str]) -> Observation:
    try:
        text = f"Dry run: nothing was sent. The request would be\n{preview(call)}"
        return failure(Status.PREVIEWED, text, attempts=0)
    except Refused as error:
        return failure(error.status, str(error), attempts=0)
    except Blocked as error:
        return failure(Status.NOT_WORKING, str(error), attempts=0)
