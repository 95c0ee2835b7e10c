"""Further pages: found where servers say them, and only by parameters that the tool declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from toolgrove.data.records import Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.http.pages import next_arguments, pages
from toolgrove.tools.registry import Registry

URL = "https://api.example/items?page=1"


def spec(*names: str, whole: bool = False) -> ToolSpec:
    kind = "integer" if whole else "string"
    return ToolSpec(
        "i",
        "c",
        "t",
        "n",
        parameters={"type": "object", "properties": {name: {"type": kind} for name in names}},
        binding={"in": dict.fromkeys(names, "query")},
    )


@pytest.mark.parametrize(
    ("link", "given"),
    [
        ('<https://api.example/items?page=2>; rel="next"', {"page": 2}),
        ("</items?page=2>; rel=next", {"page": 2}),
        ('<?page=0>; rel="prev", <?page=2>; title="a, b"; rel="last next"', {"page": 2}),
        ('<https://api.example:443/items?page=2&key=k>; REL="NEXT"', {"page": 2}),
        ('<?page=1>; rel="next"', None),  # that is where we are
        ('<https://evil.example/items?page=2>; rel="next"', None),
        ('<http://api.example/items?page=2>; rel="next"', None),
        ('</admin?page=2>; rel="next"', None),
        ('<?other=2>; rel="next"', None),
        ('<?page=2>; rel="nextish"', None),
        ('<https://[::1?page=2>; rel="next"', None),
        ("nonsense; rel=next", None),
        ("", None),
    ],
)
def test_a_link_header_says_the_next_page(link: str, given: dict[str, Any] | None) -> None:
    found = next_arguments(spec("page", whole=True), {"page": 1}, URL, {"link": link}, None)
    assert found == given


@pytest.mark.parametrize(
    ("value", "names", "given"),
    [
        ({"items": [], "next_cursor": "abc"}, ["cursor"], {"cursor": "abc"}),
        ({"nextPageToken": "abc"}, ["pageToken"], {"pageToken": "abc"}),
        ({"response_metadata": {"next_cursor": "abc"}}, ["cursor"], {"cursor": "abc"}),
        ({"pageInfo": {"endCursor": "abc"}}, ["after"], {"after": "abc"}),
        ({"next": "https://api.example/items?offset=20"}, ["offset"], {"offset": "20"}),
        ({"next": "https://evil.example/items?offset=20"}, ["offset"], None),
        ({"next_cursor": ""}, ["cursor"], None),
        ({"next_cursor": None}, ["cursor"], None),
        ({"next_cursor": {"a": 1}}, ["cursor"], None),
        ({"next_cursor": "abc"}, ["other"], None),
        ([1], ["cursor"], None),
    ],
)
def test_a_cursor_in_the_body_says_the_next_page(
    value: Any, names: list[str], given: dict[str, Any] | None
) -> None:
    found = next_arguments(spec(*names), {"q": "x"}, URL, {}, value)
    assert found == (None if given is None else {"q": "x", **given})


async def test_pages_are_called_one_after_the_other_until_there_is_none(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    kind = "Content-Type: application/json"
    faults.answer(
        "/items",
        reply(b'{"a": 1}', kind, 'Link: </items?page=2>; rel="next"'),
        reply(b'{"a": 2, "next_cursor": 3}', kind),
        reply(b'{"a": 3}', kind),
    )
    binding = {**faults.spec("/items").binding, "in": {"page": "query"}}
    paged = replace(spec("page", whole=True), binding=binding)
    with Registry() as registry:
        registry.add([paged])
        async with build_stack(registry, CallSettings(hosts=faults.hosts)) as execute:
            got = [o async for o in pages(execute, ToolCall("c", "i"))]
            faults.answer("/items", reply(b'{"next_cursor": 9}', kind))
            endless = [o async for o in pages(execute, ToolCall("c", "i", {"page": 1}), limit=1)]
    assert [o.content[:6] for o in got] == ['{"a":1', '{"a":2', '{"a":3']
    assert [asked.target for asked in faults.asked[:3]] == [
        "/items",
        "/items?page=2",
        "/items?page=3",
    ]
    assert len(endless) == 1


async def test_a_page_that_fails_is_the_last() -> None:
    left = [
        Observation(Status.OK, "1", more={"page": 2}),
        Observation(Status.NOT_WORKING, "down"),
        Observation(Status.OK, "never"),
    ]

    async def execute(call: ToolCall) -> Observation:
        return left.pop(0)

    got = [o.content async for o in pages(execute, ToolCall("c", "i"))]
    assert got == ["1", "down"]
