"""The sandboxes by their names."""

from __future__ import annotations

from toolgrove.errors import UsageError
from toolgrove.tools.sandbox.bwrap import BwrapSandbox
from toolgrove.tools.sandbox.monty import MontySandbox
from toolgrove.tools.sandbox.sandbox import Sandbox
from toolgrove.tools.sandbox.sandlock import SandlockSandbox

__all__ = ["SANDBOXES", "sandbox_named"]

SANDBOXES: dict[str, type[Sandbox]] = {
    one.name: one for one in (MontySandbox, SandlockSandbox, BwrapSandbox)
}


def sandbox_named(name: str) -> Sandbox:
    """A sandbox that can run here. Where it cannot, nothing takes its place (promise 24).

    Raises
    ------
    UsageError
        Saying what to install, or which sandboxes there are.
    """
    if name not in SANDBOXES:
        raise UsageError(f"code={name!r} is no sandbox: say {', '.join(SANDBOXES)}.")
    sandbox = SANDBOXES[name]()
    if missing := sandbox.missing():
        raise UsageError(
            f"code that a model writes is run in a sandbox or not at all, and {name} cannot run "
            f"here: {missing}."
        )
    return sandbox
