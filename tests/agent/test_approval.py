"""Approval that lasts: a run waits for a decision, and goes on with it in another process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.approved import TASK, Desk
from support.random_script import timeless
from toolgrove.agent.inputs import RunInputs
from toolgrove.data import codec
from toolgrove.data.decisions import Allow, Decision, Edit, Pause, Refuse, journalled
from toolgrove.data.records import Status, Task, ToolCall, ToolSpec
from toolgrove.data.runs import JOURNAL, read_run
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UsageError
from toolgrove.evaluators.runner import run_batch
from toolgrove.evaluators.stored import read_results

PLANNERS = ["react", "dag", "dfsdt:width=2"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def events(run: Path) -> list[dict[str, Any]]:
    return [codec.loads(line) for line in (run / JOURNAL).read_bytes().splitlines()]


def observed(tree: SearchTree) -> list[tuple[str, Status, str]]:
    return [
        (str(call.arguments.get("to", "")), seen.status, seen.content)
        for node in tree
        for call, seen in zip(node.calls, node.observations, strict=True)
        if call.name.endswith("post")
    ]


async def test_a_run_waits_with_its_calls_in_the_journal_and_nothing_has_left(desk: Desk) -> None:
    tree = await desk.begun()
    assert tree.ended == "waiting"
    assert tree.answer is None
    assert tree.ending is not None
    assert [dict(call.arguments) for call in tree.ending.waiting] == [{"to": "Ann"}, {"to": "Bob"}]
    assert desk.posted == []
    record = read_run(desk.folder / "run")
    assert not any(record.intents.values()), "no write has an intent: nothing is in doubt"
    assert record.ended == "waiting"


@pytest.mark.parametrize("planner", ["react", "dag"])
def test_it_goes_on_in_another_process_with_edited_arguments(desk: Desk, planner: str) -> None:
    tree = asyncio.run(desk.begun(planner))
    assert tree.ending is not None
    ann, *others = tree.ending.waiting
    decisions: dict[str, Decision] = {ann.id: Edit({"to": "Eve", "copies": "2"})}
    decisions |= {call.id: Refuse("Bob has moved.") for call in others}
    given = json.dumps({name: journalled(one) for name, one in decisions.items()})
    code = "import sys; from support.approved import main; main(*sys.argv[1:])"
    command = [sys.executable, "-c", code, str(desk.folder), given, planner]
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.stdout == "answered done\n", done.stderr
    assert desk.posted == ["Eve 2"]
    run = desk.folder / "run"
    told = [e for e in events(run) if e["t"] == "node"]
    seen = [o for e in told for o in e["node"]["observations"]]
    assert {"to": "Eve", "copies": 2} in [o["sent"] for o in seen], "what was sent"
    asked = [c["arguments"] for e in told for c in e["node"]["calls"]]
    assert {"to": "Ann"} in asked, "what the model asked for"
    spoken = json.dumps([e["node"]["messages"] for e in told])
    assert "Eve" in spoken, "the model is told"
    assert "was not approved: Bob has moved. Nothing was changed." in spoken
    order = [e["t"] for e in events(run) if e["t"] == "decision" or e.get("write")]
    assert order.index("decision") < order.index("intent")


@pytest.mark.parametrize("planner", PLANNERS)
@pytest.mark.parametrize("in_flight", [1, 3])
async def test_paused_and_allowed_gives_the_tree_of_a_run_that_never_paused(
    tmp_path: Path, planner: str, in_flight: int
) -> None:
    trees = []
    for name, approve in [("whole", lambda spec, call: True), ("paused", lambda s, c: Pause())]:
        desk = Desk(tmp_path / name)
        desk.folder.mkdir()
        agent = desk.agent(planner, approve, in_flight=in_flight)
        tree = await agent.solve(TASK, desk.folder / "run")
        while tree.ended == "waiting":
            assert tree.ending is not None
            decisions = {call.id: Allow() for call in tree.ending.waiting[:1]}
            again = desk.agent(planner, in_flight=in_flight)
            tree = await again.solve(TASK, desk.folder / "run", RunInputs(decisions=decisions))
        trees.append(tree)
        assert sorted(desk.posted) == ["Ann 1", "Bob 1"]
    whole, paused = trees
    assert timeless(paused) == timeless(whole)
    assert (paused.ended, paused.answer) == (whole.ended, whole.answer) == ("answered", "done")
    assert paused.ending.waiting == ()


async def test_in_a_plan_only_what_rests_on_a_waiting_call_waits(desk: Desk) -> None:
    tree = await desk.begun("dag")
    looked = (desk.folder / "looked.txt").read_text().splitlines()
    assert looked == ["Bob"], "a read that needs no approval is made, and one of its result is not"
    assert tree.ended == "waiting"
    assert tree.ending is not None
    ann, bob = tree.ending.waiting
    assert [call.arguments["to"] for call in (ann, bob)] == ["Ann", "Bob"], "they wait together"
    after = await desk.agent("dag").aresume(desk.folder / "run", decisions={ann.id: Allow()})
    assert after.ended == "waiting"
    assert after.waiting == (bob,)
    assert desk.posted == ["Ann 1"]
    assert (desk.folder / "looked.txt").read_text().splitlines() == ["Bob", "posted to Ann"]


async def test_a_call_that_is_not_decided_waits_on_though_nobody_is_asked(desk: Desk) -> None:
    tree = await desk.begun()
    assert tree.ending is not None
    _, bob = tree.ending.waiting
    after = await desk.agent().aresume(desk.folder / "run", decisions={bob.id: Allow()})
    assert [call.arguments["to"] for call in after.waiting] == ["Ann"]
    assert desk.posted == [], "the one before it in the same reply waits"
    again = await desk.agent().aresume(desk.folder / "run")
    assert again.ended == "waiting"
    asked: list[str] = []

    def approve(spec: ToolSpec, call: ToolCall) -> bool:
        asked.append(str(call.arguments["to"]))
        return True

    done = await desk.agent(approve=approve).aresume(desk.folder / "run")
    assert done.ended == "answered"
    assert asked == ["Ann"], "what was decided is not asked again"
    assert desk.posted == ["Ann 1", "Bob 1"]


async def test_a_decision_that_does_not_fit_is_told_and_none_is_taken(desk: Desk) -> None:
    tree = await desk.begun()
    assert tree.ending is not None
    ann, bob = (call.id for call in tree.ending.waiting)
    run, agent = desk.folder / "run", desk.agent()
    before = (run / JOURNAL).read_bytes()
    with pytest.raises(UsageError, match=rf"no call 'x' waits there. Waiting: {ann}, {bob}"):
        await agent.aresume(run, decisions={ann: Allow(), "x": Allow()})
    with pytest.raises(UsageError, match=r"copies.*integer"):
        await agent.aresume(run, decisions={ann: Allow(), bob: Edit({"to": "B", "copies": "x"})})
    with pytest.raises(UsageError, match="to is required"):
        await agent.aresume(run, decisions={bob: Edit({})})
    with pytest.raises(UsageError, match="approve has to give"):
        await agent.aresume(run, decisions={ann: "yes"})  # type: ignore[dict-item]  # on purpose
    assert (run / JOURNAL).read_bytes() == before
    await agent.aresume(run, decisions={ann: Refuse("no")})
    with pytest.raises(UsageError, match=r"was decided before, as Refuse\(reason='no'\)"):
        await agent.aresume(run, decisions={ann: Allow()})
    done = await agent.aresume(run, decisions={ann: Refuse("no"), bob: Allow()})
    assert done.ended == "answered"
    assert desk.posted == ["Bob 1"]


async def test_a_refusals_reason_is_read_by_the_model(desk: Desk) -> None:
    agent = desk.agent(approve=lambda spec, call: Refuse("Not before Friday."))
    outcome = await agent.ainvoke(TASK)
    assert [(to, status) for to, status, _ in observed(outcome.tree)] == [
        ("Ann", Status.UNAUTHORIZED),
        ("Bob", Status.UNAUTHORIZED),
    ]
    assert "not approved: Not before Friday. Nothing" in observed(outcome.tree)[0][2]


async def test_an_answer_that_is_no_decision_lets_nothing_go(desk: Desk) -> None:
    with pytest.raises(UsageError, match="approve has to give True, False"):
        await desk.agent(approve=lambda spec, call: "no").ainvoke(TASK)
    assert desk.posted == []


async def test_a_refused_write_is_in_doubt_for_nobody(desk: Desk) -> None:
    """Approval, then the intent, then the call: what was asked about only has no intent."""
    await desk.agent(approve=lambda spec, call: False).solve(TASK, desk.folder / "run")
    record = read_run(desk.folder / "run")
    assert not any(record.intents.values())
    assert len(record.decisions) == 2


async def test_who_is_asked_may_interrupt_the_run_and_it_is_asked_again(desk: Desk) -> None:
    def interrupted(spec: ToolSpec, call: ToolCall) -> bool:
        raise KeyError("the terminal is gone")

    with pytest.raises(KeyError):
        await desk.agent(approve=interrupted).solve(TASK, desk.folder / "run")
    tree = await desk.agent(approve=lambda spec, call: True).solve(TASK, desk.folder / "run")
    assert tree.answer == "done"
    assert [status for _, status, _ in observed(tree)] == [Status.OK, Status.OK]
    assert desk.posted == ["Ann 1", "Bob 1"]


async def test_an_evaluation_tells_of_runs_that_wait_apart_and_scores_them_later(
    desk: Desk,
) -> None:
    def solve(approve: Any) -> Any:
        agent = desk.agent(approve=approve)

        async def solved(task: Task, run: Path) -> SearchTree:
            return await agent.solve(task, run)

        return run_batch([TASK], solved, [], desk.folder / "out", config={"model": "scripted"})

    paused = (await solve(lambda spec, call: Pause())).total
    assert (paused.waiting, paused.runs, paused.infrastructure, paused.left) == (1, 0, 0, 0)
    [row] = read_results(desk.folder / "out")
    assert row.state == "waiting"
    done = (await solve(lambda spec, call: True)).total
    assert (done.waiting, done.runs) == (0, 1)
    assert desk.posted == ["Ann 1", "Bob 1"]


@pytest.mark.parametrize("planner", ["dfsdt:width=2", "dag"])
async def test_a_search_that_looks_ahead_waits_and_does_not_fail(desk: Desk, planner: str) -> None:
    tree = await desk.begun(planner, in_flight=4)
    assert tree.ended == "waiting"
    assert tree.ending is not None
    assert len(tree.ending.waiting) == 2


async def test_a_run_begun_under_approval_and_cut_short_does_not_go_on_unasked(desk: Desk) -> None:
    """Nobody had been asked yet when it was cut; going on without an ``approve`` lifts nothing."""

    def cut(spec: ToolSpec, call: ToolCall) -> bool:
        raise KeyboardInterrupt

    run = desk.folder / "run"
    with pytest.raises((KeyboardInterrupt, asyncio.CancelledError)):
        await desk.agent(approve=cut).solve(TASK, run)
    assert not read_run(run).waited
    tree = await desk.agent().solve(TASK, run)
    assert (tree.ended, desk.posted) == ("waiting", [])
    tree = await desk.agent(approve=lambda spec, call: True).solve(TASK, run)
    assert (tree.ended, desk.posted) == ("answered", ["Ann 1", "Bob 1"])
