"""One malformed tool harms no other (promise 30): odd rows, addresses, texts and backends."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from support.bench import Bench
from toolgrove import Agent
from toolgrove.agent.hosting import hosted_agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data import codec
from toolgrove.data.records import Effect, Observation, Status, Task, ToolCall, ToolSpec
from toolgrove.errors import CatalogError
from toolgrove.tools.calls.backends import Backend, BackendContext
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.registry import Registry

GOOD = ToolSpec("A/t/good", "A", "t", "good", binding={"kind": "none"})


def http(url: Any, **binding: Any) -> ToolSpec:
    parameters = {"type": "object", "properties": {"x": {"type": "string"}}}
    given = {"kind": "http", "method": "GET", "url": url, "in": {"x": "query"}, **binding}
    return ToolSpec("C/t/a", "C", "t", "a", parameters=parameters, binding=given)


def row(**changed: Any) -> bytes:
    fields = codec.to_json(http("https://a.example/x")) | changed
    return json.dumps(fields).encode()


ROWS = {
    "a list": b"[1, 2]",
    "null": b"null",
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "no fields": b'{"id": "C/t/a"}',
    "another field": row(evil=1),
    "another id": row(id="Z/z/z"),
    "an effect that is none": row(effect="destroy"),
    "an effect that is a list": row(effect=["read"]),
    "a name that is null": row(name=None),
    "a description that is a number": row(description=7),
    "parameters that are a text": row(parameters="x"),
    "a binding that is a list": row(binding=[1]),
    "half a character": row(description="\ud800"),
    "nested too deep": row(parameters=json.loads("[" * 300 + "]" * 300)),
    "nested without end": b'{"id":' + b"[" * 100_000,
}


def spoiled(folder: Path, body: bytes) -> None:
    with Registry.open(folder) as registry:
        registry.add([http("https://a.example/x"), GOOD])
    db = sqlite3.connect(folder / "registry.sqlite")
    db.execute("UPDATE specs SET body = ? WHERE id = 'C/t/a'", (body,))
    db.commit()
    db.close()


@pytest.mark.parametrize("kind", ROWS)
def test_promise_30_a_row_that_is_no_tool_is_told_and_loses_no_other(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spoiled(tmp_path, ROWS[kind])
    with Registry.open(tmp_path) as registry:
        assert list(registry) == [GOOD]
        assert "C/t/a: its row is damaged" in caplog.text
        assert registry.find("C/t/a") is None
        with pytest.raises(CatalogError, match=r"C/t/a: its row is damaged .* Index its source"):
            registry.get("C/t/a")
        registry.add([http("https://a.example/x")])
        assert len(list(registry)) == 2


SPECS = {
    "an address without its bracket": http("http://[::1/x"),
    "a name that is no IDNA": http("http://xn--/"),
    "a name that is too long": http(f"http://{'a' * 300}.example/"),
    "a port that is none": http("http://a.example:99999999/x"),
    "a port that is a word": http("http://a.example:port/x"),
    "a URL that is a number": http(5),
    "a URL with half a character": http("https://a.example/\ud800"),
    "a URL with a line break": http("https://a.example/\n\x00x"),
    "a method that is a number": http("https://a.example/x", method=7),
    "a method with a blank": http("https://a.example/x", method="GET /x HTTP/1.1\r\n"),
    "places that are a list": http("https://a.example/x", **{"in": [1]}),
    "security that is a number": http("https://a.example/x", security=5),
    "security that lists numbers": http("https://a.example/x", security=[[5]]),
    "a kind that is a list": http("https://a.example/x", kind=["http"]),
    "no kind": http("https://a.example/x", kind=None),
    "an MCP server that is none": http("x", kind="mcp", server=5, address=[]),
    "a function that is none": http("x", kind="python", source=5),
    "a LangChain tool that is none": http("x", kind="langchain", source=[]),
    "headers that are a list": http("https://a.example/x", headers=[1], query=7, body=[]),
    "answers that are a number": http("https://a.example/x", answers=5, idempotency=7),
}


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("dry_run", [False, True])
def test_promise_30_a_malformed_tool_is_an_observation_and_the_others_work(
    kind: str, dry_run: bool, tmp_path: Path
) -> None:
    bench = Bench()
    bench.registry.add([SPECS[kind]])
    model = ScriptedModel(replies=[call("a_for_t", x="1"), call("add", a=1, b=2), finish("3")])
    agent = Agent(model=model, planner="react", policy=Policy(dry_run=dry_run), timeout=5.0)
    agent.registry = bench.registry
    with hosted_agent(agent, Task("t", "What is it?")) as served:
        outcome = served.invoke("What is it?")
    bad, good, _ = [o for node in outcome.tree for o in node.observations]
    assert bad.status is not Status.OK
    assert good.status is (Status.PREVIEWED if dry_run else Status.OK)
    assert outcome.answer == "3"


def test_half_a_character_is_written_whole(tmp_path: Path) -> None:
    with Registry.open(tmp_path) as registry:
        registry.add([http("https://a.example/\ud800", note="caf\u00e9 \ud83d\ude00 \udfff")])
        [spec] = registry
        assert spec.binding["url"] == "https://a.example/?"
        assert registry.digest(spec.id) == codec.digest(spec)
        codec.dumps(spec).decode()


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError(), OSError(5, "x"), KeyError(1)])
async def test_promise_30_what_a_backend_raises_is_an_observation(
    effect: Effect, error: Exception
) -> None:
    async def raises(call: ToolCall) -> Observation:
        raise error

    def broken(context: BackendContext, /) -> Backend:
        return Backend(raises)

    with Registry() as registry:
        registry.add([ToolSpec("C/t/a", "C", "t", "a", effect=effect, binding={"kind": "odd"})])
        async with build_stack(registry, CallSettings(backends={"odd": broken})) as execute:
            found = await execute(ToolCall("c", "C/t/a", {}))
    assert found.status is (Status.IN_DOUBT if effect is Effect.WRITE else Status.NOT_WORKING)
    assert type(error).__name__ in found.content
