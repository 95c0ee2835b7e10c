"""``toolgrove serve apis`` as a process of its own, and evaluations that use it."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from toolgrove.cli.main import app
from toolgrove.data.world import specs
from toolgrove.errors import CatalogError, UsageError
from toolgrove.tools.registry import Registry

DISTANCE = {
    "category": "Transportation",
    "tool_name": "flight_distance",
    "api_name": "distance_between_airports",
    "tool_input": '{"origin": "OSL", "destination": "LHR"}',
    "strip": "",
    "toolbench_key": "tbk-5e3a9c",
}
WEATHER = {
    **DISTANCE,
    "category": "Weather",
    "tool_name": "weathernow",
    "api_name": "current_weather",
    "tool_input": '{"city": "Oslo"}',
}


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    with Registry.open(folder) as registry:
        registry.add(specs())
    return folder


@contextmanager
def serving(*options: str | Path) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "toolgrove", "serve", "apis", *map(str, options), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] not in ("}\n", ""):
            lines.append(server.stdout.readline())
        try:
            assert lines[-1], server.stderr and server.stderr.read()
            yield json.loads("".join(lines))
        finally:
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=60)
    assert server.returncode == 0
    assert "Traceback" not in errors
    assert DISTANCE["toolbench_key"] not in errors


def test_real_then_cached_then_simulated_by_processes_of_their_own(
    catalog: Path, tmp_path: Path
) -> None:
    cache, script = tmp_path / "answers.sqlite", tmp_path / "script.json"
    made_up = {"error": "", "response": {"city": "Oslo", "temperature_c": -3.5}}
    script.write_text(json.dumps([{"text": json.dumps(made_up)}]))
    shared = ("--catalog", catalog, "--cache", cache)
    with serving(*shared, "--simulate", f"scripted:{script}") as about:
        assert about["apis"] == len(specs())
        real = httpx.post(about["url"], json=DISTANCE, timeout=60).json()
        simulated = httpx.post(about["url"], json=WEATHER, timeout=60).json()
    assert (real["source"], simulated["source"]) == ("real", "simulated")
    assert simulated["response"] == made_up["response"]
    assert [path.name for path in tmp_path.glob("answers*")] == ["answers.sqlite"]
    with serving(*shared, "--no-real") as about:  # neither APIs nor a model, only the file
        assert about["answers"] == {"real": 1, "imported": 0, "simulated": 1}
        for request, before in ((DISTANCE, real), (WEATHER, simulated)):
            assert httpx.post(about["url"], json=request).json() == {**before, "cached": True}
    with closing(sqlite3.connect(cache)) as db, db:
        assert db.execute("SELECT count(*) FROM answers").fetchone() == (2,)


def test_a_folder_of_stabletoolbenchs_is_taken_first(catalog: Path, tmp_path: Path) -> None:
    kept = {"{'destination': 'LHR', 'origin': 'OSL'}": {"error": "", "response": "1,206 km"}}
    file = tmp_path / "kept" / "Transportation" / "flight_distance_for_Transportation"
    file.mkdir(parents=True)
    (file / "distance_between_airports.json").write_text(json.dumps(kept))
    options = ("--catalog", catalog, "--cache", tmp_path / "answers", "--no-real")
    with serving(*options, "--seed", tmp_path / "kept") as about:
        assert about["seeded"][0]["answers"] == 1
        answer = httpx.post(about["url"], json=DISTANCE).json()
    assert (answer["response"], answer["source"], answer["cached"]) == (
        "1,206 km",
        "imported",
        True,
    )


def test_runs_and_evaluations_are_answered_by_it(catalog: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    flight = {"origin": "OSL", "destination": "LHR"}
    answer = {"return_type": "give_answer", "final_answer": "1205.6 km"}
    replies = [
        {"calls": [{"name": "distance_between_airports_for_flight_distance", "arguments": flight}]},
        {"calls": [{"name": "Finish", "arguments": answer}]},
    ]
    script.write_text(json.dumps(replies))
    shared = ["--model", f"scripted:{script}", "--planner", "react", "--json", "--apis"]
    tool = "Transportation/Flight Distance/Distance Between Airports"
    with serving("--catalog", catalog, "--cache", tmp_path / "answers") as about:
        run = ["run", "How far?", "--tool", tool, "--catalog", str(catalog)]
        done = CliRunner().invoke(app, [*run, *shared, about["url"], "--runs", str(tmp_path / "r")])
        assert json.loads(done.stdout)["answer"] == "1205.6 km"
        batch = ["eval", "world", "--limit", "1", "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(app, [*batch, *shared, about["url"]])
        assert done.exit_code == 0, done.output
        kept = httpx.get(about["url"]).json()["answers"]
    assert kept["real"] == 1
    journals = [*tmp_path.glob("r/*/journal.jsonl"), *tmp_path.glob("out/**/journal.jsonl")]
    assert len(journals) == 2
    for journal in journals:
        config = json.loads(journal.read_text().splitlines()[0])["config"]
        assert config["world"] == f"virtual:{about['cache'][:12]}+real"
        assert config["settings"]["calls"]["apis"] == about["url"]


def test_what_is_missing_is_told_in_one_line(catalog: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "answers")
    no_catalog = ["serve", "apis", "--catalog", str(tmp_path / "none"), "--cache", cache]
    assert isinstance(CliRunner().invoke(app, no_catalog).exception, CatalogError)
    no_seed = ["serve", "apis", "--catalog", str(catalog), "--cache", cache, "--no-real",
               "--seed", str(tmp_path / "none")]  # fmt: skip
    assert isinstance(CliRunner().invoke(app, no_seed).exception, UsageError)
    text = tmp_path / "notes.txt"
    text.write_text("notes")
    no_cache = ["serve", "apis", "--catalog", str(catalog), "--cache", str(text)]
    assert isinstance(CliRunner().invoke(app, no_cache).exception, CatalogError)
