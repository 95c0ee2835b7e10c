"""A kept connection gives no call the answer of another (promise 3)."""

from __future__ import annotations

import ssl
from typing import Any

import httpcore
import pytest

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.http.connection import WatchedStream
from toolgrove.tools.registry import Registry


def kept(body: bytes, status: str = "200 OK") -> bytes:
    """An answer after which the connection stays open."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


POISON = kept(b'{"for":"somebody else"}')
CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n"0"\r\n0\r\n\r\n'
LARGE = b'"' + b"0" * (65536 - len('HTTP/1.1 200 OK\r\nContent-Length: 65497\r\n\r\n""')) + b'"'
LEFT_OVER = {
    "an extra answer": kept(b'"0"') + POISON,
    "a stray CRLF": kept(b'"0"') + b"\r\n",
    "a single byte": kept(b'"0"') + b"x",
    "a body longer than it says": kept(b'"0"') + b'"more"',
    "a body where there is none": kept(b"", "204 No Content") + POISON,
    "an extra answer behind chunks": CHUNKED + POISON,
    "an extra answer behind a read's end": kept(LARGE) + POISON,
}


async def in_turn(faults: Any, specs: list[ToolSpec]) -> list[Observation]:
    """Calls one after the other, by one stack."""
    with Registry() as registry:
        registry.add(specs)
        async with build_stack(registry, CallSettings(hosts=faults.hosts, attempts=1)) as execute:
            return [await execute(ToolCall("c", spec.id)) for spec in specs]


@pytest.mark.parametrize("what", LEFT_OVER)
async def test_promise_3_what_is_left_over_after_an_answer_is_no_later_calls_answer(
    faults: Any, what: str
) -> None:
    faults.keeps = True
    faults.answer("/0", LEFT_OVER[what])
    faults.answer("/1", kept(b'{"for":1}'))
    faults.answer("/2", kept(b'{"for":2}'))
    write = faults.spec("/1", method="POST", effect=Effect.WRITE)
    _, first, second = await in_turn(faults, [faults.spec("/0"), write, faults.spec("/2")])
    assert (first.status, first.content) == (Status.OK, '{"for":1}')
    assert (second.status, second.content) == (Status.OK, '{"for":2}')
    assert [asked.target for asked in faults.asked] == ["/0", "/1", "/2"]
    assert faults.connections == 2, "the good connection is used again"


async def test_a_clean_connection_is_used_again(faults: Any) -> None:
    faults.keeps = True
    for n in range(3):
        faults.answer(f"/{n}", kept(b"%d" % n))
    told = await in_turn(faults, [faults.spec(f"/{n}") for n in range(3)])
    assert [one.content for one in told] == ["0", "1", "2"]
    assert faults.connections == 1


class _Tls(httpcore.AsyncNetworkStream):
    """A connection whose TLS has, or has not, something that nobody read."""

    def __init__(self, outcome: bytes | Exception) -> None:
        self.outcome = outcome

    def read_now(self, size: int) -> bytes:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome[:size]

    def get_extra_info(self, info: str) -> Any:
        tls = type("Tls", (), {"read": lambda _, size: self.read_now(size)})()
        return {"ssl_object": tls, "is_readable": False}.get(info)


@pytest.mark.parametrize(
    ("outcome", "spoilt"),
    [(b"x", True), (ssl.SSLZeroReturnError(), True), (ssl.SSLWantReadError(), False)],
)
def test_promise_3_what_tls_has_decrypted_is_left_over_too(outcome: Any, spoilt: bool) -> None:
    assert WatchedStream(_Tls(outcome)).get_extra_info("is_readable") is spoilt
