"""Agents and evaluations whose tool calls a virtual API server answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.agent.virtual.server import VirtualServer
from toolgrove.data.records import Status, Task
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.data.world import HOST, running, specs, tasks
from toolgrove.errors import ResumeMismatch, UsageError
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.registry import Registry
from toolgrove.tools.virtual.cache import AnswerCache

DISTANCE = "Transportation/Flight Distance/Distance Between Airports"


def model() -> ScriptedModel:
    flight = call("distance_between_airports_for_flight_distance", origin="OSL", destination="LHR")
    return ScriptedModel(replies=[flight, finish("1205.6 km")])


def observed(tree: SearchTree) -> list[tuple[Status, bool, bool]]:
    observations = [o for node in tree for o in node.observations]
    return [
        (o.status, o.cached, o.simulated)
        for o in observations
        if o.status is not Status.FINAL_ANSWER
    ]


async def test_a_run_is_answered_from_the_cache_when_the_apis_are_gone(tmp_path: Path) -> None:
    task = Task("t", "How far is it from OSL to LHR?", tools=(DISTANCE,))
    with Registry() as registry, AnswerCache(tmp_path / "answers") as cache:
        registry.add(specs())
        trees = []
        with running() as world:
            server = VirtualServer(registry, cache, calls=CallSettings(hosts={HOST: world}))
            with server.running() as url:
                agent = Agent(model=model(), tools=specs(), apis=url)
                trees.append(await agent.solve(task, tmp_path / "a"))
        with VirtualServer(registry, cache, real=False).running() as url:
            agent = Agent(model=model(), tools=specs(), apis=url)
            trees.append(await agent.solve(task, tmp_path / "b"))
            world_seen = trees[-1].meta["world"]
    assert [observed(tree) for tree in trees] == [
        [(Status.OK, False, False)],
        [(Status.OK, True, False)],
    ]
    assert world_seen == f"virtual:{cache.id[:12]}+cached"
    assert observed(read_tree(tmp_path / "b")) == observed(trees[1])


async def test_a_run_is_not_resumed_with_other_virtual_apis(tmp_path: Path) -> None:
    task = Task("t", "How far is it from OSL to LHR?", tools=(DISTANCE,))
    with Registry() as registry:
        registry.add(specs())
        with (
            AnswerCache(tmp_path / "a") as cache,
            VirtualServer(registry, cache, real=False).running() as url,
        ):
            await Agent(model=model(), tools=specs(), apis=url).solve(task, tmp_path / "run")
        with (
            AnswerCache(tmp_path / "b") as other,
            VirtualServer(registry, other, real=False).running() as url,
            pytest.raises(ResumeMismatch, match="virtual APIs"),
        ):
            await Agent(model=model(), tools=specs(), apis=url).solve(task, tmp_path / "run")
    with pytest.raises(ResumeMismatch, match="virtual APIs"):
        await Agent(model=model(), tools=specs()).solve(task, tmp_path / "run")


async def test_scores_of_an_evaluation_carry_the_simulators_name(tmp_path: Path) -> None:
    [task] = [task for task in tasks() if task.tools and DISTANCE in task.tools][:1]
    simulator = ScriptedModel(model_name="weatherman")
    with Registry() as registry, AnswerCache(tmp_path / "answers") as cache:
        registry.add(specs())
        with running() as world:
            server = VirtualServer(
                registry, cache, calls=CallSettings(hosts={HOST: world}), model=simulator
            )
            with server.running() as url:
                agent = Agent(model=model(), tools=specs(), planner="react", apis=url)
                evaluation = Evaluation(agent)
                await evaluation.run([task], tmp_path / "out")
                config = evaluation.config(specs())
                score = await evaluation.scorers[0].score(
                    read_tree(next((tmp_path / "out").rglob("journal.jsonl")).parent)
                )
    assert "weatherman@" in config["world"]
    assert score.world == config["world"]
    assert cache.path.stat().st_size > 0


def test_an_agent_says_at_once_that_no_server_answers() -> None:
    with running() as url:
        pass
    with pytest.raises(UsageError, match="no virtual API server answers"):
        Agent(model=ScriptedModel(), tools=specs(), apis=url)
