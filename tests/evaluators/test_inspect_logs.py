"""A batch's runs as Inspect's logs, which its own reader reads back equal."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from typer.testing import CliRunner

from support.results import keep_results
from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel
from toolgrove.cli.main import app
from toolgrove.data.records import Reference, Role, Task
from toolgrove.data.runs import read_tree
from toolgrove.errors import UsageError
from toolgrove.evaluators.inspect_logs import write_inspect_logs
from toolgrove.evaluators.stored import read_batch
from toolgrove.tools.python.effect import tool

pytestmark = pytest.mark.filterwarnings("ignore")  # of inspect-ai and what it brings


@pytest.fixture(scope="module")
def log() -> Any:
    return pytest.importorskip("inspect_ai.log", reason="needs inspect-ai")


@tool(effect="read")
def halve(number: int) -> float:
    """Halve an even number."""
    if number % 2:
        raise ValueError("odd")
    return number / 2


def _script(messages: list[BaseMessage]) -> AIMessage:
    """Halves 3, which fails, then 10, and answers."""
    asked = sum(isinstance(message, AIMessage) for message in messages)
    if asked < 2:
        arguments = {"number": (3, 10)[asked]}
        return AIMessage("", tool_calls=[{"id": f"c{asked}", "name": "halve", "args": arguments}])
    finish = {"return_type": "give_answer", "final_answer": "5"}
    return AIMessage("So it is 5.", tool_calls=[{"id": "f", "name": "Finish", "args": finish}])


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    out = tmp_path_factory.mktemp("batch")
    for planner in ("react", "dfsdt"):
        agent = Agent(model=ScriptedModel(script=_script), tools=[halve], planner=planner)
        tools = tuple(spec.id for spec in agent.registry)
        chosen = [
            Task(name, f"{name}?", tools, group="G1", reference=Reference("number", value))
            for name, value in (("half of 10", 5), ("half/of 12", 6))
        ]
        asyncio.run(Evaluation(agent, evaluators=["answer", "trace"]).run(chosen, out, epochs=2))
    return out


def test_every_run_reads_back_with_its_scores_messages_and_tokens(
    log: Any, batch: Path, tmp_path: Path
) -> None:
    written = write_inspect_logs(batch, tmp_path)
    assert [path.name.partition("-")[0] for path in sorted(written)] == ["dfsdt", "react"]
    samples = {
        sample.metadata["run"]: sample
        for path in written
        for sample in log.read_eval_log(str(path)).samples
    }
    rows = [row for _, row in read_batch(batch)]
    assert len(samples) == len(rows) == 8
    for row in rows:
        sample, tree = samples[row.run], read_tree(batch / row.run)
        assert (sample.id, sample.epoch, sample.input) == (row.task, row.epoch, row.query)
        assert row.figures is not None
        assert sample.output.completion == row.figures.answer == "5"
        [usage] = sample.model_usage.values()
        assert usage.input_tokens == row.figures.input_tokens
        assert usage.output_tokens == row.figures.output_tokens
        assert sample.scores.keys() == {score.evaluator for score in row.scores}
        for score in row.scores:
            value = sample.scores[score.evaluator].value
            assert math.isnan(value) if score.value is None else value == score.value
            assert sample.scores[score.evaluator].explanation == score.reason
        said = tree.trajectory(tree.answered[0].id).messages
        assert [m.role for m in sample.messages] == [str(m.role) for m in said]
        assert [m.text for m in sample.messages] == [m.content for m in said]
        calls = [c for m in sample.messages if m.role == "assistant" for c in m.tool_calls or ()]
        ours = [c for m in said for c in m.calls]
        assert [(c.id, c.function, c.arguments) for c in calls] == [
            (c.id, c.name, c.arguments) for c in ours
        ]
        results = [m for m in sample.messages if m.role == "tool"]
        assert [m.tool_call_id for m in results] == [m.call_id for m in said if m.role is Role.TOOL]
        assert [m.error is None for m in results][:2] == [False, True]


def test_a_log_tells_the_setting_and_its_means(log: Any, batch: Path, tmp_path: Path) -> None:
    path = next(p for p in write_inspect_logs(batch, tmp_path) if p.name.startswith("react"))
    read = log.read_eval_log(str(path))
    assert read.status == "success"
    assert (read.eval.model, read.eval.config.epochs) == ("scripted", 2)
    assert read.eval.metadata["toolgrove"]["planner"].startswith("react")
    by_name = {score.name: score for score in read.results.scores}
    assert by_name["answer/2"].metrics["mean"].value == 0.5
    assert by_name["trace/1"].unscored_samples == 4
    assert not by_name["trace/1"].metrics


def test_runs_that_broke_down_are_errors_and_no_scores(log: Any, tmp_path: Path) -> None:
    keep_results(tmp_path / "out", {"planner": "dag"}, {"1": [1], "2": [None]})
    done = CliRunner().invoke(app, ["report", str(tmp_path / "out"), "--format", "inspect"])
    assert done.exit_code == 0, (done.output, done.exception)
    [path] = (tmp_path / "out" / "inspect").iterdir()
    right, broken = log.read_eval_log(str(path)).samples
    assert (right.error, right.scores["answer/2"].value) == (None, 1.0)
    assert broken.error.message == "the model did not answer"
    assert not broken.scores


def test_the_same_results_give_the_same_log(log: Any, batch: Path, tmp_path: Path) -> None:
    one, two = (
        log.read_eval_log(str(write_inspect_logs(batch, tmp_path / name)[0])) for name in "ab"
    )
    assert one.model_dump_json() == two.model_dump_json()


def test_without_inspect_it_is_said_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    keep_results(tmp_path, {"planner": "dag"}, {"1": [1]})
    with pytest.raises(UsageError, match="pip install inspect-ai"):
        write_inspect_logs(tmp_path, tmp_path)
