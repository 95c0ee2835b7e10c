"""What a run may do: which tools, whether it may write, how often, and who is asked first.

A refusal is an observation, so that the planner can go another way. Nothing here depends on what a
tool says of itself but its declared effect.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from inspect import isawaitable
from typing import Any, TypeAlias

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.execute import Execute, failure
from toolgrove.tools.http.address import Blocked
from toolgrove.tools.http.request import Refused

__all__ = ["Approve", "Policy", "with_policy"]

Approve: TypeAlias = Callable[[ToolSpec, ToolCall], bool | Awaitable[bool]]
"""Says whether a write may be made; may wait for a person."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a run may do; the default allows everything.

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

    Examples
    --------
    >>> spec = ToolSpec("World/notes/add", "World", "notes", "add", effect=Effect.WRITE)
    >>> Policy(read_only=True).refusal(spec)
    'World/notes/add writes, and this run may only read.'
    >>> Policy(allow=("World/*",)).refusal(spec) is None
    True
    """

    allow: tuple[str, ...] | None = None
    read_only: bool = False
    approve: Approve | None = None
    dry_run: bool = False
    calls_per_tool: int | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What a run's journal keeps, so that going on with it does not lift a restriction."""
        return {
            "allow": None if self.allow is None else list(self.allow),
            "read_only": self.read_only,
            "dry_run": self.dry_run,
            "calls_per_tool": self.calls_per_tool,
        }

    def within(self, settings: Mapping[str, Any]) -> Policy:
        """The policy with the restrictions that a run was begun under."""
        allow = settings.get("allow")
        return replace(
            self,
            allow=tuple(allow) if self.allow is None and allow is not None else self.allow,
            read_only=self.read_only or bool(settings.get("read_only")),
            dry_run=self.dry_run or bool(settings.get("dry_run")),
            calls_per_tool=self.calls_per_tool or settings.get("calls_per_tool"),
        )

    def refusal(self, spec: ToolSpec) -> str | None:
        """Why a tool may not be called in this run, whatever its arguments; None if it may."""
        if self.allow is not None and not any(fnmatchcase(spec.id, p) for p in self.allow):
            return f"{spec.id} is not on this run's list of allowed tools."
        if self.read_only and spec.effect is Effect.WRITE:
            return f"{spec.id} writes, and this run may only read."
        return None


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
