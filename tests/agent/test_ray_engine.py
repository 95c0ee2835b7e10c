"""The same matrix on a Ray cluster: equal results, one writer, and lost workers cost nothing."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.random_script import timeless
from support.served_model import ServedModel
from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.matrix import LocalEngine, MatrixEngine, Solving, parse_engine, run_matrix
from toolgrove.agent.models.scripted import ScriptedModel
from toolgrove.agent.ray_engine import RayEngine, _Recipe, _solve, _solved
from toolgrove.data.records import JsonObject, Task
from toolgrove.data.runs import read_tree
from toolgrove.data.world import specs, tasks
from toolgrove.errors import UsageError
from toolgrove.evaluators.report import Summary
from toolgrove.evaluators.store import ResultRow
from toolgrove.evaluators.stored import read_batch
from toolgrove.planners.budget import Budget
from toolgrove.tools.python.effect import tool

FIRST = [task for task in tasks() if task.group == "G1"][:3]
with_ray = pytest.mark.filterwarnings("ignore")  # of Ray and what it brings


@pytest.fixture
def served() -> Iterator[ServedModel]:
    with ServedModel(FIRST) as model:
        yield model


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two nodes on this machine, each with one processor."""
    pytest.importorskip("ray", reason="needs the extra ray")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        made.add_node(num_cpus=1)
        made.wait_for_nodes()
        yield made.address
    finally:
        made.shutdown()


def matrix(
    model: str,
    out: Path,
    engine: MatrixEngine,
    chosen: list[Task] = FIRST,
    strategies: Sequence[str] = ("",),
) -> list[Summary]:
    evaluations = [
        Evaluation(
            Agent(model=model, tools=specs(), planner=planner, budget=Budget(model_calls=6)),
            strategy=strategy,
        )
        for planner in ("react", "dfsdt")
        for strategy in strategies
    ]
    return asyncio.run(run_matrix(evaluations, chosen, out, engine=engine, concurrency=2))


def results(out: Path) -> list[tuple[JsonObject, ResultRow]]:
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


@with_ray
def test_the_results_are_those_of_the_local_engine(
    tmp_path: Path, served: ServedModel, cluster: str
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    matrix(served.name, here, LocalEngine())
    asked = served.asked
    matrix(served.name, there, RayEngine(address=cluster))
    assert served.asked == 2 * asked
    assert results(there) == results(here)
    for _, row in results(here):
        assert row.state == "done"
        assert timeless(read_tree(there / row.run)) == timeless(read_tree(here / row.run))
    matrix(served.name, there, RayEngine(address=cluster))
    assert served.asked == 2 * asked, "a finished matrix asks nothing"


@with_ray
def test_a_strategys_runs_are_those_of_the_local_engine(
    tmp_path: Path, served: ServedModel, cluster: str
) -> None:
    here, there, composed = tmp_path / "here", tmp_path / "there", ("sample(3) | vote",)
    matrix(served.name, here, LocalEngine(), FIRST[:2], composed)
    matrix(served.name, there, RayEngine(address=cluster), FIRST[:2], composed)
    assert results(there) == results(here)
    for _, row in results(here):  # the run whose answer is taken, with its siblings beside it
        runs = sorted(path.name for path in (here / row.run).parent.glob("sample-*"))
        assert runs == sorted(path.name for path in (there / row.run).parent.glob("sample-*"))
        assert len(runs) > 1
        assert timeless(read_tree(there / row.run)) == timeless(read_tree(here / row.run))


def test_a_strategys_runs_come_back_from_a_worker_with_which_is_taken(
    tmp_path: Path, served: ServedModel
) -> None:
    """Without Ray: what it would send to a worker and back goes through pickle."""
    strategy = "first(code, 2) | vote"
    given = FIRST[:1], (strategy,)
    matrix(served.name, tmp_path / "here", LocalEngine(), *given)

    class Pickling:
        @staticmethod
        @contextmanager
        def opened() -> Iterator[Solving]:
            def remote(*given: Any) -> Any:
                sent = pickle.loads(pickle.dumps(given))
                return asyncio.to_thread(lambda: pickle.loads(pickle.dumps(_solved(*sent))))

            yield lambda one: _solve(SimpleNamespace(remote=remote), _Recipe.of(one))

    matrix(served.name, tmp_path / "there", Pickling(), *given)
    assert results(tmp_path / "there") == results(tmp_path / "here")


@with_ray
def test_a_lost_workers_task_is_made_again(
    tmp_path: Path, served: ServedModel, cluster: str
) -> None:
    """The process that asks the second question of a run is killed while it waits for the reply."""
    matrix(served.name, tmp_path / "here", LocalEngine(), FIRST[:1])
    asked, lost = served.asked, []

    def dies(number: int, port: int) -> bool:
        if number == asked + 3:
            lost.append(_process(port))
            os.kill(lost[0], signal.SIGKILL)
        return number != asked + 3

    served.before = dies
    matrix(served.name, tmp_path / "there", RayEngine(address=cluster), FIRST[:1])
    assert lost
    assert lost[0] != os.getpid()
    assert results(tmp_path / "there") == results(tmp_path / "here")


def _process(port: int) -> int:
    """Who holds the socket of a connection from a port of this machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    [inode] = [row[9] for row in rows if int(row[1].partition(":")[2], 16) == port]
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link) == f"socket:[{inode}]":
                return int(link.parts[2])
        except OSError:
            continue
    raise AssertionError(f"nobody holds port {port}")


@with_ray
def test_what_breaks_down_on_a_worker_comes_back_with_its_journal(
    tmp_path: Path, served: ServedModel, cluster: str
) -> None:
    served.before = lambda number, port: number < 2
    [first, _] = matrix(served.name, tmp_path / "out", RayEngine(address=cluster), FIRST[:1])
    assert first.total.infrastructure == 1
    rows = [row for _, row in read_batch(tmp_path / "out")]
    assert all(row.reason.startswith("ModelError: ") for row in rows)
    assert all((tmp_path / "out" / row.run / "journal.jsonl").is_file() for row in rows)
    served.before = lambda number, port: True
    summaries = matrix(served.name, tmp_path / "out", RayEngine(address=cluster), FIRST[:1])
    assert [summary.total.runs for summary in summaries] == [1, 1]


@with_ray
def test_an_agent_that_no_other_process_can_make_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra ray")

    @tool(effect="read")
    def double(x: int) -> int:
        """Double a number."""
        return 2 * x

    with pytest.raises(UsageError, match="give models by name"):
        _Recipe.of(Evaluation(Agent(model=ScriptedModel(), tools=specs())))
    with pytest.raises(UsageError, match="double is a function of this process"):
        _Recipe.of(Evaluation(Agent(model="local", tools=[double])))


def test_an_engine_is_named_with_its_options() -> None:
    assert parse_engine("ray:address=ray://10.0.0.1:10001,cpus=0.5") == RayEngine(
        "ray://10.0.0.1:10001", 0.5
    )
    with pytest.raises(UsageError, match=r"Known: address=, cpus=1\.0"):
        parse_engine("ray:workers=3")
