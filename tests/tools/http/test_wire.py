"""What leaves and what comes in: redirects, the endpoint's last check, faults by the hundred."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.injected import inject
from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.http.address import AddressPolicy
from toolgrove.tools.http.backend import HttpBackend
from toolgrove.tools.http.endpoint import check_endpoint
from toolgrove.tools.http.request import Refused, Request, build_request
from toolgrove.tools.http.wire import Wire
from toolgrove.tools.registry import Registry

JSON = "Content-Type: application/json"


async def call(faults: Any, spec: ToolSpec, **options: Any) -> Observation:
    backend = HttpBackend({spec.id: spec}.__getitem__, hosts=faults.hosts, **options)
    try:
        return await backend(ToolCall("c", spec.id))
    finally:
        await backend.close()


def to(location: str, status: str = "302 Found") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\nLocation: {location}"
    return f"{head}\r\n\r\n".encode()


async def test_a_redirect_is_followed_only_as_often_as_is_allowed(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    faults.answer("/x", to("/y?a=1#part"))
    faults.answer("/y", to("https://api.example/z", "308 Permanent Redirect"))
    faults.answer("/z", reply(b"{}", JSON))
    for redirects, targets in ((0, ["/x"]), (1, ["/x", "/y?a=1"]), (2, ["/x", "/y?a=1", "/z"])):
        faults.asked.clear()
        observation = await call(faults, faults.spec("/x"), redirects=redirects)
        assert [asked.target for asked in faults.asked] == targets
        assert observation.status is (Status.OK if redirects == 2 else Status.NOT_WORKING)


@pytest.mark.parametrize(
    "location",
    [
        "http://api.example/y",  # from https to http
        "https://user@api.example/y",
        "ftp://api.example/y",
        "file:///etc/hostname",
        "//[::1/y",
        "https://api.example:99999/y",
        "javascript:alert(1)",
        "",
    ],
)
async def test_a_redirect_to_no_good_place_is_not_followed(faults: Any, location: str) -> None:
    faults.answer("/x", to(location))
    observation = await call(faults, faults.spec("/x"), redirects=5)
    assert observation.status is Status.NOT_WORKING
    assert len(faults.asked) == 1


@pytest.mark.parametrize("host", ["169.254.169.254", "127.0.0.1:1", "localhost:1", "[::1]:1"])
async def test_promise_14_a_redirect_to_a_private_address_is_refused(
    faults: Any, host: str
) -> None:
    faults.answer("/x", to(f"https://{host}/latest/meta-data"))
    observation = await call(faults, faults.spec("/x"), redirects=5)
    assert observation.status is Status.NOT_WORKING
    assert "not a public host" in observation.content
    assert len(faults.asked) == 1


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/x", "/x/?a=1"),
        ("/x/", "https://api.example/x?a=1"),
        ("/x", "{base}/x/?a=1"),  # as a server writes it that knows only its own address
        ("/a%20b", "/a%20b/?a=1"),
    ],
)
async def test_a_redirect_to_the_same_path_with_a_slash_is_followed_by_reads(
    faults: Any, reply: Callable[..., bytes], path: str, location: str
) -> None:
    other = path.removesuffix("/") if path.endswith("/") else path + "/"
    faults.answer(path, to(location.format(base=faults.base), "307 Temporary Redirect"))
    faults.answer(other, reply(b"1", JSON))
    spec = faults.spec(path, places={"a": "query"})
    backend = HttpBackend({spec.id: spec}.__getitem__, hosts=faults.hosts)
    observation = await backend(ToolCall("c", spec.id, {"a": 1}))
    await backend.close()
    assert (observation.status, observation.content) == (Status.OK, "1")
    assert [asked.target for asked in faults.asked] == [path + "?a=1", other + "?a=1"]


@pytest.mark.parametrize(
    "location",
    [
        "https://other.example/x/",
        "http://api.example/x/",
        "https://api.example:444/x/",
        "https://me@api.example/x/",
        "/x//",
        "/y/",
        "/x/?b=2",
    ],
)
async def test_promise_16_a_slash_is_no_way_to_another_place(faults: Any, location: str) -> None:
    faults.answer("/x", to(location, "307 Temporary Redirect"))
    observation = await call(faults, faults.spec("/x"))
    assert observation.status is Status.NOT_WORKING
    assert len(faults.asked) == 1


async def test_slashes_that_redirect_to_each_other_end(faults: Any) -> None:
    faults.answer("/x", to("/x/"))
    faults.answer("/x/", to("/x"))
    observation = await call(faults, faults.spec("/x"))
    assert observation.status is Status.NOT_WORKING
    assert "https://api.example/x," in observation.content
    assert len(faults.asked) == 2


async def test_a_write_is_not_sent_again_for_a_slash(faults: Any) -> None:
    faults.answer("/x", to("/x/", "308 Permanent Redirect"))
    spec = faults.spec("/x", method="POST", effect=Effect.WRITE)
    observation = await call(faults, spec)
    assert "https://api.example/x/" in observation.content
    assert len(faults.asked) == 1


async def test_promise_13_a_secret_in_a_redirects_address_is_not_shown(
    faults: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLGROVE_SECRET_KEY", "s3cr3t-value")
    monkeypatch.setenv("TOOLGROVE_ORIGIN_KEY", "https://api.example")
    spec = faults.spec("/x")
    key = {"secret": "KEY", "type": "apiKey", "in": "query", "name": "key"}
    spec = replace(spec, binding={**spec.binding, "security": [[key]]})
    faults.answer("/x", to("https://elsewhere.example/?key=s3cr3t-value"))
    with Registry() as registry:
        registry.add([spec])
        async with build_stack(registry, CallSettings(hosts=faults.hosts)) as execute:
            observation = await execute(ToolCall("c", spec.id))
    assert "s3cr3t-value" in faults.asked[0].target
    assert "https://elsewhere.example/?key=[secret KEY]" in observation.content


async def test_a_redirected_write_is_not_sent_again(faults: Any) -> None:
    faults.answer("/x", to("/y", "307 Temporary Redirect"))
    spec = faults.spec("/x", method="POST", effect=Effect.WRITE)
    await call(faults, spec, redirects=5)
    assert [asked.target for asked in faults.asked] == ["/x"]


async def test_promise_18_a_bomb_costs_no_more_memory_than_the_cap(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    import gzip

    bomb = gzip.compress(bytes(50_000_000), 9)
    faults.answer("/x", reply(bomb, "Content-Encoding: gzip"))
    tracemalloc.start()
    try:
        observation = await call(faults, faults.spec("/x"), max_bytes=1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "larger than 1,000,000 bytes" in observation.content
    assert peak < 10_000_000  # the bomb would be 50 MB


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd", "gzip, gzip", "x"])
async def test_promise_18_only_the_encoding_that_was_asked_for_is_undone(
    faults: Any, reply: Callable[..., bytes], encoding: str
) -> None:
    faults.answer("/x", reply(b"\x1f\x8b", f"Content-Encoding: {encoding}"))
    observation = await call(faults, faults.spec("/x"))
    assert observation.status is Status.ERROR_IN_MESSAGE
    assert "is unknown" in observation.content
    assert faults.asked[0].headers["accept-encoding"] == "gzip"


BINDING = {
    "method": "GET",
    "url": "https://api.example:8443/v1/{who}/notes/n-{n}.json",
    "in": {"who": "path", "n": "path", "q": "query"},
}


@given(who=st.text(max_size=20), n=st.text(max_size=20), q=st.text(max_size=20))
def test_promise_19_what_is_built_is_the_endpoint_or_is_refused(who: str, n: str, q: str) -> None:
    try:
        request = build_request(BINDING, {"who": who, "n": n, "q": q})
    except Refused:
        return
    check_endpoint(BINDING, request.url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example:8443/v1/a/notes/n-1.json",
        "https://api.example/v1/a/notes/n-1.json",
        "https://evil.example:8443/v1/a/notes/n-1.json",
        "https://api.example:8443@evil.example/v1/a/notes/n-1.json",
        "https://user@api.example:8443/v1/a/notes/n-1.json",
        "https://api.example:8443/v2/a/notes/n-1.json",
        "https://api.example:8443/v1/../notes/n-1.json",
        "https://api.example:8443/v1/%2e%2e/notes/n-1.json",
        "https://api.example:8443/v1/..;x/notes/n-1.json",
        "https://api.example:8443/v1/a/b/notes/n-1.json",
        "https://api.example:8443/v1//notes/n-1.json",
        "https://api.example:8443/v1/a/notes/n-.json",
        "https://api.example:8443/v1/a/notes/n-1.xml",
        "https://api.example:8443/v1/a/notes/n-1.json#x",
        "https://api.example:8443/v1/a/notes",
        "https://api.example:8443",
        "https://[::1/v1/a/notes/n-1.json",
        "/v1/a/notes/n-1.json",
        "",
    ],
)
def test_promise_19_another_endpoint_is_refused_however_it_was_built(url: str) -> None:
    with pytest.raises(Refused):
        check_endpoint(BINDING, url)


async def test_promise_20_nothing_but_what_is_declared_reaches_the_wire(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    """Also where the binding is somebody's attempt: it names no framing header or host."""
    faults.answer("/x", reply(b"{}", JSON))
    spec = faults.spec("/x", places={"Host": "header", "X-A": "header"})
    backend = HttpBackend({spec.id: spec}.__getitem__, hosts=faults.hosts)
    refused = await backend(ToolCall("c", spec.id, {"Host": "evil.example"}))
    unknown = await backend(ToolCall("c", spec.id, {"X-B": "1"}))
    await backend(ToolCall("c", spec.id, {"X-A": "1"}))
    await backend.close()
    assert {refused.status, unknown.status} == {Status.INVALID_REQUEST}
    [asked] = faults.asked
    assert asked.headers["host"] == faults.base.removeprefix("http://")
    assert asked.headers["x-a"] == "1"


async def test_a_host_without_a_map_is_called_where_it_is(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    faults.answer("/x", reply(b"{}", JSON))
    spec = faults.spec("/x")
    spec = replace(spec, binding={**spec.binding, "url": f"{faults.base}/x"})
    backend = HttpBackend({spec.id: spec}.__getitem__, addresses=AddressPolicy(private=True))
    assert (await backend(ToolCall("c", spec.id))).status is Status.OK
    await backend.close()


async def test_every_fault_ends_in_success_or_a_declared_outcome(tmp_path: Path) -> None:
    """Two hundred of the release run's ten thousand (benchmarks/faults.py)."""
    outcomes = await inject(200, 1, tmp_path / "keys", deadline=1.0, at_once=32)
    assert sum(outcomes.statuses.values()) == 200
    for what in ("undeclared", "lost", "duplicated", "misattributed", "unstored"):
        assert getattr(outcomes, what) == []


async def test_a_call_that_is_cut_off_takes_its_pool_along_when_nobody_uses_it() -> None:
    """A pool of httpcore may lose a connection then, and has only so many."""
    made: list[Pool] = []

    class Pool(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self.closed = False
            self.go = asyncio.Event()
            made.append(self)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await self.go.wait()
            return httpx.Response(204, stream=httpx.ByteStream(b""))

        async def aclose(self) -> None:
            self.closed = True

    wire = Wire(Pool, hosts={}, addresses=AddressPolicy(), max_bytes=9)
    request = Request("GET", "https://api.example/x")
    calls = [asyncio.ensure_future(wire(request)) for _ in range(2)]
    await asyncio.sleep(0)
    calls[0].cancel()
    await asyncio.wait(calls[:1])
    assert [pool.closed for pool in made] == [False, False]  # the other call goes on
    made[0].go.set()
    assert (await calls[1]).code == 204
    assert [pool.closed for pool in made] == [True, False]
    made[1].go.set()
    assert (await wire(request)).code == 204
    await wire.close()
    assert len(made) == 2
    assert made[1].closed
