"""Who is asked before a write: a person at the terminal, or nobody."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from toolgrove.cli.common import err_console

if TYPE_CHECKING:
    from toolgrove.data.records import ToolCall, ToolSpec
    from toolgrove.tools.calls.policy import Approve

__all__ = ["Approval", "approving"]


class Approval(StrEnum):
    """Whether writes are approved."""

    ASK = "ask"
    ALWAYS = "always"
    NEVER = "never"


def approving(approval: Approval, *, served: bool) -> Approve | None:
    """Who is asked before a write; None asks nobody.

    Parameters
    ----------
    approval : Approval
    served : bool
        Whether a virtual API server or a recording answers, so that nothing is written.
    """
    return _Asked(approval) if approval is not Approval.ALWAYS and not served else None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Approves writes to the bundled world, and others as somebody says."""

    approval: Approval
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    async def __call__(self, spec: ToolSpec, call: ToolCall) -> bool:
        from toolgrove.agent.hosting import of_the_world

        if of_the_world([spec]):  # the bundled world is made up anew for each run
            return True
        if self.approval is Approval.NEVER:
            return False
        async with self._one_at_a_time:  # also of all samples of a vote
            return await _answered(spec, call)


async def _answered(spec: ToolSpec, call: ToolCall) -> bool:
    """Ask at the terminal; without one the answer is no."""
    from toolgrove.data import codec

    say = err_console()
    arguments = codec.dumps(dict(call.arguments)).decode()
    if not _terminal():
        say.print(
            f"refused: {spec.id} writes, and there is no terminal to ask on. "
            "Allow writes with --approve always.",
            markup=False,
        )
        return False
    say.print(f"{spec.id} writes: {arguments[:2000]}", markup=False)
    while True:
        say.print("Let it? [y/N]: ", end="", markup=False)
        typed = await _typed()
        match typed.strip().lower():
            case "y" | "yes":
                return True
            case "n" | "no" | "":
                if not typed.endswith("\n"):  # the end of the input leaves the line open
                    say.print()
                return False
        say.print("Type y or n.", markup=False)


async def _typed() -> str:
    """A line from the terminal, empty at its end. The event loop goes on, so that Ctrl-C stops it.

    A prompt that blocked the loop would keep asyncio from cancelling the run at the first Ctrl-C.
    """
    from toolgrove.tools.python.threads import in_thread

    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(sys.stdin, ready.set)
    except (NotImplementedError, OSError, ValueError):  # Windows, or what is no real file
        return str(await in_thread(sys.stdin.readline))
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()  # a terminal is ready when it has a whole line, or its end


def _terminal() -> bool:
    return sys.stdin.isatty()
