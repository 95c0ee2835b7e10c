"""A run is one trace of OpenTelemetry, parented right, by the names of the conventions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.agent.otel import instrument
from toolgrove.data.records import Reference, Task, ToolSpec
from toolgrove.errors import ModelError
from toolgrove.tools.python.effect import tool

pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
pytest.importorskip("openinference.semconv", reason="needs the extra otel")
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
    InMemorySpanExporter,
)

SECRET = "k-12345678"


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


@tool(effect="read")
def broken(x: int) -> int:
    """Fail."""
    raise ValueError("no luck")


class Traced:
    """A provider and what it was given."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def tree(self) -> list[Any]:
        """The spans as nested lists: a name, then what is below it."""

        def below(parent: int | None) -> list[Any]:
            found = [
                span
                for span in self.spans
                if (span.parent.span_id if span.parent else None) == parent
            ]
            found.sort(key=lambda span: span.start_time or 0)
            return [[span.name, *below(span.context.span_id)] for span in found]

        return below(None)


@pytest.fixture
def traced() -> Traced:
    return Traced()


def dfsdt(**more: Any) -> Agent:
    replies = [give_up("no idea"), call("double", x=21), finish("42")]
    model = ScriptedModel(replies=replies)
    return Agent(model=model, tools=[double, broken], planner="dfsdt:width=2", **more)


def dag() -> Agent:
    plan = AIMessage("1. double(x=2)\n2. double(x=3)\n3. join()")
    model = ScriptedModel(replies=[plan, AIMessage("Action: Finish(4 and 6)")])
    return Agent(model=model, tools=[double], planner="dag")


CHAT = ["chat scripted"]
DFSDT_TREE = [
    [
        "invoke_agent Agent",
        ["step plain", CHAT],
        ["step diversity", CHAT, ["execute_tool double"]],
        ["step plain", CHAT],
    ]
]
CALLED = ["execute_tool double"]
DAG_TREE = [["invoke_agent Agent", ["step plan", CHAT, CALLED, CALLED], ["step join", CHAT]]]


async def test_a_search_is_one_trace_parented_right(traced: Traced) -> None:
    agent = dfsdt()
    instrument(agent, tracer_provider=traced.provider)
    await agent.ainvoke("What is 21 doubled?")
    assert traced.tree() == DFSDT_TREE
    assert len({span.context.trace_id for span in traced.spans}) == 1


async def test_a_plan_is_one_trace_parented_right(traced: Traced) -> None:
    agent = dag()
    instrument(agent, tracer_provider=traced.provider)
    await agent.ainvoke("Double 2 and 3.")
    assert traced.tree() == DAG_TREE
    assert len({span.context.trace_id for span in traced.spans}) == 1


async def test_the_branches_of_a_search_are_links(traced: Traced) -> None:
    agent = dfsdt()
    instrument(agent, tracer_provider=traced.provider)
    await agent.ainvoke("What is 21 doubled?")
    steps = {span.context.span_id: span for span in traced.spans if span.name.startswith("step")}
    linked = {
        span.attributes["graph.node.id"]: [
            steps[link.context.span_id].attributes["graph.node.id"] for link in span.links
        ]
        for span in steps.values()
    }
    after = {
        span.attributes["graph.node.id"]: span.attributes["graph.node.parent_id"]
        for span in steps.values()
    }
    assert linked == {node: [] if above == "root" else [above] for node, above in after.items()}
    states = [span.attributes["toolgrove.node.state"] for span in steps.values()]
    assert sorted(states) == ["answered", "gave_up", "open"]


async def test_the_attributes_are_those_of_the_conventions(traced: Traced) -> None:
    agent = dfsdt()
    instrument(agent, tracer_provider=traced.provider)
    await agent.ainvoke("What is 21 doubled?", {"run_name": "mine", "tags": ["night"]})
    [run] = traced.named("invoke_agent mine")
    assert run.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert run.attributes["openinference.span.kind"] == "AGENT"
    assert run.attributes["tag.tags"] == ("night",)
    chat = traced.named("chat scripted")[0]
    assert chat.attributes["gen_ai.operation.name"] == "chat"
    assert chat.attributes["gen_ai.request.model"] == "scripted"
    assert chat.attributes["gen_ai.usage.input_tokens"] > 0
    assert chat.attributes["llm.token_count.prompt"] > 0
    assert chat.attributes["openinference.span.kind"] == "LLM"
    [called] = traced.named("execute_tool double")
    assert called.attributes["gen_ai.operation.name"] == "execute_tool"
    assert called.attributes["gen_ai.tool.name"] == "double"
    assert called.attributes["gen_ai.tool.call.id"].startswith("call_")
    assert called.attributes["gen_ai.tool.type"] == "function"
    assert called.attributes["openinference.span.kind"] == "TOOL"


async def test_content_is_left_out(traced: Traced) -> None:
    agent = dfsdt()
    instrument(agent, tracer_provider=traced.provider)
    await agent.ainvoke("What is 21 doubled?")
    told = " ".join(span.to_json() for span in traced.spans)
    assert "What is 21" not in told
    assert "gen_ai.input.messages" not in told
    assert '{\\"x\\":21}' not in told


@pytest.mark.parametrize("asked", ["argument", "environment"])
async def test_content_is_there_where_it_is_asked_for(
    asked: str, traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    if asked == "environment":
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    agent = dfsdt()
    instrument(
        agent, tracer_provider=traced.provider, content=True if asked == "argument" else None
    )
    await agent.ainvoke("What is 21 doubled?")
    [run] = traced.named("invoke_agent Agent")
    assert run.attributes["input.value"] == "What is 21 doubled?"
    assert run.attributes["output.value"] == "42"
    chat = traced.named("chat scripted")[1]
    asked_for = json.loads(chat.attributes["gen_ai.output.messages"])
    assert asked_for[0]["parts"][0]["name"] == "double"
    assert chat.attributes["llm.input_messages.0.message.role"] == "system"
    [called] = traced.named("execute_tool double")
    assert called.attributes["gen_ai.tool.call.arguments"] == '{"x":21}'
    assert called.attributes["gen_ai.tool.call.result"] == "42"


async def test_no_span_holds_a_secret(traced: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLGROVE_SECRET_KEY", SECRET)
    replies = [call("double", f"I use {SECRET}", x=1), finish(f"It is {SECRET}.")]
    agent = Agent(model=ScriptedModel(replies=replies), tools=[double], planner="react")
    instrument(agent, tracer_provider=traced.provider, content=True)
    await agent.ainvoke(f"Is it {SECRET}?", {"metadata": {"key": SECRET}})
    told = " ".join(span.to_json() for span in traced.spans)
    assert SECRET not in told
    assert "[secret KEY]" in told


async def test_what_failed_is_marked(traced: Traced) -> None:
    agent = Agent(
        model=ScriptedModel(replies=[call("broken", x=1)]), tools=[broken], planner="react"
    )
    instrument(agent, tracer_provider=traced.provider)
    with pytest.raises(ModelError):
        await agent.ainvoke("?")
    [failed] = traced.named("execute_tool broken")
    assert failed.attributes["error.type"] == "error_in_message"
    [run] = traced.named("invoke_agent Agent")
    assert (run.attributes["error.type"], run.status.is_ok) == ("ModelError", False)
    assert not traced.named("chat scripted")[-1].status.is_ok
    assert not any(span.end_time is None for span in traced.spans)


async def test_steps_made_ahead_are_in_the_trace_too(traced: Traced) -> None:
    replies = [give_up(), give_up(), finish("x")]
    model = ScriptedModel(script=lambda messages: replies[min(2, len(messages) - 2)])
    agent = Agent(model=model, tools=[double], planner="dfsdt:width=3", in_flight=3)
    instrument(agent, tracer_provider=traced.provider)
    await agent.ainvoke("?")
    [[root, *steps]] = traced.tree()
    assert root == "invoke_agent Agent"
    assert all(step[0].startswith("step ") for step in steps)


async def test_retrieval_is_a_span(traced: Traced) -> None:
    found = ToolSpec("a/b/c", "a", "b", "c", "A tool.", binding={"kind": "nothing"})
    agent = Agent(
        model=ScriptedModel(replies=[finish("x")]), retrieve=lambda query, k: [found], k=7
    )
    instrument(agent, tracer_provider=traced.provider, content=True)
    await agent.ainvoke("What?")
    [span] = traced.named("retrieval tools")
    assert span.attributes["gen_ai.retrieval.query.text"] == "What?"
    assert span.attributes["gen_ai.retrieval.top_k"] == 7
    assert json.loads(span.attributes["gen_ai.retrieval.documents"]) == [{"id": "a/b/c"}]
    assert span.attributes["retrieval.documents.0.document.content"] == "A tool."


async def test_scores_hang_below_the_run_that_they_judge(traced: Traced, tmp_path: Path) -> None:
    model = ScriptedModel(script=lambda messages: finish("42"))
    agent = Agent(model=model, tools=[double], planner="react")
    instrument(agent, tracer_provider=traced.provider)
    tools = tuple(spec.id for spec in agent.registry)
    tasks = [
        Task(name, f"{name}?", tools, reference=Reference("number", value))
        for name, value in (("right", 42), ("wrong", 7))
    ]
    await Evaluation(agent, evaluators=["answer"]).run(tasks, tmp_path, concurrency=2)
    runs = {span.context.span_id: span for span in traced.named("invoke_agent Agent")}
    scores = [span for span in traced.spans if span.name.startswith("evaluation answer/")]
    assert len(scores) == 2
    values = {}
    for span in scores:
        assert span.parent is not None
        run = runs[span.parent.span_id]
        assert span.context.trace_id == run.context.trace_id
        values[run.attributes["toolgrove.task.id"]] = span.attributes[
            "gen_ai.evaluation.score.value"
        ]
        [event] = span.events
        assert event.name == "gen_ai.evaluation.result"
    assert values == {"right": 1.0, "wrong": 0.0}


async def test_in_a_trace_that_is_under_way_a_run_is_a_part_of_it(traced: Traced) -> None:
    agent = dag()
    instrument(agent, tracer_provider=traced.provider)
    with traced.provider.get_tracer("mine").start_as_current_span("request"):
        await agent.ainvoke("Double 2 and 3.")
    assert traced.tree() == [["request", *DAG_TREE]]


async def test_a_span_made_inside_a_tool_hangs_below_its_call(traced: Traced) -> None:
    tracer = traced.provider.get_tracer("mine")

    @tool(effect="read")
    def look(x: int) -> int:
        """Look."""
        with tracer.start_as_current_span("looking"):
            return x

    model = ScriptedModel(replies=[call("look", x=1), finish("x")])
    agent = Agent(model=model, tools=[look], planner="react")
    instrument(agent, tracer_provider=traced.provider)
    await agent.ainvoke("?")
    [[_, first, _]] = traced.tree()
    assert first == ["step plain", CHAT, ["execute_tool look", ["looking"]]]


async def test_it_can_be_for_every_agent_and_ended(traced: Traced) -> None:
    end = instrument(tracer_provider=traced.provider)
    await dag().ainvoke("Double 2 and 3.")
    end()
    await dag().ainvoke("Double 2 and 3.")
    assert traced.tree() == DAG_TREE


async def test_a_trace_that_cannot_be_made_ends_no_run(
    traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any) -> Any:
        raise ValueError("no span")

    agent = dfsdt()
    instrument(agent, tracer_provider=traced.provider)
    monkeypatch.setattr("toolgrove.agent.otel.said_by", fails)
    assert (await agent.ainvoke("?")).answer == "42"


class Receiver:
    """A receiver of OTLP over HTTP on this machine."""

    def __init__(self) -> None:
        bodies: list[bytes] = []
        self.bodies = bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/x-protobuf"
                if self.headers.get("Content-Encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                bodies.append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def spans(self) -> list[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


@pytest.mark.parametrize(("make", "tree"), [(dfsdt, DFSDT_TREE), (dag, DAG_TREE)])
async def test_over_otlp_a_run_arrives_as_one_trace(
    make: Any, tree: list[Any], receiver: Receiver
) -> None:
    otlp = pytest.importorskip(
        "opentelemetry.exporter.otlp.proto.http.trace_exporter", reason="needs the extra otel"
    )
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(otlp.OTLPSpanExporter(receiver.url)))
    agent = make()
    instrument(agent, tracer_provider=provider)
    await agent.ainvoke("What is it?")
    provider.shutdown()
    spans = sorted(receiver.spans(), key=lambda span: span.start_time_unix_nano)
    assert len({span.trace_id for span in spans}) == 1

    def below(parent: bytes) -> list[Any]:
        return [[s.name, *below(s.span_id)] for s in spans if s.parent_span_id == parent]

    assert below(b"") == tree
    if make is dfsdt:
        ids = {span.span_id for span in spans}
        links = [link for span in spans for link in span.links]
        assert len(links) == 1
        assert links[0].span_id in ids
