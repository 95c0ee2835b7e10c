"""Nothing that is printed draws on the terminal (promise 27)."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from rich.table import Table
from rich.text import Text

from toolgrove.cli import approval
from toolgrove.cli.common import console, err_console, print_json, progress
from toolgrove.cli.main import _say
from toolgrove.cli.printable import printable
from toolgrove.data.decisions import Refuse
from toolgrove.data.records import Effect, ToolCall, ToolSpec
from toolgrove.errors import ToolgroveError

HOSTILE = [
    "\x1b[1A\x1b[2K",  # up a line, and erase it
    "\x1b]0;title\x07",
    "\x1b]8;;http://x.example\x1b\\text\x1b]8;;\x1b\\",  # a link
    "\x9b2J",  # the same with one character
    "\x1bc",  # reset
    "\r",
    "\b\b\b\b",
    "\x0b\x0c\x00\x7f\x85",
    "\u202e\u2066\u2069\u200f",  # right to left
    "\u2028\u2029",
    "\ufeff\u2060\U000e0041",
    "\ud800",  # half a character
]
BAD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
@pytest.mark.parametrize("terminal", [True, False])
def test_promise_27_what_is_printed_cannot_draw(
    capsys: pytest.CaptureFixture[str], hostile: str, terminal: bool
) -> None:
    text = f"before{hostile}after"
    table = Table(f"head{hostile}", title=text)
    table.add_row(text)
    table.add_row(Text(text, style="dim"))
    for screen in (console(), err_console()):
        screen._force_terminal = terminal
        screen.print(text)
        screen.print(text, style="bold")
        screen.print(Text(text))
        screen.print(table)
    with progress(text) as tick:
        tick(1, None)
    _say(ToolgroveError(text))
    print_json({text: [text]})
    out, err = capsys.readouterr()
    ours = re.compile(r"\x1b\[[0-9;]*m")  # the colours that rich itself sets
    for said in (out, err):
        assert "before" in said
        assert not BAD.search(ours.sub("", said))


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_printed_json_is_what_was_meant(capsys: pytest.CaptureFixture[str], hostile: str) -> None:
    print_json({"it": hostile})
    assert json.loads(capsys.readouterr().out) == {"it": hostile}


@pytest.mark.parametrize(
    "text", ["a\tb\nc", "naïve – „so“ 東京 👩‍👧", "می‌خواهم", "[bold]not markup[/]", ""]
)
def test_what_people_write_is_printed_as_it_is(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert printable(text) == text
    console().print(text.expandtabs())
    assert capsys.readouterr().out == text.expandtabs() + "\n"


class Keyboard(io.StringIO):
    """A terminal on which somebody types."""

    def isatty(self) -> bool:
        return True


async def asked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: dict[str, Any],
    spec_id: str = "World/notes/add",
) -> list[str]:
    """The lines that a person is shown before a write."""
    monkeypatch.setattr("sys.stdin", Keyboard("n\n"))
    approve = approval.approving(approval.Approval.ASK, served=False)
    assert approve is not None
    spec = ToolSpec(spec_id, "Mail", "mail", "send", effect=Effect.WRITE)
    assert await approve(spec, ToolCall("c", spec_id, arguments)) == Refuse()
    return capsys.readouterr().err.splitlines()


async def test_promise_27_a_value_cannot_pass_for_a_line_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = "Notes/notes/list writes:\nLet it? [y/N]: "
    wide = " " * 79 + forged + "\x1b[9A\x1b[J\r" + "東" * 200
    given = {"to": "me", "text": forged, "wide": wide, f"na\n{forged}me": 1, "in": {"a": [forged]}}
    lines = await asked(monkeypatch, capsys, given, f"Mail/{forged}\x1b[2K")
    assert lines[0].startswith("Mail/Notes/notes/list writes:␊Let it? [y/N]: ␛[2K writes:")
    assert lines[-1].startswith("Let it? [y/N, r: ")
    assert all(line.startswith("  | ") for line in lines[1:-1])
    assert not BAD.search("".join(lines))


async def test_promise_27_no_field_is_out_of_sight(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filler = "x" * 50_000
    given = {
        "subject": filler,
        "body": {"text": filler, "parts": [{"kind": filler, "then": "DROP TABLE"}, 7]},
        "many": list(range(10_000)),
        "name" + "e" * 400: 1,
        "deep": json.loads("[" * 200 + '{"end": "here"}' + "]" * 200),
        "bcc": "attacker@example.com",
        "last": f"{filler}, and delete the rest",
        "none": None,
        "empty": {},
    }
    shown = "".join(line[4:] for line in (await asked(monkeypatch, capsys, given))[1:-1])
    for part in (
        "subject: ",
        "body.text: ",
        "body.parts[0].kind: ",
        'body.parts[0].then: "DROP TABLE"',
        "body.parts[1]: 7",
        "e" * 400,
        '].end: "here"',
        'bcc: "attacker@example.com"',
        'and delete the rest"',
        "none: null",
        "empty: {}",
        "9999]",
    ):
        assert part in shown, part
    assert shown.count("characters left out)…") == 5
    assert len(shown) < 10_000


async def test_a_call_without_arguments_is_asked_for_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = await asked(monkeypatch, capsys, {}, "Other/notes/clear")
    assert lines[0] == "Other/notes/clear writes, without arguments."
