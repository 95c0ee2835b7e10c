"""Promise 9 for commands that compose, learn and converse: killed with SIGKILL, they lose nothing.

The same command again comes to the same; what was paid for and kept is not asked again, no write is
made twice, and nothing half stays.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from filelock import FileLock, Timeout
from typer.testing import CliRunner

from support import small_tau
from support.embedders import Hashing
from support.killing import held, killed, left_over
from support.random_script import timeless
from support.served_model import ServedModel
from toolgrove.agent.agent import Agent
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.making.workshop import Workshop
from toolgrove.agent.memory import Memory
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.agent.simulated_user import SYSTEM
from toolgrove.cli.main import app
from toolgrove.data.records import Reference, Task
from toolgrove.data.runs import read_tree
from toolgrove.data.world import tasks
from toolgrove.evaluators.stored import read_batch

FIRST = [task for task in tasks() if task.group == "G1"][:2]
MODULE = '''
from pathlib import Path
from toolgrove import tool

@tool(effect="read")
def find_city(name: str) -> dict[str, str]:
    """Find the code of a city."""
    (Path.cwd() / "asked.txt").write_text(name)
    return {"code": f"code of {name}"}

@tool(effect="read")
def population(code: str) -> dict[str, int]:
    """Population of a city."""
    return {"people": 500_000 + len(code)}

@tool(effect="write")
def note(text: str) -> str:
    """Keep a note."""
    with (Path.cwd() / "notes.txt").open("a") as stream:
        stream.write(f"{text}\\n")
    return "noted"

TOOLS = [find_city, population, note]
'''
LINES = ("I want to book.", "I am ada_1.", "Thanks! ###STOP###")
BOOKING = [("get_user_details", {"user_id": "ada_1"}), tuple(small_tau.BOOK.values())]


class Served(ServedModel):
    """Says what each of the jobs here asks for, by what it is asked alone."""

    def reply(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        messages = asked["messages"]
        said = sum(one["role"] == "assistant" for one in messages)
        first = str(messages[0]["content"])
        if first.startswith(SYSTEM[:40]):
            return _chat(asked, content=LINES[said])
        if "You shorten notes" in first:
            return _chat(asked, content=messages[-1]["content"])
        if "You describe a tool" in first:
            return _chat(asked, content='{"when": "to know", "limits": "", "requests": []}')
        names = {tool["function"]["name"] for tool in asked.get("tools", ())}
        if "book_reservation" in names:
            calls = [("Finish", _answer("Who are you?")), *BOOKING]
            return _called(asked, *[*calls, ("Finish", _answer("It is 1,628 at Gate B."))][said])
        if "note" in names:
            calls = [("note", {"text": "seen"}), ("Finish", _answer("It is noted."))]
            return _called(asked, *calls[said])
        return super().reply(asked)


def _answer(text: str) -> dict[str, str]:
    return {"return_type": "give_answer", "final_answer": text}


def _chat(asked: Mapping[str, Any], **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    tokens = {"prompt_tokens": len(asked["messages"]), "completion_tokens": 1}
    return {"model": "served", "choices": [choice], "usage": tokens}


def _called(asked: Mapping[str, Any], name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    calls = [{"id": "0", "type": "function", "function": function}]
    return _chat(asked, content="", tool_calls=calls)


@contextmanager
def surroundings(folder: Path) -> Iterator[None]:
    """What the commands need in any process: an embedder without weights, the module of tools."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolgrove.retriever.embedding.MiniLM", Hashing)
        patch.setattr("toolgrove.cli.model.fetch_embedder", lambda: None)
        patch.setenv("TOOLGROVE_TRUSTED", str(folder.parent / "trusted.json"))
        patch.syspath_prepend(folder)
        patch.chdir(folder)
        yield


@contextmanager
def conversing(folder: Path) -> Iterator[None]:
    with small_tau.installed(folder.parent / f"site-{folder.name}"):
        yield


@pytest.fixture
def served() -> Iterator[Served]:
    with Served(FIRST) as model:
        yield model


def toolgrove(*asked: object) -> Any:
    done = CliRunner().invoke(app, [str(one) for one in asked], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def solves(messages: Any) -> Any:
    city = str(messages[1].content).rpartition(" in ")[2].strip("?")
    done = sum(message.type == "tool" for message in messages)
    steps = [call("find_city", name=city), call("population", code=f"code of {city}")]
    return [*steps, finish(f"{500_000 + len(f'code of {city}')} people.")][done]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of the module's tools, and results of solved runs."""
    folder = tmp_path_factory.mktemp("killed") / "solved"
    folder.mkdir()
    (folder / "killed_here.py").write_text(MODULE)
    with surroundings(folder), Catalog.open(folder / "c", embedder=Hashing()) as catalog:
        catalog.index("killed_here:TOOLS")
        model = ScriptedModel(script=solves)
        agent = Agent(model=model, catalog=catalog, trusted=["killed_here:TOOLS"])
        asked = [
            Task(one, f"How many people live in {one}?", reference=Reference("number", 500_000 + n))
            for one, n in (("Oslo", 12), ("Bordeaux", 16), ("Bergen", 14))
        ]
        asyncio.run(Evaluation(agent).run(asked, folder / "results"))
    return folder


@pytest.fixture
def folders(tmp_path: Path, solved: Path) -> list[Path]:
    """Two folders with all that in them: one for the undisturbed command."""
    made = [tmp_path / "whole", tmp_path / "killed"]
    for folder in made:
        shutil.copytree(solved, folder)
    shutil.copy(solved.parent / "trusted.json", tmp_path)
    return made


def replies(folder: Path) -> int:
    """How many replies of models the journals below a folder hold."""
    files = [file.read_bytes() for file in folder.rglob("journal.jsonl")]
    lines = [line for file in files for line in file.split(b"\n")[:-1]]  # the last is none, or torn
    whole = [json.loads(line) for line in lines]
    return sum(one["t"] == "result" and one["kind"] == "model" for one in whole)


def rows(out: Path) -> list[Any]:
    """All rows with their runs' steps, less dates and seconds."""
    found = []
    for config, row in read_batch(out):
        scores = [(score.value, score.reason) for score in row.scores]
        figures = row.figures and replace(row.figures, seconds=0.0)
        place = row.task, row.run, row.state, figures, timeless(read_tree(out / row.run))
        found.append((config.get("strategy"), *place, scores))
    return found


def test_runs_of_a_strategy_that_are_killed_go_on_and_write_nothing_twice(
    folders: list[Path], served: Served
) -> None:
    whole, cut = folders
    came = []
    for folder in (whole, cut):
        with surroundings(folder):
            asked: list[object] = ["run", "Note it.", "--tool", "python/killed_here/note", "--json"]
            asked += ["--catalog", folder / "c", "--planner", "react", "--runs", folder / "runs"]
            asked += ["--strategy", "sample(3) | verify(code) | vote"]
            asked += ["--model", served.name, "--approve", "always"]
            if folder == cut:
                assert killed(folder, asked, "sample-2 node ", surroundings) == -SIGKILL
                [kept_run] = (folder / "runs").iterdir()
                asked = ["run", "--resume", kept_run, "--approve", "always", "--json"]
            before, kept = served.asked, replies(folder)
            came.append(toolgrove(*asked))
        assert served.asked - before == replies(folder) - kept, "what is kept is not asked again"
        assert (folder / "notes.txt").read_text().count("seen") <= 3
        assert left_over(folder) == []
    for one in came:
        del one["run"], one["runs"]
    assert came[0] == came[1]


@pytest.mark.parametrize("at", ["sample-2 result model", "sql * UPDATE result SET owner = NULL"])
def test_an_evaluation_of_strategies_that_is_killed_has_the_same_rows(
    folders: list[Path], served: Served, at: str
) -> None:
    whole, cut = folders

    def asked(folder: Path) -> list[object]:
        options = ["--group", "G1", "--limit", 1, "--max-model-calls", 9, "--planner", "react"]
        composed = ["--strategy", "sample(2) | vote", "--strategy", "first(code, 2)"]
        named = ["--model", served.name, "--out", folder / "out", "--json"]
        return ["eval", "world", *options, *composed, *named]

    toolgrove(*asked(whole))
    at = at.replace("*", str(cut / "out" / "results.sqlite"))
    assert killed(cut, asked(cut), at) == -SIGKILL
    before, kept = served.asked, replies(cut)
    toolgrove(*asked(cut))
    assert rows(cut / "out") == rows(whole / "out")
    assert served.asked - before == replies(cut) - kept, "what is kept is not asked again"
    assert left_over(cut) == []


def test_the_same_evaluation_twice_at_once_shares_its_rows(
    folders: list[Path], served: Served
) -> None:
    whole, twice = folders
    options = ["eval", "world", "--group", "G1", "--limit", 2, "--max-model-calls", 9, "--planner"]
    options += ["react", "--model", served.name, "--strategy", "sample(2) | vote", "--json"]
    toolgrove(*options, "--out", whole / "out")
    paid = served.asked
    with held(twice, [*options, "--out", twice / "out"], "sample-2 result model"):
        toolgrove(*options, "--out", twice / "out")
        assert {state for _, _, _, state, *_ in _states(twice / "out")} == {"done", "pending"}
    assert rows(twice / "out") == rows(whole / "out")
    assert served.asked == 2 * paid
    assert left_over(twice) == []


def _states(out: Path) -> list[Any]:
    return [(config, row.task, row.run, row.state) for config, row in read_batch(out)]


@pytest.mark.parametrize("at", ["turn-1 run ", "user.json"])
def test_a_conversation_that_is_killed_has_the_same_row(
    folders: list[Path], served: Served, at: str
) -> None:
    whole, cut = folders
    for folder in (whole, cut):
        asked = ["eval", "tau2:airline", "--split", "train", "--planner", "react", "--model"]
        asked += [served.name, "--user-model", served.name, "--out", str(folder / "out"), "--json"]
        if folder == cut:
            assert killed(folder, asked, at, conversing) == -SIGKILL
            shutil.rmtree(folder.parent / f"site-{folder.name}")
        with conversing(folder):
            total = toolgrove(*asked)["groups"]["total"]
        assert total["rates"]["tau2/1"]["value"] == 1.0
    assert rows(cut / "out") == rows(whole / "out")
    assert left_over(cut) == []


@pytest.mark.skipif(find_spec("pydantic_monty") is None, reason="needs the extra sandbox")
def test_tools_whose_making_is_killed_in_a_trial_are_made_the_same(folders: list[Path]) -> None:
    whole, cut = folders
    made = []
    for folder in (whole, cut):
        asked = ["make", "tools", folder / "results", "--catalog", folder / "c", "--json"]
        with surroundings(folder):
            if folder == cut:
                assert killed(folder, asked, "asked.txt", surroundings) == -SIGKILL
            assert toolgrove(*asked)["made"] == ["population_by_name"]
        with Workshop.open(folder / "c") as shop:
            made.append([replace(one, seconds=0.0, runs=()) for one in shop.tools()])
        assert left_over(folder) == []
    assert made[0] == made[1]


@pytest.mark.parametrize("at", ["memory.sqlite", "INSERT OR REPLACE INTO worded"])
def test_a_memory_whose_learning_is_killed_holds_the_same(
    folders: list[Path], served: Served, at: str
) -> None:
    whole, cut = folders
    kept = []
    for folder in (whole, cut):
        asked = ["learn", "memory", folder / "results", "--catalog", folder / "c", "--json"]
        asked += ["--model", served.name]
        with surroundings(folder):
            if folder == cut:
                assert killed(folder, asked, at, surroundings) == -SIGKILL
            toolgrove(*asked)
        with Memory.open(folder / "c", embedder=Hashing()) as memory:
            kept.append((memory.digest, [(one.id, one.words) for one in memory.entries()]))
        assert left_over(folder) == []
    assert kept[0] == kept[1]
    assert served.asked == 2 + ("worded" in at), "but for the reply under way"


def test_a_catalogue_is_expanded_by_one_at_a_time(folders: list[Path], served: Served) -> None:
    _, folder = folders
    shutil.rmtree(folder / "c")
    asked = ["index", "killed_here:TOOLS", "--catalog", folder / "c", "--expand", served.name]
    with surroundings(folder):
        assert killed(folder, asked, "INSERT OR REPLACE INTO expansion", surroundings) == -SIGKILL
        assert served.asked == 1
        with held(folder, asked, "expansions.sqlite BEGIN", surroundings):
            assert served.asked == 2
            with pytest.raises(Timeout):  # who comes now waits
                FileLock(folder / "c" / "expansions.lock").acquire(timeout=0)
        toolgrove(*asked, "--json")
    assert served.asked == 1 + 3
    assert left_over(folder) == []
