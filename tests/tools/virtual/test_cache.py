"""The cache of API answers: whole whatever happens to its processes, and the best source wins."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import Status
from toolgrove.errors import CatalogError
from toolgrove.tools.virtual.cache import AnswerCache
from toolgrove.tools.virtual.protocol import ApiName, Source, VirtualAnswer

NAME = ApiName.of("Data", "Zip", "Find")
WRITER = """
import sys
from toolgrove.data.records import Status
from toolgrove.tools.virtual.cache import AnswerCache
from toolgrove.tools.virtual.protocol import VirtualAnswer, ApiName, Source

path, who, count, source = sys.argv[1], sys.argv[2], int(sys.argv[3]), Source(sys.argv[4])
with AnswerCache(path) as cache:
    for n in range(count):
        answer = VirtualAnswer(Status.OK, {"by": who, "n": n, "text": "x" * 2000}, source)
        kept = cache.save(ApiName.of("Data", "Zip", "Find"), {"n": n}, answer)
        print(n, kept.response["by"], flush=True)
"""


def writer(path: Path, who: str, count: int, source: Source) -> subprocess.Popen[str]:
    arguments = [str(path), who, str(count), source.value]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True
    )


def real(**response: object) -> VirtualAnswer:
    return VirtualAnswer(Status.OK, response, Source.REAL)


@pytest.mark.parametrize("written", [0, 1, 7, 40])
def test_a_process_killed_while_writing_loses_nothing_that_it_said_it_wrote(
    tmp_path: Path, written: int
) -> None:
    path = tmp_path / "answers.sqlite"
    with writer(path, "a", 1_000_000, Source.REAL) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(written + 1)]
        os.kill(child.pid, signal.SIGKILL)
    with AnswerCache(path) as cache:
        for n in range(len(said)):
            kept = cache.get(NAME, {"n": n})
            assert kept is not None
            assert kept.response == {"by": "a", "n": n, "text": "x" * 2000}
        assert cache.counts()["real"] >= len(said)
        cache.save(NAME, {"n": -1}, real(after=True))
        assert cache.get(NAME, {"n": -1}) == VirtualAnswer(
            Status.OK, {"after": True}, Source.REAL, cached=True
        )
    with closing(sqlite3.connect(path)) as db, db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_processes_on_one_file_agree_on_every_answer(tmp_path: Path) -> None:
    path, count = tmp_path / "answers.sqlite", 200
    children = [writer(path, who, count, Source.REAL) for who in ("a", "b")]
    told = [child.communicate(timeout=60)[0].splitlines() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert told[0] == told[1]  # the first one's answer is both processes'
    assert len(told[0]) == count


def test_a_real_answer_of_one_process_wins_over_a_made_up_one_of_another(tmp_path: Path) -> None:
    path, count = tmp_path / "answers.sqlite", 100
    children = [
        writer(path, "model", count, Source.SIMULATED),
        writer(path, "api", count, Source.REAL),
    ]
    for child in children:
        child.communicate(timeout=60)
    with AnswerCache(path) as cache:
        found = [cache.get(NAME, {"n": n}) for n in range(count)]
        assert {answer and answer.response["by"] for answer in found} == {"api"}
        assert cache.counts() == {"real": count, "imported": 0, "simulated": 0}


@given(st.lists(st.sampled_from([Source.REAL, Source.IMPORTED, Source.SIMULATED]), min_size=1))
def test_the_first_answer_of_the_best_source_stays(sources: list[Source]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, AnswerCache(f"{folder}/answers") as cache:
        for n, source in enumerate(sources):
            cache.save(NAME, {}, VirtualAnswer(Status.OK, {"n": n}, source))
        kept = cache.get(NAME, {})
    assert kept is not None
    best = min(sources, key=list(Source).index)
    assert (kept.source, kept.response) == (best, {"n": sources.index(best)})


def test_a_closed_cache_is_one_file_that_can_be_copied(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with AnswerCache(path) as cache:
        cache.save(NAME, {"code": "02139"}, real(city="Cambridge"))
        identity = cache.id
    assert [file.name for file in tmp_path.iterdir()] == ["answers.sqlite"]
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(path.read_bytes())
    with AnswerCache(copy) as cache:
        kept = cache.get(NAME, {"code": "02139"})
        assert kept is not None
        assert kept.response == {"city": "Cambridge"}
        assert cache.id == identity


def test_rows_say_what_was_asked_who_answered_and_when(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    made_up = VirtualAnswer(Status.OK, {"city": "Oslo"}, Source.SIMULATED, model="m", prompt="p")
    with AnswerCache(path) as cache:
        cache.save(NAME, {"Code": 5.0}, made_up)
    with closing(sqlite3.connect(path)) as db, db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM answers").fetchone())
    assert len(row.pop("key")) == 32
    assert row.pop("date").startswith("20")
    assert json.loads(row.pop("arguments")) == {"code": 5}
    assert json.loads(row.pop("response")) == {"city": "Oslo"}
    assert row == {
        "category": "Data",
        "tool": "zip",
        "api": "find",
        "status": "ok",
        "source": "simulated",
        "rank": 1,
        "model": "m",
        "prompt": "p",
    }


def test_what_is_no_cache_is_refused_and_left_alone(tmp_path: Path) -> None:
    text, other, empty = tmp_path / "notes.txt", tmp_path / "other.sqlite", tmp_path / "empty"
    text.write_text("my notes, " * 1000)
    empty.touch()
    with closing(sqlite3.connect(other)) as db, db:
        db.execute("CREATE TABLE t (x)")
    for path in (text, other, empty, tmp_path):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(CatalogError, match=str(path)):
            AnswerCache(path)
        assert not path.is_file() or path.read_bytes() == before


def test_any_text_and_number_comes_back_as_it_was(tmp_path: Path) -> None:
    response = {"half": "\ud800", "nul": "\0", "big": 2**80, "list": [1.5, None, True]}
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        cache.save(NAME, {"half": "\ud800"}, VirtualAnswer(Status.OK, response, Source.REAL))
        kept = cache.get(NAME, {"half": "\ud800"})
    assert kept is not None
    assert kept.response == response
