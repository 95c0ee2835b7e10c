"""The page about security says what is so."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from typer.testing import CliRunner

from support.fault_server import FAULTS
from toolgrove.cli.main import app
from toolgrove.tools.calls.limits import HostLimits
from toolgrove.tools.http.network import Network

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
TESTS = Path(__file__).parents[1]


def test_the_snippets_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried > 10
    assert failed == 0


def test_every_promise_of_the_page_has_a_test_by_its_number() -> None:
    promised = {int(n) for n in re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)}
    assert promised == set(range(11, 24))
    tests = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    tested = {int(n) for n in re.findall(r"def test_promise_(\d+)_", tests)}
    assert promised <= tested


def test_the_options_and_defaults_are_those_of_the_page() -> None:
    page = PAGE.read_text()
    help_text = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    help_text += CliRunner().invoke(app, ["approve", "--help"], env={"COLUMNS": "200"}).output
    for option in set(re.findall(r"`(--[a-z-]+)", page)):
        assert option in help_text, option
    network = Network()
    assert f"{HostLimits().per_second:g} calls a second and {HostLimits().at_once} at once" in page
    assert (network.failures, network.pause, network.max_bytes) == (5, 30, 5_000_000)
    assert f"{len(FAULTS)} faults" in page
