"""Record and replay: everything kept, no secret in it, nothing sent."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.fault_server import FAULTS, fault
from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import FormatError, ReplayMiss, UsageError
from toolgrove.tools.calls.cassette import Cassette, Recording, Replay, cassette_path
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.http.network import Network
from toolgrove.tools.http.request import Request
from toolgrove.tools.http.wire import WireAnswer
from toolgrove.tools.registry import Registry
from toolgrove.tools.secrets import SecretStore

JSON = "Content-Type: application/json"
VALUE = "s3cr3t-12345+/&"
SECRETS = SecretStore(
    {"TOOLGROVE_SECRET_KEY": VALUE, "TOOLGROVE_ORIGIN_KEY": "https://api.example"}
)
SECURITY = [[{"secret": "key", "type": "apiKey", "in": "query", "name": "k"}]]


class NoJitter(Random):
    def uniform(self, a: float, b: float) -> float:
        return 0.0


async def run(
    cassette: Cassette,
    spec: ToolSpec,
    *arguments: dict[str, Any],
    hosts: Any = None,
    secrets: Any = None,
    **more: Any,
) -> list[Observation]:
    with Registry() as registry:
        registry.add([spec])
        async with build_stack(
            registry,
            CallSettings(hosts=hosts or {}, timeout=0.3, **more),
            cassette=cassette,
            secrets=secrets,
            rng=NoJitter(),
        ) as execute:
            return [await execute(ToolCall(f"c{i}", spec.id, a)) for i, a in enumerate(arguments)]


def same(one: list[Observation], other: list[Observation]) -> bool:
    def bare(observation: Observation) -> Any:
        return (observation.status, observation.content, observation.attempts)

    return [bare(o) for o in one] == [bare(o) for o in other]


async def test_promise_11_replay_gives_what_was_recorded_and_opens_no_socket(
    faults: Any, reply: Callable[..., bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = faults.spec("/x", places={"q": "query"})
    faults.answer(
        "/x",
        reply(b"", "Retry-After: 0", status="503 Service Unavailable"),
        reply(b'{"n": 1}', JSON),
        reply(gzip.compress(b'{"n": 2}'), JSON, "Content-Encoding: gzip"),
        reply("grün\0\x85".encode(), "Content-Type: text/plain"),
        reply(b"\xff\xfe\x00\x01", "Content-Type: image/png"),
        reply(b"", status="404 Not Found"),
    )
    asked = [{"q": "a"}, {"q": "a"}, {"q": "ü"}, {"q": "b"}, {"q": "c"}]
    path = tmp_path / "task.yaml"
    live = await run(Recording(path, SECRETS.scrub), spec, *asked, hosts=faults.hosts)
    assert [o.status for o in live] == [Status.OK] * 4 + [Status.ERROR_IN_MESSAGE]
    assert live[0].attempts == 2
    opened = _refusing(monkeypatch)
    replayed = await run(Replay(path), spec, *asked)
    assert same(live, replayed)
    assert opened == []


def _refusing(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    opened: list[Any] = []

    def refuse(*args: Any, **_: Any) -> Any:
        opened.append(args)
        raise AssertionError("a socket was opened")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return opened


@pytest.mark.parametrize("name", list(FAULTS))
@pytest.mark.parametrize("effect", list(Effect))
async def test_promise_11_failures_are_replayed_too(
    faults: Any, tmp_path: Path, name: str, effect: Effect, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.answer("/x", fault(faults, name))
    method = "GET" if effect is Effect.READ else "POST"
    spec = faults.spec("/x", method=method, effect=effect)
    network = Network(max_bytes=100_000)
    recording = Recording(tmp_path / "t.yaml", SECRETS.scrub)
    live = await run(recording, spec, {}, hosts=faults.hosts, network=network)
    opened = _refusing(monkeypatch)
    assert same(live, await run(Replay(tmp_path / "t.yaml"), spec, {}))
    assert opened == []


async def test_promise_12_a_miss_fails_and_never_goes_live(
    faults: Any, reply: Callable[..., bytes], tmp_path: Path
) -> None:
    spec = faults.spec("/x", places={"q": "query", "X-Lang": "header"})
    faults.answer("/x", reply(b"{}", JSON))
    path = tmp_path / "t.yaml"
    arguments = {"q": "a", "X-Lang": "de"}
    await run(Recording(path, SECRETS.scrub), spec, arguments, hosts=faults.hosts)
    faults.asked.clear()
    other: list[dict[str, Any]]
    for other in (
        [{"q": "b", "X-Lang": "de"}],
        [{"q": "a", "X-Lang": "fr"}],
        [{"q": "a"}],
        [arguments, arguments],  # recorded once, so it answers once
    ):
        with pytest.raises(ReplayMiss, match="Nothing was sent"):
            await run(Replay(path), spec, *other, hosts=faults.hosts)
    elsewhere = ToolSpec("m", "c", "t", "n", binding={"kind": "mcp", "url": faults.base})
    with pytest.raises(ReplayMiss, match="not recorded"):
        await run(Replay(path), elsewhere, {}, hosts=faults.hosts)
    assert faults.asked == []


async def test_promise_13_no_secret_in_a_cassette(
    faults: Any, reply: Callable[..., bytes], tmp_path: Path
) -> None:
    """A server that echoes the key, in letters and in numbers, and sets cookies with it."""
    spelled = "".join(f"\\u{ord(c):04x}" for c in VALUE)
    echoed = b'{"key": "%s", "spelled": "%s"}' % (VALUE.encode(), spelled.encode())
    headers = (
        f"Set-Cookie: k={VALUE}",
        f"Location: http://127.0.0.1/?k={VALUE}",
        f"X-Echo: {VALUE}",
        JSON,
    )
    faults.answer("/x", reply(echoed, *headers))
    spec = faults.spec("/x")
    spec = ToolSpec(spec.id, "c", "t", "n", binding={**spec.binding, "security": SECURITY})
    path = tmp_path / "t.yaml"
    live = await run(Recording(path, SECRETS.scrub), spec, {}, hosts=faults.hosts, secrets=SECRETS)
    assert "k=s3cr3t" in faults.asked[0].target  # it was really sent
    text = path.read_text()
    assert "s3cr3t" not in text
    assert spelled not in text
    assert "[secret KEY]" in text
    assert "cookie" not in text.lower()
    assert "location" not in text.lower()
    assert faults.base not in text  # nor where the host was really served
    replayed = await run(Replay(path), spec, {}, secrets=SecretStore({}))  # needs no secret
    assert same(live, replayed)


async def test_a_cassette_is_vcrpys_own(
    faults: Any, reply: Callable[..., bytes], tmp_path: Path
) -> None:
    import httpx
    import vcr

    faults.answer("/x", reply(b'{"a": 1}', JSON))
    path = tmp_path / "t.yaml"
    await run(Recording(path, SECRETS.scrub), faults.spec(), {}, hosts=faults.hosts)
    with vcr.use_cassette(str(path), record_mode="none"):
        async with httpx.AsyncClient() as client:
            assert (await client.get("https://api.example/x")).json() == {"a": 1}


async def test_a_run_that_goes_on_adds_to_its_cassette(
    faults: Any, reply: Callable[..., bytes], tmp_path: Path
) -> None:
    spec = faults.spec("/x", places={"q": "query"})
    faults.answer("/x", reply(b"{}", JSON))
    path = tmp_path / "t.yaml"
    await run(Recording(path, SECRETS.scrub), spec, {"q": "1"}, hosts=faults.hosts)
    again = Recording(path, SECRETS.scrub, resume=True)
    await run(again, spec, {"q": "2"}, hosts=faults.hosts)
    assert len(await run(Replay(path), spec, {"q": "1"}, {"q": "2"})) == 2
    Recording(path, SECRETS.scrub)  # a new run begins a new one
    with pytest.raises(ReplayMiss):
        await run(Replay(path), spec, {"q": "1"})


async def test_a_cassette_cut_at_any_byte_replays_what_is_whole(
    faults: Any, reply: Callable[..., bytes], tmp_path: Path
) -> None:
    spec = faults.spec("/x", places={"q": "query"})
    faults.answer("/x", reply(b'{"text": "interactions:\\n# whole\\n- request"}', JSON))
    path = tmp_path / "t.yaml"
    arguments = [{"q": str(n)} for n in range(3)]
    await run(Recording(path, SECRETS.scrub), spec, *arguments, hosts=faults.hosts)
    data = path.read_bytes()
    ends = [i + len("# whole\n") for i in range(len(data)) if data[i:].startswith(b"\n# whole\n")]
    assert len(ends) == 3
    for cut in range(len("version: 1\ninteractions:\n"), len(data), 7):
        path.write_bytes(data[:cut])
        cassette = Replay(path)
        whole = sum(cut >= end for end in ends)
        got = await run(cassette, spec, *arguments[:whole])
        assert [o.status for o in got] == [Status.OK] * whole


def test_a_killed_run_keeps_its_exchanges(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    code = f"""
import asyncio, os, signal
from toolgrove.tools.calls.cassette import Recording
from toolgrove.tools.http.request import Request
from toolgrove.tools.http.wire import WireAnswer

async def send(request):
    return WireAnswer(200, {{}}, b"kept")

async def main():
    cassette = Recording({str(path)!r}, str)
    await cassette(Request("GET", "https://api.example/x"), send)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert "kept" in path.read_text()


@pytest.mark.parametrize(
    "damage", [b"", b"version: 1\n", b"interactions: [", b"{}", b"\xff\xfe", b"- 1\n- 2\n# whole\n"]
)
def test_a_damaged_cassette_is_told_by_one_error(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes(damage)
    with pytest.raises(FormatError, match="Record it again"):
        Replay(path)


def test_no_cassette_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--record"):
        Replay(tmp_path / "t.yaml")


def test_without_vcrpy_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vcr", None)
    with pytest.raises(UsageError, match=r"toolgrove\[record\]"):
        Recording(tmp_path / "t.yaml", SECRETS.scrub)


def test_each_task_has_a_cassette_of_its_own() -> None:
    names = {cassette_path("d", task).name for task in ("a", "A b", "A/b", "../b", "ü", "x" * 99)}
    assert len(names) == 6
    assert all(Path(name).name == name for name in names)
    assert cassette_path("d", "world-1") == Path("d/world-1.yaml")


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode), st.integers(200, 599))
def test_any_body_is_replayed_as_it_came(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, code: int
) -> None:
    import asyncio

    path = tmp_path_factory.mktemp("c") / "t.yaml"
    request = Request("POST", "https://api.example/x", {"X-A": "b"}, body)

    async def send(request: Request) -> WireAnswer:
        return WireAnswer(code, {"content-type": "text/plain"}, body)

    async def main() -> WireAnswer:
        await Recording(path, SECRETS.scrub)(request, send)
        return await Replay(path)(request, send)

    assert asyncio.run(main()) == WireAnswer(code, {"content-type": "text/plain"}, body)


def test_importing_the_cassette_loads_no_vcrpy() -> None:
    code = "import sys, toolgrove.tools.calls.cassette; print(json_ok := 'vcr' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.strip().lower()) is False


@pytest.mark.parametrize("where", ["interactions", "request", "headers", "body"])
def test_a_cassette_with_aliases_or_deep_nesting_is_refused_at_once(
    tmp_path: Path, where: str
) -> None:
    """Promise 17: twenty lines of it would take longer than anybody waits."""
    laughs = ["a0: &a0 [x, x]"]
    laughs += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 20)]
    request = {"body": "null", "headers": "{}", "method": "GET", "uri": "http://a.example/"}
    if where in request:
        request[where] = "*a19"
    asked = "{" + ", ".join(f"{key}: {value}" for key, value in request.items()) + "}"
    answer = "{status: {code: 200, message: OK}, headers: {}, body: {string: ''}}"
    item = f"[{{request: {'*a19' if where == 'request' else asked}, response: {answer}}}]"
    head = "version: 1\n" + "\n".join(laughs)
    path = tmp_path / "t.yaml"
    path.write_text(f"{head}\ninteractions: {'*a19' if where == 'interactions' else item}\n")
    with pytest.raises(FormatError, match="alias"):
        Replay(path)
    path.write_text(f"version: 1\ninteractions: {'[' * 5000}")
    with pytest.raises(FormatError, match="Record it again"):
        Replay(path)
