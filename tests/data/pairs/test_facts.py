"""What is known of a step by itself."""

from __future__ import annotations

from dataclasses import replace

from toolgrove.data.pairs.facts import Known
from toolgrove.data.records import (
    RUN_PYTHON,
    Effect,
    InnerCall,
    Node,
    Observation,
    Status,
    Task,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import ROOT, SearchTree


def test_code_that_writes_is_a_step_that_writes() -> None:
    write = ToolSpec("note", "W", "notes", "note", effect=Effect.WRITE)
    specs = [write, ToolSpec("look", "W", "notes", "look")]
    tree = SearchTree(Task("t", "q"), tools=tuple(specs))
    tree.add(Node(ROOT, None))
    gave = Observation(Status.OK, "kept")
    for index, name in enumerate(["note", "look"]):
        inner = (InnerCall(ToolCall("c.0", name), gave),)
        ran = replace(gave, inner=inner)
        tree.add(Node(name, ROOT, index, calls=(ToolCall("c", RUN_PYTHON),), observations=(ran,)))
    known = Known(tree)
    assert [known.of(tree[name]).writes for name in ("note", "look")] == [True, False]
