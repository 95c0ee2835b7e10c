"""A running world, and a client that calls its APIs as their specs say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from toolgrove.data.records import ToolSpec
from toolgrove.data.world import HOST, running, specs

Send = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def spec_of() -> dict[str, ToolSpec]:
    """Specs by API name, which is unique in the world."""
    return {spec.name: spec for spec in specs()}


@pytest.fixture
def world() -> Iterator[httpx.Client]:
    """A client of a world of its own."""
    with running() as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def shared_world() -> Iterator[httpx.Client]:
    """A client of a world that the tests of a module share."""
    with running() as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def send(client: httpx.Client, spec: ToolSpec, arguments: dict[str, Any]) -> httpx.Response:
    """Make the request that a spec's binding describes."""
    binding = spec.binding
    url = binding["url"].removeprefix(f"https://{HOST}")
    query: dict[str, str] = {}
    body: dict[str, Any] = {}
    for name, value in arguments.items():
        match binding["in"][name]:
            case "path":
                url = url.replace(f"{{{name}}}", quote(str(value), safe=""))
            case "query":
                query[name] = str(value)
            case _:
                body[name] = value
    json = body if binding["method"] == "POST" else None
    return client.request(binding["method"], url, params=query, json=json)


@pytest.fixture
def call(world: httpx.Client, spec_of: dict[str, ToolSpec]) -> Send:
    """Call an API of the test's own world by its name."""
    return lambda api, **arguments: send(world, spec_of[api], arguments)


@pytest.fixture
def ask(shared_world: httpx.Client, spec_of: dict[str, ToolSpec]) -> Send:
    """Call an API of the module's world by its name."""
    return lambda api, **arguments: send(shared_world, spec_of[api], arguments)


class OverHttp:
    """An ``ask`` that calls a running server and tries again where the server says so."""

    def __init__(self, client: httpx.Client, spec_of: dict[str, ToolSpec]) -> None:
        self.client, self.spec_of = client, spec_of

    def __call__(self, api: str, /, **arguments: Any) -> Any:
        answer = send(self.client, self.spec_of[api], arguments)
        assert answer.status_code in (200, 201, 429), answer.text
        if answer.status_code == 429:
            answer = send(self.client, self.spec_of[api], arguments)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()
