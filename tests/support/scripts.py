"""A script as ``python SCRIPT`` runs it, but in this process: to start one takes seconds."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest


def said_by(line: Sequence[str], env: Mapping[str, str]) -> str:
    """What a script says, given its path and arguments, with these variables set."""
    folder = Path(line[0]).resolve().parent
    said = StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(said),
        redirect_stderr(said),
    ):
        patch.setattr(sys, "argv", list(line))
        patch.setattr(sys, "path", [str(folder), *sys.path])
        for name, value in env.items():
            patch.setenv(name, value)
        runpy.run_path(line[0], run_name="__main__")
    for beside in folder.glob("*.py"):  # another page may have a script of this name
        if getattr(sys.modules.get(beside.stem), "__file__", None) == str(beside):
            del sys.modules[beside.stem]
    return said.getvalue()
