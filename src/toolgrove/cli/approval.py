"""Who is asked before a write: a person at the terminal, or nobody."""

from __future__ import annotations

import sys
from dataclasses import dataclass
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

    def __call__(self, spec: ToolSpec, call: ToolCall) -> bool:
        from toolgrove.agent.hosting import of_the_world

        if of_the_world([spec]):  # the bundled world is made up anew for each run
            return True
        if self.approval is Approval.NEVER:
            return False
        return _answered(spec, call)


def _answered(spec: ToolSpec, call: ToolCall) -> bool:
    """Ask at the terminal; without one the answer is no."""
    import typer

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
    try:
        return typer.confirm("Let it?", default=False, err=True)
    except typer.Abort:
        return False


def _terminal() -> bool:
    return sys.stdin.isatty()
