"""MCP servers that do not keep to the protocol: what is good of them is taken, and they end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from toolgrove.data.records import Observation, Status, ToolCall
from toolgrove.errors import SpecError
from toolgrove.tools.mcp import backend as backend_module
from toolgrove.tools.mcp import source
from toolgrove.tools.mcp.backend import McpBackend
from toolgrove.tools.mcp.source import load_mcp

pytest.importorskip("mcp", reason="needs the extra mcp")

SERVER = Path(__file__).parents[2] / "support" / "raw_mcp_server.py"


def at(mode: str, port: int | None = None) -> str:
    return f"mcp+stdio:{sys.executable} {SERVER} '{mode}' {'' if port is None else port}".strip()


@asynccontextmanager
async def descendant() -> AsyncIterator[tuple[int, asyncio.Event, asyncio.Event]]:
    """A port for a program that a server starts, and what is set when it is there and has ended."""
    there, ended = asyncio.Event(), asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there.set()
        await reader.read()
        ended.set()
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], there, ended


@pytest.mark.parametrize(
    ("mode", "told"),
    [("hangs", "did not answer initialize"), ("list hangs", "did not list its tools")],
)
async def test_promise_17_a_server_that_never_answers_is_named_and_ends_with_all_it_started(
    mode: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline is over as soon as the server has started what is to end with it."""
    scopes: list[asyncio.Timeout] = []
    real = asyncio.timeout

    def timeout(seconds: float | None) -> asyncio.Timeout:
        scopes.append(real(None if seconds == source.CONNECT else seconds))
        return scopes[-1]

    monkeypatch.setattr(asyncio, "timeout", timeout)
    async with descendant() as (port, there, ended):
        address = at(mode, port)
        loading = asyncio.create_task(load_mcp(address))
        await there.wait()
        scopes[0].reschedule(0.0)
        with pytest.raises(SpecError, match=told) as error:
            await loading
        assert address in str(error.value)
        await ended.wait()


async def test_what_a_server_started_ends_with_it_though_the_server_ends_by_itself() -> None:
    async with descendant() as (port, _, ended):
        specs, left = await load_mcp(at("good", port))
        assert ([spec.name for spec in specs], left) == (["good"], [])
        await ended.wait()


async def test_a_call_of_a_server_that_never_gets_ready_is_an_observation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [spec], _ = await load_mcp(at("good"))
    address = at("hangs")
    spec = replace(spec, binding={**spec.binding, "address": address})
    monkeypatch.setattr(backend_module, "CONNECT", 0.5)
    backend = McpBackend({spec.id: spec}.__getitem__, trusted=[address])
    observation = await backend(ToolCall("c", spec.id, {"x": "text"}))
    await backend.close()
    assert observation.status is Status.NOT_WORKING
    assert f"{address} was not ready within 0.5 s" in observation.content


async def test_one_bad_tool_does_not_lose_the_server() -> None:
    specs, left = await load_mcp(at("one bad"))
    assert [spec.name for spec in specs] == ["good", "annotated"]
    assert [line.partition(":")[0] for line in left] == [
        "bad",
        "null",
        "tool 4 of a page",
        "tool 5 of a page",
    ]
    assert "inputSchema" in left[0]


async def test_a_cursor_that_repeats_ends_the_listing_with_what_there_is() -> None:
    specs, left = await load_mcp(at("same cursor"))
    assert [spec.name for spec in specs] == ["first", "second"]
    assert left == ["further pages: the server's pages of tools do not end"]
    specs, left = await load_mcp(at("no more"))
    assert ([spec.name for spec in specs], left) == (["good"], [])


@pytest.fixture(scope="module")
def answers() -> dict[str, Observation]:
    """What the server answers, by what it was asked."""

    async def ask() -> dict[str, Observation]:
        [spec], _ = await load_mcp(at("good"))
        backend = McpBackend({spec.id: spec}.__getitem__, trusted=[at("good")])
        wanted = ("summary", "whole", "other number", "only structured", "new part", "text")
        wanted += ("error", "bare error", "half")
        told = {x: await backend(ToolCall("c", spec.id, {"x": x})) for x in wanted}
        await backend.close()
        return told

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("asked", "content"),
    [
        ("summary", 'found 2 rows\n{"rows":[{"id":7},{"id":8}]}'),
        ("whole", "id 7 (a), id 8 (b), true"),
        ("other number", 'row 75\n{"id":7,"none":null}'),
        ("only structured", '{"a":1}'),
        ("new part", "before\n[video, not shown]\nafter"),
        ("text", "bare"),
        ("half", "a\ufffdb"),
    ],
)
def test_structured_content_is_shown_where_the_text_is_a_mere_summary_and_no_part_is_lost(
    answers: dict[str, Observation], asked: str, content: str
) -> None:
    assert (answers[asked].status, answers[asked].content) == (Status.OK, content)


def test_what_a_server_adds_to_an_error_is_kept(answers: dict[str, Observation]) -> None:
    assert answers["error"].content == 'The MCP server failed: no {"why":"closed"}'
    assert answers["bare error"].content == "The MCP server failed: oops"
