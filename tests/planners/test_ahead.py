"""Looking ahead changes how long a search takes, and nothing of what it comes to (promise 26)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from support.bench import Bench
from support.random_script import RandomScript
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.data.preferences import mine
from toolgrove.data.records import Node
from toolgrove.data.tree import SearchTree
from toolgrove.planners.budget import Budget


class Jittery(ScriptedModel):
    """Lets others go on a random number of times before it answers: any order can come about."""

    turns: int = 3

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        reply = self._generate(messages)
        for _ in range(hash(str(messages[-1].content)) % self.turns):
            await asyncio.sleep(0)
        return reply


def said(node: Node) -> tuple[Any, ...]:
    """What decides a search: not seconds, nor whether a read was made or known already."""
    return node.id, node.messages, node.prompt, node.state, node.reason, node.answer


def result(tree: SearchTree) -> dict[str, Any]:
    return {
        "nodes": [said(node) for node in tree],
        "answer": tree.answer,
        "ended": tree.ended,
        "pairs": [(p.prompt, p.chosen, p.rejected) for p in mine(tree).pairs],
    }


@pytest.mark.parametrize("seed", range(60))
async def test_looking_ahead_comes_to_the_same_tree_answer_and_pairs(
    seed: int, tmp_path: Path
) -> None:
    planner = ["dfsdt:width=3,depth=4", "dfsdt:width=2,depth=6,prune_errors=true", "cot:depth=4"]
    writes = seed % 2 == 1
    trees = []
    for in_flight in (1, 2, 5):
        bench = Bench()
        model = Jittery(script=RandomScript(seed, writes=writes, answers=0.08))
        budget = Budget(model_calls=10_000)
        run = tmp_path / str(in_flight)
        trees.append(await bench.solve(run, model, planner[seed % 3], budget, in_flight=in_flight))
        asked = sorted(
            c.arguments["text"] for n in trees[-1] for c in n.calls if c.name.endswith("append")
        )
        assert sorted(bench.notes) == asked, "what the tree doesn't hold was not written"
    assert result(trees[0]) == result(trees[1]) == result(trees[2])


class Slow(ScriptedModel):
    """Counts how many calls are under way, and waits until as many as expected are."""

    expected: int = 1

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._now = 0
        self._most = 0
        self._enough: asyncio.Event | None = None

    @property
    def most(self) -> int:
        return self._most

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self._now += 1
        self._most = max(self._most, self._now)
        for _ in range(20):
            await asyncio.sleep(0)
        self._now -= 1
        return self._generate(messages)


def deep(messages: Sequence[BaseMessage]) -> AIMessage:
    """Never answers; every call is another one."""
    return call("add", a=len(str(messages)), b=len(messages))


@pytest.mark.parametrize("in_flight", [2, 4])
async def test_no_more_than_in_flight_are_under_way_and_as_many_are(
    bench: Bench, tmp_path: Path, in_flight: int
) -> None:
    model = Slow(script=deep)
    budget = Budget(model_calls=200)
    await bench.solve(tmp_path / "r", model, "dfsdt:width=2,depth=4", budget, in_flight=in_flight)
    assert model.most == in_flight


async def test_what_was_made_ahead_and_not_wanted_is_accounted_for_and_not_in_the_tree(
    bench: Bench, tmp_path: Path
) -> None:
    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        return finish("done") if len(messages) > 6 else deep(messages)

    model = Slow(script=script)
    tree = await bench.solve(tmp_path / "r", model, "dfsdt", in_flight=4)
    alone = await Bench().solve(tmp_path / "s", ScriptedModel(script=script), "dfsdt")
    assert [node.id for node in tree] == [node.id for node in alone]
    assert alone.ending.unused.model_calls == 0
    assert tree.ending.unused.model_calls > 0
    assert tree.model_calls + _cancelled(tree) >= len(model.asked) > alone.model_calls


def _cancelled(tree: SearchTree) -> int:
    unused: int = tree.ending.unused.model_calls
    return unused


async def test_a_write_waits_for_its_turn(bench: Bench, tmp_path: Path) -> None:
    """The first branch answers, so the second one's write must not have happened."""

    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        if "not the first try" in str(messages[-1].content):
            return call("append", text="never")
        return finish("done") if len(messages) > 8 else deep(messages)

    tree = await bench.solve(tmp_path / "r", Slow(script=script), "dfsdt", in_flight=4)
    assert tree.answer == "done"
    assert bench.notes == []


async def test_the_budget_holds_with_all_that_is_under_way(bench: Bench, tmp_path: Path) -> None:
    model = Slow(script=deep)
    budget = Budget(model_calls=13)
    tree = await bench.solve(tmp_path / "r", model, "dfsdt:width=3,depth=9", budget, in_flight=4)
    assert tree.ended == "model_calls"
    assert len(model.asked) <= 13


async def test_a_step_ahead_that_breaks_does_no_harm_until_its_turn(
    bench: Bench, tmp_path: Path
) -> None:
    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        if "not the first try" in str(messages[-1].content):
            raise RuntimeError("the server is away")
        return finish("done") if len(messages) > 6 else deep(messages)

    tree = await bench.solve(tmp_path / "r", Slow(script=script), "dfsdt", in_flight=3)
    assert tree.answer == "done"


async def test_giving_up_goes_on_with_what_was_made_ahead(bench: Bench, tmp_path: Path) -> None:
    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        if "not the first try" in str(messages[-1].content):
            return finish("second")
        return give_up() if len(messages) > 6 else deep(messages)

    model = Slow(script=script)
    tree = await bench.solve(tmp_path / "r", model, "dfsdt", in_flight=4)
    assert tree.answer == "second"


class Loud(RandomScript):
    """Answers at once, and repeats itself: steps are made ahead of others that called the same."""

    def _add(self, draw: random.Random) -> AIMessage:
        return call("add", a=draw.randrange(2), b=draw.randrange(2))


@pytest.mark.parametrize("seed", range(40))
async def test_a_step_made_ahead_is_told_of_a_repeated_call_as_in_its_turn(
    seed: int, tmp_path: Path
) -> None:
    planner = ["dfsdt:depth=6", "cot:chains=3"][seed % 2]
    trees = []
    for in_flight in (1, 4):
        model = ScriptedModel(script=Loud(seed, writes=seed % 3 == 0, answers=0.05))
        budget = Budget(model_calls=10_000)
        run = tmp_path / str(in_flight)
        trees.append(await Bench().solve(run, model, planner, budget, in_flight=in_flight))
    assert result(trees[0]) == result(trees[1])


class Uneven(ScriptedModel):
    """Waits a random while before each reply, so that steps made ahead end in any order."""

    salt: int = 0

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        reply = self._generate(messages)
        for _ in range(random.Random(f"{self.salt}{messages}").randrange(12)):
            await asyncio.sleep(0)
        return reply


@pytest.mark.parametrize("seed", [30, 3, 4, 11, 42])
async def test_promise_26_what_a_version_saw_that_was_thrown_away_counts_for_nothing(
    seed: int, tmp_path: Path
) -> None:
    planner = ["dfsdt:depth=6", "cot:chains=3", "dfsdt:width=3,depth=4"][seed % 3]
    results = []
    for in_flight, salt in [(1, 0), (4, 0), (4, 1), (4, 2)]:
        model = Uneven(script=Loud(seed, writes=seed % 3 == 0, answers=0.05), salt=salt)
        run = tmp_path / f"{in_flight}-{salt}"
        budget = Budget(model_calls=10_000)
        tree = await Bench().solve(run, model, planner, budget, in_flight=in_flight)
        results.append(result(tree))
    assert all(one == results[0] for one in results[1:])


@pytest.mark.parametrize("seed", range(6))
async def test_promise_26_a_budget_that_binds_ends_the_same_search_sooner(
    seed: int, tmp_path: Path
) -> None:
    for calls in (9, 17, 40):
        trees = []
        for in_flight in (1, 4):
            model = Uneven(script=RandomScript(seed, answers=0.01), salt=seed)
            budget = Budget(model_calls=calls)
            run = tmp_path / f"{calls}-{in_flight}"
            planner = "dfsdt:width=3,depth=4"
            trees.append(await Bench().solve(run, model, planner, budget, in_flight=in_flight))
        alone, ahead = ([said(node) for node in tree] for tree in trees)
        assert ahead == alone[: len(ahead)]
        assert trees[1].answer in (None, trees[0].answer)
