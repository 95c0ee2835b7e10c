"""``toolgrove eval`` on the bundled world, with scripted replies and the world's real server."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toolgrove.cli.main import app
from toolgrove.data.records import Task
from toolgrove.data.runs import read_run
from toolgrove.data.world import VERSION, specs, tasks, write_toolbench_files
from toolgrove.errors import FormatError, UsageError
from toolgrove.tools.registry import Registry

FIRST = [task for task in tasks() if task.group == "G1"][:3]
OPTIONS = ["eval", "world", "--group", "G1", "--limit", "3", "--planner", "react"]


def registry() -> Registry:
    made = Registry()
    made.add(specs())
    return made


def said(task: Task) -> str:
    assert task.reference is not None
    return f"It is {task.reference.value} {task.reference.unit}".strip()


def script(file: Path, *answers: str | None) -> Path:
    """Replies that make each task's reference calls, then answer so, or give up for None."""
    aliases, replies = registry(), []
    for task, answer in zip(FIRST, answers, strict=False):
        assert task.reference is not None
        replies += [
            {"calls": [{"name": aliases.alias(call.name), "arguments": dict(call.arguments)}]}
            for call in task.reference.calls
        ]
        end: dict[str, Any] = {"return_type": "give_answer", "final_answer": answer}
        if answer is None:
            end = {"return_type": "give_up_and_restart", "final_answer": ""}
        replies.append({"calls": [{"name": "Finish", "arguments": end}]})
    file.write_text(json.dumps(replies))
    return file


def run(*options: str | Path) -> Any:
    done = CliRunner().invoke(app, [*OPTIONS, *map(str, options)])
    assert done.exit_code == 0, done.output
    return done


def test_it_runs_scores_and_sums_up(tmp_path: Path) -> None:
    file = script(tmp_path / "script.json", said(FIRST[0]), "It is 1 foot.", None)
    done = run("--model", f"scripted:{file}", "--out", tmp_path / "out", "--json")
    summary = json.loads(done.stdout)
    assert summary["config"]["world"] == VERSION
    total = summary["groups"]["total"]
    assert (total["runs"], total["answered"], total["gave_up"]) == (3, 2, 1)
    assert total["rates"]["answer/2"]["value"] == pytest.approx(1 / 3)
    assert total["rates"]["calls/2"]["value"] == pytest.approx(2 / 3)
    assert total["tool_calls"] >= 1


def test_strategies_are_configurations_of_their_own(tmp_path: Path) -> None:
    once = json.loads(script(tmp_path / "script.json", said(FIRST[0])).read_text())
    (tmp_path / "script.json").write_text(json.dumps(once * 2))
    options = ["--model", f"scripted:{tmp_path / 'script.json'}", "--limit", "1", "--json"]
    strategies = ["--strategy", "sample(1)", "--strategy", "first(code)"]
    for _ in range(2):  # the second time nothing is asked
        done = run(*options, *strategies, "--out", tmp_path / "out")
        found = json.loads(done.stdout)["configurations"]
        assert [one["label"]["strategy"] for one in found] == ["sample(1)", "first(code, 5)"]
        assert [one["groups"]["total"]["rates"]["answer/2"]["value"] for one in found] == [1.0, 1.0]


def test_calls_graphs_states_and_traces_are_measured_over_epochs(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    replies, twice = json.loads(script(file, *map(said, FIRST)).read_text()), []
    for task in FIRST:  # an epoch of a task comes after the other
        assert task.reference is not None
        own, replies = replies[: (n := len(task.reference.calls) + 1)], replies[n:]
        twice += own * 2
    file.write_text(json.dumps(twice))
    names = ["answer", "calls", "graph", "state", "trace"]
    options = [part for name in names for part in ("--evaluator", name)]
    model = ["--model", f"scripted:{file}", "--epochs", "2", "--out", tmp_path / "out"]
    total = json.loads(run(*model, *options, "--json").stdout)["groups"]["total"]
    assert total["rates"]["graph/1"]["value"] == total["rates"]["calls/2"]["value"]
    assert total["measures"]["graph/1"]["nodes.f1"] == 1
    assert total["measures"]["calls/2"]["parameters.literal"] == 1
    assert total["measures"]["trace/1"]["hallucinated"] == 0
    assert "state/1" not in total["rates"], "none of these tools writes"
    again = total["repeated"]["calls/2"]
    assert (again["epochs"], again["deviation"], again["pass_hat"]["2"]) == (2, 0.0, 1.0)
    shown = run(*model, *options).stdout
    assert "calls/2: 100.0% ± 0.0% over 2 epochs; pass@2 100.0%; pass^2 100.0%" in " ".join(
        shown.split()
    )
    assert "nodes.f1 1" in shown


def test_the_same_command_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    file = script(tmp_path / "script.json", said(FIRST[0]))
    options = ["--model", f"scripted:{file}", "--out", tmp_path / "out", "--json"]
    first = json.loads(run(*options).stdout)["groups"]["total"]
    assert (first["runs"], first["infrastructure"]) == (1, 2), "the script had replies for one"

    file.write_text(json.dumps(json.loads(script(file, *map(said, FIRST)).read_text())[2:]))
    second = json.loads(run(*options).stdout)["groups"]["total"]
    assert (second["runs"], second["infrastructure"]) == (3, 0)
    file.write_text("[]")
    assert json.loads(run(*options).stdout)["groups"]["total"] == second


def test_the_table_shows_groups_and_what_broke_down(tmp_path: Path) -> None:
    file = script(tmp_path / "script.json", said(FIRST[0]))
    shown = run("--model", f"scripted:{file}", "--out", tmp_path / "out").stdout
    assert "G1" in shown
    assert "100.0% (21%-100%)" in shown
    assert "What broke down is in no rate" in shown
    assert "2 broke down: ModelError: " in shown


def test_a_catalogue_s_folder_is_no_folder_for_results(tmp_path: Path) -> None:
    with Registry.open(tmp_path):
        pass
    done = CliRunner().invoke(app, [*OPTIONS, "--out", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
    assert "there is a catalogue in this folder" in str(done.exception)
    assert not (tmp_path / "results.sqlite").exists()


def test_tasks_of_one_s_own_in_an_array_are_told_to_be_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('[{"query": "How far?"}]')
    done = CliRunner().invoke(app, ["eval", str(file), "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, FormatError)
    assert "one object a line, without an array" in done.exception.mend


@pytest.mark.parametrize("option", ["--epochs", "-k", "--seed"])
def test_a_number_without_sense_is_refused_before_anything_is_made(
    tmp_path: Path, option: str
) -> None:
    done = CliRunner().invoke(app, [*OPTIONS, option, "9" * 20, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert option in done.output
    assert not (tmp_path / "out").exists()


def test_a_judge_votes_beside_the_answer_check(tmp_path: Path) -> None:
    file = script(tmp_path / "script.json", *map(said, FIRST))
    judge = tmp_path / "judge.json"
    judge.write_text(json.dumps([{"text": "Verdict: Solved"}] * 3))
    options = ["--judge", f"scripted:{judge}", "--votes", "1", "--json"]
    done = run("--model", f"scripted:{file}", "--out", tmp_path / "out", *options)
    summary = json.loads(done.stdout)
    name = "tooleval-pass/1@scripted:judge.jsonx1"
    assert summary["groups"]["total"]["rates"][name]["value"] == 1.0
    assert summary["calibrations"] == {name: None}
    again = run("--model", f"scripted:{file}", "--out", tmp_path / "out", *options[:-1])
    assert f"{name}: no calibration." in again.stdout


def test_an_unknown_group_is_told(tmp_path: Path) -> None:
    options = ["eval", "world", "--group", "G9", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, options)
    assert isinstance(done.exception, UsageError)
    assert "G1, G2, G3" in str(done.exception)


def test_a_query_file_without_references_says_what_is_missing(
    tmp_path: Path, shared_data: Path
) -> None:
    queries = shared_data / "toolbench" / "queries" / "G1_instruction.json"
    model = tmp_path / "script.json"
    model.write_text(
        json.dumps([{"calls": [{"name": "Finish", "arguments": {
            "return_type": "give_answer", "final_answer": "x"}}]}])
    )  # fmt: skip
    options = ["eval", str(queries), "--limit", "1", "--model", f"scripted:{model}"]
    done = CliRunner().invoke(app, [*options, "--out", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output
    assert "no reference answers" in done.stderr
    assert "These tools have no address" in done.stderr
    assert json.loads(done.stdout)["groups"]["total"]["rates"] == {}


def _accepted(server: socket.socket, child: subprocess.Popen[str]) -> socket.socket:
    """The child's connection; an early death of the child is told, not waited out."""
    server.settimeout(1)
    while child.poll() is None:
        try:
            return server.accept()[0]
        except TimeoutError:
            continue
    raise AssertionError(f"the command ended with {child.returncode}: {child.communicate()[1]}")


def test_ctrl_c_says_how_to_go_on_and_keeps_the_run(tmp_path: Path) -> None:
    """The model is a server that takes the request and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(120)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        out = tmp_path / "out"
        model = f"openai-compatible:{url}#none"
        command = [sys.executable, "-m", "toolgrove", *OPTIONS, "--model", model, "--out", str(out)]
        child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        with child, _accepted(silent, child) as connection:
            connection.recv(1)
            child.send_signal(signal.SIGINT)
            _, errors = child.communicate(timeout=60)
    assert child.returncode == 130, errors
    assert "0 of 3 runs have ended" in errors
    assert "Traceback" not in errors
    [journal] = out.glob("runs/*/*/journal.jsonl")
    assert read_run(journal.parent).ended is None


async def test_a_run_that_wrote_and_broke_off_begins_anew_in_its_new_world(tmp_path: Path) -> None:
    """The write was in a world that ended with its process: going on would read nothing back."""
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.evaluation import Evaluation
    from toolgrove.agent.models.scripted import ScriptedModel, call, finish

    [task] = [task for task in tasks() if task.id == "g1-note-read-back-1"]
    assert task.reference is not None
    write, read = task.reference.calls
    alias = registry().alias
    replies = [
        call(alias(write.name), **write.arguments),
        call(alias(read.name), **read.arguments),
        finish("fern-42-delta"),
    ]
    whole = Evaluation(Agent(model=ScriptedModel(replies=replies), tools=specs(), planner="react"))
    tree = await whole.solve(task, tmp_path / "run")
    [_, read_back, _] = [o for node in tree for o in node.observations]
    assert "fern-42-delta" in read_back.content

    lines = (tmp_path / "run" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    after_write = next(i for i, line in enumerate(lines) if b'"write":true' in line) + 2
    (tmp_path / "run" / "journal.jsonl").write_bytes(b"".join(lines[:after_write]))
    again = Evaluation(Agent(model=ScriptedModel(replies=replies), tools=specs(), planner="react"))
    tree = await again.solve(task, tmp_path / "run")
    assert "fern-42-delta" in [o for node in tree for o in node.observations][1].content
    assert [p.name for p in (tmp_path / "run").glob("journal.lost-*")] == ["journal.lost-1.jsonl"]


@pytest.mark.parametrize(("answer", "value"), [(None, 1.0), ("There is no way to know.", 0.0)])
def test_answers_to_a_query_file_with_references_are_checked(
    tmp_path: Path, answer: str | None, value: float
) -> None:
    [file] = [p for p in write_toolbench_files(tmp_path) if p.name == "G1.json"]
    final = {"return_type": "give_answer", "final_answer": answer or said(FIRST[0])}
    replies = tmp_path / "script.json"
    replies.write_text(json.dumps([{"calls": [{"name": "Finish", "arguments": final}]}]))
    command = ["eval", str(file), "--limit", "1", "--model", f"scripted:{replies}", "--json"]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "no reference answers" not in done.output
    group = json.loads(done.stdout)["groups"]["G1"]
    assert (group["runs"], group["rates"]["answer/2"]["value"]) == (1, value)
