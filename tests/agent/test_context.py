"""A run's context reaches the tools that ask for it, and nobody else; its secrets are its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import InjectedToolArg
from langchain_core.tools import tool as langchain_tool

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import Status
from toolgrove.data.runs import read_tree
from toolgrove.errors import ModelError
from toolgrove.tools.python.effect import tool
from toolgrove.tools.python.function import function_spec
from toolgrove.tools.scope import FromRun

HIDDEN = "token-9f8e7d6c5b4a"


@dataclass
class Ctx:
    user: str
    token: str = HIDDEN


@tool(effect="read")
def greet(word: str, ctx: Annotated[Ctx, FromRun]) -> str:
    """Greet whoever asks."""
    assert ctx.token == HIDDEN
    return f"{word}, {ctx.user}"


@tool(effect="read")
async def later(word: str, *, ctx: Annotated[Ctx, FromRun()], config: RunnableConfig) -> str:
    """Greet with the config's word."""
    return f"{config['configurable']['lead']} {word}, {ctx.user}"


@tool(effect="read")
def either(word: str, ctx: Annotated[Ctx | None, FromRun] = None) -> str:
    """Greet, with or without."""
    return word if ctx is None else f"{word}, {ctx.user}"


class InjectedState(InjectedToolArg):
    """As LangGraph has it."""

    def __init__(self, field: str | None = None) -> None:
        self.field = field


@langchain_tool
def name_of(
    word: str,
    user: Annotated[str, InjectedToolArg],
    ctx: Annotated[Ctx, InjectedToolArg],
    whose: Annotated[str, InjectedState("user")],
    config: RunnableConfig,
) -> str:
    """Say who asks."""
    lead = config.get("configurable", {}).get("lead", "")
    return f"{lead}{word} {user} {ctx.user} {whose}"


def agent(function: Any, runs: Path | None = None, **options: Any) -> tuple[Agent, str]:
    made = Agent(model=ScriptedModel(), tools=[function], planner="react", runs=runs, **options)
    [name] = made.registry.offer(made.registry.ids()).aliases
    made.chat_models = made.model = ScriptedModel(replies=[call(name, word="Hi"), finish("done")])
    return made, name


def holds(folder: Path, text: str) -> bool:
    """Whether the bytes of any file hold a text."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return any(text.encode() in path.read_bytes() for path in files)


def gave(outcome: Any) -> Any:
    return next(seen for node in outcome.tree for seen in node.observations)


async def test_a_function_gets_the_context_and_the_model_never_hears_of_it(tmp_path: Path) -> None:
    made, _ = agent(greet, tmp_path)
    outcome = await made.ainvoke("Greet me.", context=Ctx("Ada"))
    assert gave(outcome).content == "Hi, Ada"
    assert isinstance(made.model, ScriptedModel)
    assert "ctx" not in str(made.model.offered)
    assert HIDDEN not in str(made.model.asked)
    assert not holds(tmp_path, HIDDEN)


def test_what_the_run_fills_in_is_in_no_schema() -> None:
    for function in (greet, later, either):
        spec = function_spec(function)
        assert list(spec.parameters["properties"]) == ["word"]
        assert spec.parameters.get("required", []) == ["word"]


async def test_an_async_function_gets_context_and_config() -> None:
    made, _ = agent(later)
    config: RunnableConfig = {"configurable": {"lead": "So:"}}
    outcome = await made.ainvoke("Greet me.", config, context=Ctx("Ada"))
    assert gave(outcome).content == "So: Hi, Ada"


async def test_without_a_context_a_function_says_what_it_needs_or_takes_its_default() -> None:
    for context in (None, "another thing"):
        made, _ = agent(greet)
        seen = gave(await made.ainvoke("Greet me.", context=context))
        assert seen.status is Status.NOT_WORKING
        assert "context=" in seen.content
        assert "another thing" not in seen.content
        made, _ = agent(either)
        assert gave(await made.ainvoke("Greet me.", context=context)).content == "Hi"
    made, _ = agent(either)
    assert gave(await made.ainvoke("Greet me.", context=Ctx("Ada"))).content == "Hi, Ada"


@pytest.mark.parametrize("as_mapping", [False, True])
async def test_langchains_injected_arguments_are_filled_from_the_context(
    tmp_path: Path, as_mapping: bool
) -> None:
    made, _ = agent(name_of, tmp_path)
    context: Any = Ctx("Ada")
    if as_mapping:
        context = {"user": "Ada", "ctx": Ctx("Ada")}
    config: RunnableConfig = {"configurable": {"lead": "So: "}}
    outcome = await made.ainvoke("Who?", config, context=context)
    assert gave(outcome).content == "So: Hi Ada Ada Ada"
    assert isinstance(made.model, ScriptedModel)
    [shown] = [one["function"] for one in made.model.offered if one["function"]["name"] != "Finish"]
    assert list(shown["parameters"]["properties"]) == ["word"]
    assert not holds(tmp_path, HIDDEN)


async def test_a_context_that_does_not_fit_a_langchain_tool_is_not_told(tmp_path: Path) -> None:
    for context in (None, {"user": 7, "ctx": HIDDEN}):
        made, _ = agent(name_of, tmp_path)
        seen = gave(await made.ainvoke("Who?", context=context))
        assert seen.status is Status.NOT_WORKING
        assert "context=" in seen.content
        assert HIDDEN not in seen.content


async def test_a_model_cannot_fill_in_what_is_the_runs(tmp_path: Path) -> None:
    for function in (greet, name_of):
        made, name = agent(function)
        replies = [call(name, word="Hi", ctx={"user": "Eve"}, user="Eve"), finish("done")]
        made.chat_models = made.model = ScriptedModel(replies=replies)
        seen = gave(await made.ainvoke("Who?", context=Ctx("Ada")))
        assert seen.status.failed or "Eve" not in seen.content


async def test_runs_at_once_have_a_context_each() -> None:
    made, name = agent(greet)

    def script(messages: Any) -> AIMessage:
        return finish(messages[-1].text) if messages[-1].type == "tool" else call(name, word="Hi")

    made.chat_models = made.model = ScriptedModel(script=script)
    told = await asyncio.gather(*(made.ainvoke("?", context=Ctx(f"u{i}")) for i in range(8)))
    assert told == [f"Hi, u{i}" for i in range(8)]


async def test_a_context_is_given_again_to_a_run_that_goes_on(tmp_path: Path) -> None:
    made, name = agent(greet, tmp_path)

    def dies(messages: Any) -> AIMessage:
        if messages[-1].type == "tool":
            raise ConnectionError("gone")
        return call(name, word="Hi")

    made.chat_models = made.model = ScriptedModel(script=dies)
    with pytest.raises(ModelError):
        await made.ainvoke("Greet me.", context=Ctx("Ada"))
    [run] = list(tmp_path.glob("*"))  # noqa: ASYNC240 - a test
    again, name = agent(greet)
    replies = [call(name, word="Bye"), finish("done")]
    again.chat_models = again.model = ScriptedModel(replies=replies)
    outcome = await again.aresume(run, context=Ctx("Bea"))
    seen = [seen.content for node in outcome.tree for seen in node.observations]
    assert seen == ["Hi, Ada", "Bye, Bea", "answered"]


async def test_a_batch_hands_its_context_to_every_run() -> None:
    made, name = agent(greet)

    def script(messages: Any) -> AIMessage:
        return finish(messages[-1].text) if messages[-1].type == "tool" else call(name, word="Hi")

    made.chat_models = made.model = ScriptedModel(script=script)
    assert await made.abatch(["a", "b"], context=Ctx("Ada")) == ["Hi, Ada"] * 2


async def test_instructions_may_be_made_of_the_context() -> None:
    made, _ = agent(greet, instructions=lambda task, ctx: f"You speak to {ctx.user}.")
    await made.ainvoke("Greet me.", context=Ctx("Ada"))
    assert isinstance(made.model, ScriptedModel)
    assert "You speak to Ada." in made.model.asked[0][0].text


async def test_secrets_of_a_run_are_sent_scrubbed_and_gone_with_it(tmp_path: Path) -> None:
    value = "key-0123456789abcdef"

    @tool(effect="read")
    def leak(word: str) -> str:
        """Say too much."""
        return f"{word}: {value}"

    made, _ = agent(leak, tmp_path)
    outcome = await made.ainvoke("Say.", secrets={"maps": (value, "https://maps.example")})
    assert outcome.run is not None
    assert value not in gave(outcome).content
    assert value.encode() not in (outcome.run / "journal.jsonl").read_bytes()
    assert list(read_tree(outcome.run))
    made, _ = agent(leak)
    assert value in gave(await made.ainvoke("Say.")).content, "the next run has none of them"


def test_a_secret_of_a_run_goes_only_where_it_is_for() -> None:
    from toolgrove.tools.http.serialize import Refused
    from toolgrove.tools.secrets import SecretStore

    store = SecretStore({}).also({"maps": ("key-0123456789", "https://maps.example")})
    assert store.get("MAPS", "https://maps.example:443") == "key-0123456789"
    with pytest.raises(Refused):
        store.get("MAPS", "https://evil.example:443")
    with pytest.raises(Refused):
        SecretStore({}).also({"maps": "key-0123456789"}).get("MAPS", "https://maps.example:443")
