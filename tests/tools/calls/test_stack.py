"""The stack: the right backend for each tool, wrapped in all that holds for every call."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolgrove.data.journal import Journal
from toolgrove.data.records import Status, Task, ToolCall, ToolSpec
from toolgrove.data.runs import whole_observation
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.registry import Registry


def double(x: int) -> int:
    """Double a number."""
    return 2 * x


def essay(words: int) -> str:
    """Write at length."""
    return "word " * words


async def test_each_tool_gets_its_backend(faults: Any, reply: Callable[..., bytes]) -> None:
    faults.answer("/x", reply(b'{"served": true}', "Content-Type: application/json"))
    odd = ToolSpec("odd", "c", "t", "n", binding={"kind": "telepathy"})
    bare = ToolSpec("bare", "c", "t", "n")
    with Registry() as registry:
        registry.add([faults.spec(), odd, bare])
        python = registry.add_function(double)
        async with build_stack(registry, CallSettings(hosts=faults.hosts)) as execute:
            served = await execute(ToolCall("c", faults.spec().id))
            doubled = await execute(ToolCall("c", python.id, {"x": 21}))
            unbound = [await execute(ToolCall("c", spec_id)) for spec_id in ("odd", "bare")]
            missing = await execute(ToolCall("c", "no such id"))
    assert (served.status, served.content) == (Status.OK, '{"served":true}')
    assert (doubled.status, doubled.content) == (Status.OK, "42")
    assert doubled.seconds > 0
    for observation in unbound:
        assert observation.status is Status.NOT_WORKING
        assert "no backend" in observation.content
        assert observation.attempts == 0
    assert missing.status is Status.NO_SUCH_TOOL


async def test_an_observation_that_is_cut_is_whole_in_the_run(tmp_path: Path) -> None:
    with Registry() as registry:
        spec = registry.add_function(essay)
        with Journal.create(
            tmp_path / "run", task=Task("1", "q"), tools=[spec], aliases={}, config={}
        ) as journal:
            async with build_stack(
                registry, CallSettings(observation_limit=100), store=journal.store
            ) as execute:
                observation = await execute(ToolCall("c", spec.id, {"words": 1000}))
    assert observation.truncated
    assert len(observation.content) <= 100
    assert observation.size == 5000
    assert whole_observation(tmp_path / "run", observation) == "word " * 1000


def test_importing_the_stack_loads_no_http_client() -> None:
    code = (
        "import sys, toolgrove.tools.calls.stack\n"
        "print([m for m in ('httpx', 'pydantic', 'chromadb', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
