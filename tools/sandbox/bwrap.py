"""Bubblewrap: all of Python, in namespaces of its own, for Linux without Landlock.

The process sees Python's own library and nothing else of the machine's files, and may write none.
It has no network, sees no other process, has no variables of the environment and no privileges; a
filter of system calls lets it start no process, and before it takes any code it bounds its own
memory and files for good.
"""

from __future__ import annotations

import os
import platform
import shutil
import struct
import subprocess
import sys
from functools import cache

from toolgrove.tools.sandbox.held import CHILD, Held, HeldSandbox, seed_of
from toolgrove.tools.sandbox.sandbox import CodeLimits

__all__ = ["BwrapSandbox"]

_BOUNDED = """\
import random, resource
random.seed({seed})
for name, most in {bounds}.items():
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (most, most))
"""
_STARTS = {  # the machine's number for the kernel, and its calls clone, fork, vfork, clone3
    "x86_64": (0xC000003E, (56, 57, 58, 435)),
    "aarch64": (0xC00000B7, (220, 435)),
}


class BwrapSandbox(HeldSandbox):
    """Runs Python in a process that bubblewrap confines."""

    name = "bwrap"

    def missing(self) -> str:
        """What has to be installed (:class:`~toolgrove.tools.sandbox.sandbox.Sandbox`)."""
        return _missing()

    def begin(self, code: str, limits: CodeLimits) -> Held:
        bounds = {"AS": limits.memory, "FSIZE": 0, "CORE": 0, "NOFILE": 64}
        bounded = _BOUNDED.format(seed=seed_of(code), bounds=bounds)
        made = _popen(bounded + CHILD.read_text(encoding="utf-8"), subprocess.DEVNULL)
        assert made.stdin is not None
        assert made.stdout is not None
        return Held(made.stdin, made.stdout, made.kill, made.wait)


@cache
def _missing() -> str:
    if sys.platform != "linux" or shutil.which("bwrap") is None:
        return "install bubblewrap 0.8 or newer (it is for Linux): apt-get install bubblewrap"
    if platform.machine() not in _STARTS:
        return f"use another sandbox: this one knows {' and '.join(_STARTS)}"
    tried = _popen("pass", subprocess.PIPE)
    _, said = tried.communicate()
    if tried.returncode == 0:
        return ""
    why = " ".join(said.decode(errors="replace").split())[:200]
    return f"let bubblewrap make namespaces here; it says: {why}"


def _popen(program: str, stderr: int) -> subprocess.Popen[bytes]:
    python = os.path.realpath(sys.executable)
    places = [python, f"{sys.base_prefix}/lib", "/usr/lib", "/usr/lib64", "/lib", "/lib64"]
    held = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    held += ["--die-with-parent", "--new-session", "--clearenv", "--setenv", "PYTHONHASHSEED", "0"]
    for place in filter(os.path.exists, dict.fromkeys(places)):
        held += ["--ro-bind", place, place]
    held += ["--remount-ro", "/", "--chdir", "/"]
    runs = [python, "-s", "-S", "-P", "-c", program]
    filtered, written = os.pipe()
    try:
        with os.fdopen(written, "wb") as pipe:
            pipe.write(_filter())
        return subprocess.Popen(
            [*held, "--seccomp", str(filtered), "--", *runs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            pass_fds=[filtered],
        )
    finally:
        os.close(filtered)


def _filter() -> bytes:
    """A program for the kernel (seccomp's classic BPF): what would start a process is refused."""
    machine, starts = _STARTS[platform.machine()]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    refuse, kill, allow = 0x00050001, 0x80000000, 0x7FFF0000  # EPERM; the process; go on
    steps = [(load, 0, 0, 4), (equal, 1, 0, machine), (give, 0, 0, kill), (load, 0, 0, 0)]
    steps += [(at_least, len(starts) + 1, 0, 0x40000000)]  # x32's numbers for the same calls
    steps += [(equal, len(starts) - place, 0, call) for place, call in enumerate(starts)]
    steps += [(give, 0, 0, allow), (give, 0, 0, refuse)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
