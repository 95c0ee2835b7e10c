"""``toolgrove view``: where it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.sample_run import write_run
from toolgrove.cli.main import main

View = Callable[..., tuple[int, str, str]]


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> View:
    """Run the command in this process; its exit code, output and errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["toolgrove", "view", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, " ".join(said.err.split())

    return run


def test_a_runs_page_lies_in_its_folder(view: View, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    code, out, _ = view(run)
    assert (code, out) == (0, f"{run / 'tree.html'}  (1 run, 9 nodes)\n")
    assert (run / "tree.html").read_text().startswith("<!DOCTYPE html>")
    assert sorted(p.name for p in run.iterdir()) == ["journal.jsonl", "lock", "tree.html"]


def test_the_page_of_several_runs_lies_here(
    view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [write_run(tmp_path / name) for name in ("a", "b")]
    monkeypatch.chdir(tmp_path)
    code, out, _ = view(*runs, "--json")
    assert code == 0
    assert json.loads(out) == {"file": "tree.html", "runs": 2, "nodes": 18}
    assert (tmp_path / "tree.html").read_text().count('<section class="run"') == 2


def test_an_svg_is_the_picture_alone(view: View, tmp_path: Path) -> None:
    run, file = write_run(tmp_path / "run"), tmp_path / "deep" / "tree.svg"
    assert view(run, "--out", file)[0] == 0
    assert file.read_text().startswith("<svg ")
    code, _, err = view(run, run, "--out", file)
    assert code == 2
    assert "draws one run" in err


def test_another_ending_is_refused_so_that_a_journal_is_never_overwritten(
    view: View, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run")
    before = (run / "journal.jsonl").read_bytes()
    code, _, err = view(run, "--out", run / "journal.jsonl")
    assert code == 2
    assert ".html" in err
    assert (run / "journal.jsonl").read_bytes() == before


def test_a_folder_of_runs_opens_as_a_table(
    view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "runs" / "a")
    write_run(tmp_path / "runs" / "b")
    monkeypatch.chdir(tmp_path)
    code, out, _ = view("runs", "--json")
    assert code == 0
    assert json.loads(out) == {"file": "runs/tree.html", "runs": 2, "nodes": 18}
    code, _, err = view("runs", "--out", "tree.svg")
    assert code == 2
    assert "draws one run" in err


@pytest.mark.parametrize(
    ("name", "said"), [("nothing", "no journal.jsonl here"), ("nothing.json", "can be read")]
)
def test_what_is_not_there_is_one_line(view: View, tmp_path: Path, name: str, said: str) -> None:
    code, out, err = view(tmp_path / name)
    assert (code, out) == (1, "")
    assert said in err
    assert not (tmp_path / "tree.html").exists()


def test_a_page_that_cannot_be_written_leaves_the_old_one(view: View, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (tmp_path / "page.html").mkdir()
    code, _, err = view(run, "--out", tmp_path / "page.html")
    assert code == 2
    assert "cannot be written" in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["page.html", "run"]


def test_a_real_answer_tree_is_a_run_too(view: View, tmp_path: Path, shared_data: Path) -> None:
    tree = next((shared_data / "toolbench" / "trees").glob("*.json"))
    assert view(tree, "--out", tmp_path / "page.html")[0] == 0


def test_open_hands_the_page_to_the_browser(tmp_path: Path) -> None:
    run, seen = write_run(tmp_path / "run"), tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{seen}"\n')
    browser.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", "from toolgrove.cli import main; main()", "view", run, "--open"],
        env={**os.environ, "BROWSER": f"{browser} %s"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert seen.read_text() == f"{(run / 'tree.html').as_uri()}\n"
