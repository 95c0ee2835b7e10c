"""A process that holds a piece of code: what goes in and comes out of it, and how it is ended.

The code talks to us by two pipes with lines of JSON (:mod:`toolgrove.tools.sandbox.child`).
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from toolgrove.data import codec
from toolgrove.tools.sandbox.sandbox import CallRefused, CallTool, CodeLimits, Door, Ran
from toolgrove.tools.sandbox.turns import turn

__all__ = ["CHILD", "Held", "HeldSandbox", "seed_of"]

CHILD = Path(__file__).with_name("child.py")
_LINE = 4 * 1024 * 1024
"""Bytes of one line that comes out of the sandbox."""


@dataclass(frozen=True, slots=True)
class Held:
    """The process of one piece of code.

    Parameters
    ----------
    write, read : binary files
        Buffered, to its input and from its output.
    kill, wait : callable
        End it, and wait for its end.
    """

    write: IO[bytes]
    read: IO[bytes]
    kill: Callable[[], object]
    wait: Callable[[], object]

    def ready(self) -> bool:
        """Wait until it has begun: what comes then is the code's own time."""
        return bool(self.read.readline(_LINE))

    def exchange(self, said: Any) -> dict[str, Any]:
        """Say a line and hear the next one; nothing where the process is gone or talks nonsense."""
        try:
            self.write.write(codec.dumps(said) + b"\n")
            self.write.flush()
            heard = codec.loads(self.read.readline(_LINE))
        except (OSError, ValueError):
            return {}
        return heard if isinstance(heard, dict) else {}

    def close(self) -> None:
        """Take leave of a process that was ended."""
        for stream in (self.write, self.read):
            with suppress(OSError):  # what was not sent any more
                stream.close()
        self.wait()


class HeldSandbox(ABC):
    """A sandbox that is a process; what holds it is all that tells one from another."""

    @abstractmethod
    def begin(self, code: str, limits: CodeLimits) -> Held:
        """Start the process."""

    async def run(
        self,
        code: str,
        functions: Mapping[str, Sequence[str]],
        call: CallTool,
        limits: CodeLimits = CodeLimits(),  # noqa: B008 - frozen
    ) -> Ran:
        """Run code (:meth:`toolgrove.tools.sandbox.sandbox.Sandbox.run`).

        Nothing is left of its process, however it ends.
        """
        door = Door(functions, call, limits.calls)
        said: Any = {"code": code, "functions": list(functions), "output": limits.output}
        left = limits.seconds
        made: list[Held] = []  # also where the wait for it is cancelled
        try:
            await turn(lambda: made.append(self.begin(code, limits)), lambda: None)
            process = made[0]
            await turn(process.ready, process.kill)
            while True:
                began = time.monotonic()
                async with asyncio.timeout(max(left, 0.0)):
                    heard = await turn(lambda: process.exchange(said), process.kill)  # noqa: B023
                left -= time.monotonic() - began
                if "call" not in heard:
                    return _came_to(heard, limits)
                said = await _answer(door, heard)
        except TimeoutError:
            if left > limits.seconds:
                raise
            return Ran(error=f"it was stopped, because it had worked for {limits.seconds:g} s")
        finally:
            for one in made:
                one.kill()
                await turn(one.close, lambda: None)


def seed_of(code: str) -> int:
    """So that code which draws by chance makes the same calls when its run is resumed."""
    digest = hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:7], "big")


async def _answer(door: Door, heard: Mapping[str, Any]) -> dict[str, Any]:
    """What the code is told that a call gave."""
    try:
        return {"gives": await door(heard["call"], heard.get("args"), heard.get("kwargs"))}
    except CallRefused as refused:
        return {"raises": refused.kind, "message": str(refused)}


def _came_to(heard: Mapping[str, Any], limits: CodeLimits) -> Ran:
    """What the code says that it came to; that may be anything."""
    output, error = heard.get("output"), heard.get("error")
    memory = f"{limits.memory >> 20} MiB"
    if not isinstance(output, str) or not isinstance(error, str):
        return Ran(error=f"its process ended, as it does where it needs more than {memory}")
    if error.endswith(": MemoryError: "):
        error += f"it may take {memory}"
    return Ran(output[: limits.output + 100], heard.get("value"), error[:2000])
