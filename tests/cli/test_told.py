"""What a run is told of at the terminal: failed calls, and what lets them work."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from support.sample_run import sample_tree
from toolgrove.cli.told import tell, told
from toolgrove.data.journal import Journal
from toolgrove.data.records import Message, Node, Observation, Role, Status, Task, ToolCall
from toolgrove.data.reply import Reply
from toolgrove.data.runs import CallKey
from toolgrove.data.tree import ROOT, SearchTree
from toolgrove.tools.http.request import Refused
from toolgrove.tools.secrets import SecretStore

ORIGIN = "https://maps.example:443"


def tree_of(*contents: str) -> SearchTree:
    tree = SearchTree(Task("t", "Where?"))
    tree.add(Node(ROOT, None))
    calls = tuple(ToolCall(str(n), "Maps/geo/find") for n, _ in enumerate(contents))
    seen = tuple(Observation(Status.UNAUTHORIZED, text, len(text)) for text in contents)
    tree.add(Node(f"{ROOT}.0", ROOT, calls=calls, observations=seen))
    return tree


def missing(environ: dict[str, str]) -> str:
    with pytest.raises(Refused) as error:
        SecretStore(environ).get("maps", ORIGIN)
    return str(error.value)


@pytest.mark.parametrize("keyring", ["absent", "broken", "empty"])
def test_a_missing_secret_names_the_two_variables(
    monkeypatch: pytest.MonkeyPatch, keyring: str
) -> None:
    module = ModuleType("keyring")

    def get_password(service: str, name: str) -> None:
        if keyring == "broken":
            raise RuntimeError("no backend")

    module.get_password = get_password  # type: ignore[attr-defined] # a module made here
    monkeypatch.setitem(sys.modules, "keyring", None if keyring == "absent" else module)
    text = missing({})
    assert told([tree_of(text, text)], {}) == [
        "2 of 2 calls failed: Maps/geo/find (unauthorized) 2 times.",
        f"a secret is missing: set TOOLGROVE_SECRET_MAPS and TOOLGROVE_ORIGIN_MAPS={ORIGIN}",
    ]


def test_a_secret_for_another_host_names_the_variable() -> None:
    lines = told([tree_of(missing({"TOOLGROVE_SECRET_MAPS": "k-12345678"}))], {})
    assert lines[1].endswith(f"it is sent with TOOLGROVE_ORIGIN_MAPS={ORIGIN}")


@pytest.mark.parametrize(
    ("secret", "origin", "said"),
    [
        ("tok-77", ORIGIN, "the secret MAPS cannot be used: it has to be 8 or more printable"),
        ("k-12345678", "http://", "TOOLGROVE_ORIGIN_MAPS holds something that is no http(s) URL"),
    ],
)
def test_a_secret_that_cannot_be_sent_is_told_with_the_reason(
    secret: str, origin: str, said: str
) -> None:
    text = missing({"TOOLGROVE_SECRET_MAPS": secret, "TOOLGROVE_ORIGIN_MAPS": origin})
    assert told([tree_of(text)], {})[1].startswith(said)


def test_a_refused_tool_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = SearchTree(Task("t", "Where?"))
    tree.add(Node(ROOT, None))
    with Journal.create(tmp_path / "run", task=tree.task, tools=(), aliases={}, config={}) as kept:
        notes = {"refused": {"find": "no items\nin an array"}}
        reply = Reply(Message(Role.ASSISTANT, "so"), notes=notes)
        key = CallKey("0", "model", "x")
        kept.intent(key)
        kept.result(key, reply)
    tell([(tree, tmp_path / "run")])
    said = "note: the model's provider refused find: no items␊in an array\n"
    assert capsys.readouterr().err == said


def test_a_run_of_which_nothing_has_to_be_known_says_nothing() -> None:
    tree = SearchTree(Task("t", "Where?"))
    tree.add(Node(ROOT, None))
    assert told([tree], {}) == []
    assert any("calls failed" in line for line in told([sample_tree()], {}))
