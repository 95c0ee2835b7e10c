"""``toolgrove eval-retrieval``, on the default embedder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.embedders import need_minilm
from toolgrove.agent.catalog import Catalog
from toolgrove.cli.main import app
from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError, UsageError

SPECS = [
    ToolSpec("lotto/draws", "Gaming", "lotto", "draws", "Latest lottery results of a country."),
    ToolSpec("sky/forecast", "Weather", "sky", "forecast", "Rain of the coming week."),
    ToolSpec("rates/convert", "Finance", "rates", "convert", "Convert between currencies."),
]
LINES = [
    {"query": "Which numbers won the lottery?", "relevant": ["lotto/draws"], "split": "train"},
    {"query": "Will it rain in the coming week?", "relevant": ["sky/forecast"], "split": "test"},
    {"query": "Convert 5 USD. Will it rain?", "relevant": ["rates/convert", "sky/forecast"],
     "split": "test"},
    {"query": "Where is the parcel?", "relevant": ["post/track"], "split": "test"},
]  # fmt: skip


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A catalogue, and labelled queries about it."""
    embedder = need_minilm(monkeypatch)
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    with Catalog.open(tmp_path / "catalog", embedder=embedder) as catalog:
        catalog.add(SPECS)
    file = tmp_path / "queries.jsonl"
    file.write_text("\n".join(map(json.dumps, LINES)))
    return file


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["eval-retrieval", *map(str, arguments)])


def printed(result: Result, code: int = 0) -> dict[str, Any]:
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_figures_name_their_metrics_and_intervals(queries: Path) -> None:
    found = printed(call("--queries", queries, "--json"))
    overall = found["overall"]
    assert set(overall["metrics"]) == {
        f"{measure}@{k}" for measure in ("recall", "ndcg", "mrr") for k in (1, 3, 5, 10)
    }
    assert overall["metrics"]["recall@3"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    first = overall["metrics"]["recall@1"]
    assert 0 <= first["low"] <= first["value"] <= first["high"] <= 1
    assert (overall["queries"], overall["skipped"]) == (3, 1)
    splits = {name: (s["queries"], s["skipped"]) for name, s in found["splits"].items()}
    assert splits == {"queries": (3, 1), "queries:test": (2, 1), "queries:train": (1, 0)}
    assert found["missing"] == {"tools": 1, "first": ["post/track"]}
    assert found["latency_ms"]["cold"]["p95"] >= found["latency_ms"]["cold"]["p50"] > 0
    assert found["latency_ms"]["cached"]["queries"] == 3
    assert (found["complete"], found["tools"], found["unlabelled"]) == (True, 3, 0)


def test_the_table_is_in_percent(queries: Path) -> None:
    shown = call("--queries", queries).stdout
    assert "queries:test: 2 queries, 1 skipped" in shown
    assert "queries:train: 1 queries" in shown, "and no emoji"
    assert "overall: 3 queries" in shown
    assert "queries: 3 queries" not in shown, "one file's figures are the overall ones"
    assert "100 (100-100)" in shown
    assert "1 relevant tools are not in the catalogue (post/track" in shown
    assert "cached p50" in shown


def test_depth_and_limit(queries: Path) -> None:
    found = printed(call("--queries", queries, "-k", 2, "--limit", 2, "--seed", 3, "--json"))
    assert {name.partition("@")[2] for name in found["overall"]["metrics"]} == {"1", "2"}
    assert found["overall"]["queries"] + found["overall"]["skipped"] == 2


def test_a_baseline_is_measured_on_the_same_queries(queries: Path) -> None:
    found = printed(call("--queries", queries, "--rank-only", "bm25", "--json"))
    assert (found["ranking"], found["overall"]["queries"]) == ("bm25", 3)
    assert printed(call("--queries", queries, "--json"))["ranking"] == "catalogue"


def test_ctrl_c_prints_what_was_measured(queries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = Catalog.search, []

    def search(self: Catalog, query: str, k: int = 5) -> Any:
        asked.append(query)
        if len(asked) == 6:  # the warm-up, two queries twice, then this
            raise KeyboardInterrupt
        return real(self, query, k)

    monkeypatch.setattr(Catalog, "search", search)
    stopped = call("--queries", queries, "--json")
    found = printed(stopped, 130)
    assert (found["complete"], found["overall"]["queries"]) == (False, 2)
    assert "stopped after 2 of 3 queries" in stopped.stderr


def test_what_cannot_be_measured_is_told(queries: Path, tmp_path: Path) -> None:
    def fails(error: type[Exception], match: str, *arguments: object) -> None:
        with pytest.raises(error, match=match):
            CliRunner().invoke(
                app, ["eval-retrieval", *map(str, arguments)], catch_exceptions=False
            )

    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps(LINES[-1]))
    fails(UsageError, "none of the tools", "--queries", other)
    fails(UsageError, "no ranking is called", "--queries", queries, "--rank-only", "luck")
    fails(CatalogError, "toolgrove index", "--queries", queries, "--catalog", tmp_path / "none")


@pytest.mark.parametrize("command", [["search", "rain"], ["recommend", "rain"], ["eval-retrieval"]])
def test_a_catalogue_that_is_not_whole_is_told_of(
    command: list[str], queries: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Catalog, "whole", False)
    words = [*command, *(["--queries", str(queries)] if command == ["eval-retrieval"] else [])]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0
    assert "some tools are missing" in said.stderr
