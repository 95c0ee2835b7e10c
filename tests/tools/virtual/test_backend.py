"""Calls answered by a virtual API server: ours or StableToolBench's, or one that breaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolgrove.agent.virtual.server import VirtualServer
from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import UsageError
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.registry import Registry
from toolgrove.tools.virtual.backend import VirtualBackend, identity
from toolgrove.tools.virtual.cache import AnswerCache
from toolgrove.tools.virtual.protocol import ApiName, Source, VirtualAnswer

SPEC = ToolSpec("Social/Olato Quotes/Love Quote", "Social", "Olato Quotes", "Love Quote")
TWIN = ToolSpec("Social/Olato Quotes/Love Quote#2", "Social", "Olato Quotes", "Love Quote")
CALL = ToolCall("c", SPEC.id, {"n": 1})
JSON = "Content-Type: application/json"


async def called(url: str, call: ToolCall = CALL, *specs: ToolSpec) -> Observation:
    with Registry() as registry:
        registry.add([SPEC, *specs])
        async with build_stack(registry, CallSettings(apis=url)) as execute:
            return await execute(call)


async def test_a_server_of_stabletoolbenchs_gets_its_request_and_is_understood(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    told = {
        ("", "A quote."): (Status.OK, "A quote."),
        ("", json.dumps({"a": 1})): (Status.OK, '{"a": 1}'),
        ("Unauthorized error...", "no key"): (Status.UNAUTHORIZED, "no key"),
        ("Unsubscribed error...", ""): (Status.UNSUBSCRIBED, "Unsubscribed error..."),
        ("Tool input parse error...\n", ""): (
            Status.ERROR_IN_MESSAGE,
            "Tool input parse error...\n",
        ),
    }
    for (error, response), (status, content) in told.items():
        body = json.dumps({"error": error, "response": response}).encode()
        faults.answer("/virtual", reply(body, JSON))
        observation = await called(faults.base)
        assert (observation.status, observation.content) == (status, content)
        assert not observation.cached
        assert not observation.simulated
    request = json.loads(faults.asked[0].body)
    assert request.pop("id") == SPEC.id
    assert request == {
        "category": "Social",
        "tool_name": "Olato Quotes",
        "api_name": "Love Quote",
        "tool_input": {"n": 1},
        "strip": "",
        "toolbench_key": "",
    }


async def test_what_our_server_marks_is_in_the_observation(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    wire = VirtualAnswer(Status.OK, {"quote": "Æ"}, Source.SIMULATED, cached=True, model="m").wire()
    faults.answer("/virtual", reply(json.dumps(wire).encode(), JSON))
    observation = await called(f"{faults.base}/virtual")
    assert observation.content == '{"quote":"Æ"}'
    assert observation.cached
    assert observation.simulated
    assert observation.attempts == 0


async def test_a_server_that_breaks_is_an_observation(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    wrong = [
        reply(b"<html>", status="502 Bad Gateway"),
        reply(b"{", JSON),
        reply(b"[]", JSON),
        reply(b'{"error": 5, "response": ""}', JSON),
        reply(b"", "Location: https://evil.example/", status="302 Found"),
        faults.reset,
    ]
    for answer in wrong:
        faults.answer("/virtual", answer)
        observation = await called(faults.base)
        assert observation.status is Status.NOT_WORKING
        assert "virtual API server did not answer" in observation.content


async def test_an_answer_is_read_within_bounds(faults: Any, reply: Callable[..., bytes]) -> None:
    body = json.dumps({"error": "", "response": "x" * 5000}).encode()
    faults.answer("/virtual", reply(body, JSON))
    backend = VirtualBackend(faults.base, lambda _: SPEC, max_bytes=1000)
    observation = await backend(CALL)
    await backend.close()
    assert observation.status is Status.NOT_WORKING
    assert "larger than 1,000 bytes" in observation.content


async def test_a_late_write_is_in_doubt(faults: Any) -> None:
    faults.answer("/virtual", faults.hang)
    spec = ToolSpec("w", "c", "t", "w", effect=Effect.WRITE)
    with Registry() as registry:
        registry.add([spec])
        async with build_stack(registry, CallSettings(apis=faults.base, timeout=0.2)) as execute:
            assert (await execute(ToolCall("c", "w"))).status is Status.IN_DOUBT


async def test_two_apis_that_toolbench_spells_alike_stay_apart_for_our_client(
    tmp_path: Path,
) -> None:
    with Registry() as registry, AnswerCache(tmp_path / "answers") as cache:
        registry.add([SPEC, TWIN])
        server = VirtualServer(registry, cache, real=False)
        name = ApiName.of("Social", "Olato Quotes", "Love Quote")
        cache.save(name, {}, VirtualAnswer(Status.OK, "first", Source.REAL))
        with server.running() as url:
            first = await called(url, ToolCall("c", SPEC.id), TWIN)
            second = await called(url, ToolCall("c", TWIN.id), TWIN)
    assert (first.content, first.cached, first.status) == ("first", True, Status.OK)
    assert second.status is Status.NOT_WORKING


async def test_a_server_is_known_by_what_decides_its_answers(
    tmp_path: Path, faults: Any, reply: Callable[..., bytes]
) -> None:
    with Registry() as registry, AnswerCache(tmp_path / "answers") as cache:
        names = []
        for real in (True, False, True):
            with VirtualServer(registry, cache, real=real).running() as url:
                names.append(identity(url))
    assert names[0] == names[2] == f"virtual:{cache.id[:12]}+real"  # whatever its port
    assert names[1] == f"virtual:{cache.id[:12]}+cached"
    with pytest.raises(UsageError, match="toolgrove serve apis"):
        identity(url)
