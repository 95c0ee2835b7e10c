"""``toolgrove serve world`` as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from toolgrove.cli.main import app
from toolgrove.data.world import VERSION, running, specs
from toolgrove.errors import UsageError

TOOLGROVE = [sys.executable, "-m", "toolgrove", "serve", "world"]


@pytest.fixture
def served() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*TOOLGROVE, "--seed", "3", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_prints_its_url_and_serves_until_interrupted(served: subprocess.Popen[str]) -> None:
    with served:
        assert served.stdout is not None
        lines = []
        while not lines or lines[-1] != "}\n":
            lines.append(served.stdout.readline())
        about = json.loads("".join(lines))
        assert (about["version"], about["seed"], about["apis"]) == (VERSION, 3, len(specs()))
        assert httpx.get(f"{about['url']}/airport-finder/iata/OSL").json()["city"] == "Oslo"
        served.send_signal(signal.SIGINT)
        _, errors = served.communicate(timeout=30)
    assert served.returncode == 0
    assert "Traceback" not in errors


def test_it_writes_toolbench_files(tmp_path: Path) -> None:
    options = ["serve", "world", "--write-toolbench", str(tmp_path), "--json"]
    done = CliRunner().invoke(app, options)
    written = [Path(path) for path in json.loads(done.stdout)]
    assert all(path.is_file() for path in written)
    assert tmp_path / "tools" / "Transportation" / "airport_finder.json" in written
    assert tmp_path / "queries" / "G3.json" in written


def test_a_port_in_use_is_told_in_one_line() -> None:
    with running() as url:
        port = url.rsplit(":", 1)[1]
        done = CliRunner().invoke(app, ["serve", "world", "--port", port])
    assert isinstance(done.exception, UsageError)
    assert "Try another port" in str(done.exception)
