"""``Agent(code=True)``: what the model writes calls the tools as the model itself does.

The page about it is true.
"""

from __future__ import annotations

import asyncio
import doctest
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from support.streaming import StreamingModel
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.agent.view.page import render
from toolgrove.data.decisions import Allow, Pause, Refuse
from toolgrove.data.events import Event, ToolEnded, ToolStarted
from toolgrove.data.records import Observation, Status
from toolgrove.data.runs import read_tree
from toolgrove.errors import ResumeMismatch, UsageError
from toolgrove.evaluators.made import anywhere
from toolgrove.planners.budget import Budget
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.python.effect import tool
from toolgrove.tools.sandbox.choosing import SANDBOXES
from toolgrove.tools.sandbox.sandbox import CodeLimits

pytestmark = pytest.mark.skipif(
    find_spec("pydantic_monty") is None,
    reason="pydantic-monty is not installed: pip install 'toolgrove[sandbox]'",
)

SUM = "total = sum(population(city=c) for c in ['Bonn', 'Ulm'])\nnote(str(total))\ntotal"
TWO = "note('a')\nnote('b')"


@tool(effect="read")
def population(city: str) -> int:
    """How many thousands live in a city."""
    return {"Bonn": 340, "Ulm": 130}[city]


class Notes:
    """Keeps notes, and may fail as a process does that is killed."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.dies_at = ""

    def tool(self) -> Callable[..., Any]:
        @tool(effect="write")
        def note(text: str) -> str:
            """Keep a note."""
            if text == self.dies_at:
                raise KeyboardInterrupt
            self.kept.append(text)
            return "kept"

        return note


@pytest.fixture
def notes() -> Notes:
    return Notes()


def agent(notes: Notes, *codes: str, **settings: Any) -> Agent:
    """An agent whose model writes these pieces of code, one after another."""
    replies: list[Any] = [call("run_python", code=code) for code in codes]
    settings = {"planner": "react", "code": True, **settings}
    model = ScriptedModel(replies=[*replies, finish("done")])
    return Agent(model=model, tools=[population, notes.tool()], **settings)


def sandbox_missing(name: str) -> str:
    return SANDBOXES[name]().missing()


def seen(tree: Any) -> list[Observation]:
    """What the runs of code gave."""
    return [
        observation
        for node in tree
        for made, observation in zip(node.calls, node.observations, strict=True)
        if made.name == "run_python"
    ]


def test_code_calls_the_tools_and_its_result_is_the_observation(
    notes: Notes, tmp_path: Path
) -> None:
    made = agent(notes, SUM, runs=tmp_path)
    outcome = made.invoke("Add up.")
    assert outcome.run is not None
    tree = read_tree(outcome.run)
    (gave,) = seen(tree)
    assert (gave.status, gave.content, notes.kept) == (Status.OK, "470", ["470"])
    assert [one.observation.content for one in gave.inner] == ["340", "130", "kept"]
    assert tree.tool_calls == 4
    assert tree.ending is not None
    assert tree.ending.spent.tool_calls == 4
    names = [one.name.rpartition("/")[2].rpartition(".")[2] for one in anywhere(tree).calls]
    assert names == ["population", "population", "note"]
    page = render([outcome.run])
    assert page.count("population") > 2
    assert "kept" in page


def test_the_model_is_told_the_line_of_an_error_and_what_was_called_before(notes: Notes) -> None:
    outcome = agent(notes, "note('a')\npopulation(city='Rom')", "note([1])").invoke("Add up.")
    failed, refused = seen(outcome.tree)
    assert failed.status is Status.ERROR_IN_MESSAGE
    assert failed.content == (
        "The code ended early: line 2: RuntimeError: population: error_in_message: KeyError: "
        "'Rom'. Before that it called note (ok, 1), population (error_in_message, 1). "
        "What was written then stays written."
    )
    assert refused.content.startswith("The code ended early: line 1: TypeError: ")
    assert notes.kept == ["a"]


def test_a_write_in_code_is_asked_about_as_any_other(notes: Notes) -> None:
    asked: list[Any] = []

    def approve(spec: Any, made: Any) -> Any:
        asked.append((spec.name, made.arguments))
        return Refuse("not today")

    outcome = agent(notes, SUM, policy=Policy(approve=approve)).invoke("Add up.")
    assert (asked, notes.kept) == ([("note", {"text": "470"})], [])
    assert "not approved: not today" in seen(outcome.tree)[0].content


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (Policy(read_only=True), "this run may only read"),
        (Policy(allow=("*/population",)), "not on this run's list"),
        (Policy(dry_run=True), "Dry run: nothing was sent"),
    ],
)
def test_what_a_policy_forbids_is_forbidden_in_code(
    policy: Policy, told: str, notes: Notes
) -> None:
    outcome = agent(notes, "note('a')", policy=policy).invoke("Add up.")
    assert told in seen(outcome.tree)[0].content
    assert notes.kept == []


def test_a_write_in_code_waits_for_a_decision_and_is_made_once(
    notes: Notes, tmp_path: Path
) -> None:
    policy = Policy(approve=lambda spec, made: Pause() if made.arguments["text"] == "b" else True)
    made = agent(notes, TWO, policy=policy, runs=tmp_path)
    outcome = made.invoke("Add up.")
    (waits,) = outcome.waiting
    assert (outcome.run is not None, notes.kept) == (True, ["a"])
    again = made.resume(outcome.run, decisions={waits.id: Allow()})
    assert (again.answer, notes.kept) == ("done", ["a", "b"])


def test_calls_of_code_are_in_the_budget_and_a_greater_one_goes_on(
    notes: Notes, tmp_path: Path
) -> None:
    made = agent(notes, TWO, runs=tmp_path, budget=Budget(tool_calls=2))
    outcome = made.invoke("Add up.")
    assert (outcome.tree.ended, notes.kept) == ("tool_calls", ["a"])
    again = made.changed(budget=Budget(tool_calls=9)).resume(outcome.run)
    assert (again.answer, notes.kept) == ("done", ["a", "b"])


def test_promise_1_code_that_is_run_again_after_a_crash_repeats_no_write(
    notes: Notes, tmp_path: Path
) -> None:
    notes.dies_at = "b"
    code = (
        "note('a')\ntry:\n    note('b')\nexcept RuntimeError as error:\n    print(error)\nnote('c')"
    )
    made = agent(notes, code, runs=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        made.invoke("Add up.")
    (run,) = tmp_path.iterdir()
    again = made.resume(run)
    (gave,) = seen(again.tree)
    assert [one.observation.status for one in gave.inner] == [
        Status.OK,
        Status.IN_DOUBT,
        Status.OK,
    ]
    assert notes.kept == ["a", "c"]
    assert "in_doubt" in gave.content


def test_promise_1_code_that_takes_another_way_when_it_is_run_again_is_stopped(
    notes: Notes, tmp_path: Path
) -> None:
    notes.dies_at = "b"
    code = "import time\nnote(str(time.time()))\nnote('b')"
    made = agent(notes, code, runs=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        made.invoke("Add up.")
    (run,) = tmp_path.iterdir()
    (gave,) = seen(made.resume(run).tree)
    assert gave.status is Status.IN_DOUBT
    assert len(notes.kept) == 1


def test_all_of_python_runs_in_sandlock(notes: Notes, tmp_path: Path) -> None:
    if missing := sandbox_missing("sandlock"):
        pytest.skip(f"sandlock cannot run here: {missing}")
    code = f"import statistics, random\n{SUM}\nstatistics.median([random.random(), total, 1e9])"
    made = agent(notes, code, code="sandlock", runs=tmp_path)
    outcome = made.invoke("Add up.")
    (gave,) = seen(outcome.tree)
    assert (gave.status, gave.content, notes.kept) == (Status.OK, "470", ["470"])
    with pytest.raises(ResumeMismatch, match="sandbox"):
        made.changed(code="monty").resume(outcome.run)


def test_a_run_that_ended_gives_the_same_again_and_runs_no_code(
    notes: Notes, tmp_path: Path
) -> None:
    made = agent(notes, SUM, "population(city='Bonn')", runs=tmp_path)
    outcome = made.invoke("Add up.")
    again = made.resume(outcome.run)
    assert list(again.tree) == list(outcome.tree)
    assert notes.kept == ["470"]
    with pytest.raises(ResumeMismatch, match="tools"):
        made.changed(code=False).resume(outcome.run)


@pytest.mark.parametrize("planner", ["react", "cot:chains=1", "dfsdt"])
@pytest.mark.parametrize("in_flight", [1, 3])
def test_every_planner_runs_code_once(planner: str, in_flight: int, notes: Notes) -> None:
    def script(messages: list[BaseMessage]) -> AIMessage:
        ran = any(isinstance(message, ToolMessage) for message in messages)
        return finish("done") if ran else call("run_python", code=SUM)

    model = ScriptedModel(script=script)
    tools = [population, notes.tool()]
    made = Agent(model=model, tools=tools, planner=planner, in_flight=in_flight, code=True)
    assert made.invoke("Add up.").answer == "done"
    assert notes.kept == ["470"]


def test_a_plan_runs_code_and_refers_to_what_it_gave(notes: Notes) -> None:
    plan = '1. run_python(code="population(city=\'Bonn\') + 1")\n2. note(text="$1")\njoin()'
    model = StreamingModel(replies=[AIMessage(plan), AIMessage("Finish(done)")])
    made = Agent(model=model, tools=[population, notes.tool()], planner="dag", code=True)
    outcome = made.invoke("Add up.")
    assert (outcome.answer, notes.kept) == ("done", ["341"])
    assert "run_python(code" in str(model.asked[0][-1].content)


def test_calls_of_code_are_told_inside_it(notes: Notes) -> None:
    told: list[Event] = []

    async def ear(event: Event) -> None:
        told.append(event)

    made = agent(notes, SUM)
    made.listeners.append(ear)
    made.invoke("Add up.")
    begun = {e.id: e for e in told if isinstance(e, ToolStarted)}
    outer, *inner = begun.values()
    assert [e.name for e in begun.values()] == ["run_python", "population", "population", "note"]
    assert {e.parent for e in inner} == {outer.id}
    assert {e.id for e in told if isinstance(e, ToolEnded)} == set(begun)


def test_promise_13_what_code_prints_is_scrubbed(notes: Notes) -> None:
    secret = "k-12345678-abcdef"
    made = agent(notes, f"print('{secret[:9]}' + '{secret[9:]}')")
    outcome = made.invoke("Add up.", secrets={"key": secret})
    assert secret not in seen(outcome.tree)[0].content


def test_what_code_prints_is_cut_for_the_model_and_kept_whole(notes: Notes, tmp_path: Path) -> None:
    made = agent(notes, "print('x' * 5000)", runs=tmp_path)
    (gave,) = seen(made.invoke("Add up.").tree)
    assert (gave.truncated, gave.size) == (True, 5001)
    assert gave.stored is not None


def test_promise_24_without_a_sandbox_there_is_no_such_agent(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolgrove.tools.sandbox.monty.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"run in a sandbox or not at all.*pip install"):
        agent(notes)
    with pytest.raises(UsageError, match="'exec' is no sandbox"):
        agent(notes, code="exec")


def test_without_code_nothing_of_it_is_imported(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "planners.coding",
        "planners.code_run",
        "tools.sandbox.choosing",
        "tools.sandbox.sandbox",
    ):
        monkeypatch.setitem(sys.modules, f"toolgrove.{name}", None)
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)
    assert agent(notes, code=False).invoke("Add up.").answer == "done"


def test_cancelling_a_run_stops_its_code(notes: Notes) -> None:
    begun = asyncio.Event()

    @tool(effect="read")
    async def ready() -> str:
        """Say that it has begun."""
        begun.set()
        return "yes"

    async def cancelled() -> None:
        model = ScriptedModel(replies=[call("run_python", code="ready()\nwhile True: pass")])
        work = asyncio.create_task(
            Agent(model=model, tools=[ready], planner="react", code=True).ainvoke("q")
        )
        await begun.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(cancelled())


def test_the_page() -> None:
    page = Path(__file__).parents[2] / "docs" / "code.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried
    assert not failed
    limits = CodeLimits()
    text = page.read_text(encoding="utf-8")
    assert f"{limits.seconds:g} s\n" in text
    assert f"{limits.memory >> 20} MiB, {limits.calls} calls, and {limits.output:,} ch" in text
