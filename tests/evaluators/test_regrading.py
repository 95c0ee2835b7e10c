"""Kept runs are scored again by the rules and references of now, and nothing is run or lost."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.matrix import run_matrix
from toolgrove.agent.models.scripted import ScriptedModel, finish
from toolgrove.cli.main import app
from toolgrove.data.records import Reference, Score, Task
from toolgrove.data.tree import SearchTree
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.base import judged
from toolgrove.evaluators.registry import parse_evaluators
from toolgrove.evaluators.regrading import OF_CODE, regrade
from toolgrove.evaluators.stored import read_results

TASKS = [
    Task(name, f"What is {name}?", (), "G1", reference=Reference("number", 4)) for name in "abc"
]


@dataclass(frozen=True)
class Older:
    """A rule of before, by which everything is right."""

    name: str = "answer/1"

    async def score(self, tree: SearchTree) -> Score:
        return judged(tree, self.name, 1.0, "anything goes")


def made(out: Path, *evaluators: Older | AnswerEvaluator) -> Path:
    """A matrix of two planners, whose model answers 4 to a and b, and 5 to c."""

    def script(messages: object) -> object:
        return finish("It is 5." if "What is c?" in str(messages) else "It is 4.")

    evaluations = [
        Evaluation(
            Agent(model=ScriptedModel(script=script), planner=planner), evaluators=evaluators
        )  # type: ignore[arg-type]  # the script is typed by what it says
        for planner in ("react", "cot")
    ]
    asyncio.run(run_matrix(evaluations, TASKS, out))
    return out


def verdicts(out: Path) -> list[tuple[str, str, float | None]]:
    return [(r.task, s.evaluator, s.value) for r in read_results(out) for s in r.scores]


def former(out: Path) -> list[tuple[str, str, float]]:
    with closing(sqlite3.connect(out / "results.sqlite")) as db:
        rows = db.execute("SELECT task, score FROM former ORDER BY task").fetchall()
    scores = [(task, json.loads(score)) for task, score in rows]
    return [(task, score["evaluator"], score["value"]) for task, score in scores]


def test_a_newer_rule_flips_verdicts_and_the_old_scores_are_kept(tmp_path: Path) -> None:
    out = made(tmp_path / "out", Older())
    found = asyncio.run(regrade(out, [AnswerEvaluator()]))
    assert (found.scores, found.rules) == (6, {"answer/2": {"answer/1": 6}})
    assert [(f.task, f.rule, f.value) for f in found.flips] == [
        ("c", ("answer/1", "answer/2"), (1.0, 0.0))
    ] * 2
    assert sorted(flip.configuration["planner"].partition(":")[0] for flip in found.flips) == [
        "cot",
        "react",
    ]
    assert [round(one.after["answer/2"].value, 2) for one in found.rates] == [0.67, 0.67]
    assert set(verdicts(out)) == {
        ("a", "answer/2", 1.0), ("b", "answer/2", 1.0), ("c", "answer/2", 0.0)
    }  # fmt: skip
    assert former(out) == [(name, "answer/1", 1.0) for name in "aabbcc"]
    assert (out / found.flips[0].run / "journal.jsonl").is_file()


def test_what_comes_to_the_same_is_left_untouched(tmp_path: Path) -> None:
    out = made(tmp_path / "out", AnswerEvaluator())
    before = list(read_results(out))
    found = asyncio.run(regrade(out, [AnswerEvaluator()]))
    assert (found.scores, found.flips, former(out)) == (6, [], [])
    assert list(read_results(out)) == before


def test_a_mended_reference_flips_and_the_next_evaluation_goes_on_with_it(tmp_path: Path) -> None:
    out = made(tmp_path / "out", AnswerEvaluator())
    mended = [replace(task, reference=Reference("number", 5)) for task in TASKS[1:]]
    found = asyncio.run(regrade(out, [AnswerEvaluator()], mended))
    assert {(f.task, f.value) for f in found.flips} == {("b", (1.0, 0.0)), ("c", (0.0, 1.0))}
    assert all(one.task_version[0] != one.task_version[1] for one in found.flips)
    assert found.left == {"its task is not among those given": 2}

    def asked(messages: object) -> object:
        raise AssertionError("a run was made again")

    agent = Agent(model=ScriptedModel(script=asked), planner="react")  # type: ignore[arg-type]  # never called
    evaluation = Evaluation(agent, evaluators=[AnswerEvaluator()])
    summary = asyncio.run(evaluation.run([TASKS[0], *mended], out))
    assert summary.total.rates["answer/2"].value == pytest.approx(2 / 3)


def test_what_a_mended_reference_said_stays_until_another_one_is_given(tmp_path: Path) -> None:
    out = made(tmp_path / "out", AnswerEvaluator())
    mended = [replace(task, reference=Reference("number", 5)) for task in TASKS]
    asyncio.run(regrade(out, [AnswerEvaluator()], mended))
    told = verdicts(out)
    assert set(told) == {("a", "answer/2", 0.0), ("b", "answer/2", 0.0), ("c", "answer/2", 1.0)}
    again = asyncio.run(regrade(out, [AnswerEvaluator()]))
    assert (again.flips, verdicts(out)) == ([], told)
    assert (asyncio.run(regrade(out, [AnswerEvaluator()], TASKS)).scores, len(former(out))) == (
        6,
        12,
    )
    assert asyncio.run(regrade(out, [AnswerEvaluator()])).flips == []


@dataclass(frozen=True)
class Later:
    """A rule that a batch is scored by for the first time: whether 5 is the reference's."""

    name: str = "later/1"

    async def score(self, tree: SearchTree) -> Score:
        known = tree.task.reference
        return judged(tree, self.name, float(known is not None and known.value == 5), "")


def test_a_rule_that_comes_later_judges_by_the_mended_reference(tmp_path: Path) -> None:
    out = made(tmp_path / "out", AnswerEvaluator())
    mended = [replace(task, reference=Reference("number", 5)) for task in TASKS]
    asyncio.run(regrade(out, [AnswerEvaluator()], mended))
    agent = Agent(model=ScriptedModel(script=lambda messages: finish("?")), planner="react")
    evaluation = Evaluation(agent, evaluators=[Later()])
    assert asyncio.run(evaluation.run(mended, out)).total.rates["later/1"].value == 1.0


def test_an_evaluation_by_a_mended_reference_is_refused_until_the_runs_are_scored_by_it(
    tmp_path: Path,
) -> None:
    def script(messages: object) -> object:
        if "What is c?" in str(messages):
            raise ConnectionError("the model is down")
        return finish("It is 4.")

    agent = Agent(model=ScriptedModel(script=script), planner="react")  # type: ignore[arg-type]  # the script is typed by what it says
    evaluation = Evaluation(agent, evaluators=[AnswerEvaluator()])
    asyncio.run(evaluation.run(TASKS, tmp_path))
    mended = [replace(task, reference=Reference("number", 5)) for task in TASKS]
    with pytest.raises(UsageError, match=f"regrade {tmp_path} --tasks FILE"):
        asyncio.run(evaluation.run(mended, tmp_path))
    found = asyncio.run(regrade(tmp_path, [AnswerEvaluator()], mended))
    assert found.left == {"has not ended": 1}
    total = asyncio.run(evaluation.run(mended, tmp_path)).total
    assert (total.rates["answer/2"].value, total.infrastructure) == (0.0, 1)


def test_a_task_that_asks_for_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    out = made(tmp_path / "out", AnswerEvaluator())
    other = [replace(TASKS[0], query="What else?", reference=Reference("number", 5))]
    found = asyncio.run(regrade(out, [AnswerEvaluator()], other))
    assert found.left["its task asks for something else now"] == 2
    other_world = asyncio.run(regrade(out, [AnswerEvaluator()], TASKS, world="none"))
    assert other_world.left == {"was made in another world": 6}
    assert not found.flips


def test_a_score_whose_evaluator_is_not_asked_stays(tmp_path: Path) -> None:
    out = made(tmp_path / "out", Older("tooleval-pass/1@somebodyx3"))
    before = verdicts(out)
    found = asyncio.run(regrade(out, parse_evaluators(OF_CODE)))
    assert (found.scores, verdicts(out)) == (0, before)


def test_the_command_lists_the_flips_and_is_told_as_json(tmp_path: Path) -> None:
    out = made(tmp_path / "out", Older())
    shown = CliRunner().invoke(app, ["regrade", str(out)])
    assert shown.exit_code == 0, shown.output
    assert "answer/1 → answer/2" in shown.stdout
    assert "6 scores by answer/2, before: 6 by answer/1" in shown.stdout
    assert shown.stdout.endswith("2 verdicts flipped\n")
    again = CliRunner().invoke(app, ["regrade", str(out), "--json"])
    document = json.loads(again.stdout)
    assert (document["flips"], document["rules"]) == ([], {"answer/2": {"answer/2": 6}})


def test_the_flips_name_their_tasks_in_full_on_a_narrow_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    query = "What does the long one come to?"
    task = Task("count-the-packets-of-tea", query, (), reference=Reference("number", 4))

    def evaluation(planner: str) -> Evaluation:
        model = ScriptedModel(script=lambda messages: finish("It is 5, as far as I can tell."))
        return Evaluation(Agent(model=model, planner=planner), evaluators=[Older()])

    made_of = [evaluation("react:depth=12"), evaluation("dfsdt:width=2,depth=12")]
    asyncio.run(run_matrix(made_of, [task], tmp_path))
    shown = CliRunner().invoke(app, ["regrade", str(tmp_path)])
    assert shown.stdout.count(task.id) == 2, shown.output


def test_the_command_takes_the_worlds_tasks_of_all_splits(tmp_path: Path) -> None:
    out = made(tmp_path / "out", AnswerEvaluator())
    done = CliRunner().invoke(app, ["regrade", str(out), "--tasks", "world", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["left"] == {"was made in another world": 6}


def test_a_folder_without_results_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        asyncio.run(regrade(tmp_path, [AnswerEvaluator()]))
