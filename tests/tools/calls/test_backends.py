"""The table of backends: each kind's factory makes what calls its tools, and lets go of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import tool

from toolgrove.data.records import Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls import backends
from toolgrove.tools.calls.backends import BackendContext, backend_factory
from toolgrove.tools.calls.cassette import Recording, Replay
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.registry import Registry

MCP = Path(__file__).parents[2] / "support" / "mcp_server.py"


def double(x: int) -> int:
    """Double a number."""
    return 2 * x


async def made(context: BackendContext, spec: ToolSpec, **arguments: Any) -> Observation:
    """One call, by the backend of the tool's kind, which is closed then."""
    factory = backend_factory(spec.binding["kind"])
    assert factory is not None
    backend = factory(context)
    try:
        return await backend.execute(ToolCall("c", spec.id, arguments))
    finally:
        if backend.close is not None:
            await backend.close()


async def test_python_functions_and_langchain_tools_are_called() -> None:
    registry = Registry()
    specs = [registry.add_function(double), registry.add_langchain(tool("twice")(double))]
    context = BackendContext(registry, CallSettings(), registry.get)
    assert [spec.binding["kind"] for spec in specs] == ["python", "langchain"]
    assert [(await made(context, spec, x=21)).content for spec in specs] == ["42", "42"]


async def test_http_tools_are_called_retried_and_shown(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    faults.answer("/x", reply(b"later", status="503 Busy"), reply(b"there"))
    registry = Registry()
    registry.add([faults.spec()])
    context = BackendContext(registry, CallSettings(hosts=faults.hosts), registry.get)
    factory = backend_factory("http")
    assert factory is not None
    preview = factory(context).preview
    assert preview is not None
    assert "/x" in preview(ToolCall("c", faults.spec().id))
    assert faults.asked == []
    seen = await made(context, faults.spec())
    assert (seen.status, seen.content, seen.attempts) == (Status.OK, "there", 2)


async def test_what_is_recorded_is_replayed_without_a_server(
    faults: Any, reply: Callable[..., bytes], tmp_path: Path
) -> None:
    faults.answer("/x", reply(b"there"))
    registry = Registry()
    registry.add([faults.spec()])
    recording = Recording(tmp_path / "tape.jsonl", lambda text: text)
    live = BackendContext(
        registry, CallSettings(hosts=faults.hosts), registry.get, cassette=recording
    )
    assert (await made(live, faults.spec())).content == "there"
    replay = Replay(tmp_path / "tape.jsonl")
    again = BackendContext(
        registry, CallSettings(hosts=faults.hosts), registry.get, cassette=replay
    )
    assert (await made(again, faults.spec())).content == "there"
    assert len(faults.asked) == 1


async def test_mcp_tools_are_called(tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="needs the extra mcp")
    from toolgrove.tools.mcp.source import load_mcp

    (tmp_path / "state").write_text("")
    address = f"mcp+stdio:{sys.executable} {MCP} stdio {tmp_path / 'state'}"
    specs, _ = await load_mcp(address)
    registry = Registry()
    registry.add(specs)
    add = next(spec for spec in specs if spec.name == "add")
    context = BackendContext(registry, CallSettings(trusted=[address]), registry.get)
    assert (await made(context, add, a=1, b=2)).status is Status.OK


def test_no_binding_asks_for_the_virtual_server_and_an_unknown_kind_has_no_backend() -> None:
    assert backend_factory("virtual") is None
    assert backend_factory("") is None


async def test_a_factory_given_in_python_comes_first() -> None:
    async def say(call: ToolCall) -> Observation:
        return Observation(Status.OK, "mine", 4)

    execute: Execute = say
    given = {"http": lambda context: backends.Backend(execute)}
    factory = backend_factory("http", given)
    assert factory is given["http"]
    assert backend_factory("python", given) is not None


def test_the_table_imports_no_backend() -> None:
    code = (
        "import sys, toolgrove.tools.calls.backends\n"
        "print([m for m in sys.modules if m.endswith('.backend') or m in ('httpx', 'mcp')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
