"""What ``toolgrove run`` lets its tools do: options become a policy, and a person is asked."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING

from toolgrove.cli.common import err_console

if TYPE_CHECKING:
    from toolgrove.data.records import ToolCall, ToolSpec
    from toolgrove.tools.calls.policy import Approve, Policy
    from toolgrove.tools.http.network import Network

__all__ = ["Approval", "network_of", "policy_of"]


class Approval(StrEnum):
    """Whether writes are approved."""

    ASK = "ask"
    ALWAYS = "always"
    NEVER = "never"


def policy_of(
    allow: list[str] | None, read_only: bool, approve: Approval, dry_run: bool, *, served: bool
) -> Policy:
    """The policy that the options say.

    Parameters
    ----------
    allow, read_only, approve, dry_run
        As given.
    served : bool
        Whether a virtual API server or a recording answers, so that nothing is written.
    """
    from toolgrove.tools.calls.policy import Policy

    asking = _asks(approve) if approve is not Approval.ALWAYS and not served else None
    return Policy(
        allow=tuple(allow) if allow else None, read_only=read_only, approve=asking, dry_run=dry_run
    )


def network_of(private: bool, hosts: list[str] | None) -> Network:
    """Where calls may go besides public addresses."""
    from toolgrove.tools.http.address import AddressPolicy
    from toolgrove.tools.http.network import Network

    return Network(AddressPolicy(private=private, hosts=frozenset(hosts or ())))


def _asks(approval: Approval) -> Approve:
    import asyncio

    from toolgrove.agent.hosting import of_the_world

    one_at_a_time = asyncio.Lock()  # of all samples of a vote

    async def approve(spec: ToolSpec, call: ToolCall) -> bool:
        if of_the_world([spec]):  # the bundled world is made up anew for each run
            return True
        if approval is Approval.NEVER:
            return False
        async with one_at_a_time:
            return await _answered(spec, call)

    return approve


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
    import asyncio

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
