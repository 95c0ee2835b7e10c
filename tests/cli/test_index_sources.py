"""``toolgrove index`` of servers and Python objects, as well as of files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.embedders import need_minilm
from toolgrove.agent.catalog import Catalog
from toolgrove.cli.main import app
from toolgrove.errors import SpecError, UsageError
from toolgrove.tools.trusted import trusted

SERVER = Path(__file__).parents[1] / "support" / "mcp_server.py"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_minilm(monkeypatch)
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "trusted.json"))
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def server(tmp_path: Path) -> str:
    pytest.importorskip("mcp", reason="needs the extra mcp")
    (tmp_path / "state").write_text("")
    return f"mcp+stdio:{sys.executable} {SERVER} stdio {tmp_path / 'state'}"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def printed(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_servers_and_objects_are_indexed_by_the_same_command(server: str, tmp_path: Path) -> None:
    python = "support.sample_tools:everything"
    summary = printed(call("index", server, python, "--json"))
    mcp_row, python_row = summary["sources"]
    assert (mcp_row["kind"], mcp_row["tools"], mcp_row["added"]) == ("MCP server", 10, 10)
    assert (python_row["kind"], python_row["tools"]) == ("Python object", 3)
    [left] = python_row["left"]
    assert "untyped" in left
    assert summary["tools"] == 13
    assert trusted() == {server, python}
    again = printed(call("index", server, python, "--json"))
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 13)
    hits = printed(call("search", "which numbers won the lottery?", "--json"))["hits"]
    assert hits[0]["id"] == "python/support.sample_tools/lottery"

    twin = f"{server} "  # another address, a server of the same name
    [row] = printed(call("index", twin, "--json"))["sources"]
    assert (row["tools"], len(row["left"])) == (0, 10)
    assert "another server of this name" in row["left"][0]


def test_a_bad_source_stops_or_is_listed(server: str, tmp_path: Path) -> None:
    assert isinstance(call("index", "mcp+stdio:true").exception, SpecError)
    assert isinstance(call("index", "nothing_here:x").exception, UsageError)
    assert trusted() == frozenset()
    python = "support.sample_tools:lottery"
    rows = printed(call("index", "mcp+stdio:true", python, "--skip-bad", "--json"))["sources"]
    assert [(row["tools"], len(row["skipped"])) for row in rows] == [(0, 1), (1, 0)]
    shown = call("index", "mcp+stdio:true", python, "--skip-bad")
    assert "left mcp+stdio:true: no MCP server answered" in shown.stderr
    with Catalog.open(tmp_path / "catalog", create=False) as catalog:
        assert len(catalog) == 1


def document(title: str, **operations: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": "https://api.example"}],
        "paths": {f"/{name}": {"get": {"operationId": name}, **operations} for name in ("a", "b")},
    }


def test_openapi_is_told_by_what_is_in_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "apis"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps(document("One", trace={"operationId": "t"})))
    lines = ["# sorted by key", "info: {title: Two, version: '1'}", "paths: {/x: {get: {}}}"]
    two = "\n".join(
        [*lines, "servers: [{url: 'https://two.example'}]", 'swagger: "2.0"', "host: h"]
    )
    (folder / "two.txt").write_text(two)
    (folder / "workflow.yml").write_text("on: push\n")
    (folder / "twin.json").write_text(json.dumps(document("One")))
    [row, text] = printed(call("index", folder, folder / "two.txt", "--json"))["sources"]
    assert row["kind"] == text["kind"] == "OpenAPI or Swagger document"
    assert (row["files"], row["tools"], row["other_files"]) == (2, 2, 1)
    assert sum("TRACE" in reason for reason in row["left"]) == 2
    assert sum("described before" in reason for reason in row["left"]) == 2
    assert text["tools"] == 1
