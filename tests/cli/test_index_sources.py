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


def service(path: Path, host: str, *operations: str, base: str = "") -> Path:
    paths = {f"/{name}": {"get": {"operationId": name, "summary": name,
                                  "security": [{"key": []}]}} for name in operations}  # fmt: skip
    key = {"key": {"type": "http", "scheme": "bearer"}}
    document = {"openapi": "3.1.0", "info": {"title": "FastAPI", "version": "1"}, "paths": paths,
                "servers": [{"url": f"https://{host}{base}"}],
                "components": {"securitySchemes": key}}  # fmt: skip
    path.write_text(json.dumps(document))
    return path


def url(tmp_path: Path, spec_id: str) -> Any:
    with Catalog.open(tmp_path / "catalog", create=False) as catalog:
        return catalog.registry.get(spec_id).binding["url"]


@pytest.mark.parametrize("base", ["", "/users"])
def test_a_second_service_of_one_title_moves_nothing_and_gets_a_name_of_its_own(
    tmp_path: Path, base: str
) -> None:
    orders = service(tmp_path / "orders.json", "orders.example", "health", "orders")
    host = "orders.example" if base else "users.example"
    users = service(tmp_path / "users.json", host, "health", "users", base=base)
    printed(call("index", orders, "--json"))
    summary = printed(call("index", users, "--json"))
    assert (summary["added"], summary["changed"]) == (1, 0)
    [left] = summary["sources"][0]["left"]
    assert "FastAPI/FastAPI/health" in left
    assert "orders.json" in left
    assert "--as NAME" in left
    assert url(tmp_path, "FastAPI/FastAPI/health") == "https://orders.example/health"
    named = printed(call("index", users, "--as", "Users", "--json"))
    assert (named["added"], named["changed"], named["sources"][0]["left"]) == (2, 0, [])
    assert url(tmp_path, "Users/Users/health") == f"https://{host}{base}/health"
    with Catalog.open(tmp_path / "catalog", create=False) as catalog:
        [[secret]] = catalog.registry.get("Users/Users/health").binding["security"]
    assert secret["secret"] == "Users key"


def test_two_services_of_one_title_in_one_command_are_told_apart(tmp_path: Path) -> None:
    orders = service(tmp_path / "orders.json", "orders.example", "health")
    users = service(tmp_path / "users.json", "users.example", "health", "users")
    [row, other] = printed(call("index", orders, users, "--json"))["sources"]
    assert row["left"] == []
    assert "--as NAME" in other["left"][0]
    assert url(tmp_path, "FastAPI/FastAPI/health") == "https://orders.example/health"


def test_a_document_that_changed_or_was_moved_is_the_same_source(tmp_path: Path) -> None:
    orders = service(tmp_path / "orders.json", "orders.example", "health")
    printed(call("index", orders, "--json"))
    service(orders, "moved.example", "health")
    assert printed(call("index", orders, "--json"))["changed"] == 1
    copied = tmp_path / "copy.json"
    orders.rename(copied)
    assert printed(call("index", copied, "--json"))["unchanged"] == 1
    service(copied, "again.example", "health")
    assert printed(call("index", copied, "--json"))["changed"] == 1
    assert url(tmp_path, "FastAPI/FastAPI/health") == "https://again.example/health"


def test_a_name_is_of_one_source_that_can_have_one(server: str, tmp_path: Path) -> None:
    orders = service(tmp_path / "orders.json", "orders.example", "health")
    for wrong in ([orders, orders, "--as", "x"], ["world", "--as", "x"], [orders, "--as", "a/b"],
                  ["support.sample_tools:lottery", "--as", "x"]):  # fmt: skip
        assert isinstance(call("index", *wrong).exception, UsageError), wrong
    summary = printed(call("index", server, "--as", "mine", "--json"))
    assert summary["added"] == 10
    with Catalog.open(tmp_path / "catalog", create=False) as catalog:
        assert all(spec_id.startswith("mcp/mine/") for spec_id in catalog.registry.ids())
