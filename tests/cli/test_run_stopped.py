"""Ctrl-C at the question whether a write may be made, on a real terminal."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolgrove.data.records import Effect, Status, ToolSpec
from toolgrove.data.runs import read_run
from toolgrove.data.tree import SearchTree
from toolgrove.tools.registry import Registry

pty = pytest.importorskip("pty", reason="there are no terminals of this kind here")
_ON_A_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that what is typed there is signalled here
from toolgrove.cli.main import main
main()
"""


def at_the_prompt(folder: Path, typed: bytes) -> tuple[int, str]:
    """Type something once a run asks about a write; its exit code, and what it printed."""
    with Registry.open(folder / "catalog") as registry:
        url = "http://127.0.0.1:9/notes"
        binding = {"kind": "http", "method": "POST", "url": url}
        spec = ToolSpec("D/n/add", "D", "n", "add", effect=Effect.WRITE, binding=binding)
        registry.add([spec])
        name = registry.alias(spec.id)
    finish = {"return_type": "give_answer", "final_answer": "done"}
    script = [
        {"calls": [{"name": name}]},
        {"calls": [{"name": "Finish", "arguments": finish}]},
    ]
    (folder / "script.json").write_text(json.dumps(script))
    command = [sys.executable, "-c", _ON_A_TERMINAL, "run", "Note it.", "--tool", spec.id]
    command += ["--model", f"scripted:{folder / 'script.json'}", "--planner", "react"]
    command += ["--catalog", str(folder / "catalog"), "--runs", str(folder / "runs")]
    keyboard, terminal = pty.openpty()
    child = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    said = b""
    try:
        while piece := _read(keyboard):
            said += piece
            if typed and b"Let it?" in said:
                os.write(keyboard, typed)
                typed = b""
        return child.wait(60), said.decode()
    finally:
        child.kill()
        child.wait()
        os.close(keyboard)


def _read(keyboard: int) -> bytes:
    with contextlib.suppress(OSError):  # how Linux tells that nobody has the terminal any more
        return os.read(keyboard, 4096)
    return b""


def test_one_ctrl_c_stops_the_run_and_keeps_its_journal(tmp_path: Path) -> None:
    code, said = at_the_prompt(tmp_path, b"\x03")
    [run] = (tmp_path / "runs").iterdir()
    assert code == 130, said
    assert f"go on with: toolgrove run --resume {run}" in "".join(said.splitlines())
    assert "Traceback" not in said
    assert read_run(run).size > 0


@pytest.mark.parametrize(
    ("typed", "approved"),
    [(b"y\n", True), (b"Yes\n", True), (b"n\n", False), (b"\n", False), (b"\x04", False)],
)
def test_what_is_typed_decides(tmp_path: Path, typed: bytes, approved: bool) -> None:
    code, said = at_the_prompt(tmp_path, typed)
    assert code == 0, said
    [run] = (tmp_path / "runs").iterdir()
    tree: SearchTree = _tree(run)
    status = next(o.status for node in tree for o in node.observations)
    assert (status is Status.UNAUTHORIZED) is not approved


def test_what_is_neither_yes_nor_no_is_asked_again(tmp_path: Path) -> None:
    code, said = at_the_prompt(tmp_path, b"what\nn\n")
    assert code == 0, said
    assert said.count("Let it?") == 2


def _tree(run: Path) -> SearchTree:
    from toolgrove.data.runs import read_tree

    return read_tree(run)
