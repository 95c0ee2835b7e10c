"""A conversation is kept on disk, survives a crash, and is one process's at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from langchain_core.messages import AIMessage

from support.bench import Bench
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.errors import JournalLocked, ModelError, UsageError

BENCH = Bench()


def agent(runs: Path, *replies: AIMessage, script: Any = None, **options: Any) -> Agent:
    model = ScriptedModel(replies=list(replies), script=script)
    made = Agent(model=model, planner="react", runs=runs, **options)
    made.registry = BENCH.registry
    return made


async def test_a_follow_up_is_answered_in_the_light_of_what_was_said(tmp_path: Path) -> None:
    first = agent(tmp_path, call("add", a=1, b=2), finish("3"))
    assert (await first.thread("me").ainvoke("What is 1 and 2?")).answer == "3"
    second = agent(tmp_path, finish("6"))  # as another process would
    thread = second.thread("me")
    outcome = await thread.ainvoke("Twice that?")
    assert (outcome.answer, outcome.run) == ("6", tmp_path / "thread-me" / "turn-2")
    assert isinstance(second.model, ScriptedModel)
    [shown] = second.model.asked
    assert [m.text for m in shown[1:]] == ["What is 1 and 2?", "", "3", "3", "Twice that?"]
    said = [m.text for m in thread.messages if m.type != "tool"]
    assert said == ["What is 1 and 2?", "", "3", "Twice that?", "6"]
    assert thread.messages == outcome.messages
    assert second.thread("you").messages == []


def test_a_thread_is_used_from_sync_code_and_any_name_is_one(tmp_path: Path) -> None:
    made = agent(tmp_path, finish("a"), finish("b"))
    for name in ("../x", "_x"):
        made.thread(name).invoke("Hi")
    assert len(list(tmp_path.iterdir())) == 2
    assert not (tmp_path.parent / "x").exists()


async def test_a_turn_that_a_crash_cut_short_is_finished_first(tmp_path: Path) -> None:
    def dies(messages: Any) -> AIMessage:
        if messages[-1].type == "tool":
            raise ConnectionError("gone")
        return call("add", a=1, b=2)

    with pytest.raises(ModelError):
        await agent(tmp_path, script=dies).thread("me").ainvoke("What?")
    made = agent(tmp_path, finish("3"), finish("6"))
    thread = made.thread("me")
    with pytest.raises(UsageError, match=r"thread\.resume\(\)"):
        await thread.ainvoke("And?")
    assert (await thread.aresume()).answer == "3"
    assert (await thread.aresume()).answer == "3", "it has ended: nothing is asked again"
    assert (await thread.ainvoke("And?")).answer == "6"
    assert len(thread.turns) == 2


async def test_a_turn_whose_header_was_torn_had_not_begun(tmp_path: Path) -> None:
    turn = tmp_path / "thread-me" / "turn-1"
    turn.mkdir(parents=True)
    (turn / "journal.jsonl").write_bytes(b'{"t":"run","ver')
    made = agent(tmp_path, finish("3"))
    assert (await made.thread("me").ainvoke("What?")).answer == "3"


async def test_a_turn_without_an_answer_is_told_as_one(tmp_path: Path) -> None:
    made = agent(tmp_path, call("Finish", return_type="give_up_and_restart"), finish("3"))
    thread = made.thread("me")
    assert (await thread.ainvoke("What?")).answer is None
    assert (await thread.ainvoke("And now?")).answer == "3"
    assert [m.type for m in thread.messages] == ["human", "ai", "human", "ai"]


HOLDER = """
import sys
from filelock import FileLock
lock = FileLock(sys.argv[1])
lock.acquire(timeout=0)
print("held", flush=True)
sys.stdin.read()
"""


def test_two_processes_on_one_thread_is_an_error_that_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "thread-me"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        made = agent(tmp_path, finish("3"))
        with pytest.raises(JournalLocked, match="another process is answering"):
            made.thread("me").invoke("What?")
        assert other.stdin is not None
        other.stdin.close()
    assert made.thread("me").invoke("What?").answer == "3"


async def test_two_tasks_of_one_process_are_told_alike(tmp_path: Path) -> None:
    (tmp_path / "thread-me").mkdir()
    with FileLock(tmp_path / "thread-me" / "lock"), pytest.raises(JournalLocked):
        await agent(tmp_path, finish("3")).thread("me").ainvoke("What?")


def test_a_thread_without_a_place_to_keep_it_says_what_it_needs(tmp_path: Path) -> None:
    made = Agent(model=ScriptedModel(), tools=[BENCH.add])
    with pytest.raises(UsageError, match="runs="):
        made.thread("me")
    with pytest.raises(UsageError, match="nothing was said"):
        agent(tmp_path).thread("me").resume()
