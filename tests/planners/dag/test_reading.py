"""Plans are read as they come, and nothing that a model wrote is dropped."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import Effect, ToolSpec
from toolgrove.planners.dag.plan import Entry, Join, Note, PlanTask, Problem, to_json, to_lines
from toolgrove.planners.dag.reading import PlanReader, read_plan


def nothing(name: str) -> None:
    return None


def spec(name: str, *parameters: str, effect: Effect = Effect.READ) -> ToolSpec:
    schema = {"type": "object", "properties": {p: {} for p in parameters}}
    return ToolSpec(f"t/{name}", "t", "t", name, parameters=schema, effect=effect)


def tasks(text: str, *specs: ToolSpec) -> list[PlanTask]:
    found = read_plan(text, {s.name: s for s in specs}.get)
    assert not [e for e in found if isinstance(e, Problem)], found
    return [e for e in found if isinstance(e, PlanTask)]


def problems(text: str, *specs: ToolSpec) -> list[Problem]:
    return [e for e in read_plan(text, {s.name: s for s in specs}.get) if isinstance(e, Problem)]


def chunked(text: str, sizes: list[int], *specs: ToolSpec) -> list[Entry]:
    reader = PlanReader({s.name: s for s in specs}.get)
    found: list[Entry] = []
    at = 0
    while at < len(text):
        size = sizes[at % len(sizes)] if sizes else 1
        found += reader.feed(text[at : at + size])
        at += size
    return found + reader.close()


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["$1", "${1.a[0]}", "$100", "a $2.b", "x)", "1. f(x)\n2. g()"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda name: not re.match(r"(join|[Ff]inish)\b", name)
)
TASKS = st.lists(
    st.builds(
        PlanTask,
        st.integers(0, 10**9 - 1),
        NAMES,
        st.dictionaries(st.text(min_size=1), VALUES, max_size=3),
        st.lists(st.integers(0, 99), max_size=2, unique=True).map(tuple),
    ),
    unique_by=lambda task: task.number,
    max_size=5,
)


def shape(entries: list[Entry]) -> list[tuple[Any, ...]]:
    return [(e.number, e.tool, e.arguments, e.after) for e in entries if isinstance(e, PlanTask)]


@given(TASKS, st.lists(st.integers(1, 30), max_size=5))
def test_lines_round_trip_in_chunks_of_any_size(plan: list[PlanTask], sizes: list[int]) -> None:
    found = chunked(to_lines(plan), sizes)
    assert shape(found) == shape(list(plan))
    assert [type(e) for e in found if not isinstance(e, PlanTask)] == [Join]


@given(TASKS, st.lists(st.integers(1, 30), max_size=5), st.sampled_from([None, 2]))
def test_json_round_trips_in_chunks_of_any_size(
    plan: list[PlanTask], sizes: list[int], indent: int | None
) -> None:
    found = chunked(json.dumps(to_json(plan), indent=indent), sizes)
    assert shape(found) == shape(list(plan))
    assert [type(e) for e in found if not isinstance(e, PlanTask)] == [Join]


PIECES = [
    "1. f(a=1)",
    "2. get-x(q='two\nlines)')",
    "3. f(a=$1.b[0], c=[1,",
    "2])",
    "4) g(",
    "'",
    '"',
    ")",
    "join()",
    "Thought: so",
    "```",
    "5. h(x={'a': 1}) after: 1",
    "f(a=2)",
    "\n",
    "\n",
    "\n",
    " ",
    "$2",
    "6. broken words",
    "Finish(x)",
    "\r\n",
    "{",
    "]",
    "[",
    '{"id": 7, "tool": "f"}',
    "- 8. f()",
]


def letters(text: str) -> str:
    """What a text holds, whatever its order, without what only holds JSON together."""
    return "".join(sorted(re.sub(r"[\s\[\]{},]", "", text)))


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.lists(st.integers(1, 9)))
def test_every_word_of_any_text_is_in_an_entry_and_chunks_change_nothing(
    text: str, sizes: list[int]
) -> None:
    found = read_plan(text, {"f": spec("f", "a")}.get)
    assert letters("".join(e.text for e in found)) == letters(text)
    assert chunked(text, sizes, spec("f", "a")) == found


def test_a_task_is_there_once_its_line_is() -> None:
    reader = PlanReader(nothing)
    seen = []
    for i, character in enumerate('1. a(x="1)\n")\n2. b(\n y=$1\n)\njoin()\n'):
        seen += [(i, type(e).__name__, getattr(e, "number", None)) for e in reader.feed(character)]
    assert seen == [(13, "PlanTask", 1), (27, "PlanTask", 2), (34, "Join", None)]


def test_an_object_is_there_once_its_brace_is() -> None:
    reader = PlanReader(nothing)
    assert reader.feed('{"tasks": [{"id": 1, "tool": "a", "arguments": {"x": "}"}')[:] == []
    [task] = reader.feed("}, {")
    assert isinstance(task, PlanTask)
    assert task.arguments == {"x": "}"}
