"""Promise 1 of writes that somebody approves: killed at any byte, none is doubled and none lost."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from support.approved import TASK, Desk
from support.dying import Dying, processes
from toolgrove.agent.inputs import RunInputs
from toolgrove.data.decisions import Allow, Decision, Edit
from toolgrove.data.journal import Journal
from toolgrove.data.records import Status
from toolgrove.data.runs import JOURNAL, read_run
from toolgrove.data.tree import SearchTree


def step(folder: Path, planner: str) -> SearchTree:
    """Begin the run, or go on with what was decided of the calls that wait there."""
    desk, run = Desk(folder), folder / "run"
    if not (run / JOURNAL).exists() or read_run(run).ended != "waiting":
        return asyncio.run(desk.begun(planner))
    decisions: dict[str, Decision] = {}
    for call in read_run(run).waiting.values():
        edited = call.arguments["to"] == "Bob"
        decisions[call.id] = Edit({"to": "Bob", "copies": 3}) if edited else Allow()
    return asyncio.run(desk.agent(planner).solve(TASK, run, RunInputs(decisions=decisions)))


def die(folder: Path, planner: str, left: int) -> None:
    """The same in a process that kills itself when it has written so many bytes."""
    real = Journal._write

    def written(journal: Journal, event: Any, *, sync: bool = False) -> None:
        if not isinstance(journal._stream, Dying) and event.get("t") != "run":
            journal._stream = Dying(journal._stream, left)  # type: ignore[assignment]  # a file that dies
        real(journal, event, sync=sync)

    Journal._write = written  # type: ignore[method-assign]  # in this child only
    step(folder, planner)


@pytest.mark.parametrize("planner", ["react", "dag"])
@pytest.mark.parametrize("seed", range(3))
def test_promise_1_an_approved_write_is_never_made_twice_and_never_lost(
    tmp_path: Path, planner: str, seed: int
) -> None:
    draw = random.Random(f"{seed}:{planner}")
    exits = []
    for most in (2500, 4000):  # before it waits, most likely, and after
        child = processes.Process(target=die, args=(tmp_path, planner, draw.randrange(1, most)))
        child.start()
        child.join()
        exits.append(child.exitcode)
    assert -signal.SIGKILL in exits
    tree = step(tmp_path, planner)
    while tree.ended == "waiting":
        tree = step(tmp_path, planner)
    assert tree.ended == "answered"
    posted = Counter(Desk(tmp_path).posted)
    assert set(posted) <= {"Ann 1", "Bob 3"}, "what was edited is sent as it was edited"
    assert set(posted.values()) <= {1}, "none is made twice"
    seen = {
        str(call.arguments["to"]): observation
        for node in tree
        for call, observation in zip(node.calls, node.observations, strict=True)
        if call.name.endswith("post")
    }
    assert set(seen) == {"Ann", "Bob"}
    for name, sent in (("Ann", "Ann 1"), ("Bob", "Bob 3")):
        doubt = seen[name].status is Status.IN_DOUBT
        assert doubt or posted[sent] == 1, "none is lost: it was made, or is in doubt"
    if seen["Bob"].status is not Status.INVALID_REQUEST:  # skipped behind one that is in doubt
        assert seen["Bob"].sent == {"to": "Bob", "copies": 3}
