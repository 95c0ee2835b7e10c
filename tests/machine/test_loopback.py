"""Servers of our own answer this machine only, and end with their block."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx
import pytest

from toolgrove.errors import UsageError
from toolgrove.machine.loopback import (
    App,
    AsgiReceive,
    AsgiScope,
    AsgiSend,
    Guard,
    TooLarge,
    bounded_body,
    serving,
)


async def hello(scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
    """A bare ASGI application."""
    if scope["type"] == "lifespan":
        message: MutableMapping[str, Any] = {}
        while message.get("type") != "lifespan.shutdown":
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


FOREIGN = [
    {"host": "evil.example"},
    {"host": "127.0.0.1.evil.example"},
    {"host": "localhost@evil.example"},
    {"host": ""},
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1.evil.example"},
    {"origin": "http://127.0.0.1@evil.example"},
    {"origin": "null"},
    {"origin": "file://127.0.0.1"},
    {"origin": "http://[::1"},
]
OWN = [
    {},
    {"host": "LOCALHOST:80"},
    {"host": "[::1]:8080"},
    {"host": "api.example"},
    {"origin": "http://localhost:6274"},
    {"origin": "https://127.0.0.1"},
]


def test_promise_25_a_foreign_host_or_origin_is_refused() -> None:
    with serving(lambda: Guard(hello, ["api.example"])) as url:
        foreign = [httpx.get(url, headers=headers).status_code for headers in FOREIGN]
        own = [httpx.get(url, headers=headers).text for headers in OWN]
    assert foreign == [403] * len(FOREIGN)
    assert own == ["hello"] * len(OWN)


def test_a_server_ends_with_its_block() -> None:
    before = threading.active_count()
    with serving(lambda: hello) as url:
        assert httpx.get(url).text == "hello"
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


async def test_a_body_is_read_up_to_its_bound_and_no_further() -> None:
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(10):
            taken += 1
            yield b"x" * 10

    assert await bounded_body(chunks(), 100) == b"x" * 100
    taken = 0
    with pytest.raises(TooLarge, match="larger than 25 bytes"):
        await bounded_body(chunks(), 25)
    assert taken == 3


@pytest.mark.parametrize("package", ["uvicorn", "starlette"])
def test_a_package_that_serving_needs_is_named_with_its_extra(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    def make() -> App:
        importlib.import_module(package)
        return hello

    with pytest.raises(UsageError, match=r"pip install 'toolgrove\[world\]'"), serving(make):
        pass
