"""Secrets of one run are in nothing that is told of it, whoever listens and however (13)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool as langchain_tool
from pydantic import BaseModel

from support.secret_forms import VALUE, forms
from support.streaming import PiecewiseModel
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.events import RunEnded
from toolgrove.data.scrubbing import scrubbed_value
from toolgrove.tools.python.effect import tool
from toolgrove.tools.secrets import SecretStore

FORMS = "\n".join(forms(VALUE).values())
SECRETS = {"key": (VALUE, "https://api.example")}


@tool(effect="read")
def python_says(word: str) -> str:
    """Say it."""
    return FORMS


@langchain_tool
def langchain_says(word: str) -> str:
    """Say it."""
    return FORMS


@langchain_tool
def langchain_fails(word: str) -> str:
    """Fail."""
    raise ValueError(FORMS)


@tool(effect="read")
async def hands_on(word: str, config: RunnableConfig) -> str:
    """Say it in a chain."""
    said: str = await RunnableLambda(lambda text: text + FORMS).ainvoke(word, config)
    return said


TOOLS = [python_says, langchain_says, langchain_fails, hands_on]
NAMES = ["python_says", "langchain_says", "langchain_fails", "hands_on"]


def agent() -> Agent:
    """Its tools tell every form of the secret, and so does its model."""
    said: list[Any] = [call(name, f"I know {FORMS}.", word=FORMS) for name in NAMES]
    model = ScriptedModel(replies=[*said, finish(f"All is {FORMS}.")])
    return Agent(model=model, tools=TOOLS, planner="react")


class Ear(BaseCallbackHandler):
    """Keeps all that LangChain tells."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def keep(self, *args: Any, **kwargs: Any) -> None:
        self.heard.append((args, kwargs))

    on_chain_start = on_chain_end = on_chain_error = on_tool_start = on_tool_end = keep
    on_chat_model_start = on_llm_end = on_llm_error = on_tool_error = on_llm_new_token = keep


class AsyncEar(AsyncCallbackHandler):
    """The same, awaited."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def keep(self, *args: Any, **kwargs: Any) -> None:
        self.heard.append((args, kwargs))

    on_chain_start = on_chain_end = on_chain_error = on_tool_start = on_tool_end = keep
    on_chat_model_start = on_llm_end = on_llm_error = on_tool_error = on_llm_new_token = keep


async def by_stream(made: Agent, request: str) -> list[Any]:
    return list(made.stream(request, secrets=SECRETS))


async def by_astream(made: Agent, request: str) -> list[Any]:
    return [event async for event in made.astream(request, secrets=SECRETS)]


async def by_astream_events(made: Agent, request: str) -> list[Any]:
    events: AsyncIterator[Any] = made.astream_events(request, version="v2", secrets=SECRETS)
    return [event async for event in events]


async def by_callbacks(made: Agent, request: str) -> list[Any]:
    one, other = Ear(), AsyncEar()
    await made.ainvoke(request, {"callbacks": [one, other]}, secrets=SECRETS)
    assert len(one.heard) == len(other.heard) > 10
    return [*one.heard, *other.heard]


async def by_listener(made: Agent, request: str) -> list[Any]:
    heard: list[Any] = []

    async def hear(event: Any) -> None:
        heard.append(event)

    made.listeners.append(hear)
    await made.ainvoke(request, {"metadata": {VALUE: VALUE}, "run_name": VALUE}, secrets=SECRETS)
    return heard


async def by_spans(made: Agent, request: str) -> list[Any]:
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
    pytest.importorskip("openinference.semconv", reason="needs the extra otel")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from toolgrove.agent.otel import instrument

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    end = instrument(made, tracer_provider=provider, content=True)
    await made.ainvoke(request, secrets=SECRETS)
    end()
    return [span.to_json() for span in exporter.get_finished_spans()]


WAYS = [by_stream, by_astream, by_astream_events, by_callbacks, by_listener, by_spans]
SECRET = SecretStore({"TOOLGROVE_SECRET_KEY": VALUE})


@pytest.mark.parametrize("way", WAYS)
async def test_promise_13_no_form_of_a_runs_secret_is_told(
    way: Callable[[Agent, str], Any],
) -> None:
    told = await way(agent(), f"Is it {FORMS}?")
    for one in told:
        shown = one if isinstance(one, str) else repr(one)
        assert SECRET.scrub(shown) == shown
    assert "[secret KEY]" in repr(told)


async def test_promise_13_nor_by_an_agent_that_is_a_tool_of_the_runs() -> None:
    inner = Agent(
        model=ScriptedModel(replies=[finish(f"It is {VALUE}.")]), tools=[python_says]
    ).as_tool(name="inner")
    model = ScriptedModel(replies=[finish("Done.")])
    outer = Agent(model=model, tools=[inner], planner="react")
    [alias] = outer.registry.offer(outer.registry.ids()).aliases
    model.replies.insert(0, call(alias, request="?"))
    ear = Ear()
    config: RunnableConfig = {"callbacks": [ear]}
    told = [event async for event in outer.astream("?", config, secrets=SECRETS)]
    assert sum(isinstance(event, RunEnded) for event in told) == 2
    assert SECRET.scrub(repr(told)) == repr(told)
    assert SECRET.scrub(repr(ear.heard)) == repr(ear.heard)


class Door(BaseModel):
    key: str
    spare: list[str] = []


class House(BaseModel):
    door: Door


async def test_promise_13_nor_in_a_typed_answer() -> None:
    said = json.dumps({"door": {"key": VALUE, "spare": [VALUE]}})
    made = Agent(
        model=ScriptedModel(replies=[finish(said)]),
        tools=[python_says],
        planner="react",
        response_format=House,
    )
    *_, last = [event async for event in made.astream("?", secrets=SECRETS)]
    assert isinstance(last, RunEnded)
    assert last.outcome is not None
    clean = "[secret KEY]"
    assert last.outcome.value == House(door=Door(key=clean, spare=[clean]))


class Pair(NamedTuple):
    one: str
    other: str


class Plain:
    def __repr__(self) -> str:
        return "<k-1>"


def test_promise_13_values_of_every_kind_are_scrubbed() -> None:
    def scrub(text: str) -> str:
        return text.replace("k-1", "*")

    error = ValueError("k-1")
    error.__cause__ = KeyError("k-1")
    given = [Pair("k-1", "b"), {"k-1"}, frozenset({"k-1"}), b"a k-1", Plain(), Door(key="k-1")]
    clean = scrubbed_value(given, scrub)
    assert clean == [Pair("*", "b"), {"*"}, frozenset({"*"}), b"a *", "<*>", Door(key="*")]
    told = scrubbed_value(error, scrub)
    assert (str(told), told.__cause__) == ("ValueError: *", None)
    same = ValueError("b")
    assert scrubbed_value(same, scrub) is same


async def test_promise_13_nor_in_pieces_to_callbacks() -> None:
    said = [call("double", "It is k-12345678, or k-1", x="k-12345678"), finish("k-12345678 k-1")]
    made = Agent(model=PiecewiseModel(replies=said), tools=[python_says], planner="react")
    secrets = {"key": "k-12345678"}
    texts: list[str] = []
    args: list[str] = []

    class Pieces(AsyncCallbackHandler):
        async def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:
            texts.append(token)
            assert chunk.message.content == token
            args.extend(one["args"] or "" for one in chunk.message.tool_call_chunks)

        def tap_output_iter(self, run_id: Any, output: Any) -> Any:
            return output

        def tap_output_aiter(self, run_id: Any, output: Any) -> Any:
            return output

    await made.ainvoke("?", {"callbacks": [Pieces()]}, secrets=secrets)
    assert "".join(texts) == "It is [secret KEY], or k-1"
    assert "".join(args).startswith('{"x": "[secret KEY]"}')
    assert "".join(args).count("[secret KEY]") == 2
    assert "12345678" not in "".join(args)
    assert " k-1" in "".join(args)
    streamed = Agent(model=PiecewiseModel(replies=said), tools=[python_says], planner="react")
    told = [e async for e in streamed.astream_events("?", version="v2", secrets=secrets)]
    chunks = [e["data"]["chunk"] for e in told if e["event"] == "on_chat_model_stream"]
    assert "".join(chunk.text for chunk in chunks) == "It is [secret KEY], or k-1"
