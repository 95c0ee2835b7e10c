"""``toolgrove recommend``, on the default embedder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.embedders import need_minilm
from toolgrove.agent.catalog import Catalog
from toolgrove.cli.main import app
from toolgrove.cli.recommend import WORLD_HOST
from toolgrove.data import world
from toolgrove.data.records import ToolSpec


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Catalog:
    """A catalogue with the world's currency and distance tools, closed again."""
    embedder = need_minilm(monkeypatch)
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("COLUMNS", "200")
    specs = [s for s in world.specs() if s.tool in ("Flight Distance", "Currency Info")]
    with Catalog.open(tmp_path / "catalog", embedder=embedder) as opened:
        opened.add(specs)
    return opened


def call(*arguments: object) -> Result:
    found = CliRunner().invoke(app, ["recommend", *map(str, arguments)], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found


def test_world_tools_come_with_the_worlds_tasks(catalog: Catalog) -> None:
    found = json.loads(call("How far is it from OSL to ARN in miles?", "-k", 2, "--json").stdout)
    first: dict[str, Any] = found["recommendations"][0]
    assert first["id"] == "Transportation/Flight Distance/Distance Between Airports"
    said = {one["name"]: (one["value"], one["found"]) for one in first["parameters"]}
    assert said["origin"] == ("OSL", "perhaps")
    assert said["destination"] == ("ARN", "perhaps")
    assert first["missing"] == []
    queries = {task.query for task in world.tasks() if first["id"] in task.relevant}
    assert 1 <= len(first["examples"]) <= 3
    assert {one["query"] for one in first["examples"]} <= queries
    assert first["reason"].startswith('It answers "How far is it from OSL to ARN in miles?"')
    assert {"OSL", "far"} <= set(first["shared_words"])
    assert len(found["recommendations"]) == 2


def test_the_page_shows_what_is_said_and_what_is_missing(catalog: Catalog) -> None:
    shown = call("How far is it between two airports?", "-k", 1).stdout
    assert "1. Transportation/Flight Distance/Distance Between Airports" in shown
    assert "needs" in shown
    assert "origin (string)" in shown
    assert "like" in shown


def test_examples_come_from_the_named_files_only(catalog: Catalog, tmp_path: Path) -> None:
    tool = "Transportation/Flight Distance/Distance Between Airports"
    file = tmp_path / "earlier.jsonl"
    file.write_text(json.dumps({"query": "Rome to Oslo by air?", "relevant": [tool]}))
    found = json.loads(
        call("How far from OSL to LHR?", "-k", 1, "--examples", file, "--json").stdout
    )
    (first,) = found["recommendations"]
    assert [one["query"] for one in first["examples"]] == ["Rome to Oslo by air?"]


def test_third_party_text_cannot_move_the_cursor_or_write_markup(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {"properties": {"a\x1b[1m": {"description": "[/]\x1b[0m"}}, "required": ["a\x1b[1m"]}
    words = "\x1b]0;x\x07 [bold red]wipe[/] disk"
    hostile = ToolSpec("E/evil/\x1b[2Jnow", "E", "evil", "now", words, schema)
    with Catalog.open(tmp_path / "other", embedder=need_minilm(monkeypatch)) as opened:
        opened.add([hostile])
    shown = call("wipe the disk", "--catalog", tmp_path / "other").stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[bold red]wipe[/] disk" in shown


def test_the_worlds_host_is_known_without_loading_it() -> None:
    assert WORLD_HOST == world.HOST
