"""Python objects as sources: module:object."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support import sample_tools
from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import UsageError
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.python.source import load_source
from toolgrove.tools.registry import Registry

MODULE = "support.sample_tools"


async def called(
    spec: ToolSpec, trusted: list[str], *steps: dict[str, object]
) -> list[Observation]:
    """Calls through the stack, of a spec as a catalogue on disk would have it."""
    with Registry() as registry:
        registry.add([spec])
        async with build_stack(registry, CallSettings(trusted=trusted)) as execute:
            return [await execute(ToolCall("c", spec.id, step)) for step in steps]


def test_a_list_holds_functions_langchain_tools_and_specs() -> None:
    source = f"{MODULE}:everything"
    loaded = load_source(source)
    assert [spec.id for spec in loaded.specs] == [
        f"python/{MODULE}/lottery",
        "langchain/moon",
        "sample/spec",
    ]
    assert [spec.effect for spec in loaded.specs[:2]] == [Effect.READ, Effect.WRITE]
    assert all(spec.binding["source"] == source for spec in loaded.specs[:2])
    assert loaded.specs[2] is sample_tools.here
    [left] = loaded.left
    assert "untyped: parameter x has no annotation" in left


async def test_what_is_trusted_is_called_and_nothing_else() -> None:
    source = f"{MODULE}:everything"
    lottery, moon, _ = load_source(source).specs
    assert (await called(lottery, [source], {"country": "NO"}))[0].content == "7 in NO"
    assert (await called(moon, [source], {"day": "2026-01-03"}))[0].content == "full on 2026-01-03"
    for spec in (lottery, moon):
        [refused] = await called(spec, [f"{MODULE}:Desk"], {"country": "NO", "day": ""})
        assert refused.status is Status.NOT_WORKING
        assert "toolgrove index" in refused.content
        [changed] = await called(replace(spec, parameters={}), [source], {"country": "NO"})
        assert "has changed since it was indexed" in changed.content


async def test_a_class_is_made_once_and_its_public_methods_are_tools() -> None:
    source = f"{MODULE}:Desk"
    loaded = load_source(source)
    assert [spec.name for spec in loaded.specs] == ["look", "put"]
    look, put = loaded.specs
    await called(put, [source], {"drawer": "left", "thing": "pen"})
    [seen] = await called(look, [source], {"drawer": "left"})
    assert seen.content == "pen"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (f"{MODULE}:nothing", "cannot be imported"),
        ("no_such_module_anywhere:x", "cannot be imported"),
        (f"{MODULE}:number", "holds no tools"),
    ],
)
def test_what_cannot_be_a_source_is_told(source: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        load_source(source)
