"""What ``toolgrove run`` shows of a run while it goes on."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from support.sample_run import HOSTILE, path_tree, sample_tree
from toolgrove.cli.live import grown
from toolgrove.cli.main import app
from toolgrove.cli.screen import Screen
from toolgrove.data.records import ToolSpec
from toolgrove.data.runs import read_tree
from toolgrove.tools.registry import Registry


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a catalogue of one tool that cannot be reached, and a script that calls it."""
    binding = {"kind": "http", "method": "GET", "url": "http://127.0.0.1:9/n"}
    spec = ToolSpec("D/notes/list", "D", "notes", "list", binding=binding)
    with Registry.open(tmp_path / "catalog") as registry:
        registry.add([spec])
        name = registry.alias(spec.id)
    finish = {"return_type": "give_answer", "final_answer": "done"}
    script = [
        {"calls": [{"name": name}]},
        {"calls": [{"name": "Finish", "arguments": finish}]},
    ]
    (tmp_path / "script.json").write_text(json.dumps(script))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


ARGUMENTS = ("run", "Note?", "--catalog", "catalog", "--tool", "D/notes/list", "--planner", "react",
             "--model", "scripted:script.json")  # fmt: skip


def run(*more: str) -> Result:
    return CliRunner().invoke(app, [*ARGUMENTS, *more], catch_exceptions=False)


def test_without_a_terminal_a_step_is_a_plain_line(here: Path) -> None:
    lines = run().stderr.splitlines()
    first, second = (line for line in lines if line[:3] in ("1  ", "2  "))
    assert first.startswith("1  list  ")
    assert "not a public host" in first
    assert second.startswith("2  Answer done  answered")


def test_quiet_shows_no_step(here: Path) -> None:
    shown = run("--quiet")
    assert shown.exit_code == 0
    assert not [line for line in shown.stderr.splitlines() if line[:3] in ("1  ", "2  ")]


def test_a_summary_says_what_a_run_cost_where_the_price_is_known(here: Path) -> None:
    unpriced = json.loads(run("--json").stdout)
    assert unpriced["cost"] is None
    priced = ("--price", f"{read_tree(unpriced['run']).meta['model']}=2,10")
    cost = json.loads(run("--json", *priced).stdout)["cost"]
    assert cost > 0
    assert f", cost {cost:,.4g};" in run(*priced).stdout
    script = json.loads((here / "script.json").read_text())
    (here / "script.json").write_text(json.dumps(script * 2))
    voted = run("--json", "--samples", "2", *priced)
    assert json.loads(voted.stdout)["cost"] > 0


def drawn(console: Console, *arguments: object) -> list[str]:
    console.print(grown(*arguments))  # type: ignore[arg-type]  # what a test gives
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_the_tree_is_drawn_with_tools_outcomes_and_totals() -> None:
    lines = drawn(Console(file=io.StringIO(), width=100), sample_tree(), "waiting for a tool", 20)
    assert len(lines) == 9
    assert "› look" in lines[0]
    assert "no such tool" in lines[1]
    assert lines[-1].startswith("8 model and 6 tool calls, 3,702 tokens")
    assert lines[-1].rstrip().endswith("; waiting for a tool")


def test_a_long_run_shows_the_last_steps_that_fit() -> None:
    lines = drawn(Console(file=io.StringIO(), width=80), path_tree(500), "at work", 10)
    assert len(lines) == 10
    assert lines[-2].strip().startswith("499")
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("word", HOSTILE)
def test_promise_27_nothing_in_a_tree_draws_on_the_terminal(word: str) -> None:
    screen = Screen()
    screen.file = io.StringIO()
    lines = drawn(screen, sample_tree(f"{word}\x1b[2J\r"), "at work", 20)
    assert not {"\x1b", "\r", "\u202e"} & set("".join(lines))


ON_A_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from toolgrove.cli.main import main
main()
"""


def test_on_a_terminal_the_tree_grows_in_place(here: Path) -> None:
    pty = pytest.importorskip("pty", reason="there are no terminals of this kind here")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, *ARGUMENTS],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        try:
            said += (piece := os.read(ours, 65536))
        except OSError:  # Linux ends a terminal so
            break
        if not piece:
            break
    os.close(ours)
    assert process.wait(60) == 0
    text = said.decode()
    assert "\x1b[?25l" in text  # rich hides the cursor of what it draws in place,
    assert "\x1b[?25h" in text  # and shows it when it is done
    assert "the run has ended" in text
    assert "Answer done" in text
    assert "done" in text.rpartition("\x1b[?25h")[2]
