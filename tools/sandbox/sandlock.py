"""Sandlock: all of Python, in a process that Landlock and seccomp hold (Linux 6.7 or newer).

The process may read Python's own library and nothing else, write nothing, open no connection, start
no other process, and has no variables of the environment; its memory is capped by a supervisor. The
code talks to us by two pipes with lines of JSON (:mod:`toolgrove.tools.sandbox.child`).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.tools.sandbox.sandbox import CallRefused, CallTool, CodeLimits, Door, Ran
from toolgrove.tools.sandbox.turns import turn

__all__ = ["SandlockSandbox"]

_LINE = 4 * 1024 * 1024
"""Bytes of one line that comes out of the sandbox."""
_CHILD = Path(__file__).with_name("child.py")


class SandlockSandbox:
    """Runs Python in a process that sandlock confines."""

    name = "sandlock"

    def missing(self) -> str:
        """What has to be installed (:class:`~toolgrove.tools.sandbox.sandbox.Sandbox`)."""
        if find_spec("sandlock") is None:
            return "install sandlock: pip install 'toolgrove[sandbox]' (it is for Linux)"
        from sandlock import landlock_abi_version, min_landlock_abi

        if landlock_abi_version() < min_landlock_abi():
            return f"use a kernel whose Landlock has version {min_landlock_abi()} (Linux 6.12)"
        return ""

    async def run(
        self,
        code: str,
        functions: Mapping[str, Sequence[str]],
        call: CallTool,
        limits: CodeLimits = CodeLimits(),  # noqa: B008 - frozen
    ) -> Ran:
        """Run code (:meth:`toolgrove.tools.sandbox.sandbox.Sandbox.run`)."""
        door = Door(functions, call, limits.calls)
        said: Any = {"code": code, "functions": list(functions), "output": limits.output}
        left = limits.seconds
        process = await turn(lambda: _Process(code, limits), lambda: None)
        try:
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
            process.kill()
            await turn(process.close, lambda: None)


class _Process:
    """The process that holds one piece of code."""

    def __init__(self, code: str, limits: CodeLimits) -> None:
        from sandlock import Sandbox
        from sandlock.sandbox import StdioMode

        places = [f"{sys.base_prefix}/lib", "/usr/lib", "/usr/lib64", "/lib", "/lib64"]
        places += ["/dev/null", "/dev/urandom"]
        python = os.path.realpath(sys.executable)
        sandbox = Sandbox(
            fs_readable=[python, *filter(os.path.exists, places)],
            max_memory=limits.memory,
            max_processes=1,
            max_open_files=64,
            clean_env=True,
            no_coredump=True,
            random_seed=_seed(code),
        )
        program = [python, "-I", "-S", "-c", _CHILD.read_text(encoding="utf-8")]
        piped = StdioMode.PIPED
        self._process = sandbox.popen(program, stdin=piped, stdout=piped, stderr=StdioMode.NULL)
        self._write = BufferedWriter(self._process.stdin)
        self._read = BufferedReader(self._process.stdout)
        self._read.readline(_LINE)  # it has begun: what comes is the code's own time

    def exchange(self, said: Any) -> dict[str, Any]:
        """Say a line and hear the next one; nothing where the process is gone or talks nonsense."""
        try:
            self._write.write(codec.dumps(said) + b"\n")
            self._write.flush()
            heard = codec.loads(self._read.readline(_LINE))
        except (OSError, ValueError):
            return {}
        return heard if isinstance(heard, dict) else {}

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        for stream in (self._write, self._read):
            with suppress(OSError):  # what was not sent any more
                stream.close()
        self._process.wait()


async def _answer(door: Door, heard: Mapping[str, Any]) -> dict[str, Any]:
    """What the code is told that a call gave."""
    try:
        return {"gives": await door(heard["call"], heard.get("args"), heard.get("kwargs"))}
    except CallRefused as refused:
        return {"raises": refused.kind, "message": str(refused)}


def _came_to(heard: Mapping[str, Any], limits: CodeLimits) -> Ran:
    """What the code says that it came to; that may be anything."""
    output, error = heard.get("output"), heard.get("error")
    if not isinstance(output, str) or not isinstance(error, str):
        memory = f"{limits.memory >> 20} MiB"
        return Ran(error=f"its process ended, as it does where it needs more than {memory}")
    return Ran(output[: limits.output + 100], heard.get("value"), error[:2000])


def _seed(code: str) -> int:
    """So that code which draws by chance makes the same calls when its run is resumed."""
    digest = hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:7], "big")
