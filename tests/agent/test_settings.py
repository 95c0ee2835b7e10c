"""One record says what decides a run: journal, resume and result key are read off it."""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

import toolgrove
from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.identity import sampling_of
from toolgrove.agent.models.openai_compatible import OpenAICompatibleChatModel
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.agent.settings import RunOptions, RunSettings, public_name
from toolgrove.data import codec
from toolgrove.data.records import Task
from toolgrove.data.runs import read_run
from toolgrove.data.settings import declared, from_journal, to_journal
from toolgrove.errors import JournalError, ResumeMismatch, UsageError
from toolgrove.planners import Budget
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.http.address import AddressPolicy
from toolgrove.tools.http.network import Network

OTHER: dict[str, Any] = {
    "planner": "react",
    "model": "local",
    "strong": "local",
    "sampling": {"temperature": 1.0},
    "instructions": "Answer in French.",
    "response_format": {"type": "integer"},
    "finish": "tool",
    "k": 9,
    "search_tools": True,
    "subtasks": True,
    "code": True,
    "solve": True,
    "context_tokens": 5000,
    "count_tokens": len,
    "retrieve": lambda query, k: [],
    "rerank": lambda query, documents: [],
    "memory": SimpleNamespace(digest="a"),
    "update_memory": True,
    "examples": SimpleNamespace(digest="a"),
    "made_tools": True,
    "budget.model_calls": 9,
    "budget.tool_calls": 9,
    "budget.tokens": 9,
    "budget.seconds": 9.0,
    "budget.money": 9.0,
    "calls.timeout": 9.0,
    "calls.attempts": 9,
    "calls.observation_limit": 9,
    "calls.policy.allow": ("a",),
    "calls.policy.read_only": True,
    "calls.policy.approve": lambda spec, call: True,
    "calls.policy.dry_run": True,
    "calls.policy.calls_per_tool": 9,
    "calls.policy.also": (("a",),),
    "calls.network.addresses.private": True,
    "calls.network.addresses.hosts": frozenset({"a"}),
    "calls.network.redirects": 9,
    "calls.network.max_bytes": 9,
    "calls.network.failures": 9,
    "calls.network.path_slashes": ("a/*",),
    "calls.network.pause": 9.0,
    "calls.hosts": {"a": "http://127.0.0.1:9"},
    "calls.apis": "http://127.0.0.1:9",
    "calls.replay": "cassettes",
    "calls.wrappers": (lambda execute: execute,),
    "calls.backends": {"a": int},
}
"""Another value than the default, by each field that decides a result."""
SPECIAL = {"cascade", "prices"}  # which decide where there are two models, or a budget of money


def _with(settings: RunSettings, path: str, value: Any) -> RunSettings:
    def put(record: Any, names: list[str]) -> Any:
        inner = value if len(names) == 1 else put(getattr(record, names[0]), names[1:])
        return replace(record, **{names[0]: inner})

    return cast(RunSettings, put(settings, path.split(".")))


def test_every_field_says_whether_it_decides_a_result() -> None:
    said = declared(RunSettings)
    assert {name for name, decides in said.items() if decides} == OTHER.keys() | SPECIAL
    passing = {name for name, decides in said.items() if not decides}
    assert passing == {
        "catalog",
        "in_flight",
        "calls.trusted",
        "calls.record",
        "calls.network.limits",
    }


@pytest.mark.parametrize("field", OTHER)
def test_another_value_that_decides_is_another_key(field: str) -> None:
    base = RunSettings()
    assert codec.digest(_with(base, field, OTHER[field]).key()) != codec.digest(base.key())


def test_what_decides_nothing_is_not_in_the_key() -> None:
    base = RunSettings()
    same = base.changed(in_flight=9, catalog="elsewhere", trusted=frozenset({"m"}), record="tapes")
    assert same.key() == base.key()
    assert base.changed(prices={"m": (1.0, 2.0)}).key() == base.key()
    money = base.changed(budget=Budget(money=1.0))
    assert money.changed(prices={"m": (1.0, 2.0)}).key() != money.key()
    assert base.changed(strong="a", cascade="planact").key() != base.changed(strong="a").key()


@pytest.mark.parametrize("field", OTHER)
def test_a_journal_gives_back_what_it_was_given(field: str) -> None:
    changed = _with(RunSettings(), field, OTHER[field])
    read = from_journal(RunSettings, codec.loads(codec.dumps(to_journal(changed))))
    objects = {
        "count_tokens",
        "retrieve",
        "rerank",
        "memory",
        "examples",
        "response_format",
        "calls.policy.approve",
        "calls.hosts",
    }
    objects |= {"calls.replay", "calls.wrappers", "calls.backends"}
    assert (read == changed) is (field not in objects)


def test_options_of_an_agent_are_the_fields_of_the_records() -> None:
    own = {one.name for one in fields(RunSettings)} - {
        "planner",
        "model",
        "strong",
        "catalog",
        "calls",
    }
    assert RunOptions.__annotations__.keys() == own | {one.name for one in fields(CallSettings)}


def test_no_function_takes_more_than_ten_parameters_but_commands() -> None:
    many = []
    for module in pkgutil.walk_packages(toolgrove.__path__, "toolgrove."):
        if module.name.startswith("toolgrove.cli") or module.name.endswith("__main__"):
            continue
        try:
            found = vars(import_module(module.name)).values()
        except ImportError:  # of an extra that is not installed
            continue
        functions = [one for one in found if inspect.isfunction(one)]
        classes = [one for one in found if inspect.isclass(one)]
        functions += [f for one in classes for f in vars(one).values() if inspect.isfunction(f)]
        many += [
            f"{f.__module__}.{f.__qualname__}"
            for f in functions
            if f.__module__ == module.name
            and not (f.__name__ == "__init__" and f.__code__.co_filename == "<string>")
            and len([name for name in inspect.signature(f).parameters if name != "self"]) > 10
        ]
    assert not many


def test_an_option_that_is_no_setting_is_told() -> None:
    with pytest.raises(TypeError, match="widht"):
        Agent(model=ScriptedModel(), widht=3)  # type: ignore[call-arg]  # what is tested


def test_a_password_in_a_models_address_is_in_no_journal_and_no_key() -> None:
    name = "openai-compatible:http://me:hunter22@127.0.0.1:1/v1#m"
    agent = Agent(model=name)
    assert "hunter22" not in f"{agent.key()} {agent.settings.to_journal()}"
    assert public_name(f"record:a.jsonl:{name}").startswith("record:a.jsonl:openai-compatible:")


def double(x: int) -> int:
    """Double a number."""
    return 2 * x


def _agent(model: BaseChatModel | None = None, **options: Any) -> Agent:
    replies = [call("double", x=21), finish("42")]
    return Agent(model=model or ScriptedModel(replies=replies), tools=[double], **options)


def test_the_sampling_of_a_model_is_in_the_key() -> None:
    cold, warm = (
        OpenAICompatibleChatModel(base_url="http://127.0.0.1:1/v1", temperature=t) for t in (0, 1)
    )
    assert sampling_of(cold) != sampling_of(warm)
    assert _agent(cold).key() != _agent(warm).key()
    other = OpenAICompatibleChatModel(base_url="http://127.0.0.1:2/v1", temperature=0)
    assert _agent(cold).key() != _agent(other).key()


async def test_a_dry_run_does_not_get_the_real_runs_results(tmp_path: Path) -> None:
    task = Task("1", "What is 21 doubled?", tools=(_agent().registry.ids()[0],))
    for policy in (Policy(), Policy(dry_run=True), Policy(read_only=True)):
        model = ScriptedModel(replies=[call("double", x=21), finish("42")])
        await Evaluation(_agent(model, policy=policy)).run([task], tmp_path)
        assert len(model.asked) == 2, "it was really run"


def _dies(messages: list[BaseMessage]) -> Any:
    if len(messages) > 2:
        raise ConnectionError("gone")
    return call("double", x=21)


async def test_a_run_goes_on_from_python(tmp_path: Path) -> None:
    broken = _agent(ScriptedModel(script=_dies), runs=tmp_path)
    with pytest.raises(toolgrove.errors.ModelError):  # type: ignore[attr-defined]  # lazily there
        await broken.ainvoke("What is 21 doubled?")
    [run] = list(tmp_path.glob("*"))  # noqa: ASYNC240 - a test
    outcome = await _agent(ScriptedModel(replies=[finish("42")])).aresume(str(run))
    assert (outcome.answer, outcome.run) == ("42", run)
    assert read_run(run).ended == "answered"
    again = await _agent(ScriptedModel()).aresume(run)
    assert again.answer == "42", "a run that has ended is not paid for again"


def test_a_sync_caller_can_go_on_and_a_path_may_be_a_text(tmp_path: Path) -> None:
    task = Task("1", "What is 21 doubled?")
    tree = asyncio.run(_agent().solve(task, str(tmp_path / "r")))
    assert tree.answer == "42"
    assert _agent().resume(tmp_path / "r").answer == "42"


async def test_promise_8_another_task_planner_or_sampling_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "r"
    await _agent().solve(Task("1", "What is 21 doubled?"), run)
    with pytest.raises(ResumeMismatch, match="task"):
        await _agent().solve(Task("2", "What?"), run)
    with pytest.raises(ResumeMismatch, match="planner"):
        await _agent(planner="react").aresume(run)
    with pytest.raises(ResumeMismatch, match="window"):
        await _agent(context_tokens=5000).aresume(run)


async def test_going_on_from_python_lifts_no_restriction_of_the_run(tmp_path: Path) -> None:
    run = tmp_path / "r"
    calls: list[int] = []

    def noted(x: int) -> int:
        """Note a number."""
        calls.append(x)
        return x

    def agent(model: ScriptedModel, policy: Policy) -> Agent:
        return Agent(model=model, tools=[noted], policy=policy)

    first = agent(ScriptedModel(script=_dies_noting), Policy(allow=("other/*",)))
    with pytest.raises(toolgrove.errors.ModelError):  # type: ignore[attr-defined]  # lazily there
        await first.solve(Task("1", "Note."), run)
    model = ScriptedModel(replies=[call("noted", x=2), finish("done")])
    await agent(model, Policy(allow=("*",))).aresume(run)
    assert calls == []


def _dies_noting(messages: list[BaseMessage]) -> Any:
    if len(messages) > 2:
        raise ConnectionError("gone")
    return call("noted", x=1)


def test_settings_of_another_version_are_an_error_that_says_so() -> None:
    with pytest.raises(JournalError, match=r"runs/x: the settings .* cannot be read"):
        RunSettings.from_journal({"settings": {"budget": {"model_calls": "many"}}}, "runs/x")
    with pytest.raises(JournalError, match="runs/x"):
        RunSettings.from_journal({}, "runs/x")


def test_a_run_of_objects_says_where_to_go_on() -> None:
    with pytest.raises(UsageError, match="resume"):
        RunSettings().named("runs/x")


def test_private_hosts_and_k_are_kept() -> None:
    network = Network(AddressPolicy(private=True, hosts=frozenset({"a:1"})))
    began = RunSettings(k=3).changed(network=network)
    read = RunSettings.from_journal({"settings": began.to_journal()}, "r")
    assert (read.k, read.calls.network.addresses) == (3, network.addresses)


async def test_retrieval_and_the_planner_can_be_objects() -> None:
    from toolgrove.planners.registry import parse_planner
    from toolgrove.tools.registry import Registry

    with Registry() as registry:
        spec = registry.add_function(double)
    asked: list[tuple[str, int]] = []

    def retrieve(query: str, k: int) -> list[Any]:
        asked.append((query, k))
        return [spec]

    model = ScriptedModel(replies=[finish("42")] * 2)
    agent = Agent(model=model, retrieve=retrieve, planner=parse_planner("react:depth=3"), k=2)
    for _ in range(2):
        assert (await agent.ainvoke("Double it.")).answer == "42"
    assert asked == [("Double it.", 2)] * 2
    assert agent.planner.startswith("react:depth=3")
