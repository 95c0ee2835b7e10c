"""Drafts are run on held-back tasks, in the sandbox, and kept where they pass.

Their calls are made by a registry's tools; none that writes is made, whatever the settings allow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from toolgrove.agent.hosting import hosted
from toolgrove.agent.making.drafts import Draft
from toolgrove.agent.making.made import MadeTool
from toolgrove.agent.making.workshop import RipeDraft, Workshop
from toolgrove.data import codec
from toolgrove.data.functions import shown_parameters
from toolgrove.data.pairs.outcomes import may_do_better
from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.planners.code_run import shown
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.offer import Offer
from toolgrove.tools.registry import Registry
from toolgrove.tools.sandbox.choosing import sandbox_named
from toolgrove.tools.sandbox.monty import MontySandbox
from toolgrove.tools.sandbox.sandbox import CallRefused, Sandbox
from toolgrove.tools.secrets import SecretStore

__all__ = ["Making", "make"]

_Told: TypeAlias = Callable[[int, int], object]
_WHOLE = 10_000_000
"""Characters of a result that code sees: all, as in a run."""


@dataclass(frozen=True, slots=True)
class Making:
    """What making tools came to, by their names.

    Parameters
    ----------
    made, kept, retired : tuple of str
        New ones or new versions, those that passed again, those that did not.
    failed, same, away : int
        Drafts that did not pass, those that do what another tool does, and those of which nothing
        was decided, because what they call did not answer or let nobody in.
    """

    made: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    failed: int = 0
    same: int = 0
    away: int = 0


class _Away(Exception):
    """Raised where a draft failed because of an API that was away: that says nothing of it."""


async def make(
    shop: Workshop,
    registry: Registry,
    settings: CallSettings = CallSettings(),
    *,
    secrets: SecretStore | None = None,
    tick: _Told = lambda done, total: None,
) -> Making:
    """Try all drafts that are ripe, keep the tools that pass, and retire those that do not.

    Each is kept as soon as it was tried. The bundled world is started where a tool is one of its
    own.

    Parameters
    ----------
    shop : Workshop
    registry : Registry
        What the drafts call.
    settings : CallSettings
        How calls are made.
    secrets : SecretStore or None
        Where credentials are found; None looks in the environment and the keyring.
    tick : callable
        Told how many drafts of how many are done.

    Raises
    ------
    UsageError
        There is no sandbox here.
    """
    sandbox, ripe = sandbox_named(MontySandbox.name), shop.ripe()
    parts = {tool for one in ripe for _, tool in one.draft.calls}
    found = [spec for tool in sorted(parts) if (spec := registry.find(tool)) is not None]
    policy = replace(settings.policy, read_only=True)
    with hosted(found) as hosts:
        hosts = {**settings.hosts, **hosts}
        calling = replace(settings, policy=policy, hosts=hosts, observation_limit=_WHOLE)
        async with build_stack(registry, calling, secrets=secrets) as execute:
            bench = _Bench(registry, execute, sandbox)
            came = Making()
            for done, one in enumerate(ripe):
                try:
                    came = await _one(shop, bench, one, came)
                except _Away:
                    came = replace(came, away=came.away + 1)
                tick(done + 1, len(ripe))
    return came


async def _one(shop: Workshop, bench: _Bench, one: RipeDraft, came: Making) -> Making:
    """Try one draft."""
    known = {tool.draft.digest: tool for tool in shop.tools(retired=True)}
    before = known.pop(one.draft.digest, None)
    if before is not None and before.by_hand:
        return came
    tool = await _tried(bench, one, before)
    if tool is None or len(tool.passed) < tool.tried:
        if before is None:
            return replace(came, failed=came.failed + 1)
        how = "a tool that it calls is gone" if tool is None else f"{len(tool.passed)}/{tool.tried}"
        if before.retired:
            return came
        shop.keep(replace(before, retired=f"it does not pass any more: {how}"))
        return replace(came, retired=(*came.retired, before.name))
    if before is None:
        for other in known.values():
            if not (other.retired and not other.by_hand) and await _same(bench, one.draft, other):
                return replace(came, same=came.same + 1)
    tool = shop.keep(tool)
    if before is None or before.retired or before.version != tool.version:
        return replace(came, made=(*came.made, tool.name))
    return replace(came, kept=(*came.kept, tool.name))


async def _tried(bench: _Bench, one: RipeDraft, before: MadeTool | None) -> MadeTool | None:
    """The tool that a draft would be; None where what it calls is not there, or writes."""
    parts = bench.parts(one.draft)
    if parts is None:
        return None
    passed, outcomes, calls, seconds = [], [], 0, 0.0
    for trial in one.held_back:
        ran = await bench.run(one.draft, parts, trial.arguments)
        calls, seconds = calls + ran.calls, seconds + ran.seconds
        if ran.outcome is not None and trial.passed(ran.outcome):
            passed.append(trial.task)
            outcomes.append((trial.arguments, codec.digest(ran.outcome)))
    tried, trials = len(one.held_back), (*one.proposed, *one.held_back)
    tool = MadeTool(
        name=one.draft.name if before is None else before.name,
        draft=one.draft,
        pins=tuple(sorted((spec.id, codec.digest(spec)) for spec in parts)),
        passed=tuple(passed),
        tried=tried,
        runs=tuple(trial.run for trial in trials),
        requests=tuple(trial.request for trial in trials),
        outcomes=tuple(outcomes),
        calls=round(calls / tried, 1),
        seconds=round(seconds / tried, 3),
    )
    if before is None:
        return tool
    new = bool(before.retired) or before.digest != tool.digest
    return replace(tool, version=before.version + new)


async def _same(bench: _Bench, draft: Draft, other: MadeTool) -> bool:
    """Whether a draft gives what another tool gave, for all that this one was tried on."""
    parts, names = bench.parts(draft), [name for name, _ in draft.parameters]
    if parts is None or not other.outcomes or len(names) != len(other.draft.parameters):
        return False
    for given, digest in other.outcomes:
        arguments = given if given.keys() == set(names) else dict(zip(names, given.values()))  # noqa: B905 - as many
        ran = await bench.run(draft, parts, arguments)
        if ran.outcome is None or codec.digest(ran.outcome) != digest:
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Ran:
    """What a draft came to: nothing where it ended early."""

    outcome: str | None
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Bench:
    """Runs drafts."""

    registry: Registry
    execute: Execute
    sandbox: Sandbox

    def parts(self, draft: Draft) -> Sequence[ToolSpec] | None:
        """The tools that a draft calls; None where one is gone, or writes."""
        found = [self.registry.find(tool) for _, tool in draft.calls]
        reads = [one for one in found if one is not None and one.effect is Effect.READ]
        return reads if len(reads) == len(found) else None

    async def run(
        self, draft: Draft, parts: Sequence[ToolSpec], arguments: Mapping[str, Any]
    ) -> _Ran:
        """Call a draft once."""
        calls, away, offer = 0, False, Offer(parts, dict(draft.calls))
        functions = {
            name: tuple(shown_parameters(spec)[0].get("properties", ()))
            for name, tool in draft.calls
            for spec in parts
            if spec.id == tool
        }

        async def call(name: str, given: Mapping[str, Any]) -> Any:
            nonlocal calls, away
            found = offer.resolve(ToolCall(f"try.{calls}", name, given))
            calls += 1
            seen = found if isinstance(found, Observation) else await self.execute(found)
            away = away or _is_away(seen)
            if not seen.status.usable or seen.truncated:
                raise CallRefused(f"{name}: {seen.status}: {seen.content}")
            try:
                return codec.loads(seen.content)
            except (ValueError, RecursionError):
                return seen.content

        began = time.monotonic()
        ran = await self.sandbox.run(draft.call(arguments), functions, call)
        if ran.error and away:
            raise _Away
        return _Ran(None if ran.error else shown(ran), calls, time.monotonic() - began)


def _is_away(seen: Observation) -> bool:
    """Whether a call failed by what may pass: no answer, too many calls, a key that is missing."""
    barred = seen.status in (Status.UNAUTHORIZED, Status.UNSUBSCRIBED)
    left_alone = seen.status is Status.NOT_WORKING and seen.attempts == 0
    return barred or left_alone or may_do_better(seen)
