"""Graphs that were cut off: what was read is kept, what was written is not written twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from support.bench import Bench
from support.planning import model, shown, step
from support.random_script import timeless
from support.streaming import StreamingModel
from toolgrove.agent.agent import Agent
from toolgrove.data.records import Status, Task
from toolgrove.data.runs import JOURNAL, read_run
from toolgrove.data.tree import SearchTree
from toolgrove.errors import ModelError
from toolgrove.planners.budget import Budget
from toolgrove.planners.prompts import OURS
from toolgrove.tools.python.effect import tool
from toolgrove.tools.registry import Registry


async def test_a_model_that_breaks_off_leaves_a_run_that_can_be_resumed(
    bench: Bench, tmp_path: Path
) -> None:
    run = tmp_path / "r"

    async def pause(said: str) -> None:
        if "2." in said:
            while '"result"' not in (run / JOURNAL).read_text():  # noqa: ASYNC110 - a file
                await asyncio.sleep(0)
            raise ConnectionError("reset")

    text = "1. add(a=1, b=1)\n2. add(a=$1, b=1)\njoin()"
    with pytest.raises(ModelError, match="did not answer: reset"):
        await bench.solve(run, model(text, pause=pause), "dag")
    tree = await bench.solve(run, model(text, "Finish(3)"), "dag")
    assert tree.answer == "3"
    assert bench.made == [("add", (1, 1)), ("add", (2, 1))], "what was read once is kept"


async def test_a_spent_budget_cancels_the_plan_and_a_larger_one_goes_on(
    bench: Bench, tmp_path: Path
) -> None:
    run = tmp_path / "r"
    replies = ["1. add(a=1, b=1)\n2. add(a=$1, b=1)\njoin()", "Finish(3)"]
    tree = await bench.solve(run, model(*replies), "dag", Budget(tool_calls=1))
    assert tree.ended == "tool_calls"
    tree = await bench.solve(run, model(*replies), "dag", Budget(tool_calls=5))
    assert tree.answer == "3"
    assert len(bench.made) == 2


async def test_cancelling_a_run_leaves_nothing_running(tmp_path: Path) -> None:
    began, ended = asyncio.Event(), []

    @tool(effect="read")
    async def look(x: int) -> int:
        """Look."""
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            ended.append(x)
        return x

    async def pause(said: str) -> None:
        if "2." in said:
            await asyncio.Event().wait()

    said = model("1. look(x=1)\n2. look(x=2)\njoin()", pause=pause)
    before = asyncio.all_tasks()
    running = asyncio.create_task(Agent(model=said, tools=[look], planner="dag").ainvoke("q"))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == [1]
    assert asyncio.all_tasks() == before


class Script:
    """Replies that are a function of the conversation, so that a resumed run gets the same."""

    def __call__(self, messages: Sequence[BaseMessage]) -> AIMessage:
        said = shown(messages)
        if "Results:" not in said:
            return AIMessage("1. add(a=1, b=1)\n2. fail(why='x')\n3. append(text='n$1')\njoin()")
        if "Write the next plan" in said.rsplit("Replan", 1)[-1]:
            return AIMessage("4. add(a=$1, b=$3)\njoin()")
        return AIMessage("Finish(done)" if "\n4. add" in said else "Replan(on)")


def stepping(messages: Sequence[BaseMessage]) -> AIMessage:
    """Two plans that fail, then steps; a function of the conversation, too."""
    said = "\n".join(str(message.content) for message in messages)
    if said.startswith(OURS.rules):
        made = sum(message.type == "tool" for message in messages)
        finish = step("Finish", return_type="give_answer", final_answer="done")
        return step("add", a=made, b=9) if made < 4 else finish
    results = shown(messages).count("Results:")
    return AIMessage(
        f"Replan(x)\n{results + 1}. add(a={results}, b=1)" if results < 2 else "Replan"
    )


async def test_a_run_that_goes_on_step_by_step_resumes_to_the_same_tree(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    tree = await Bench().solve(whole, StreamingModel(script=stepping), "dag")
    variants = ["plain", "plan", "join", "verdict", "plain", "plain", "plain"]
    assert (tree.answer, [node.variant for node in tree]) == ("done", variants)
    written = (whole / JOURNAL).read_bytes()
    for at, cut in enumerate(cuts(whole)):
        run = tmp_path / str(at) / "whole"
        run.mkdir(parents=True)
        (run / JOURNAL).write_bytes(written[:cut])
        again = await Bench().solve(run, StreamingModel(script=stepping), "dag")
        same(again, tree)


def cuts(run: Path) -> list[int]:
    """Every border between two events of a journal, its header left out."""
    lines = (run / JOURNAL).read_bytes().splitlines(keepends=True)
    return [len(b"".join(lines[:n])) for n in range(1, len(lines))]


async def test_a_journal_cut_anywhere_resumes_to_the_same_tree(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    tree = await Bench().solve(whole, StreamingModel(script=Script()), "dag")
    assert tree.answer == "done"
    written = (whole / JOURNAL).read_bytes()
    for at, cut in enumerate(cuts(whole)):
        run = tmp_path / str(at) / "whole"
        run.mkdir(parents=True)
        (run / JOURNAL).write_bytes(written[:cut])
        paid = read_run(run)
        bench = Bench()
        again = await bench.solve(run, StreamingModel(script=Script()), "dag")
        assert len(bench.notes) == (b'"write":true' not in written[:cut]), "promise 1"
        same(again, tree)
        after = read_run(run)
        repeated = [key for key in after.intents if key.attempt > 0]
        assert len(repeated) <= len([k for k in paid.intents if k not in paid.results])
        assert {k: after.results[k] for k in paid.results} == paid.results


def same(one: SearchTree, other: SearchTree) -> None:
    """The same tree; where a write was in flight at the cut it is in doubt, and what needs it."""
    if any(o.status is Status.IN_DOUBT for node in one for o in node.observations):
        assert one.answer == other.answer
        assert [node.variant for node in one] == [node.variant for node in other]
    else:
        assert timeless(one) == timeless(other)
        assert one.meta == other.meta


async def test_a_read_that_overlapped_a_write_is_not_paid_again_after_a_crash(
    tmp_path: Path,
) -> None:
    """Else it might give another value, and a write that uses it would be made twice."""
    looked: list[int] = []
    writing, over = asyncio.Event(), asyncio.Event()

    @tool(effect="read")
    async def look(x: int) -> int:
        """Look."""
        looked.append(x)
        await writing.wait()
        if x != 1:
            over.set()
        return x + 1

    async def write(x: int) -> int:
        """Write."""
        writing.set()
        await over.wait()
        return x

    write.__module__ = "elsewhere"  # another family of tools, which reads need not wait for
    registry = Registry()
    registry.add_function(look)
    registry.add_function(write)

    def script(asked: Sequence[BaseMessage]) -> AIMessage:
        plan = "1. write(x=1)\n2. look(x=1)\n3. look(x=$2)\njoin()"
        return AIMessage("Finish(x)" if "Results:" in shown(asked) else plan)

    async def solve() -> SearchTree:
        agent = Agent(model=StreamingModel(script=script), planner="dag")
        agent.registry = registry
        return await agent.solve(Task("t", "What is it?"), tmp_path / "r")

    whole = await solve()
    assert looked == [1, 2]
    journal = tmp_path / "r" / JOURNAL
    kept = []
    for line in journal.read_bytes().splitlines(keepends=True):
        if b'"variant":"plan"' in line:
            break
        kept.append(line)
    journal.write_bytes(b"".join(kept))
    resumed = await solve()
    assert looked == [1, 2]
    assert timeless(resumed) == timeless(whole)
