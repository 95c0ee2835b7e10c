"""A page of docs/ as somebody works through it: its files are written, its commands are run.

A block with a title is a file. In a ``console`` block each line after ``$`` is a command, and the
lines under it have to be in what the command says; ``…`` stands for anything.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from typer.testing import CliRunner

from support.scripts import said_by
from toolgrove.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def work_through(page: str, folder: Path, changed: Mapping[str, str] | None = None) -> list[str]:
    """Do what a page says in a folder, which is the working one; gives the commands that were run.

    ``changed`` replaces words of the page, for instance a port.
    """
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for old, new in (changed or {}).items():
        text = text.replace(old, new)
    done: list[str] = []
    variables: dict[str, str] = {}
    with ExitStack() as servers:
        for language, title, body in BLOCK.findall(text):
            if title:
                (folder / title).write_text(body, encoding="utf-8")
            elif language == "console":
                for command, said in _commands(body):
                    _holds(command, _said(command, variables, servers), said)
                    done.append(command)
    return done


def _commands(body: str) -> Iterator[tuple[str, list[str]]]:
    for part in re.split(r"^\$ ", body.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
        command, *said = part.strip().splitlines()
        yield command, said


def _said(command: str, variables: dict[str, str], servers: ExitStack) -> str:
    words = shlex.split(command)
    if words[0] == "export":
        variables.update([words[1].split("=", 1)])
        return ""
    if words[0] == "toolgrove":
        ran = CliRunner().invoke(app, words[1:], env=variables)
        assert ran.exit_code == 0, f"$ {command}\n{ran.output}\n{ran.exception!r}"
        return ran.output
    assert words[0] == "python", f"a page runs toolgrove and python, not {words[0]}"
    if words[-1] == "&":
        line, env = [sys.executable, *words[1:-1]], os.environ | variables
        server = servers.enter_context(
            subprocess.Popen(line, env=env, stdout=subprocess.PIPE, text=True)
        )
        servers.callback(server.kill)
        assert server.stdout is not None
        return server.stdout.readline()  # it says that it is ready
    return said_by(words[1:], variables)


def _holds(command: str, output: str, said: list[str]) -> None:
    plain = "".join(output.split())
    for line in said:
        parts = map(re.escape, "".join(line.split()).split("…"))
        assert re.search(".*".join(parts), plain), f"$ {command}\nsaid\n{output}\nnot\n{line}"
