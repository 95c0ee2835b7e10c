"""MCP servers as tools: real servers over stdio and streamable HTTP, and how they fail."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.fault_server import FaultServer
from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import SpecError, UsageError
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack, with_timeout
from toolgrove.tools.mcp.backend import McpBackend
from toolgrove.tools.mcp.source import Server, load_mcp
from toolgrove.tools.registry import Registry

pytest.importorskip("mcp", reason="needs the extra mcp")

SERVER = Path(__file__).parents[2] / "support" / "mcp_server.py"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    path.write_text("")
    return path


def change(state: Path) -> None:
    """Make the server describe its tool ``add`` in other words."""
    state.write_text("It sends your files away, too.")


def stdio(state: Path, *before: str) -> str:
    return f"mcp+stdio:{' '.join(before)} {sys.executable} {SERVER} stdio {state}"


@contextmanager
def http(state: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A running server's address, and its process."""
    command = [sys.executable, str(SERVER), "http", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


@pytest.fixture(params=["stdio", "http"])
def address(request: pytest.FixtureRequest, state: Path) -> Iterator[str]:
    if request.param == "stdio":
        yield stdio(state)
        return
    with http(state) as (address, _):
        yield address


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> list[ToolSpec]:
    """The server's tools as a catalogue would have them, loaded once."""
    state = tmp_path_factory.mktemp("indexed") / "state"
    state.write_text("")
    specs, left = asyncio.run(load_mcp(stdio(state)))
    assert left == []
    return specs


def at(address: str, specs: list[ToolSpec]) -> list[ToolSpec]:
    """The same tools at another address."""
    return [replace(spec, binding={**spec.binding, "address": address}) for spec in specs]


Ask = Callable[..., Coroutine[None, None, Observation]]


@asynccontextmanager
async def asking(address: str, specs: list[ToolSpec], relist: float = 60.0) -> AsyncIterator[Ask]:
    """A function that calls a tool of the server by its backend and a deadline alone."""
    by_id = {spec.id: spec for spec in at(address, specs)}
    backend = McpBackend(by_id.__getitem__, trusted=[address], relist=relist)

    def ask(name: str, within: float = 60.0, **given: object) -> Coroutine[None, None, Observation]:
        execute = with_timeout(backend, within, by_id.__getitem__)
        call = ToolCall("c", f"mcp/trouble/{name}", given)
        return execute(call)  # type: ignore[return-value]  # an async function's awaitable

    try:
        yield ask
    finally:
        await backend.close()


async def test_every_page_of_tools_becomes_specs(address: str) -> None:
    specs, left = await load_mcp(address)
    assert left == []
    assert len(specs) == 10
    add = next(spec for spec in specs if spec.name == "add")
    assert (add.id, add.tool, add.source) == ("mcp/trouble/add", "trouble", "mcp")
    assert add.effect is Effect.READ
    assert add.parameters["required"] == ["a", "b"]
    assert add.binding["address"] == address
    writes = [spec.name for spec in specs if spec.effect is Effect.WRITE]
    assert writes == ["die"]  # the one that does not say that it only reads


async def test_answers_and_failures_are_observations(address: str, indexed: list[ToolSpec]) -> None:
    async with asking(address, indexed) as ask:
        assert (await ask("add", a=1, b=2)).content == "3"
        failed = await ask("fail", why="no such city")
        assert (failed.status, failed.content) == (Status.ERROR_IN_MESSAGE, "no such city")
        assert (await ask("picture")).content == "[image, image/png, not shown]\ninside"
        assert (await ask("odd")).content == '{"n":1}'
        refused = await ask("add", a="one")  # the server raises: a protocol error
        assert refused.status is Status.ERROR_IN_MESSAGE


async def test_twenty_calls_of_one_server_are_in_flight_together(
    address: str, indexed: list[ToolSpec]
) -> None:
    async with asking(address, indexed) as ask:
        # no call is answered before all have arrived
        answers = await asyncio.gather(*(ask("together", count=20) for _ in range(20)))
    assert [answer.content for answer in answers] == ["together"] * 20


async def test_a_server_that_dies_is_an_observation_and_is_started_again(
    state: Path, indexed: list[ToolSpec]
) -> None:
    async with asking(stdio(state), indexed) as ask:
        assert (await ask("add", a=1, b=2)).content == "3"
        waiting = [asyncio.ensure_future(ask("slow")) for _ in range(3)]
        await asyncio.sleep(0)
        write = await ask("die")
        assert write.status is Status.IN_DOUBT
        assert "unknown whether" in write.content
        for lost in await asyncio.gather(*waiting):
            assert (lost.status, lost.retry_after) == (Status.NOT_WORKING, 0)
        assert (await ask("add", a=2, b=2)).content == "4"


async def test_a_server_that_is_gone_is_tried_again_after_a_growing_wait(
    state: Path, indexed: list[ToolSpec]
) -> None:
    with http(state) as (address, process):
        async with asking(address, indexed) as ask:
            assert (await ask("add", a=1, b=2)).content == "3"
            lost = await ask("die_reading")
            assert (lost.status, lost.retry_after) == (Status.NOT_WORKING, 0)
            process.wait()
            gone = await ask("add", a=1, b=2)
            assert gone.status is Status.NOT_WORKING
            assert "No connection" in gone.content
            told = await ask("add", a=1, b=2)
            assert told.retry_after is not None
            assert 0 < told.retry_after <= 0.5
            assert told.attempts == 0


async def test_the_stack_gets_over_a_death_between_two_reads(
    state: Path, indexed: list[ToolSpec]
) -> None:
    address = stdio(state)
    with Registry() as registry:
        registry.add(at(address, indexed))
        async with build_stack(registry, CallSettings(trusted=[address])) as execute:
            await execute(ToolCall("c", "mcp/trouble/die"))
            found = await execute(ToolCall("c", "mcp/trouble/add", {"a": 20, "b": 1}))
    assert (found.status, found.content) == (Status.OK, "21")


async def test_promise_17_a_slow_tool_ends_by_the_deadline_and_the_session_lives_on(
    address: str, indexed: list[ToolSpec]
) -> None:
    async with asking(address, indexed) as ask:
        assert (await ask("add", a=1, b=1)).content == "2"
        slow = await ask("slow", within=0.05)
        assert slow.status is Status.TIMEOUT
        assert (await ask("add", a=1, b=1)).content == "2"


async def test_promise_18_an_answer_over_http_is_bounded(
    state: Path, indexed: list[ToolSpec]
) -> None:
    with http(state) as (address, _):
        async with asking(address, indexed) as ask:
            refused = await ask("long", size=10_000_000)
            assert refused.status is not Status.OK
            assert "larger than it may be" in refused.content
            assert (await ask("long", size=1000)).content == "x" * 1000


async def test_promise_18_nothing_compressed_is_unpacked(
    faults: FaultServer, reply: Callable[..., bytes]
) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    faults.answer("/mcp", reply(bomb, "Content-Type: application/json", "Content-Encoding: gzip"))
    tracemalloc.start()
    try:
        with pytest.raises(SpecError, match="no MCP server answered"):
            await load_mcp(f"{faults.base}/mcp")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


async def test_promise_23_a_tool_that_changed_is_not_called(
    address: str, state: Path, indexed: list[ToolSpec]
) -> None:
    change(state)
    async with asking(address, indexed) as ask:
        changed = await ask("add", a=1, b=2)
        unchanged = await ask("fail", why="still here")
    assert (changed.status, changed.attempts) == (Status.NOT_WORKING, 0)
    assert f"toolgrove index '{address}'" in changed.content
    assert unchanged.content == "still here"


async def test_promise_23_holds_within_a_session_too(state: Path, indexed: list[ToolSpec]) -> None:
    async with asking(stdio(state), indexed, relist=0) as ask:
        assert (await ask("add", a=1, b=2)).content == "3"
        change(state)
        assert (await ask("add", a=1, b=2)).status is Status.NOT_WORKING


async def test_a_catalogue_does_not_choose_which_program_is_started(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    binding = {"kind": "mcp", "address": f"mcp+stdio:touch {mark}", "tool": "t", "pin": ""}
    with Registry() as registry:
        registry.add([ToolSpec("mcp/x/t", "mcp", "x", "t", binding=binding)])
        async with build_stack(registry) as execute:
            refused = await execute(ToolCall("c", "mcp/x/t"))
    assert refused.status is Status.NOT_WORKING
    assert "is not trusted here" in refused.content
    assert not mark.exists()


async def test_promise_13_the_program_gets_only_named_variables(
    state: Path, indexed: list[ToolSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLGROVE_SECRET_X", "hidden")
    monkeypatch.setenv("WANTED", "seen")
    async with asking(stdio(state, "WANTED="), indexed) as ask:
        names = json.loads((await ask("environment")).content)
    assert "WANTED" in names
    assert "TOOLGROVE_SECRET_X" not in names


async def test_promise_16_a_secret_goes_to_the_origin_that_its_owner_named(
    faults: FaultServer, reply: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.answer("/mcp", reply(b"{}", "Content-Type: application/json", status="401 No"))
    address = f"{faults.base}/mcp#secret=MAPS"
    monkeypatch.setenv("TOOLGROVE_SECRET_MAPS", "k-12345678")
    monkeypatch.setenv("TOOLGROVE_ORIGIN_MAPS", "https://maps.example")
    with pytest.raises(SpecError, match="MAPS is not for"):
        await load_mcp(address)
    assert faults.asked == []
    monkeypatch.setenv("TOOLGROVE_ORIGIN_MAPS", faults.base)
    with pytest.raises(SpecError) as told:
        await load_mcp(address)
    assert {asked.headers["authorization"] for asked in faults.asked} == {"Bearer k-12345678"}
    assert all("secret" not in asked.target for asked in faults.asked)
    assert "k-12345678" not in str(told.value)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("mcp+stdio:", "no command"),
        ("mcp+stdio:TOKEN=abc npx server", "without a value"),
        ("mcp+stdio:'npx", "cannot be read"),
        ("https://user:password@x.example/mcp", "password"),
        ("https://x.example/mcp#token=abc", "only secret=NAME"),
        ("ftp://x.example/mcp", "no address"),
    ],
)
def test_a_wrong_address_is_told(address: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Server.parse(address)


async def test_what_is_no_server_is_told() -> None:
    with pytest.raises(SpecError, match="no MCP server answered"):
        await load_mcp("mcp+stdio:true")
    with pytest.raises(SpecError, match="no MCP server answered"):
        await load_mcp("mcp+stdio:no-such-program-anywhere")


async def test_promise_23_a_write_that_a_catalogue_calls_a_read_is_not_called(
    address: str, indexed: list[ToolSpec]
) -> None:
    lying = [replace(spec, effect=Effect.READ) for spec in indexed]
    async with asking(address, lying) as ask:
        got = await ask("die")
        assert (got.status, got.attempts) == (Status.NOT_WORKING, 0)
        assert "was changed" in got.content
        assert (await ask("add", a=1, b=2)).content == "3"
