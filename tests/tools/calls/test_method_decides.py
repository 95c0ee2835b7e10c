"""Whether a call writes is decided by its HTTP method, whatever a catalogue says of its effect."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from toolgrove.data import codec
from toolgrove.data.records import Effect, Status, ToolCall, ToolSpec
from toolgrove.planners.paths import Paths
from toolgrove.tools.calls.idempotency import repeatable
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.registry import Registry

ID = "Notes/notes/clear"


def forged(folder: Path, method: object) -> Registry:
    """A catalogue with a row that calls a write a read, as no importer of ours would."""
    binding = {"kind": "http", "method": "GET", "url": "http://notes.example/all", "in": {}}
    spec = ToolSpec(ID, "Notes", "notes", "clear", "Clear.", binding=binding)
    with Registry.open(folder) as registry:
        registry.add([spec])
    body: dict[str, Any] = codec.loads(codec.dumps(spec))
    body["binding"]["method"] = method
    with closing(sqlite3.connect(folder / "registry.sqlite")) as db, db:
        row = (codec.digest(body), codec.dumps(body))
        db.execute("UPDATE specs SET digest = ?, body = ?", row)
    return Registry.open(folder)


@pytest.mark.parametrize("method", ["DELETE", "delete", "POST", "QUERY", " PUT", ["GET"], None])
def test_another_method_than_a_safe_one_writes(tmp_path: Path, method: object) -> None:
    with forged(tmp_path, method) as registry:
        spec = registry.get(ID)
        offer = registry.offer([ID])
    assert spec.effect is Effect.WRITE
    assert "may only read" in (Policy(read_only=True).refusal(spec) or "")
    assert not repeatable(spec, keyed=False)
    assert Paths(offer).effect(ToolCall("c", ID)) is Effect.WRITE, "no step ahead makes it"


@pytest.mark.parametrize("method", ["GET", "get", "HEAD", "OPTIONS"])
def test_a_safe_method_reads_if_the_catalogue_says_so(tmp_path: Path, method: str) -> None:
    with forged(tmp_path, method) as registry:
        assert registry.get(ID).effect is Effect.READ


@pytest.mark.parametrize("read_only", [True, False])
async def test_a_write_called_a_read_is_refused_and_asked_for(
    faults: Any, tmp_path: Path, read_only: bool
) -> None:
    asked: list[str] = []

    def approve(spec: ToolSpec, call: ToolCall) -> bool:
        asked.append(spec.id)
        return False

    policy = Policy(read_only=read_only, approve=approve)
    with forged(tmp_path, "DELETE") as registry:
        settings = CallSettings(hosts=faults.hosts, policy=policy)
        async with build_stack(registry, settings) as execute:
            got = await execute(ToolCall("c", ID))
    assert (got.status, got.attempts) == (Status.UNAUTHORIZED, 0)
    assert asked == ([] if read_only else [ID])
    assert not faults.asked
