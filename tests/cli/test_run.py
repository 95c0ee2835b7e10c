"""``toolgrove run``: what its tools may do, and what is recorded and replayed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.loopback import Loopback
from toolgrove.agent.catalog import Catalog
from toolgrove.cli.main import app
from toolgrove.data.records import Effect, Observation, Status, ToolSpec
from toolgrove.data.runs import read_tree
from toolgrove.data.world import specs as world_specs
from toolgrove.errors import ReplayMiss, UsageError
from toolgrove.tools.calls.cassette import cassette_path
from toolgrove.tools.registry import Registry


@pytest.fixture
def notes() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


@pytest.fixture
def here(tmp_path: Path, notes: Loopback, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a catalogue of two tools and a script that calls both."""
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("COLUMNS", "200")
    url = f"http://{notes.host}/notes"
    with Registry.open(tmp_path / "catalog") as registry:
        registry.add(
            [
                ToolSpec(
                    f"Desk/notes/{name}",
                    "Desk",
                    "notes",
                    name,
                    effect=effect,
                    binding={"kind": "http", "method": method, "url": url},
                )
                for name, method, effect in (
                    ("list", "GET", Effect.READ),
                    ("add", "POST", Effect.WRITE),
                )
            ]
        )
    finish = {"return_type": "give_answer", "final_answer": "done"}
    script = [
        {"calls": [{"name": "list_for_notes"}]},
        {"calls": [{"name": "add_for_notes"}]},
        {"calls": [{"name": "Finish", "arguments": finish}]},
    ]
    (tmp_path / "script.json").write_text(json.dumps(script))
    return tmp_path


def run(here: Path, *options: str, input: str | None = None) -> tuple[Result, list[Observation]]:
    tools = ["--tool", "Desk/notes/list", "--tool", "Desk/notes/add"]
    model = f"scripted:{here / 'script.json'}"
    command = ["run", "Note it.", *tools, "--model", model, "--runs", str(here / "runs"), "--json"]
    result = CliRunner().invoke(app, [*command, "--planner", "react", *options], input=input)
    if result.exit_code:
        return result, []
    printed = result.stdout[result.stdout.index("{") :]  # click's runner shows what was typed
    tree = read_tree(json.loads(printed)["run"])
    return result, [o for node in tree for o in node.observations][:2]


def test_promise_14_a_private_host_is_called_only_if_it_is_allowed(
    here: Path, notes: Loopback
) -> None:
    _, (listed, _) = run(here, "--approve", "never")
    assert listed.status is Status.NOT_WORKING
    assert f"--allow-host {notes.host}" in listed.content
    assert notes.asked == []
    for option in (["--allow-private"], ["--allow-host", notes.host]):
        _, (listed, _) = run(here, "--approve", "never", *option)
        assert listed.status is Status.OK
    assert notes.asked == ["GET /notes"] * 2


def test_what_the_operator_has_to_know_is_said(here: Path, notes: Loopback) -> None:
    refused, _ = run(here, "--approve", "always")
    assert "note: 2 of 3 calls failed: Desk/notes/list (not working)" in refused.stderr
    assert f"a host was refused; it is called with --allow-host {notes.host}" in refused.stderr
    assert "{" in refused.stdout
    assert "note" not in refused.stdout.partition("{")[0]
    shown, _ = run(here, "--allow-private", "--dry-run")
    assert "2 requests were only shown, not sent" in shown.stderr
    assert "failed" not in shown.stderr
    fine, _ = run(here, "--allow-private", "--approve", "always")
    assert "note:" not in fine.stderr


def test_without_a_terminal_a_run_waits_with_a_way_to_go_on(here: Path, notes: Loopback) -> None:
    result, _ = run(here, "--allow-private")
    assert result.exit_code == 3
    assert "--approve always" in result.stderr
    told = json.loads(result.stdout)
    assert told["ended"] == "waiting"
    assert len(told["waiting"]) == 1
    assert notes.asked == ["GET /notes"]


@pytest.mark.parametrize(("typed", "made"), [("y\n", True), ("n\n", False), ("", False)])
def test_at_a_terminal_a_person_decides(
    here: Path, notes: Loopback, monkeypatch: pytest.MonkeyPatch, typed: str, made: bool
) -> None:
    monkeypatch.setattr("toolgrove.cli.approval.on_a_terminal", lambda: True)
    result, (_, added) = run(here, "--allow-private", input=typed)
    assert "Desk/notes/add writes" in result.stderr
    assert added.status is (Status.OK if made else Status.UNAUTHORIZED)
    assert notes.asked == ["GET /notes", "POST /notes"][: 2 if made else 1]


def test_writes_can_be_approved_or_refused_for_the_whole_run(here: Path, notes: Loopback) -> None:
    _, (_, added) = run(here, "--allow-private", "--approve", "always")
    assert added.status is Status.OK
    for option in (["--approve", "never"], ["--read-only", "--approve", "always"]):
        notes.asked.clear()
        _, (listed, added) = run(here, "--allow-private", *option)
        assert (listed.status, added.status) == (Status.OK, Status.UNAUTHORIZED)
        assert notes.asked == ["GET /notes"]


def test_only_tools_on_the_list_are_called(here: Path, notes: Loopback) -> None:
    _, (listed, added) = run(
        here, "--allow-private", "--approve", "always", "--allow", "Desk/*/add"
    )
    assert (listed.status, added.status) == (Status.UNAUTHORIZED, Status.OK)
    assert notes.asked == ["POST /notes"]


def test_a_dry_run_sends_nothing(here: Path, notes: Loopback) -> None:
    _, observations = run(here, "--allow-private", "--dry-run")
    assert ["nothing was sent" in o.content for o in observations] == [True, True]
    assert f"POST http://{notes.host}/notes" in observations[1].content
    assert notes.asked == []


def test_promise_11_a_recorded_run_is_replayed_without_its_server(
    here: Path, notes: Loopback
) -> None:
    tapes = here / "tapes"
    options = ["--allow-private", "--approve", "always"]
    _, live = run(here, *options, "--record", str(tapes))
    assert [o.status for o in live] == [Status.OK, Status.OK]
    [tape] = tapes.iterdir()
    notes.asked.clear()
    _, replayed = run(here, "--replay", str(tapes))  # asks nobody: nothing is written
    assert [o.content for o in replayed] == [o.content for o in live]
    assert notes.asked == []
    tape.write_text("version: 1\ninteractions:\n")
    missed, _ = run(here, "--replay", str(tapes))
    assert isinstance(missed.exception, ReplayMiss)
    assert notes.asked == []


def test_a_replay_without_a_cassette_or_with_a_recording_is_refused(here: Path) -> None:
    result, _ = run(here, "--replay", str(here))
    assert isinstance(result.exception, UsageError)
    result, _ = run(here, "--replay", str(here), "--record", str(here))
    assert isinstance(result.exception, UsageError)


def test_the_worlds_own_writes_need_no_approval_and_its_replay_no_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    spec = next(s for s in world_specs() if s.effect is Effect.WRITE)
    with Registry.open(tmp_path / "catalog") as registry:
        registry.add([spec])
        alias = registry.alias(spec.id)
    example: dict[str, Any] = {
        name: part.get("example") or (part.get("examples") or [None])[0]
        for name, part in spec.parameters["properties"].items()
    }
    finish = {"return_type": "give_answer", "final_answer": "done"}
    script = [
        {"calls": [{"name": alias, "arguments": {k: v for k, v in example.items() if v}}]},
        {"calls": [{"name": "Finish", "arguments": finish}]},
    ]
    (tmp_path / "script.json").write_text(json.dumps(script))
    seen = []
    for option in ("--record", "--replay"):
        command = ["run", "Do it.", "--tool", spec.id, "--planner", "react", "--json"]
        command += ["--model", f"scripted:{tmp_path / 'script.json'}", "--runs", str(tmp_path)]
        if option == "--replay":
            monkeypatch.setattr("toolgrove.data.world.running", None)  # it cannot be started
        result = CliRunner().invoke(app, [*command, option, str(tmp_path / "tapes")])
        assert result.exit_code == 0, result.output
        tree = read_tree(json.loads(result.stdout)["run"])
        seen.append([(o.status, o.content) for node in tree for o in node.observations])
    assert seen[0] == seen[1]
    assert seen[0][0][0] is not Status.UNAUTHORIZED


def test_going_on_with_a_run_does_not_lift_its_restrictions(here: Path, notes: Loopback) -> None:
    model = f"scripted:{here / 'script.json'}"
    script = (here / "script.json").read_text()
    (here / "script.json").write_text("[]")  # the model breaks down at once
    tools = ["--tool", "Desk/notes/list", "--tool", "Desk/notes/add", "--planner", "react"]
    command = ["run", "Note it.", *tools, "--model", model, "--runs", str(here / "runs")]
    begun = CliRunner().invoke(app, [*command, "--read-only"])
    assert begun.exit_code
    [folder] = (here / "runs").iterdir()
    (here / "script.json").write_text(script)
    options = ["--allow-private", "--approve", "always", "--json"]
    result = CliRunner().invoke(app, ["run", "--resume", str(folder), *options])
    assert result.exit_code == 0, result.output
    observations = [o for node in read_tree(folder) for o in node.observations]
    assert observations[1].status is Status.UNAUTHORIZED
    assert notes.asked == ["GET /notes"]


def test_a_write_without_an_answer_leaves_its_key_in_the_run(here: Path, notes: Loopback) -> None:
    with Registry.open(here / "catalog") as registry:
        spec = registry.get("Desk/notes/add")
        binding = {**spec.binding, "idempotency": "Idempotency-Key"}
        registry.add([ToolSpec(**{**_fields(spec), "binding": binding})])
    _, (_, added) = run(here, "--allow-private", "--approve", "always")
    assert added.status is Status.OK
    [folder] = (here / "runs").iterdir()
    [line] = (folder / "idempotency.jsonl").read_text().splitlines()
    assert json.loads(line)["key"]


def _fields(spec: ToolSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in ToolSpec.__dataclass_fields__}


def test_the_cassette_is_named_after_the_task(here: Path) -> None:
    from toolgrove.agent.inputs import as_task

    run(here, "--allow-private", "--record", str(here / "tapes"))
    assert cassette_path(here / "tapes", as_task("Note it.").id).is_file()
    assert "vcr" in sys.modules


def evaluated(here: Path, *options: str) -> Result:
    query = {"query_id": 1, "query": "Note it.", "api_list": [], "relevant APIs": []}
    (here / "queries.json").write_text(json.dumps([query]))
    catalog = ["--catalog", str(here / "catalog"), "--out", str(here / "results")]
    model = ["--model", f"scripted:{here / 'script.json'}", "--planner", "react"]
    command = ["eval", str(here / "queries.json"), *catalog, *model, "--json"]
    return CliRunner().invoke(app, [*command, *options])


def test_an_evaluation_makes_no_real_write_unasked(
    here: Path, notes: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    def search(self: Catalog, query: str, k: int, **options: Any) -> list[Any]:
        return [(None, spec) for spec in self.registry]

    monkeypatch.setattr(Catalog, "search", search)
    assert evaluated(here, "--allow-private").exit_code == 0
    assert notes.asked == ["GET /notes"]
    assert evaluated(here, "--allow-private", "--read-only").exit_code == 0
    assert evaluated(here, "--allow-private", "--dry-run").exit_code == 0
    assert notes.asked == ["GET /notes"] * 2, "other settings are other results, and no write"
    assert evaluated(here, "--allow-private", "--approve", "always").exit_code == 0
    assert notes.asked == ["GET /notes"] * 3 + ["POST /notes"]


def test_a_run_goes_on_where_its_own_settings_let_it_and_takes_no_others(
    here: Path, notes: Loopback
) -> None:
    script = (here / "script.json").read_text()
    (here / "script.json").write_text("[]")  # the model breaks down at once
    tools = ["--tool", "Desk/notes/list", "--tool", "Desk/notes/add", "--planner", "react"]
    model = ["--model", f"scripted:{here / 'script.json'}", "--runs", str(here / "runs")]
    restricted = ["--allow-private", "--allow", "Desk/notes/list", "-k", "3"]
    begun = CliRunner().invoke(app, ["run", "Note it.", *tools, *model, *restricted])
    assert begun.exit_code
    [folder] = (here / "runs").iterdir()
    (here / "script.json").write_text(script)
    refused = CliRunner().invoke(app, ["run", "--resume", str(folder), "-k", "4"])
    assert "leave -k out" in str(refused.exception)
    lifted = ["--approve", "always", "--allow", "*"]
    result = CliRunner().invoke(app, ["run", "--resume", str(folder), *lifted])
    assert result.exit_code == 0, result.output
    listed, added = [o.status for node in read_tree(folder) for o in node.observations][:2]
    assert (listed, added) == (Status.OK, Status.UNAUTHORIZED)
    assert notes.asked == ["GET /notes"], "private hosts are allowed as before"


def test_verbose_says_what_happens_and_nothing_else_does(here: Path) -> None:
    quiet, _ = run(here)
    assert "tool list_for_notes" not in quiet.stderr
    told, _ = run(here, "--verbose", "--approve", "never")
    assert "tool list_for_notes {}: not_working" in told.stderr
    assert "run ends: answered: done" in told.stderr
    again, _ = run(here)
    assert "tool list_for_notes" not in again.stderr
