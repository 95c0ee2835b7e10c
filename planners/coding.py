"""``run_python``: the model writes code, which may call the tools on offer.

The calls are the run's own: each is journalled under the step, counted in the budget, asked about
where it writes, and made by the stack that makes all others. A run that goes on after a crash runs
the code again from its first line, and answers from the journal what it called before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from toolgrove.data import codec
from toolgrove.data.events import ToolEnded, ToolStarted
from toolgrove.data.listening import told
from toolgrove.data.records import Effect, Observation, ToolCall
from toolgrove.data.runs import CallKey
from toolgrove.planners.code_run import CodeRun
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.offer import Offer
from toolgrove.tools.sandbox.sandbox import CodeLimits, Sandbox

if TYPE_CHECKING:
    from toolgrove.planners.made_tools import MadeTools
    from toolgrove.planners.run import Run

__all__ = ["Coder", "Coding"]


@dataclass(frozen=True, slots=True)
class Coder:
    """What a run needs to run code.

    Parameters
    ----------
    sandbox : Sandbox
    wrap : callable
        Puts around it what holds for every observation: it is scrubbed, cut, and kept whole.
    limits : CodeLimits
    """

    sandbox: Sandbox
    wrap: Callable[[Execute], Execute]
    limits: CodeLimits = CodeLimits()  # noqa: RUF009 - frozen

    async def run(
        self,
        run: Run,
        node: str,
        position: int | str,
        call: ToolCall,
        offer: Offer,
        code: str,
        refusal: Callable[[], Observation | None] = lambda: None,
    ) -> Observation:
        """What code gives: from the journal, or run now.

        Parameters
        ----------
        run : Run
        node : str
            The step that the call belongs to.
        position : int or str
            The call's place in the step; no other call has it.
        call : ToolCall
            Of ``run_python``, or of a tool that was made, as the offer resolved it.
        offer : Offer
            What the code may call.
        code : str
            Python.
        refusal : callable
            Why it is not run, where it is not; asked before anything is called.

        Raises
        ------
        BudgetSpent, Paused
            As of a call that the code makes; the code is stopped.
        """
        asked = codec.digest([position, call.name, call.arguments])
        kept, key = run.look_up(CallKey(node, "code", asked))
        if kept is not None:
            known = codec.decode(Observation, kept)
            wrote = [run.paths.effect(one.call) is Effect.WRITE for one in known.inner]
            run.paths.epoch += 2 * sum(wrote)
            return known
        left = run.meter.before_tool()
        limits = self.limits
        if left is not None:
            limits = replace(limits, seconds=min(limits.seconds, left))
        running = CodeRun(run, node, offer, self.sandbox, limits, asked, code)

        async def made() -> Observation:
            observation = refusal()
            if observation is None:
                run.journal.intent(key)
                observation = await self.wrap(running.execute)(call)
            run.journal.result(key, observation)
            return observation

        name, spec = run.paths.tool(call.name)
        begin = partial(ToolStarted, call=call, name=name, spec=spec)
        return await told(made(), begin, partial(ToolEnded, call=call, name=name), "observation")


@dataclass(frozen=True, slots=True)
class Coding:
    """What runs code inside a run, as far as it may.

    Parameters
    ----------
    coder : Coder or None
        Runs the code of ``run_python``, where the offer has it.
    made_tools : MadeTools or None
        Calls the tools that were made from runs, where the run may be offered any.
    """

    coder: Coder | None = None
    made_tools: MadeTools | None = None
