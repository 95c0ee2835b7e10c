"""The table of a batch: a row each, also of what broke down or was not run yet."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.judged_batch import RIGHT, WRONG, evaluate
from support.sample_run import write_run
from toolgrove.agent.view import batch
from toolgrove.agent.view.batch import batch_page, holds_runs, runs_in
from toolgrove.evaluators.judgements import Judgements


async def test_a_batch_is_a_table_of_what_was_asked_answered_and_scored(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG, "Nobody knows.")
    html, runs, nodes = batch_page(tmp_path / "R")
    assert (runs, html.count('<section class="run"')) == (3, 3)
    assert nodes == 12
    rows = [held.row for held in runs_in(tmp_path / "R")]
    assert [(row.kind, row.answer, row.value) for row in rows if row] == [
        ("right", RIGHT, 1.0), ("wrong", WRONG, 0.0), ("wrong", "Nobody knows.", 0.0)
    ]  # fmt: skip
    assert all(row and row.planner.startswith("dfsdt:width=2,depth=5") for row in rows)
    assert all(row and row.score.startswith("answer/2 ") for row in rows)
    assert html.count('href="#run-') == 3


async def test_what_was_not_run_or_cannot_be_read_has_a_row_and_no_tree(tmp_path: Path) -> None:
    out = tmp_path / "R"
    await evaluate(out, RIGHT, WRONG, "a", "b")
    first, second, *_ = (held.path for held in runs_in(out))
    assert first is not None
    assert second is not None
    (first / "journal.jsonl").write_text("damaged\n")
    (second / "journal.jsonl").unlink()
    with closing(sqlite3.connect(out / "results.sqlite")) as db, db:
        db.execute("UPDATE result SET state = 'pending', figures = NULL WHERE task = 't2'")
        db.execute(
            "UPDATE result SET state = 'infrastructure', reason = 'is down' WHERE task = 't3'"
        )
        db.execute("UPDATE result SET figures = NULL, scores = '[]' WHERE task = 't3'")
    html, runs, _ = batch_page(out)
    assert runs == 4
    assert html.count('href="#run-') == 2
    for said in ("not yet", "broke down", "is down", "judged right"):
        assert said in html


async def test_a_batch_that_somebody_sent_leads_to_no_other_folder(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT)
    write_run(tmp_path / "secret", " private")
    for run in ("../secret", str(tmp_path / "secret")):
        with closing(sqlite3.connect(tmp_path / "R" / "results.sqlite")) as db, db:
            db.execute("UPDATE result SET run = ?", (run,))
        assert "private" not in batch_page(tmp_path / "R")[0]
        assert [held.read(Judgements()) for held in runs_in(tmp_path / "R")] == [None]


async def test_a_page_that_would_be_too_large_leaves_trees_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await evaluate(tmp_path / "R", *[RIGHT] * 5)
    whole, _, _ = batch_page(tmp_path / "R")
    size = (len(whole) - whole.index("<section")) // 5
    monkeypatch.setattr(batch, "PAGE_LIMIT", 3 * size)
    html, runs, _ = batch_page(tmp_path / "R")
    assert runs == 5
    assert 1 < html.count('href="#run-') < 5


def test_a_run_is_no_folder_of_runs(tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs" / "a")
    assert holds_runs(tmp_path / "runs")
    assert not holds_runs(run)
    assert not holds_runs(tmp_path / "nothing")
