"""Tools that were made from runs: Python that calls other tools, run as ``run_python`` is.

Each call that it makes is the run's own: asked of the policy, approved where it writes, counted in
the budget, journalled under the step, and made by the stack that makes all others. The made tool
itself has to be allowed, too. It calls what it was made of and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from toolgrove.data import codec
from toolgrove.data.records import MADE, Observation, Status, ToolCall, ToolSpec
from toolgrove.data.runs import CallKey
from toolgrove.planners.coding import Coder
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.offer import Offer

if TYPE_CHECKING:
    from toolgrove.planners.run import Run

__all__ = ["MadeTools", "parts_of", "with_parts"]


def parts_of(spec: ToolSpec) -> dict[str, str]:
    """By its name in the code, the id of each tool that a made one calls; of others none.

    The binding of a made tool holds ``code``, the ``name`` of the function in it, these ``calls``,
    and by the id of each tool that it calls its digest, ``pins``.
    """
    calls = spec.binding.get("calls") if spec.source == MADE else None
    return {str(k): str(v) for k, v in calls.items()} if isinstance(calls, dict) else {}


def with_parts(specs: Iterable[ToolSpec], find: Callable[[str], ToolSpec | None]) -> list[ToolSpec]:
    """Tools, then those that the made ones among them call. One that lacks any is left out."""
    found: dict[str, ToolSpec] = {}
    parts: dict[str, ToolSpec] = {}
    for spec in specs:
        needed = [find(part) for part in parts_of(spec).values()]
        known = {one.id: one for one in needed if one is not None}
        if len(known) == len(needed):
            found[spec.id] = spec
            parts |= known
    return list({**found, **{k: v for k, v in parts.items() if k not in found}}.values())


@dataclass(frozen=True, slots=True)
class MadeTools:
    """What a run needs to call tools that were made.

    Parameters
    ----------
    coder : Coder
        Runs their code.
    """

    coder: Coder

    def spec(self, run: Run, call: ToolCall) -> ToolSpec | None:
        """The made tool that a call is of; None where it is of another one."""
        spec = run.paths.tool(call.name)[1]
        return spec if spec is not None and spec.source == MADE else None

    async def call(self, run: Run, key: CallKey, call: ToolCall, spec: ToolSpec) -> Observation:
        """What a made tool gives: from the journal, or run now in the sandbox."""
        names = parts_of(spec)
        found = [run.paths.tool(tool)[1] for tool in names.values()]
        parts = [one for one in found if one is not None]
        given = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
        code = f"{spec.binding.get('code')}\n{spec.binding.get('name')}({given})"
        why = partial(self._refusal, run, call, spec, parts)
        offer = Offer(parts, names)
        return await self.coder.run(run, key.node, key.asked, call, offer, code, why)

    def _refusal(
        self, run: Run, call: ToolCall, spec: ToolSpec, parts: list[ToolSpec]
    ) -> Observation | None:
        """Why it is not called; None where it is."""
        refused = run.refusal(call)
        if refused is not None:
            return refused
        pins = spec.binding.get("pins")
        digests = {one.id: codec.digest(one) for one in parts}
        if digests != pins or any(one.source == MADE for one in parts):
            text = (
                f"{spec.name} was made for other versions of the tools that it calls, so it is not "
                "called. Call these tools."
            )
            return failure(Status.NOT_WORKING, text, attempts=0)
        return None
