"""What is no batch, and what only looks like one, is mined as what it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.judged_batch import (
    MODES,
    RIGHT,
    WRONG,
    batch_of,
    edit,
    evaluate,
    journalled,
    mined,
    row_of,
)
from toolgrove.data.records import (
    Task,
)
from toolgrove.data.runs import JOURNAL
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.mining import mine_files


async def test_a_run_copied_out_of_its_batch_is_mined_as_a_plain_run_and_says_so(
    tmp_path: Path,
) -> None:
    await evaluate(tmp_path / "R", WRONG)
    shutil.copytree(tmp_path / "R" / row_of(tmp_path / "R", "t0").run, tmp_path / "plain")
    answers, rows, mining = mined(tmp_path / "plain")
    assert answers == [WRONG]
    assert (rows["plain"].judged, mining.report.totals()["not_judged"]) == ("", 1)
    for success in MODES[1:]:
        with pytest.raises(UsageError, match="no scores"):
            mined(tmp_path / "plain", success=success)
    _, rows, _ = mined(tmp_path / "plain", tmp_path / "R", success="answer/2")
    assert rows["plain"].why == "not judged: it belongs to no batch"


async def test_a_batch_copied_whole_keeps_its_scores(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    shutil.move(tmp_path / "R", tmp_path / "S")
    assert mined(tmp_path / "S")[0] == [RIGHT]


async def test_in_a_batch_what_it_has_no_row_for_is_not_judged(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", WRONG)
    shutil.copytree(tmp_path / "R" / row_of(tmp_path / "R", "t0").run, tmp_path / "R" / "copy")
    answers, rows, _ = mined(tmp_path / "R")
    assert (answers, rows["copy"].why) == ([], "not judged: the batch has no result of it")


async def test_a_results_file_of_another_program_makes_no_batch(tmp_path: Path) -> None:
    journalled(tmp_path / "runs" / "a", Task("t", "What?"), {RIGHT: 0.0})
    with closing(sqlite3.connect(tmp_path / "results.sqlite")) as db, db:
        db.execute("CREATE TABLE result (mine TEXT)")
    assert mined(tmp_path / "runs")[0] == [RIGHT]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE result SET scores = '[{'",
        'UPDATE result SET scores = \'[{"value": "much"}]\'',
        "UPDATE result SET scores = replace(hex(zeroblob(50000)), '0', '[')",
        "UPDATE result SET figures = '{}'",
        "UPDATE result SET run = x'ff'",
        "UPDATE result SET state = 'odd'",
        "",
    ],
)
async def test_a_damaged_results_file_is_told_and_never_passed_over(
    tmp_path: Path, damage: str
) -> None:
    await evaluate(tmp_path / "R", WRONG)
    if damage:
        edit(tmp_path / "R", damage)
    else:
        (tmp_path / "R" / "results.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(FormatError, match=r"results\.sqlite") as told:
        list(mine_files([tmp_path / "R"]))
    assert "answered" in told.value.mend
    mining = mine_files([tmp_path / "R"], skip_bad=True)
    assert list(mining) == []
    assert [str(error) for error in mining.sources.skipped] == [str(told.value)]
    assert mined(tmp_path / "R", success="answered")[0] == [WRONG]


@pytest.mark.parametrize("path", ["../other/run", "{other}", "runs/../../other/run", "link/run"])
async def test_a_rows_run_leads_nowhere_outside_the_batch(tmp_path: Path, path: str) -> None:
    """A score of one folder's results file vouches for no run elsewhere, whatever it names."""
    journalled(tmp_path / "other" / "run", Task("t", "What?"), {WRONG: 0.0})
    await batch_of(tmp_path / "R", {RIGHT: 0.0})
    (tmp_path / "R" / "link").symlink_to(tmp_path / "other")
    edit(tmp_path / "R", "UPDATE result SET run = ?", path.format(other=tmp_path / "other/run"))
    _, rows, mining = mined(tmp_path / "R", tmp_path / "other", tmp_path / "R" / "link" / "run")
    assert rows["t.0"].why == "not judged: the batch has no result of it"
    assert [row.judged for row in mining.report.rows] == ["", "", ""]


@pytest.mark.parametrize("link", ["folder", "journal"])
async def test_a_link_that_leads_out_of_the_batch_is_not_judged(tmp_path: Path, link: str) -> None:
    run = await batch_of(tmp_path / "R", {RIGHT: 0.0})
    journalled(tmp_path / "other", Task("t", "What?"), {WRONG: 0.0, RIGHT: 1.0})
    if link == "folder":
        shutil.rmtree(run)
        run.symlink_to(tmp_path / "other")
    else:
        (run / JOURNAL).unlink()
        (run / JOURNAL).symlink_to(tmp_path / "other" / JOURNAL)
    answers, rows, _ = mined(run)
    assert answers == []
    assert rows["t.0"].why == "not judged: a link leads out of the batch's folder"


async def test_a_link_to_a_run_or_a_batch_finds_its_scores(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    (tmp_path / "batch").symlink_to(tmp_path / "R")
    (tmp_path / "run").symlink_to(tmp_path / "R" / row_of(tmp_path / "R", "t1").run)
    assert mined(tmp_path / "batch")[0] == [RIGHT]
    assert mined(tmp_path / "run")[0] == []


async def test_two_rows_that_name_one_run_judge_nothing(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    run = row_of(tmp_path / "R", "t1").run
    edit(tmp_path / "R", "UPDATE result SET run = ?", run)
    answers, rows, _ = mined(tmp_path / "R")
    assert answers == []
    assert rows["t1.0"].why == "not judged: the batch has several results of it"


async def test_rows_of_one_run_that_say_the_same_judge_it(tmp_path: Path) -> None:
    """Settings may share a run, as a strategy does its first sample."""
    await evaluate(tmp_path / "R", RIGHT)
    edit(tmp_path / "R", "INSERT INTO config SELECT 'other', config FROM config")
    columns = "epoch, content, grp, query, run, owner, state, reason, figures, scores"
    same = f"INSERT INTO result SELECT task, 'other', {columns} FROM result"
    edit(tmp_path / "R", same)
    assert mined(tmp_path / "R")[0] == [RIGHT]


async def test_reading_scores_leaves_the_batch_as_it_is(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT)
    before = {p: p.stat().st_mtime_ns for p in sorted((tmp_path / "R").rglob("*"))}
    mined(tmp_path / "R")
    assert {p: p.stat().st_mtime_ns for p in sorted((tmp_path / "R").rglob("*"))} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
async def test_a_batch_that_cannot_be_written_can_be_mined(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    (tmp_path / "R").chmod(0o500)
    try:
        assert mined(tmp_path / "R")[0] == [RIGHT]
    finally:
        (tmp_path / "R").chmod(0o700)
