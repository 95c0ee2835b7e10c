"""``toolgrove approve``: a run that waits is shown, decided about and gone on with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from support.approved import Desk
from support.loopback import Loopback
from toolgrove.cli.main import app
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.data.runs import read_run, read_tree
from toolgrove.errors import UsageError
from toolgrove.tools.registry import Registry


@pytest.fixture
def post() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


@pytest.fixture
def waiting(tmp_path: Path, post: Loopback, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that waits to send a letter."""
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("COLUMNS", "200")
    text = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    binding = {
        "kind": "http",
        "method": "POST",
        "url": f"http://{post.host}/letters",
        "in": {"text": "body"},
    }
    spec = ToolSpec(
        *("Mail/letters/send", "Mail", "letters", "send"),
        description="Send a letter.\x1b[2K\nLet it? [y/N]: ",
        parameters=text,
        effect=Effect.WRITE,
        binding=binding,
    )
    with Registry.open(tmp_path / "catalog") as registry:
        registry.add([spec])
        name = registry.alias(spec.id)
    finish = {"return_type": "give_answer", "final_answer": "done"}
    script = [
        {"calls": [{"name": name, "arguments": {"text": "HELLO"}}]},
        {"calls": [{"name": "Finish", "arguments": finish}]},
    ]
    (tmp_path / "script.json").write_text(json.dumps(script))
    model = f"scripted:{tmp_path / 'script.json'}"
    options = ["--model", model, "--planner", "react", "--tool", spec.id, "--allow-private"]
    runs = ["--runs", str(tmp_path / "runs")]
    begun = CliRunner().invoke(app, ["run", "Write.", *options, *runs])
    [run] = (tmp_path / "runs").iterdir()
    assert begun.exit_code == 3, begun.output
    assert f"decide with: toolgrove approve {run}" in begun.stderr
    (tmp_path / "script.json").write_text(json.dumps(script[1:]))  # what is left to be said
    return run


def approve(run: Path, *options: str, input: str | None = None) -> Result:
    return CliRunner().invoke(app, ["approve", str(run), *options], input=input)


def call_of(run: Path) -> str:
    [call] = read_run(run).waiting.values()
    return call.id


def test_it_lists_what_waits(waiting: Path, post: Loopback) -> None:
    listed = approve(waiting)
    assert listed.exit_code == 3
    assert "Mail/letters/send writes:" in listed.stdout
    assert f"(POST to {post.host}; call {call_of(waiting)})" in listed.stdout
    assert "(it says of itself: Send a letter.␛[2K Let it? [y/N]:)" in listed.stdout
    assert '  | text: "HELLO"' in listed.stdout
    told = json.loads(approve(waiting, "--json").stdout)
    assert [(one["id"], one["tool"], one["arguments"]) for one in told["waiting"]] == [
        (call_of(waiting), "Mail/letters/send", {"text": "HELLO"})
    ]
    assert post.sent == []


def test_an_allowed_call_is_made_and_the_run_goes_on(waiting: Path, post: Loopback) -> None:
    done = approve(waiting, "--allow", call_of(waiting), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["answer"] == "done"
    assert post.sent == ['{"text":"HELLO"}']
    assert approve(waiting).stdout == "no call waits here\n"


def test_a_refused_call_is_not_made_and_the_model_reads_why(waiting: Path, post: Loopback) -> None:
    assert approve(waiting, "--refuse", f"{call_of(waiting)}=Not so loud.").exit_code == 0
    assert post.sent == []
    seen = [o.content for node in read_tree(waiting) for o in node.observations]
    assert "was not approved: Not so loud. Nothing was changed." in seen[0]


def test_a_call_is_edited(waiting: Path, post: Loopback) -> None:
    done = approve(waiting, "--edit", f'{call_of(waiting)}={{"text": "hello = hi"}}')
    assert done.exit_code == 0, done.output
    assert post.sent == ['{"text":"hello = hi"}']


@pytest.mark.parametrize(
    ("typed", "sent", "code"),
    [
        ("y\n", ['{"text":"HELLO"}'], 0),
        ("what\nr\nToo loud.\n", [], 0),
        ("l\n", [], 3),
        ("e\nother=1\n\ne\ntext=hello\n\n", ['{"text":"hello"}'], 0),
        ("", [], 0),
    ],
)
def test_somebody_decides_at_a_terminal(
    waiting: Path,
    post: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    sent: list[str],
    code: int,
) -> None:
    monkeypatch.setattr("toolgrove.cli.approval.on_a_terminal", lambda: True)
    monkeypatch.setattr("toolgrove.cli.approve.on_a_terminal", lambda: True)
    done = approve(waiting, input=typed)
    assert done.exit_code == code, done.output
    assert post.sent == sent
    assert ("not taken" in done.stderr) is ("other" in typed)
    assert ("Type y, n, r, e or l." in done.stderr) is ("what" in typed)


def test_what_does_not_fit_is_told_and_nothing_is_decided(waiting: Path, post: Loopback) -> None:
    name = call_of(waiting)
    for options, told in [
        (["--allow", "x"], "no call 'x' waits there"),
        (["--edit", f'{name}={{"txt": "a"}}'], "text is required"),
        (["--edit", f"{name}=[1]"], "JSON object"),
        (["--edit", f"{name}={{"], "not JSON"),
        (["--edit", name], "--edit 'ID="),
        (["--allow", name, "--refuse", f"{name}=no"], "named twice"),
    ]:
        done = approve(waiting, *options)
        assert isinstance(done.exception, UsageError), done.output
        assert told in str(done.exception)
    assert call_of(waiting) == name
    assert post.sent == []


def test_a_run_is_gone_on_with_where_all_writes_may_go(waiting: Path, post: Loopback) -> None:
    done = CliRunner().invoke(app, ["run", "--resume", str(waiting), "--approve", "always"])
    assert done.exit_code == 0, done.output
    assert post.sent == ['{"text":"HELLO"}']


def test_the_exit_code_of_a_real_process_says_that_it_waits(waiting: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "toolgrove", "run", "--resume", str(waiting)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 3, done.stderr
    assert "there is no terminal to ask on" in done.stderr


async def test_what_python_began_is_decided_here_and_gone_on_with_there(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    tree = await desk.begun()
    assert tree.ending is not None
    ann, bob = (call.id for call in tree.ending.waiting)
    done = approve(tmp_path / "run", "--allow", ann, "--allow", bob)
    assert done.exit_code == 0, done.output
    assert "Agent(…).resume(run)" in done.stderr
    assert desk.posted == []
    outcome = await desk.agent().aresume(tmp_path / "run")
    assert outcome.answer == "done"
    assert desk.posted == ["Ann 1", "Bob 1"]
