"""``toolgrove train ranker``: says what it is worth, and later searches use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.cli.main import app
from toolgrove.data import world
from toolgrove.retriever.ranker import DEFAULT


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("toolgrove.retriever.embedding.MiniLM", Hashing)
    with Catalog.open(tmp_path / "catalog", embedder=Hashing()) as opened:
        opened.add(world.specs())
    return tmp_path / "catalog"


def test_it_is_fitted_kept_and_used(catalog: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    rows = [{"query": t.query, "relevant": t.relevant} for t in world.tasks()[::6] if t.relevant]
    few.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = ["train", "ranker", "--queries", "world", "--catalog", str(catalog), "--json"]
    dry = CliRunner().invoke(
        app, ["train", "ranker", "--queries", str(few), *told[4:], "--dry-run"]
    )
    assert dry.exit_code == 0, dry.output
    assert not json.loads(dry.stdout)["kept"]
    with Catalog.open(catalog, embedder=Hashing()) as opened:
        assert opened.search_index.ranker == DEFAULT
    said = json.loads(CliRunner().invoke(app, told).stdout)
    assert set(said["measures"]) == {"queries held out", "tools never seen"}
    with Catalog.open(catalog, embedder=Hashing()) as opened:
        assert (
            opened.search_index.ranker.weights == tuple(said["weights"].values()) != DEFAULT.weights
        )
        assert opened.search_index.ranker.queries == said["queries"] > 100


def test_queries_about_other_tools_are_refused_with_the_mend(catalog: Path, tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text('{"query": "Is it raining?", "relevant": ["other/tool"]}\n')
    told = ["train", "ranker", "--queries", str(path), "--catalog", str(catalog)]
    result = CliRunner().invoke(app, told)
    assert result.exit_code != 0
    assert "Index the tools" in result.output + str(result.exception)
