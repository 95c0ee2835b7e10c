"""Conversations about τ²-bench's tasks: an agent, a simulated user, and a database of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from typer.testing import CliRunner

from support import small_tau
from support.small_tau import BOOK
from toolgrove import Agent, ScriptedModel, Task
from toolgrove.agent import Evaluation, SimulatedUser, call, finish, give_up
from toolgrove.agent.ray_engine import _Recipe
from toolgrove.agent.simulated_user import UserLines
from toolgrove.cli.main import app
from toolgrove.data import codec
from toolgrove.data.journal import Journal
from toolgrove.data.records import Effect, Score
from toolgrove.data.runs import read_tree
from toolgrove.errors import UsageError
from toolgrove.evaluators.stored import read_results
from toolgrove.evaluators.tau.package import domain
from toolgrove.evaluators.tau.tasks import item_of, load_tasks
from toolgrove.evaluators.tau.trajectories import criteria_of
from toolgrove.evaluators.tau.verifying import made_for

TOLD = "It is 1,628 at Gate B."
Calls = Sequence[tuple[str, dict[str, Any]]]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[None]:
    with small_tau.installed(tmp_path / "site"):
        yield


def serving(calls: Calls, told: str = TOLD) -> ScriptedModel:
    """An agent that asks first, and makes the calls after the user's second message."""

    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        if sum(isinstance(one, HumanMessage) for one in messages) == 1:
            return finish("Who are you?")
        made = sum(len(one.tool_calls) for one in messages if isinstance(one, AIMessage))
        if made < len(calls):
            return call(calls[made][0], **calls[made][1])
        return finish(told)

    return ScriptedModel(script=script)


def talking(*lines: str) -> ScriptedModel:
    """A user who says these lines, whatever the agent says."""

    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        said = sum(isinstance(one, AIMessage) for one in messages)
        return AIMessage(lines[min(said, len(lines) - 1)])

    return ScriptedModel(script=script, model_name="user")


LINES = ("I want to book.", "I am ada_1.", "Thanks! ###STOP###")
RIGHT: Calls = [("get_user_details", {"user_id": "ada_1"}), (BOOK["name"], BOOK["arguments"])]


def evaluation(
    agent: ScriptedModel, user: ScriptedModel | None = None, **options: Any
) -> tuple[Evaluation, list[Task]]:
    tasks, specs = load_tasks("airline")
    turns = options.pop("turns", 30)
    served = Agent(model=agent, tools=specs, planner="react:depth=100", **options)
    played = SimulatedUser(user or talking(*LINES), turns=turns)
    return Evaluation(served, evaluators=["tau2"], user=played), tasks[:1]


def judged(out: Path, evaluated: Evaluation, tasks: list[Task]) -> Score:
    asyncio.run(evaluated.run(tasks, out))
    [row] = read_results(out)
    return row.scores[0]


def run_of(out: Path) -> Path:
    [row] = read_results(out)
    return out / row.run


@pytest.mark.usefixtures("small")
def test_the_end_state_and_the_facts_decide(tmp_path: Path) -> None:
    changed = [RIGHT[0], (BOOK["name"], {"user_id": "ada_1", "amount": 31})]
    cases: list[tuple[Calls, str, float]] = [
        (RIGHT, TOLD, 1.0),
        (changed, TOLD, 0.0),
        (RIGHT[:1], TOLD, 0.0),
        (RIGHT, "Done.", 0.0),
    ]
    for number, (calls, told, value) in enumerate(cases):
        score = judged(tmp_path / str(number), *evaluation(serving(calls, told)))
        assert (score.evaluator, score.value) == ("tau2/1", value), score.reason


@pytest.mark.usefixtures("small")
def test_the_tools_say_what_they_do_to_the_database() -> None:
    [task, other], specs = load_tasks("airline")
    effects = {spec.name: spec.effect for spec in specs}
    assert effects == {
        "get_user_details": Effect.READ,
        "book_reservation": Effect.WRITE,
        "calculate": Effect.READ,
    }
    assert specs[0].parameters["properties"]["user_id"]["description"] == "As in 'ada_1'."
    assert task.tools == tuple(spec.id for spec in specs)
    assert (task.id, task.meta["split"], other.meta["split"]) == ("airline_0", "train", "test")


@pytest.mark.usefixtures("small")
def test_the_agent_is_told_the_policy_and_the_user_the_scenario(tmp_path: Path) -> None:
    agent, user = serving(RIGHT), talking(*LINES)
    judged(tmp_path / "out", *evaluation(agent, user))
    for asked in agent.asked:
        told = "\n".join(str(one.content) for one in asked)
        assert "Be kind." in str(next(one for one in asked if isinstance(one, SystemMessage)))
        assert "Book for 30." not in told
    last = user.asked[-1]
    assert "Book for 30." in str(last[0].content)
    assert "Be kind." not in str(last[0].content)
    assert [one.content for one in last[2:]] == [LINES[0], "Who are you?", LINES[1], TOLD]


@pytest.mark.usefixtures("small")
def test_what_a_tool_refuses_the_agent_reads_and_nothing_is_written(tmp_path: Path) -> None:
    poor = (BOOK["name"], {"user_id": "bob_2", "amount": 30})
    agent = serving([poor, ("calculate", {"number": 4}), *RIGHT])
    assert judged(tmp_path / "out", *evaluation(agent)).value == 1.0
    seen = [o.content for node in read_tree(run_of(tmp_path / "out")) for o in node.observations]
    assert {"Error: not enough credit", "8"} <= set(seen)


@pytest.mark.usefixtures("small")
def test_conversations_under_way_together_have_databases_of_their_own(tmp_path: Path) -> None:
    evaluated, tasks = evaluation(serving(RIGHT))
    summary = asyncio.run(evaluated.run(tasks, tmp_path, concurrency=4, epochs=4))
    assert summary.total.rates["tau2/1"].value == 1.0
    assert list(domain("airline").database.reservations) == ["R1"]


@pytest.mark.usefixtures("small")
def test_the_whole_conversation_is_one_run(tmp_path: Path) -> None:
    judged(tmp_path, *evaluation(serving(RIGHT)))
    tree = read_tree(run_of(tmp_path))
    assert (tree.task.query, tree.answer, tree.ended) == (LINES[0], TOLD, "answered")
    assert (tree.model_calls, tree.tool_calls) == (4, 2)
    heard = [m.content for node in tree.path(tree.answered[0].id) for m in node.messages]
    assert [text for text in heard if text in LINES] == list(LINES)
    assert tree.meta["world"].startswith("tau2:airline:")


@pytest.mark.usefixtures("small")
def test_what_the_user_took_is_counted_apart(tmp_path: Path) -> None:
    evaluated, tasks = evaluation(serving(RIGHT), prices={"user": (1e6, 0.0)})
    user = judged(tmp_path, evaluated, tasks).details["user"]
    tree = read_tree(run_of(tmp_path))
    own = sum(node.usage.input_tokens for node in tree)
    assert (user["model"], user["messages"], tree.usage.input_tokens) == ("user", 3, own)
    assert user["cost"] == user["input_tokens"] > 0
    assert tree.cost is None  # the agent's model has no price


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("agent", "user", "options", "ended"),
    [
        (serving([]), talking("Hello?"), {"turns": 3}, "turns"),
        (ScriptedModel(script=lambda _: give_up("No.")), talking(*LINES), {}, "exhausted"),
    ],
)
def test_a_conversation_that_the_user_does_not_end_is_wrong(
    agent: ScriptedModel, user: ScriptedModel, options: dict[str, Any], ended: str, tmp_path: Path
) -> None:
    score = judged(tmp_path, *evaluation(agent, user, **options))
    assert (score.value, score.reason) == (0.0, "nobody ended the conversation")
    assert read_tree(run_of(tmp_path)).ended == ended


@pytest.mark.usefixtures("small")
def test_the_budget_is_that_of_the_whole_conversation(tmp_path: Path) -> None:
    evaluated, tasks = evaluation(serving(RIGHT))
    settings = evaluated.agent.settings
    short = replace(settings, budget=replace(settings.budget, model_calls=3))
    agent = evaluated.agent.changed(budget=short.budget)
    assert judged(tmp_path, replace(evaluated, agent=agent), tasks).value == 0.0
    tree = read_tree(run_of(tmp_path))
    assert (tree.ended, tree.model_calls) == ("model_calls", 3)


@pytest.mark.usefixtures("small")
def test_what_a_path_wrote_that_led_nowhere_counts(tmp_path: Path) -> None:
    replies = [call(BOOK["name"], **BOOK["arguments"]), give_up("Wrong way."), finish(TOLD)]
    tasks, specs = load_tasks("airline")
    agent = Agent(model=ScriptedModel(replies=replies), tools=specs, planner="dfsdt")
    user = SimulatedUser(talking("I am ada_1. Book.", LINES[-1]))
    evaluated = Evaluation(agent, evaluators=["tau2"], user=user)
    score = judged(tmp_path, evaluated, tasks[:1])
    assert score.value == 1.0, score.reason


@pytest.mark.usefixtures("small")
def test_another_process_makes_the_same_user(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text("[]", encoding="utf-8")
    _, specs = load_tasks("airline")
    named = f"scripted:{script}"
    evaluated = Evaluation(Agent(model=named, tools=specs), user=SimulatedUser(named, turns=7))
    assert _Recipe.of(evaluated).made().user == evaluated.user
    objects = replace(evaluated, user=SimulatedUser(talking("Hi.")))
    with pytest.raises(UsageError, match="models by name"):
        _Recipe.of(objects)


@pytest.mark.usefixtures("small")
def test_another_user_keeps_results_of_their_own() -> None:
    def key(**changed: Any) -> str:
        evaluated, _ = evaluation(serving(RIGHT))
        assert evaluated.user is not None
        other = replace(evaluated, user=replace(evaluated.user, **changed))
        return codec.digest(other.config(list(evaluated.agent.registry)))

    keys = [key(), key(turns=3), key(sampling={"temperature": 1.0}), key(model=serving(RIGHT))]
    assert len({*keys, key()}) == 4


class Killed(BaseException):
    """Ends everything at once, as SIGKILL does: what was written stays, nothing else does."""


@pytest.mark.usefixtures("small")
async def test_a_conversation_that_is_killed_anywhere_comes_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = 1_000_000

    def dying(real: Callable[..., None]) -> Callable[..., None]:
        def write(*args: Any, **kwargs: Any) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            real(*args, **kwargs)

        return write

    monkeypatch.setattr(Journal, "_write", dying(Journal._write))
    monkeypatch.setattr(UserLines, "add", dying(UserLines.add))

    evaluated, [task] = evaluation(serving(RIGHT))
    [scorer] = evaluated.scorers

    async def came(run: Path) -> Any:
        tree = await evaluated.solve(task, run)
        score = await scorer.score(tree)
        user = {k: v for k, v in score.details["user"].items() if k != "seconds"}
        figures = tree.answer, tree.ended, tree.model_calls, tree.tool_calls, tree.usage
        return figures, score.value, score.reason, user

    wanted = await came(tmp_path / "whole")
    events = 1_000_000 - left
    assert events > 30
    for count in range(0, events, 2):
        run, left = tmp_path / str(count), count
        with pytest.raises(Killed):
            await came(run)
        left = 1_000_000
        assert await came(run) == wanted, count


@pytest.mark.usefixtures("small")
def test_what_is_missing_is_said(tmp_path: Path) -> None:
    evaluated, [task] = evaluation(serving(RIGHT))
    with pytest.raises(UsageError, match="who plays its user"):
        asyncio.run(replace(evaluated, user=None).run([task], tmp_path / "a"))
    agent = evaluated.agent.changed(replay=str(tmp_path))
    with pytest.raises(UsageError, match="a database of their own"):
        asyncio.run(replace(evaluated, agent=agent).run([task], tmp_path / "b"))
    done = CliRunner().invoke(app, ["eval", "tau2:airline", "--out", str(tmp_path / "c")])
    assert done.exit_code != 0
    assert "--user-model" in str(done.exception or done.output)


@pytest.mark.usefixtures("small")
def test_the_command_evaluates_a_domain(tmp_path: Path) -> None:
    agent = [{"calls": [{"name": BOOK["name"], "arguments": BOOK["arguments"]}]}, {"text": TOLD}]
    user = [{"text": "I am ada_1. Book for 30."}, {"text": "###STOP###"}]
    for name, replies in (("agent", agent), ("user", user)):
        (tmp_path / f"{name}.json").write_text(json.dumps(replies), encoding="utf-8")
    models = [f"--{flag}=scripted:{tmp_path / name}.json" for flag, name in FLAGS]
    asked = ["eval", "tau2:airline", "--split", "train", *models, "--planner", "react"]
    done = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output or done.exception
    total = json.loads(done.stdout)["groups"]["total"]
    assert total["rates"]["tau2/1"]["value"] == 1.0
    assert total["measures"]["tau2/1"]["user.messages"] == 2


FLAGS = (("model", "agent"), ("user-model", "user"))


@pytest.mark.parametrize("name", ["airline", "retail"])
def test_reference_calls_of_the_real_package_are_right_and_changed_ones_wrong(
    name: str, tmp_path: Path
) -> None:
    try:
        tasks, specs = load_tasks(name)
    except UsageError as error:
        pytest.skip(f"inspect-evals is not installed: {error}")
    shown = 0
    for task in tasks:
        item = item_of(task)
        assert item is not None
        criteria = criteria_of(item.raw)
        forms = dict(made_for(task.id, criteria, item.domain))
        changed = [form for form in forms if form.endswith("changed")]
        if not changed:
            continue
        for form, value in (("right", 1.0), (changed[-1], 0.0)):
            calls = [(one.name, dict(one.arguments or {})) for one in forms[form].calls]
            model = serving(calls, "Done. " + " ".join(criteria.told))
            agent = Agent(model=model, tools=specs, planner="react:depth=100")
            user = SimulatedUser(talking(*LINES))
            evaluated = Evaluation(agent, evaluators=["tau2"], user=user)
            score = judged(tmp_path / f"{task.id}-{value}", evaluated, [task])
            assert score.value == value, (task.id, form, score.reason)
        shown += 1
        if shown == 5:
            return
