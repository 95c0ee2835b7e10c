"""Monty: a subset of Python in an interpreter of its own, which has no way to the machine.

What the interpreter (pydantic-monty) does not have cannot be misused: there are no files, sockets,
processes or variables of the environment in it, and what it is asked of them it hands to its host,
who refuses all. Its mounts of folders, through which code got out of earlier versions, are not
used. It runs in a process of its own, one for each piece of code, which is killed to stop it.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from toolgrove.tools.sandbox.sandbox import CallRefused, CallTool, CodeLimits, Door, Ran
from toolgrove.tools.sandbox.turns import turn

if TYPE_CHECKING:
    from pydantic_monty import MontySession

__all__ = ["MontySandbox"]


class MontySandbox:
    """Runs a subset of Python in pydantic-monty."""

    name = "monty"

    def missing(self) -> str:
        """What has to be installed (:class:`~toolgrove.tools.sandbox.sandbox.Sandbox`)."""
        if find_spec("pydantic_monty") is None:
            return "install Monty: pip install 'toolgrove[sandbox]'"
        return ""

    async def run(
        self,
        code: str,
        functions: Mapping[str, Sequence[str]],
        call: CallTool,
        limits: CodeLimits = CodeLimits(),  # noqa: B008 - frozen
    ) -> Ran:
        """Run code (:meth:`toolgrove.tools.sandbox.sandbox.Sandbox.run`)."""
        from pydantic_monty import Monty, MontyError, NameLookupSnapshot

        said = _Printed(limits.output)
        door = Door(functions, call, limits.calls)
        known = {name: _named(name) for name in functions}
        with (
            Monty(min_processes=1, max_processes=1) as pool,
            pool.checkout(
                script_name="code",
                limits={"max_feed_duration_secs": limits.seconds, "max_memory": limits.memory},
                os_policy={"sleep": "zero", "random_start": {"seed": _seed(code)}},
            ) as session,
        ):
            kill = _killing(session)
            try:
                step: Any = await turn(lambda: session.feed_start(code, print_callback=said), kill)
                while not hasattr(step, "output"):
                    if isinstance(step, NameLookupSnapshot):
                        found = known.get(step.variable_name)
                        given = {} if found is None else {"value": found}
                        step = await turn(lambda: step.resume(**given), kill)  # noqa: B023 - awaited
                    elif getattr(step, "is_os_function", True):
                        step = await turn(step.resume_not_handled, kill)
                    else:
                        answer = await _answer(door, step)
                        step = await turn(lambda: step.resume(answer), kill)  # noqa: B023 - awaited
                return Ran(said.text, step.output)
            except MontyError as error:
                return Ran(said.text, error=_told(error, limits))


def _killing(session: MontySession) -> Callable[[], None]:
    """What ends the process of an interpreter, which cannot be asked for while it works.

    The library's own asynchronous pool waits for the code when it is cancelled, so it is not used.
    """
    pid = session.worker_pid

    def kill() -> None:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    return kill


class _Printed:
    """What is printed, up to a limit."""

    def __init__(self, most: int) -> None:
        self._parts: list[str] = []
        self._left = most

    def __call__(self, stream: str, text: str) -> None:
        if self._left:
            self._parts.append(text[: self._left])
            self._left = max(0, self._left - len(text))
            if not self._left:
                self._parts.append("\n[What it printed after that is left out.]")

    @property
    def text(self) -> str:
        return "".join(self._parts)


async def _answer(door: Door, step: Any) -> Any:
    """What the interpreter is told that a call gave."""
    try:
        return {"return_value": await door(step.function_name, step.args, step.kwargs)}
    except CallRefused as refused:
        return {"exc_type": refused.kind, "message": str(refused)}


def _named(name: str) -> Callable[..., None]:
    """What stands for a function where code has it as a value."""

    def function() -> None: ...

    function.__name__ = name
    return function


def _seed(code: str) -> str:
    """So that code which draws by chance makes the same calls when its run is resumed."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def _told(error: Any, limits: CodeLimits) -> str:
    """An error for who wrote the code: its line, its kind, and what it says."""
    inner, message = error.exception(), str(error)
    if getattr(error, "timed_out", False) or (
        isinstance(inner, TimeoutError) and "time limit exceeded" in message
    ):
        return f"it was stopped, because it had worked for {limits.seconds:g} s"
    if isinstance(inner, MemoryError):
        return f"it was stopped, because it needed more than {limits.memory >> 20} MiB"
    frames = error.traceback() if hasattr(error, "traceback") else []
    if not frames:
        return message or "the sandbox's process ended"
    return f"line {frames[-1].line}: {error.display('type-msg')}"
