"""Sandlock: all of Python, in a process that Landlock and seccomp hold (Linux 6.7 or newer).

The process may read Python's own library and nothing else, write nothing, open no connection, start
no other process, and has no variables of the environment; its memory is capped by a supervisor. The
code talks to us by two pipes with lines of JSON (:mod:`toolgrove.tools.sandbox.child`).
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from io import BufferedReader, BufferedWriter

from toolgrove.tools.sandbox.held import CHILD, Held, HeldSandbox, seed_of
from toolgrove.tools.sandbox.sandbox import CodeLimits

__all__ = ["SandlockSandbox"]


class SandlockSandbox(HeldSandbox):
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

    def begin(self, code: str, limits: CodeLimits) -> Held:
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
            random_seed=seed_of(code),
        )
        program = [python, "-I", "-S", "-c", CHILD.read_text(encoding="utf-8")]
        piped = StdioMode.PIPED
        made = sandbox.popen(program, stdin=piped, stdout=piped, stderr=StdioMode.NULL)
        return Held(BufferedWriter(made.stdin), BufferedReader(made.stdout), made.kill, made.wait)
