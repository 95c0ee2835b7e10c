"""A catalogue served to the official MCP client as two tools."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.embedders import Hashing, need_minilm
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.gateway import Gateway, http_app, mcp_server
from toolgrove.agent.hosting import hosted
from toolgrove.data import world
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.machine.loopback import serving
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.calls.settings import CallSettings

mcp = pytest.importorskip("mcp", reason="needs the extra mcp")
pytest.importorskip("airportsdata", reason="needs the extra world")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with Catalog.open(tmp_path_factory.mktemp("gateway"), embedder=Hashing()) as catalog:
        catalog.add(world.specs())
        yield catalog


@pytest.fixture(scope="module")
def url(catalog: Catalog) -> Iterator[str]:
    with (
        hosted(catalog.registry) as hosts,
        serving(lambda: http_app(Gateway(catalog, CallSettings(hosts=hosts)))) as url,
    ):
        yield url


def text(result: Any) -> str:
    [block] = result.content
    said: str = block.text
    return said


async def use(client: Any) -> None:
    """What a client does: list, search, call, and mend a call that was refused."""
    listed = (await client.list_tools()).tools
    assert [tool.name for tool in listed] == ["search_tools", "call_tool"]
    assert f"{len(world.specs())} tools" in listed[0].description
    query = "distance between two airports by their IATA codes"
    found = json.loads(text(await client.call_tool("search_tools", {"query": query, "limit": 10})))
    distance = next(row for row in found if "distance" in row["name"])
    assert distance["effect"] == "read"
    given = dict.fromkeys(distance["parameters"]["required"], "OSL")
    called = await client.call_tool("call_tool", {"name": distance["name"], "arguments": given})
    assert not called.is_error, text(called)
    assert json.loads(text(called))
    refused = await client.call_tool("call_tool", {"name": distance["name"], "arguments": {}})
    assert refused.is_error
    assert next(iter(given)) in text(refused)
    missing = await client.call_tool("call_tool", {"name": "teleport", "arguments": {}})
    assert missing.is_error
    assert "search_tools" in text(missing)
    wrong = await client.call_tool("search_tools", {"limit": 5})
    assert wrong.is_error
    assert "query" in text(wrong)
    assert (await client.call_tool("rm", {})).is_error


async def test_the_official_client_finds_and_calls_a_world_api_over_http(url: str) -> None:
    async with mcp.Client(f"{url}/mcp") as client:
        await use(client)
    async with mcp.Client(f"{url}/mcp", mode="legacy") as client:
        await use(client)


async def test_the_official_client_finds_and_calls_a_world_api_over_stdio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Catalog.open(tmp_path, embedder=need_minilm(monkeypatch)) as catalog:
        catalog.add(world.specs())
    command = ["-m", "toolgrove", "serve", "mcp", "--catalog", str(tmp_path), "--stdio"]
    names = ("TOOLGROVE_CACHE", "HF_HUB_OFFLINE", "PYTHONPATH")
    environ = {name: os.environ[name] for name in names if name in os.environ}
    server = mcp.StdioServerParameters(
        command=sys.executable,
        args=command,
        env={**environ, "TOOLGROVE_TRUSTED": str(tmp_path / "trusted.json")},
    )
    async with mcp.Client(mcp.stdio_client(server, sys.__stderr__)) as client:
        await use(client)


async def test_clients_may_ask_side_by_side(url: str) -> None:
    async with mcp.Client(f"{url}/mcp") as client:
        ask = [{"query": f"number {i} in words", "limit": 3} for i in range(10)]
        found = await asyncio.gather(*(client.call_tool("search_tools", one) for one in ask))
    assert all(len(json.loads(text(one))) == 3 for one in found)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_promise_25_a_foreign_host_or_origin_is_refused(url: str, headers: dict[str, str]) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"Accept": "application/json, text/event-stream"}
    with httpx.Client(trust_env=False) as client:
        assert client.post(f"{url}/mcp", json=message, headers=accept).status_code == 200
        refused = client.post(f"{url}/mcp", json=message, headers={**accept, **headers})
    assert refused.status_code == 403


async def test_a_policy_holds_for_clients_too(tmp_path: Path) -> None:
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        binding = {"kind": "http", "method": "POST", "url": "http://127.0.0.1:9/x"}
        spec = ToolSpec(
            "a/b/send", "a", "b", "send", "Send a letter.", effect=Effect.WRITE, binding=binding
        )
        catalog.add([spec])
        async with Gateway(catalog, CallSettings(policy=Policy(read_only=True))) as gateway:
            refused = await gateway.call("a/b/send", {})
    assert "may only read" in refused.content
    assert refused.attempts == 0


async def test_thousands_of_tools_make_no_long_answer(tmp_path: Path) -> None:
    words = ("invoice", "forecast", "flight", "recipe", "lottery", "museum", "orbit", "ledger")
    huge = {f"parameter_{i}": {"type": "string", "description": "x" * 500} for i in range(300)}

    def specs() -> Iterator[ToolSpec]:
        for i in range(2_000):
            word = words[i % len(words)]
            parameters = {"type": "object", "properties": huge if i % 100 == 4 else {}}
            yield ToolSpec(
                f"c{i % 40}/t{i // 10}/n{i}",
                f"category {i % 40}",
                f"t{i // 10}",
                f"{word} {i}",
                f"About {word} number {i}. " + "long " * (200 if i % 100 == 4 else 5),
                parameters=parameters,
            )

    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        catalog.add(specs())
        async with Gateway(catalog) as gateway, mcp.Client(mcp_server(gateway)) as client:
            listed = await client.list_tools()
            query = {"query": "lottery 1004", "limit": 20}
            answer = text(await client.call_tool("search_tools", query))
    assert len(listed.tools) == 2
    assert "2,000 tools" in listed.tools[0].description
    assert len(listed.model_dump_json()) < 4000
    found = json.loads(answer)
    assert len(found) == 20
    assert "lottery" in found[0]["name"]
    assert len(answer) <= 13_000
