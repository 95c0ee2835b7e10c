"""``toolgrove eval`` over planners × models × seeds × retrieval: one store, one line each."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from support.dying import processes
from support.embedders import Hashing
from support.served_model import ServedModel
from toolgrove.agent.catalog import Catalog
from toolgrove.cli.main import app
from toolgrove.data.records import JsonObject
from toolgrove.data.runs import read_run
from toolgrove.data.world import specs, tasks
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.store import ResultRow
from toolgrove.evaluators.stored import read_batch

processes.set_forkserver_preload(  # so that a child starts in milliseconds
    ["toolgrove.agent.matrix", "toolgrove.cli.main", "toolgrove.data.world", "pydantic"]
)
FIRST = [task for task in tasks() if task.group == "G1"][:3]
GIVEN = ["--group", "G1", "--limit", "3", "--max-model-calls", "6"]


@pytest.fixture
def served() -> Iterator[ServedModel]:
    with ServedModel(FIRST) as model:
        yield model


def run(*options: str | Path, **env: str) -> Any:
    done = CliRunner().invoke(app, ["eval", *map(str, options)], env=env)
    assert done.exit_code == 0, done.output
    return done


def evaluate(file: Path, out: Path) -> None:
    """The command in a process of its own, which can be killed."""
    app(["eval", str(file), "--out", str(out)], standalone_mode=False)


def results(out: Path) -> list[tuple[JsonObject, ResultRow]]:
    """All rows, less what differs between two runs of the same matrix: dates and seconds."""
    return [
        (
            config,
            replace(
                row,
                figures=row.figures and replace(row.figures, seconds=0.0),
                scores=tuple(replace(score, date="") for score in row.scores),
            ),
        )
        for config, row in read_batch(out)
    ]


def test_a_matrix_killed_three_times_gives_the_rows_of_an_undisturbed_run(
    tmp_path: Path, served: ServedModel
) -> None:
    """SIGKILL once a further row has ended and a reply is under way."""
    file = tmp_path / "matrix.yaml"
    file.write_text(
        f"tasks: world\ngroup: G1\nlimit: 2\nmax-model-calls: 6\nmodel: {served.name}\n"
        "planner: [react, dfsdt]\nseed: [0, 1]\nconcurrency: 2\n"
    )

    children: list[Any] = []

    def ended(out: Path) -> int | None:
        children.append(processes.Process(target=evaluate, args=(file, out)))
        children[-1].start()
        children[-1].join()
        code: int | None = children[-1].exitcode
        return code

    assert ended(tmp_path / "whole") == 0
    whole = served.asked

    def done() -> int:
        if not (tmp_path / "killed" / "results.sqlite").exists():
            return 0
        return sum(row.state == "done" for _, row in read_batch(tmp_path / "killed"))

    for _ in range(3):
        had = done()

        def dies(number: int, port: int, had: int = had) -> bool:
            if done() > had:
                os.kill(children[-1].pid, signal.SIGKILL)
                return False
            return True

        served.before = dies
        assert ended(tmp_path / "killed") == -signal.SIGKILL
        assert done() > had
        assert "pending" in {row.state for _, row in read_batch(tmp_path / "killed")}
    served.before = lambda number, port: True
    assert ended(tmp_path / "killed") == 0

    found = results(tmp_path / "killed")
    assert len(found) == 2 * 2 * 2
    assert found == results(tmp_path / "whole")
    assert {score.value for _, row in found for score in row.scores} >= {0.0, 1.0}
    assert served.asked - 2 * whole <= 3 * 2, "more was asked again than was under way"


def test_each_configuration_has_a_line_and_its_label_in_the_json(
    tmp_path: Path, served: ServedModel
) -> None:
    options = ["world", *GIVEN, "--model", served.name, "--planner", "react", "--planner", "dfsdt"]
    shown = run(*options, "--out", tmp_path / "out").stdout
    lines = [line.split()[:2] for line in shown.splitlines() if line.startswith(("react", "dfsdt"))]
    assert lines == [["react", "3"], ["dfsdt", "3"]]
    asked = served.asked
    found = json.loads(run(*options, "--out", tmp_path / "out", "--json").stdout)
    assert served.asked == asked, "a finished matrix asks nothing"
    labels = [one["label"]["planner"].partition(":")[0] for one in found["configurations"]]
    assert labels == ["react", "dfsdt"]
    assert all(one["groups"]["total"]["runs"] == 3 for one in found["configurations"])


def test_a_configuration_finds_the_rows_that_it_had_alone(
    tmp_path: Path, served: ServedModel
) -> None:
    options = ["world", *GIVEN, "--model", served.name, "--out", tmp_path / "out"]
    run(*options, "--planner", "react")
    asked = served.asked
    alone = [row for _, row in results(tmp_path / "out")]
    run(*options, "--planner", "react", "--planner", "cot", "--seed", "7")
    run(*options, "--planner", "cot", "--planner", "react")
    rows = results(tmp_path / "out")
    assert len(rows) == 4 * 3
    again = [row for config, row in rows if config["planner"] == "react:depth=12"]
    assert [row for row in again if row in alone] == alone
    assert served.asked > asked


def test_what_broke_down_is_kept_apart_and_tried_again_only_where_wanted(
    tmp_path: Path, served: ServedModel
) -> None:
    served.before = lambda number, port: number > 4  # a retry of a request is one, too
    options = ["world", *GIVEN, "--model", served.name, "--planner", "react", "--planner", "cot"]
    options += ["--out", str(tmp_path / "out")]

    def totals(*more: str) -> list[tuple[int, int]]:
        found = json.loads(run(*options, "--json", *more).stdout)["configurations"]
        return [
            (o["groups"]["total"]["runs"], o["groups"]["total"]["infrastructure"]) for o in found
        ]

    first = totals()
    assert sum(broke for _, broke in first) >= 1
    asked = served.asked
    assert totals("--no-retry-failed") == first
    assert served.asked == asked
    assert totals("--retry-failed") == [(3, 0), (3, 0)]


def test_progress_says_what_is_right_so_far_and_what_is_left(
    tmp_path: Path, served: ServedModel
) -> None:
    options = ["world", *GIVEN, "--model", served.name, "--planner", "react", "--epochs", "2"]
    said = run(*options, "--out", tmp_path / "out", "--price", "served=1000,1000").stderr
    first, *_, last = said.splitlines()
    assert first.startswith("1 of 6 runs, ")
    assert "right so far" in first
    assert " left, cost left " in first
    assert last.startswith("6 of 6 runs, ")
    assert "left" not in last


def test_the_command_line_goes_before_the_file_and_the_file_before_the_environment(
    tmp_path: Path, served: ServedModel
) -> None:
    file = tmp_path / "matrix.yml"
    file.write_text(
        f"tasks: world\ngroup: G1\nlimit: 1\nmodel: {served.name}\nplanner: [react, dfsdt]\n"
        f"max-model-calls: 6\nout: {tmp_path / 'out'}\n"
    )
    run(file, "--planner", "cot", TOOLGROVE_MODEL="nobody:at all")
    [(config, _)] = read_batch(tmp_path / "out")
    assert (config["planner"].partition(":")[0], config["model"]) == ("cot", served.name)
    run("world", *GIVEN, "--out", tmp_path / "other", TOOLGROVE_MODEL=served.name)
    assert {config["model"] for config, _ in read_batch(tmp_path / "other")} == {served.name}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("planner: react", "$.tasks"),
        ("tasks: 7", "line 1: $.tasks"),
        ("tasks: world\nplaner: react", "line 2: $.planer"),
        ("tasks: world\ntemperature: [0, 1]", "line 2: $.temperature"),
        ("tasks: world\nplanner: {react: 1}", "line 2: $.planner"),
        ("tasks: world\nplanner:", "line 2: $.planner"),
        ("tasks: world\nepochs: many", "line 2: $.epochs"),
        ("tasks: world\n\nepochs: 99999999999999999999", "line 3: $.epochs"),
        ("tasks: world\nk: [5, 99999999999999999999]", "line 2: $.k"),
        ("tasks: world\nseed: 99999999999999999999", "line 2: $.seed"),
        ("tasks: world\nretry-failed: perhaps", "line 2: $.retry-failed"),
        ("tasks: world\nseed: 0\nepochs: 2\nseed: 1", "line 4: $.seed"),
        ("tasks: world\nretry-failed: true\nretry_failed: false", "line 3: $.retry_failed"),
        ("tasks: 2026-02-30", "$"),
        ("- world", "$"),
        ("", "$"),
        ("tasks: [", "$"),
    ],
)
def test_a_matrix_file_that_is_none_is_told_with_its_place(
    tmp_path: Path, text: str, place: str
) -> None:
    file = tmp_path / "matrix.yaml"
    file.write_text(text)
    done = CliRunner().invoke(app, ["eval", str(file), "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, FormatError)
    assert (done.exception.file, done.exception.path) == (str(file), place)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--planner", "dfsdt", "--planner", "dfsdt:width=2"], "come to the same (planner 'dfsdt:"),
        (["-k", "3", "-k", "5"], "name the --catalog"),
        (["--tools", "own"], "name the --catalog"),
        (["--engine", "spark"], "no engine called 'spark'. Known: local, ray"),
        (["--price", "m=nan,2"], "--price m=nan,2: give a model's price"),
        (["--price", "m=1,inf"], "--price m=1,inf: give a model's price"),
        (["--evaluator", "answer:foo=1"], "answer has no option 'foo=1'. It has none."),
    ],
)
def test_a_matrix_that_makes_no_sense_is_refused(
    tmp_path: Path, served: ServedModel, given: list[str], said: str
) -> None:
    options = ["eval", "world", *GIVEN, "--model", served.name, "--out", str(tmp_path)]
    done = CliRunner().invoke(app, [*options, *given])
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
    assert not served.asked


def test_the_matrix_file_of_the_page_is_one(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "evaluation.md"
    _, _, rest = page.read_text(encoding="utf-8").partition("```yaml\n")
    file = tmp_path / "matrix.yaml"
    file.write_text(rest.partition("```")[0])
    options = ["--planner", "nobody", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["eval", str(file), *options])
    assert isinstance(done.exception, UsageError)
    assert "no planner called 'nobody'" in str(done.exception)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "catalog"
    with Catalog.open(folder, embedder=Hashing()) as opened:
        opened.add(specs())
    return folder


def test_own_and_retrieved_tools_are_two_settings_whose_failures_have_causes(
    tmp_path: Path, served: ServedModel, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolgrove.retriever.embedding.MiniLM", Hashing)
    file = tmp_path / "matrix.yaml"
    file.write_text(
        f"tasks: world\ngroup: G1\nlimit: 3\nmax-model-calls: 6\nmodel: {served.name}\n"
        f"planner: react\ncatalog: {catalog}\ntools: [own, retrieved]\nk: [1, 2]\n"
        f"out: {tmp_path / 'out'}\n"
    )
    found = json.loads(run(file, "--json").stdout)["configurations"]
    labels = [(one["label"]["retrieved"], one["label"]["k"]) for one in found]
    assert labels == [("False", "1"), ("True", "1"), ("True", "2")]
    own, *retrieved = (one["groups"]["total"] for one in found)
    assert own["failures"] == {}
    for total in retrieved:
        rate = total["rates"]["offer/1"]
        assert rate["n"] == 3
        failed = total["runs"] - round(total["rates"]["answer/2"]["value"] * 3)
        assert sum(total["failures"].values()) == failed
    asked = served.asked
    for which in ("own", "retrieved"):  # each finds its own rows, and none of the other's
        run(file, "--tools", which, "--json")
    assert served.asked == asked
    offered = {
        config["retrieved"]: len(read_run(tmp_path / "out" / row.run).began[1])
        for config, row in read_batch(tmp_path / "out")
        if config["k"] == 1
    }
    assert offered[True] == 1 < offered[False]
    shown = CliRunner().invoke(app, ["report", str(tmp_path / "out")]).stdout
    assert "offer/1" in shown
    sides = ["--a", "retrieved=False", "--b", "retrieved=True", "--b", "k=1"]
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "out"), *sides, "--json"])
    assert json.loads(done.stdout)["comparison"]["tasks"] == 3
    run(file, "--tools", "own", "--evaluator", "answer", "--evaluator", "offer", "--json")
    assert served.asked == asked, "a further evaluator scores the runs that are there"


def test_a_task_whose_own_tools_the_catalogue_lacks_is_told_before_anything_is_asked(
    tmp_path: Path, served: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolgrove.retriever.embedding.MiniLM", Hashing)
    with Catalog.open(tmp_path / "catalog") as opened:
        opened.add(specs()[:1])
    options = ["eval", "world", *GIVEN, "--model", served.name, "--out", str(tmp_path / "out")]
    given = ["--catalog", str(tmp_path / "catalog"), "--tools", "own"]
    done = CliRunner().invoke(app, [*options, *given])
    assert isinstance(done.exception, UsageError)
    assert "which is not among the agent's 1 tools" in str(done.exception)
    assert not served.asked
