"""Promises 1 and 6: a write leaves after it was approved, and its intent is kept right then."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from support.dying import processes
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import Status, Task, ToolCall, ToolSpec
from toolgrove.data.runs import read_run
from toolgrove.data.tree import SearchTree
from toolgrove.tools.calls.policy import Policy


def solve(folder: Path, policy: Policy) -> SearchTree:
    def send(text: str) -> str:
        """Send a letter."""
        with (folder / "sent.txt").open("a") as stream:
            stream.write(f"{text}\n")
        return "sent"

    def script(messages: Any) -> Any:
        return finish("done") if messages[-1].type == "tool" else call("send", text="x")

    agent = Agent(model=ScriptedModel(script=script), tools=[send], planner="react", policy=policy)
    return asyncio.run(agent.solve(Task("t", "Send it."), folder / "run"))


def dies(spec: ToolSpec, call: ToolCall) -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return False


def interrupted(spec: ToolSpec, call: ToolCall) -> bool:
    raise KeyboardInterrupt


def die_at_the_prompt(folder: Path) -> None:
    solve(folder, Policy(approve=dies))


def sent(folder: Path) -> list[str]:
    file = folder / "sent.txt"
    return file.read_text().split() if file.exists() else []


@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize("how", ["killed", "interrupted"])
def test_promise_6_what_ended_at_the_prompt_is_asked_about_again_and_not_in_doubt(
    tmp_path: Path, how: str, approved: bool
) -> None:
    if how == "killed":
        child = processes.Process(target=die_at_the_prompt, args=(tmp_path,))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
    else:
        with pytest.raises(KeyboardInterrupt):
            solve(tmp_path, Policy(approve=interrupted))
    asked: list[str] = []

    def approve(spec: ToolSpec, call: ToolCall) -> bool:
        writes = [key for key, write in read_run(tmp_path / "run").intents.items() if write]
        assert not writes, "nothing has left yet"
        asked.append(call.name)
        return approved

    tree = solve(tmp_path, Policy(approve=approve))
    [seen] = [o for node in tree for o in node.observations if o.status is not Status.FINAL_ANSWER]
    assert len(asked) == 1
    assert seen.status is (Status.OK if approved else Status.UNAUTHORIZED)
    assert sent(tmp_path) == (["x"] if approved else [])
    assert any(read_run(tmp_path / "run").intents.values()) is approved


def test_promise_6_the_intent_is_kept_before_the_approved_call_leaves(tmp_path: Path) -> None:
    seen: list[bool] = []

    def send() -> str:
        """Send a letter."""
        seen.append(any(read_run(tmp_path / "run").intents.values()))
        return "sent"

    def script(messages: Any) -> Any:
        return finish("done") if messages[-1].type == "tool" else call("send")

    model = ScriptedModel(script=script)
    policy = Policy(approve=lambda spec, call: True)
    agent = Agent(model=model, tools=[send], planner="react", policy=policy)
    asyncio.run(agent.solve(Task("t", "Send it."), tmp_path / "run"))
    assert seen == [True]
