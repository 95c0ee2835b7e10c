"""``toolgrove train retriever`` on the bundled tasks, with the default embedder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.embedders import need_minilm
from toolgrove.agent.catalog import Catalog
from toolgrove.cli.main import app
from toolgrove.data import codec, world
from toolgrove.errors import FormatError, UsageError
from toolgrove.retriever.classifier import ToolClassifier
from toolgrove.retriever.embedding import MiniLM
from toolgrove.retriever.training import run
from toolgrove.retriever.training.run import DISJOINT, HELD_OUT


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A catalogue with some of the world's tools; beside it ``queries.jsonl`` about them."""
    embedder = need_minilm(monkeypatch)
    monkeypatch.setenv("TOOLGROVE_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("COLUMNS", "200")
    tasks = [task for task in world.tasks()[::5] if task.relevant]
    tools = {tool for task in tasks for tool in task.relevant}
    rows = [codec.dumps({"query": t.query, "relevant": t.relevant}) + b"\n" for t in tasks]
    (tmp_path / "queries.jsonl").write_bytes(b"".join(rows))
    with Catalog.open(tmp_path / "catalog", embedder=embedder) as opened:
        opened.add(spec for spec in world.specs() if spec.id in tools)
    return tmp_path / "catalog"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)


def trained(out: Path, *more: object) -> dict[str, Any]:
    queries = out.parent / "queries.jsonl"
    done = call("train", "retriever", "--queries", queries, "--out", out, "--json", *more)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_adapter_is_measured_on_both_splits_and_searched_with(
    catalog: Path, tmp_path: Path
) -> None:
    found = trained(tmp_path / "adapter")
    assert found["loss"]["last"] < found["loss"]["first"]
    assert list(found["measures"]) == [HELD_OUT, DISJOINT]
    for row in found["measures"].values():
        assert 0 < row["untrained_ndcg@5"] <= 1
        assert 0 < row["ndcg@5"] <= 1
        assert row["trained_on"] + row["tested"] <= found["queries"]
    query = "How many feet above sea level is the airport LPB?"
    plain, adapted = (
        json.loads(call("search", query, "--json", *more).stdout)["hits"]
        for more in ((), ("--embedder", tmp_path / "adapter"))
    )
    assert plain
    assert [hit["dense"] for hit in adapted] != [hit["dense"] for hit in plain]


def test_losing_on_unseen_tools_is_said(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {
        HELD_OUT: {"trained_on": 8, "tested": 2, "ndcg@5": 0.7, "untrained_ndcg@5": 0.6},
        DISJOINT: {"trained_on": 8, "tested": 2, "ndcg@5": 0.5, "untrained_ndcg@5": 0.6},
    }
    monkeypatch.setattr(run, "measured", lambda *_: rows)
    queries = tmp_path / "queries.jsonl"
    done = call("train", "retriever", "--queries", queries, "--out", tmp_path / "adapter")
    assert f"on {DISJOINT} training lost 0.100" in done.output
    assert f"on {HELD_OUT} training lost" not in done.output


def test_a_classifier_is_trained_for_the_tools_of_the_queries(
    catalog: Path, tmp_path: Path
) -> None:
    found = trained(tmp_path / "classifier", "--method", "classifier")
    assert list(found["measures"]) == [HELD_OUT]
    classifier = ToolClassifier.load(tmp_path / "classifier", MiniLM())
    (best, _) = classifier.predict("How many feet above sea level is the airport LPB?", 1)[0]
    assert best.startswith("Transportation/Airport Finder/")


def test_what_cannot_be_trained_or_opened_is_told(catalog: Path, tmp_path: Path) -> None:
    queries = tmp_path / "foreign.jsonl"
    queries.write_text('{"query": "a", "relevant": ["no/such"]}\n')
    with pytest.raises(UsageError, match="labelled with a tool of the catalogue"):
        call("train", "retriever", "--queries", queries, "--out", tmp_path / "x")
    assert not (tmp_path / "x").exists()
    with pytest.raises(FormatError, match=r"manifest\.json"):
        call("search", "a", "--embedder", tmp_path)


@pytest.mark.train
@pytest.mark.filterwarnings("default")  # those of the libraries are not ours
def test_an_encoder_is_trained_indexed_with_and_searched_with(
    catalog: Path, tmp_path: Path
) -> None:
    found = trained(tmp_path / "encoder", "--method", "encoder", "--layers", 1)
    assert found["measures"] == {}
    assert found["loss"]["last"] <= found["loss"]["first"]
    tuned = ("--catalog", tmp_path / "tuned")
    with_it = ("--embedder", tmp_path / "encoder")
    assert call("index", "world", *tuned, *with_it).exit_code == 0
    for option in (with_it, ()):  # the catalogue keeps the encoder it was made with
        done = call("search", "airport elevation", "--json", *tuned, *option)
        assert json.loads(done.stdout)["hits"]
    (tmp_path / "tuned" / "embedder" / "manifest.json").unlink()
    with pytest.raises(FormatError, match="manifest"):
        call("search", "airport elevation", *tuned)
