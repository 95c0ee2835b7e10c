"""The page on loopback: it grows with its run, writes nothing, and answers no foreign page."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.judged_batch import RIGHT, WRONG, evaluate
from support.sample_run import HOSTILE, write_run
from toolgrove.agent.view.batch import runs_in
from toolgrove.agent.view.serve import ViewServer
from toolgrove.machine.files import write_beside


def lines_of(run: Path) -> list[bytes]:
    return (run / "journal.jsonl").read_bytes().splitlines(keepends=True)


def events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Names and values of server-sent events, as they come."""
    name = ""
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def test_a_page_grows_with_its_run_and_hears_of_its_end(tmp_path: Path) -> None:
    lines = lines_of(write_run(tmp_path / "whole"))
    run = tmp_path / "run"
    run.mkdir()
    journal = run / "journal.jsonl"
    journal.write_bytes(b"".join(lines[:3]) + lines[3][:20])  # a step, and half of the next
    with ViewServer(run).running() as url, httpx.Client(base_url=url, timeout=60) as client:
        page = client.get("/").text
        assert '"live":"/events"' in page
        assert "connect-src &#x27;self&#x27;" in page
        with client.stream("GET", "/events") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            heard = events(response)
            name, first = next(heard)
            assert (name, list(first["rows"]), first["open"]) == ("run", ["0", "1"], 1)
            assert set(first["parts"]) == {"head", "drawn", "pairs"}
            with journal.open("ab", buffering=0) as stream:
                stream.write(lines[3][20:])
                name, second = next(heard)
                # the step before was not gone on from until now
                assert (name, list(second["rows"]), second["open"]) == ("run", ["1", "2"], 2)
                for line in lines[4:]:
                    stream.write(line)
            rest = list(heard)
    assert rest[-1] == ("end", None)
    assert {n for _, one in rest[:-1] for n in one["rows"]} >= {str(n) for n in range(3, 9)}
    assert rest[-2][1]["open"] == 8
    assert rest[-2][1]["doing"] == "the run has ended"


def test_a_batch_is_served_as_a_table_that_grows(tmp_path: Path) -> None:
    out = tmp_path / "R"
    asyncio.run(evaluate(out, RIGHT, WRONG))
    with ViewServer(out).running() as url, httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/").text.count('href="/run/') == 2
        assert "judged wrong" in client.get("/run/2").text
        compared = client.get("/compare/1/2").text
        assert compared.count('<section class="run"') == 2
        assert '"start":"#compare-1-2"' in compared
        for gone in ("/run/0", "/run/3", "/compare/1/9", "/run/x", "/journal.jsonl"):
            assert client.get(gone).status_code == 404
        with client.stream("GET", "/events") as response:
            heard = events(response)
            assert [list(rows) for _, rows in [next(heard)]] == [["1", "2"]]
            assert json.dumps(next(events_of(client, "/run/1/events")))
            asyncio.run(evaluate(out, RIGHT, WRONG, RIGHT))
            name, rows = next(heard)
            assert name == "table"
            assert "3" in rows


def events_of(client: httpx.Client, path: str) -> Iterator[tuple[str, Any]]:
    with client.stream("GET", path) as response:
        yield from events(response)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"origin": "http://evil.example"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/events"])
def test_promise_25_no_foreign_page_reads_a_run(
    tmp_path: Path, headers: dict[str, str], path: str
) -> None:
    with ViewServer(write_run(tmp_path / "run")).running() as url:
        assert httpx.get(f"{url}{path}", headers=headers).status_code == 403


def test_nothing_can_be_written_through_it(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    before = sorted((p.name, p.stat().st_mtime_ns) for p in run.iterdir())
    with ViewServer(run).running() as url:
        for path in ("/", "/events"):
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                assert httpx.request(method, f"{url}{path}").status_code == 405
        held = httpx.get(url)
    assert sorted((p.name, p.stat().st_mtime_ns) for p in run.iterdir()) == before
    assert held.headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in held.headers


@pytest.mark.parametrize("word", HOSTILE)
def test_promise_25_no_text_of_a_trace_makes_an_event(tmp_path: Path, word: str) -> None:
    run = write_run(tmp_path / "run", f"{word}\n\nevent: end\ndata: null\n\n")
    with ViewServer(run).running() as url, httpx.Client(base_url=url, timeout=60) as client:
        assert [name for name, _ in events_of(client, "/events")] == ["run", "end"]


def test_a_damaged_journal_is_told_on_the_page(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    journal = run / "journal.jsonl"
    write_beside(journal, [journal.read_bytes().replace(b'"index":1', b'"index":2', 1)])
    with ViewServer(run).running() as url, httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/").status_code == 500
        ((name, said),) = events_of(client, "/events")
    assert name == "trouble"
    assert "is damaged" in said


def test_open_pages_do_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", end=False)
    with httpx.Client(timeout=60) as client:
        with ViewServer(run).running() as url:
            response = client.send(client.build_request("GET", f"{url}/events"), stream=True)
            heard = events(response)
            assert next(heard)[0] == "run"
        assert list(heard) == []  # it was ended, not broken off
        with pytest.raises(httpx.ConnectError):
            client.get(url)


def test_ctrl_c_ends_the_command_while_a_page_is_open(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", end=False)
    # whoever runs the tests in the background has SIGINT ignored, and children inherit that
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = f"{heeding}\nfrom toolgrove.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", command, "view", "--follow", run, "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
    assert process.stdout is not None
    said = "".join(iter(process.stdout.readline, "}\n")) + "}"
    address = f"{json.loads(said)['url']}/events"
    with httpx.stream("GET", address, timeout=60) as response:
        heard = events(response)
        assert next(heard)[0] == "run"
        process.send_signal(signal.SIGINT)
        assert list(heard) == []
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err == "stopped\n"


def test_runs_of_a_folder_without_results_are_served_too(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "a")
    server = ViewServer(tmp_path / "runs")
    with server.running() as url, httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/").text.count('href="/run/') == 1
        heard = events_of(client, "/events")
        assert list(next(heard)[1]) == ["1"]
        write_run(tmp_path / "runs" / "b")
        assert "2" in next(heard)[1]
    assert len(runs_in(tmp_path / "runs")) == 2
