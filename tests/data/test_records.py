"""Records are frozen, keep what they are given through JSON, and know ToolBench's codes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data import codec
from toolgrove.data.records import (
    Message,
    Node,
    Observation,
    PreferencePair,
    Reference,
    Score,
    Status,
    Task,
    ToolCall,
    ToolSpec,
    Usage,
)
from toolgrove.data.tree import ROOT, SearchTree, child_id

PLAIN = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=20)
OBJECTS = st.dictionaries(st.text(max_size=8), PLAIN, max_size=4)


def test_status_codes_are_toolbenchs() -> None:
    assert [Status.from_code(code).code for code in range(13)] == list(range(13))
    assert {s.code for s in Status} == set(range(13))
    with pytest.raises(ValueError, match="13 is not"):
        Status.from_code(13)


@pytest.mark.parametrize(
    "kind", [Message, Node, Observation, PreferencePair, Reference, Score, Task, ToolCall, ToolSpec]
)
@given(data=st.data())
def test_a_record_through_json_is_the_same_record(kind: type, data: st.DataObject) -> None:
    st.register_type_strategy(Usage, st.builds(Usage, st.integers(0, 99), st.integers(0, 99)))
    record = data.draw(st.builds(kind, **_overrides(kind)))
    again = codec.decode(kind, codec.loads(codec.dumps(record)))
    assert codec.to_json(again) == codec.to_json(record)


def test_a_reference_without_sets_of_calls_is_kept_under_the_digest_it_always_had() -> None:
    """Results and journals of before are found again; what has sets is another task."""
    task = Task("1", "How far?", reference=Reference("number", 1, calls=(ToolCall("1", "far"),)))
    assert codec.digest(codec.to_json(task)) == "beff9a8354f82cacb1261c35519da41d"
    assert "call_sets" not in codec.to_json(task)["reference"]
    none_right = replace(task, reference=Reference("number", 1, call_sets=((),)))
    assert codec.to_json(none_right)["reference"]["call_sets"] == [[]]


def _overrides(kind: type) -> dict[str, st.SearchStrategy[object]]:
    calls = st.lists(st.builds(ToolCall, arguments=OBJECTS), max_size=2).map(tuple)
    names: dict[type, dict[str, st.SearchStrategy[object]]] = {
        ToolCall: {"arguments": OBJECTS},
        ToolSpec: {"parameters": OBJECTS, "returns": OBJECTS, "binding": OBJECTS},
        Message: {"calls": calls},
        Observation: {"seconds": st.floats(0, 9)},
        Node: {
            "calls": calls,
            "messages": st.just(()),
            "prompt": st.just(()),
            "score": st.none() | st.floats(0, 1),
            "seconds": st.floats(0, 9),
            "observations": st.just(()),
            "meta": OBJECTS,
        },
        Reference: {"value": PLAIN, "tolerance": st.floats(0, 1), "calls": calls},
        Task: {"reference": st.none(), "meta": OBJECTS},
        Score: {"value": st.none() | st.floats(0, 1), "details": OBJECTS},
        PreferencePair: {
            "prompt": st.just([]),
            "chosen": st.just([]),
            "rejected": st.just([]),
            "tools": st.just(()),
            "origin": OBJECTS,
        },
    }
    return names[kind]


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Task("1", "?").query = "!"  # type: ignore[misc]  # that it fails is the test


def test_a_tree_is_appended_to_in_any_order_of_siblings() -> None:
    tree = SearchTree(Task("1", "?"))
    tree.add(Node(ROOT, None))
    for index in (2, 0, 1):
        tree.add(Node(child_id(ROOT, index), ROOT, index))
    assert [node.index for node in tree.children(ROOT)] == [0, 1, 2]
    assert tree.path(child_id(ROOT, 1)) == [tree.root, tree[child_id(ROOT, 1)]]
    with pytest.raises(ValueError, match="already"):
        tree.add(Node(child_id(ROOT, 0), ROOT))
    with pytest.raises(ValueError, match="not in the tree"):
        tree.add(Node("x", "nobody"))
    with pytest.raises(ValueError, match="one root"):
        tree.add(Node("other", None))


@given(OBJECTS)
def test_a_digest_does_not_see_the_order_of_keys(value: dict[str, object]) -> None:
    assert codec.digest(value) == codec.digest(dict(reversed(value.items())))


@given(st.integers())
def test_integers_of_any_size_are_read_as_integers(value: int) -> None:
    assert codec.loads(codec.dumps([value, str(value)])) == [value, str(value)]
    assert codec.loads(str(value)) == value


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "", "1 2"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of the parser
        codec.loads(text)
