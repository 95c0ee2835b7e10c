"""The HTTP backend against a server that breaks in every way that servers do."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import httpx
import pytest

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack, with_timeout
from toolgrove.tools.http.backend import HttpBackend
from toolgrove.tools.registry import Registry

Reply = Callable[..., bytes]
JSON = "Content-Type: application/json"


async def call(faults: Any, spec: ToolSpec, **arguments: Any) -> Observation:
    """One call by the backend alone, without retries."""
    backend = HttpBackend({spec.id: spec}.__getitem__, hosts=faults.hosts, max_bytes=100_000)
    try:
        return await backend(ToolCall("c", spec.id, arguments))
    finally:
        await backend.close()


class NoJitter(Random):
    """Lets no test wait between attempts."""

    def uniform(self, a: float, b: float) -> float:
        return 0.0


async def stacked(faults: Any, spec: ToolSpec) -> Observation:
    """One call by the whole stack."""
    with Registry() as registry:
        registry.add([spec])
        async with build_stack(
            registry, CallSettings(hosts=faults.hosts), rng=NoJitter()
        ) as execute:
            return await execute(ToolCall("c", spec.id, {}))


async def test_a_call_goes_out_as_bound_and_comes_back_compact(faults: Any, reply: Reply) -> None:
    faults.answer("/v1/a%20b", reply(b'{ "ok": [1, 2] }', JSON))
    places = {"id": "path", "q": "query", "X-Lang": "header"}
    spec = faults.spec("/v1/{id}", places=places)
    observation = await call(faults, spec, id="a b", q="ü", **{"X-Lang": "de"})
    assert (observation.status, observation.content) == (Status.OK, '{"ok":[1,2]}')
    [asked] = faults.asked
    assert (asked.method, asked.target) == ("GET", "/v1/a%20b?q=%C3%BC")
    assert asked.headers["x-lang"] == "de"
    # nothing goes along that nobody declared
    assert asked.headers.keys() == {
        "host",
        "connection",
        "accept",
        "accept-encoding",
        "user-agent",
        "x-lang",
    }


async def test_a_body_goes_out_as_json(faults: Any, reply: Reply) -> None:
    faults.answer("/notes", reply(b'{"id": 1}', JSON, status="201 Created"))
    spec = faults.spec("/notes", method="POST", effect=Effect.WRITE, places={"text": "body"})
    observation = await call(faults, spec, text="hé")
    assert observation.status is Status.OK
    [asked] = faults.asked
    assert json.loads(asked.body) == {"text": "hé"}
    assert asked.headers["content-type"] == "application/json"


@pytest.mark.parametrize("hostile", ["..", "../admin", "a/b", "%2e%2e/admin", "..\\x", ""])
async def test_promise_19_a_hostile_argument_never_leaves(faults: Any, hostile: str) -> None:
    spec = faults.spec("/users/{id}/notes", places={"id": "path"})
    observation = await call(faults, spec, id=hostile)
    assert observation.status is Status.INVALID_REQUEST
    assert observation.attempts == 0
    assert faults.asked == []


@pytest.mark.parametrize("hostile", ["?x=1", "#x", "a?b", "é", "a b", "{id}", "@evil", "..."])
async def test_promise_19_an_argument_stays_in_its_segment_on_the_wire(
    faults: Any, reply: Reply, hostile: str
) -> None:
    from urllib.parse import quote

    target = f"/users/{quote(hostile, safe='')}/notes"
    faults.answer(target, reply(b"{}", JSON))
    spec = faults.spec("/users/{id}/notes", places={"id": "path"})
    assert (await call(faults, spec, id=hostile)).status is Status.OK
    assert [asked.target for asked in faults.asked] == [target]


async def test_promise_14_a_private_host_is_not_contacted() -> None:
    def connect(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"tried to connect to {request.url}")

    private = (
        "http://127.0.0.1:1/x",
        "http://169.254.169.254/x",
        "http://localhost/x",
        "http://[::1]/x",
    )
    for url in private:
        spec = ToolSpec("i", "c", "t", "n", binding={"kind": "http", "method": "GET", "url": url})
        backend = HttpBackend({"i": spec}.__getitem__, transport=httpx.MockTransport(connect))
        observation = await backend(ToolCall("c", "i"))
        await backend.close()
        assert observation.status is Status.NOT_WORKING
        assert "not a public host" in observation.content


async def test_promise_16_no_redirect_is_followed_and_no_cookie_kept(
    faults: Any, reply: Reply
) -> None:
    faults.answer(
        "/x",
        reply(b"", "Location: /y", "Set-Cookie: id=1; Path=/", status="302 Found"),
        reply(b"{}", JSON),
    )
    spec = faults.spec()
    backend = HttpBackend({spec.id: spec}.__getitem__, hosts=faults.hosts)
    first = await backend(ToolCall("c", spec.id))
    await backend(ToolCall("c", spec.id))
    await backend.close()
    assert first.status is Status.NOT_WORKING
    assert [asked.target for asked in faults.asked] == ["/x", "/x"]
    assert "cookie" not in faults.asked[1].headers


async def test_proxies_and_credentials_of_the_environment_are_not_used(
    faults: Any, reply: Reply, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    faults.answer("/x", reply(b"{}", JSON))
    assert (await call(faults, faults.spec())).status is Status.OK
    assert "authorization" not in faults.asked[0].headers


BROKEN = {
    "short body": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "cut chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    "not HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "nothing": b"",
    "huge header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
    "cut gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
    + gzip.compress(b'{"a": "bcdefghijk"}')[:20],
    "no gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("fault", [*BROKEN, "reset"])
async def test_a_broken_answer_is_not_working_and_may_be_tried_again(
    faults: Any, fault: str
) -> None:
    faults.answer("/x", BROKEN.get(fault, faults.reset))
    observation = await call(faults, faults.spec())
    assert observation.status is Status.NOT_WORKING
    assert observation.retry_after == 0
    assert "Traceback" not in observation.content


@pytest.mark.parametrize("fault", [*BROKEN, "reset", "504"])
async def test_promise_1_a_write_whose_answer_is_lost_is_in_doubt_and_not_repeated(
    faults: Any, reply: Reply, fault: str
) -> None:
    answer = reply(status="504 Gateway Timeout") if fault == "504" else BROKEN.get(fault)
    faults.answer("/x", answer if answer is not None else faults.reset)
    spec = faults.spec(method="POST", effect=Effect.WRITE)
    observation = await stacked(faults, spec)
    assert observation.status is Status.IN_DOUBT
    assert "unknown whether" in observation.content
    assert len(faults.asked) == 1


async def test_a_write_that_never_left_is_not_in_doubt() -> None:
    class Closed:
        hosts = {"api.example": "http://127.0.0.1:1"}  # noqa: RUF012 - a constant; port 1 is closed

    spec = ToolSpec(
        "i",
        "c",
        "t",
        "n",
        effect=Effect.WRITE,
        binding={"kind": "http", "method": "POST", "url": "https://api.example/x"},
    )
    observation = await call(Closed(), spec)
    assert observation.status is Status.NOT_WORKING
    assert "No connection" in observation.content


async def test_promise_18_a_bomb_is_left_after_the_cap(faults: Any, reply: Reply) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    faults.answer("/x", reply(bomb, "Content-Encoding: gzip"))
    observation = await call(faults, faults.spec())
    assert observation.status is Status.ERROR_IN_MESSAGE
    assert "larger than 100,000 bytes" in observation.content


NDJSON = b'{"a":1}\n{"a":2}\n'
ODD = {
    "lines of JSON": (NDJSON, "application/x-ndjson", "", NDJSON.decode().strip()),
    "lines under JSON's name": (NDJSON, "application/json", "", NDJSON.decode().strip()),
    "JSON sequence": (b'\x1e{"a":1}\n', "application/json-seq", "", '{"a":1}'),
    "NaN": (b'{"t": NaN}', "application/json", "", '{"t": NaN}'),
    "a number without end": (b"[Infinity]", "application/json", "", "[Infinity]"),
    "a number too large": (b'{"e": 1e999}', "application/json", "", '{"e": 1e999}'),
    "Latin-1": ('"Köln"'.encode("latin-1"), "application/json; charset=latin1", "", '"Köln"'),
    "cp1252": ('"€"'.encode("cp1252"), "application/json;charset=windows-1252", "", '"€"'),
    "UTF-16": ('{"a":"é"}'.encode("utf-16"), "application/json; charset=utf-16", "", '{"a":"é"}'),
    "UTF-16 unsaid": ('{"a":"é"}'.encode("utf-16"), "application/json", "", '{"a":"é"}'),
    "Latin-1 unsaid": ('"Köln"'.encode("latin-1"), "application/json", "", '"K\ufffdln"'),
    "a mark first": (b'\xef\xbb\xbf{"a":1}', "application/json", "", '{"a":1}'),
    "a comma too many": (b'{"a":1,}', "application/json", "", '{"a":1,}'),
    "nesting": (b"[" * 2000 + b"]" * 2000, "application/json", "", "[" * 2000 + "]" * 2000),
    "a charset for an encoding": (b'{"a":1}', "application/json", "utf-8", '{"a":1}'),
    "no encoding": (b'{"a":1}', "application/json", "none", '{"a":1}'),
}


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("what", ODD)
async def test_an_odd_answer_of_success_is_passed_on(
    faults: Any, reply: Reply, what: str, effect: Effect
) -> None:
    body, kind, encoding, content = ODD[what]
    headers = [f"Content-Type: {kind}", *([f"Content-Encoding: {encoding}"] if encoding else [])]
    faults.answer("/x", reply(body, *headers))
    method = "GET" if effect is Effect.READ else "POST"
    observation = await call(faults, faults.spec(method=method, effect=effect))
    assert (observation.status, observation.content) == (Status.OK, content)


PAGE = (b"<html><body>Sign in</body></html>", "Content-Type: text/html")


async def test_html_under_200_is_no_answer_to_a_read(faults: Any, reply: Reply) -> None:
    faults.answer("/x", reply(*PAGE))
    observation = await call(faults, faults.spec())
    assert (observation.status, observation.content) == (Status.ERROR_IN_MESSAGE, "Sign in")


async def test_html_that_the_specification_declares_is_passed_on(faults: Any, reply: Reply) -> None:
    faults.answer("/x", reply(*PAGE))
    spec = faults.spec()
    spec = replace(spec, binding={**spec.binding, "answers": ["page"]})
    observation = await call(faults, spec)
    assert (observation.status, observation.content) == (Status.OK, PAGE[0].decode())


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (PAGE, "Sign in"),
        ((b'{"a": ', JSON), '{"a":'),
        ((b"\x0b\x02", JSON, "Content-Encoding: br"), "HTTP 200 OK: it is done. The answer is no"),
        ((b"x" * 200_000, JSON), "larger than 100,000 bytes"),
    ],
)
async def test_a_write_that_succeeded_is_not_in_doubt_for_an_odd_answer(
    faults: Any, reply: Reply, answer: Any, told: str
) -> None:
    faults.answer("/x", reply(*answer))
    observation = await call(faults, faults.spec(method="POST", effect=Effect.WRITE))
    assert observation.status is Status.OK
    assert told in observation.content


async def test_the_status_of_an_answer_that_cannot_be_read_is_told(
    faults: Any, reply: Reply
) -> None:
    odd = "Content-Encoding: br"
    faults.answer("/x", reply(b"\x0b", odd, status="422 Unprocessable Content"))
    observation = await call(faults, faults.spec(method="POST", effect=Effect.WRITE))
    assert observation.status is Status.INVALID_REQUEST
    assert observation.content.startswith("HTTP 422")


SAID = {
    "User unblocked successfully": Status.UNAUTHORIZED,
    "Order accepted, payment gateway notified": Status.NOT_WORKING,
    "Quota updated": Status.TOO_MANY_REQUESTS,
}


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("source", ["openapi", "toolbench", ""])
@pytest.mark.parametrize("said", SAID)
async def test_words_decide_only_for_reads_of_a_source_that_answers_in_words(
    faults: Any, reply: Reply, said: str, source: str, effect: Effect
) -> None:
    faults.answer("/x", reply(json.dumps({"message": said}).encode(), JSON))
    method = "GET" if effect is Effect.READ else "POST"
    spec = replace(faults.spec(method=method, effect=effect), source=source)
    in_words = source == "toolbench" and effect is Effect.READ
    assert (await call(faults, spec)).status is (SAID[said] if in_words else Status.OK)


DOCUMENTED = {"type": "object", "properties": {"id": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("returns", "body", "status"),
    [
        (None, {"status": "failed"}, Status.OK),
        (None, {"error": "no such city"}, Status.OK),
        (DOCUMENTED, {"error": "no such city"}, Status.NOT_WORKING),
        (DOCUMENTED, {"id": 5, "error": "one of two"}, Status.OK),
        (DOCUMENTED, {"city": "blocked"}, Status.OK),
        (DOCUMENTED | {"additionalProperties": True}, {"status": "failed"}, Status.OK),
        ({"type": "object", "properties": {"status": {}}}, {"status": "failed"}, Status.OK),
        ({"anyOf": [DOCUMENTED, {"$ref": "#/$defs/E"}]}, {"error": "no such city"}, Status.OK),
    ],
)
async def test_the_documented_schema_decides_for_reads_and_never_for_writes(
    faults: Any, reply: Reply, returns: Any, body: Any, status: Status
) -> None:
    faults.answer("/x", reply(json.dumps(body).encode(), JSON))
    assert (await call(faults, replace(faults.spec(), returns=returns))).status is status
    write = faults.spec(method="POST", effect=Effect.WRITE)
    assert (await call(faults, replace(write, returns=returns))).status is Status.OK


@pytest.mark.parametrize("fault", ["hang", "drip"])
@pytest.mark.parametrize("effect", list(Effect))
async def test_promise_17_every_call_ends_by_its_deadline(
    faults: Any, fault: str, effect: Effect
) -> None:
    faults.answer("/x", getattr(faults, fault))
    spec = faults.spec(effect=effect)
    backend = HttpBackend({spec.id: spec}.__getitem__, hosts=faults.hosts)
    asked = asyncio.Event()

    async def noted(request: ToolCall) -> Observation:
        asked.set()
        return await backend(request)

    execute = with_timeout(noted, 0.2, {spec.id: spec}.__getitem__)
    observation = await execute(ToolCall("c", spec.id))
    assert asked.is_set()
    assert observation.status is (Status.TIMEOUT if effect is Effect.READ else Status.IN_DOUBT)
    if faults.asked:  # the request got out in time: then its connection is closed now
        await faults.left.wait()
    await backend.close()


async def test_cancelling_a_call_closes_its_connection(faults: Any) -> None:
    spec = faults.spec()
    arrived = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await faults.hang(reader, writer)

    faults.answer("/x", hang)
    task = asyncio.ensure_future(stacked(faults, spec))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await faults.left.wait()


async def test_a_busy_server_is_asked_again_and_an_absurd_wait_is_not_granted(
    faults: Any, reply: Reply
) -> None:
    busy = reply(b"", "Retry-After: 0", status="503 Service Unavailable")
    faults.answer("/x", busy, busy, reply(b'{"a": 1}', JSON))
    observation = await stacked(faults, faults.spec())
    assert (observation.status, observation.attempts) == (Status.OK, 3)

    faults.asked.clear()
    faults.answer("/x", reply(b"", "Retry-After: 86400", status="429 Too Many Requests"))
    observation = await stacked(faults, faults.spec())
    assert (observation.status, observation.attempts) == (Status.TOO_MANY_REQUESTS, 1)
    assert observation.retry_after == 86400
    assert len(faults.asked) == 1


async def test_promise_22_a_busy_server_is_not_sent_a_write_again(
    faults: Any, reply: Reply
) -> None:
    faults.answer("/x", reply(b"", "Retry-After: 0", status="503 Service Unavailable"))
    spec = faults.spec(method="POST", effect=Effect.WRITE)
    observation = await stacked(faults, spec)
    assert (observation.status, observation.attempts) == (Status.NOT_WORKING, 1)
    assert len(faults.asked) == 1
