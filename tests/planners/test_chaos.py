"""Any planner under any faults: it ends, leaks nothing, keeps its budget and a sound tree."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage

from support.bench import Bench
from support.random_script import RandomScript
from toolgrove.agent.models.scripted import ScriptedModel, call
from toolgrove.data.records import FINISH, NodeState
from toolgrove.data.runs import JOURNAL, read_tree
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.errors import ModelError
from toolgrove.planners.budget import Budget
from toolgrove.planners.registry import PLANNERS

SEEDS = max(200, settings().max_examples)
"""Twenty searches by each planner, and more of them in `make fuzz`."""
BENCH = Bench()
"""Shared, because describing its tools takes longer than a run."""
HANG = 60.0
"""Seconds after which a run counts as hung; a sound one takes milliseconds."""


class Chaos(ScriptedModel):
    """Answers at random times, sometimes nonsense, sometimes not at all, by the conversation."""

    seed: int = 0
    breaks: bool = False

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        draw = drawn(self.seed, messages)
        for _ in range(draw.randrange(6)):
            await asyncio.sleep(0)
        if self.breaks and draw.random() < 0.05:
            self._asked.append(messages)
            raise RuntimeError("the model's server is away")
        return self._generate(messages)


def drawn(seed: int, messages: Sequence[BaseMessage]) -> random.Random:
    """Chance that is a function of the conversation, so that a resumed run meets the same."""
    return random.Random(f"{seed}:" + "\n".join(str(message.content) for message in messages))


TEXTS = (
    *("", "7", "A", "\x00", "1. add(a=1, b=$9)\n2. join()"),
    "1. add(a=1, b=1)\n2. add(a=$1, b=1)\nFinish(It is $2.)",
)
"""What is no call: a grade, a choice, a plan."""


def garbled(seed: int) -> Any:
    """Replies of a random search, some of them malformed."""
    script = RandomScript(seed, writes=seed % 3 == 0)
    few = seed % 2 == 0

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        draw = drawn(seed, messages)
        roll = draw.random()
        if roll < 0.05:
            return call("no_such_tool", x=draw.randrange(9))
        if roll < 0.1:
            broken = {"name": "add", "args": '{"a": 1, "b"', "id": "1", "error": None}
            return AIMessage("", invalid_tool_calls=[broken])
        if roll < 0.15:
            return AIMessage(draw.choice(TEXTS))
        if roll < 0.2:
            return call("add", a="much", b=None)
        if few and roll < 0.5:  # few different calls, so that branches repeat each other's
            return call("add", a=draw.randrange(2), b=0)
        return script(messages)

    return reply


def sound(tree: SearchTree) -> None:
    """The invariants of every tree."""
    assert tree.root.id == ROOT
    for node in tree:
        assert len(node.calls) == len(node.observations)
        if node.parent is None:
            continue
        parent = tree[node.parent]
        assert node.id == child_id(parent.id, node.index)
        assert parent.state in (NodeState.OPEN, NodeState.PRUNED)
        made = sum(call.name != FINISH for call in node.calls)
        assert (
            node.depth == parent.depth + (made if node.calls else 1) or node.depth >= parent.depth
        )
        answered_by = [m for m in node.messages if m.call_id is not None]
        asked = [c.id for m in node.messages for c in m.calls]
        assert [m.call_id for m in answered_by] == asked
        assert (node.answer is not None) == (node.state is NodeState.ANSWERED)
    for node in tree.answered:
        assert not tree.children(node.id)


def planner_of(seed: int) -> str:
    """Every planner in turn."""
    return sorted(PLANNERS)[seed % len(PLANNERS)]


@settings(max_examples=SEEDS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(seed=st.integers(0, 10**9))
def test_no_fault_hangs_leaks_overspends_or_breaks_the_tree(seed: int) -> None:
    asyncio.run(asyncio.wait_for(chaos(seed), HANG))


async def chaos(seed: int) -> None:
    draw = random.Random(seed)
    budget = Budget(
        model_calls=draw.randrange(1, 30),
        tool_calls=draw.choice([None, None, draw.randrange(12)]),
    )
    in_flight = draw.choice([1, 1, 2, 4])
    model = Chaos(script=garbled(seed), seed=seed, breaks=draw.random() < 0.3)
    others = asyncio.all_tasks()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        BENCH.made.clear()
        BENCH.notes.clear()
        solving = asyncio.create_task(
            BENCH.solve(run, model, planner_of(seed), budget, in_flight=in_flight)
        )
        if draw.random() < 0.3:
            await turns(draw.randrange(200))
            solving.cancel()
        tree = await outcome(solving, run)
        assert asyncio.all_tasks() == others, "a task was left running"
        assert len(model.asked) <= budget.model_calls
        assert budget.tool_calls is None or len(BENCH.made) <= budget.tool_calls
        if tree is not None:
            sound(tree)
        if solving.cancelled():
            resumed, whole = [
                await BENCH.solve(place, calm(seed), planner_of(seed), ENOUGH)
                for place in (run, run.with_name("whole"))
            ]
            sound(resumed)
            cut = "model_calls" in (resumed.ended, whole.ended)
            assert cut or BENCH.notes or said(resumed) == said(whole)


ENOUGH = Budget(model_calls=40)


def calm(seed: int) -> Chaos:
    return Chaos(script=garbled(seed), seed=seed)


def said(tree: SearchTree) -> list[tuple[Any, ...]]:
    """What decides a search: not seconds, nor whether a read was made or known already."""
    return [(node.id, node.messages, node.state, node.score, node.answer) for node in tree]


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def outcome(solving: asyncio.Task[SearchTree], run: Path) -> SearchTree | None:
    """The tree, or what the journal holds of it; none where the run had not begun."""
    try:
        return await solving
    except (asyncio.CancelledError, ModelError):
        journal = run / JOURNAL
        return read_tree(run) if journal.exists() and journal.stat().st_size else None
