"""Tasks of one's own: read as they are written, and what is wrong is told where it stands."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import pytest

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.formats.task_lines import load_tasks, save_tasks
from toolgrove.data.records import Reference, Task, ToolCall
from toolgrove.data.world import SPLITS, new_tasks, tasks
from toolgrove.errors import FormatError

PAGE = Path(__file__).parents[3] / "docs" / "your-own-tasks.md"
GOOD = {"query": "How far is it?", "reference": {"kind": "number", "value": 12, "unit": "km"}}


SETS = "line 2: $.reference.call_sets"


def lines(folder: Path, *values: Any) -> Path:
    file = folder / "mine.jsonl"
    file.write_text("\n".join(v if isinstance(v, str) else json.dumps(v) for v in values))
    return file


def with_reference(**fields: Any) -> dict[str, Any]:
    return {"query": "Which?", "reference": fields}


def with_sets(*sets: Any) -> dict[str, Any]:
    return with_reference(kind="text", value="A", call_sets=sets)


def test_the_world_s_tasks_come_back_equal(tmp_path: Path) -> None:
    every = [task for split in SPLITS for task in tasks(split)] + new_tasks(3, 20)
    save_tasks(tmp_path / "all.jsonl", every)
    assert load_tasks(tmp_path / "all.jsonl") == every


def test_a_task_that_is_offered_no_tool_is_not_one_that_names_none(tmp_path: Path) -> None:
    both = [Task("none", "How far?", tools=()), Task("any", "How far?")]
    save_tasks(tmp_path / "both.jsonl", both)
    assert load_tasks(tmp_path / "both.jsonl") == both


def test_the_page_s_example_is_read_and_its_snippet_runs(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = text.split('```json title="mine.jsonl"\n')[1].split("```")[0]
    found = load_tasks(lines(tmp_path, shown))
    assert [task.id for task in found] == ["marathon", "mongolia", "no-term"]
    assert found[0].reference == Reference("number", 42.165, "kilometer")
    assert doctest.testfile(str(PAGE), module_relative=False).failed == 0


def test_a_line_may_hold_little(tmp_path: Path) -> None:
    call = {"name": "a/b/c", "arguments": {"x": 1}}
    file = lines(
        tmp_path, {"query": "Hm?"}, "", with_reference(kind="set", value=["a"], calls=[call])
    )
    first, second = load_tasks(file)
    assert (first.id, first.tools, first.reference) == ("1", None, None)
    assert second.id == "3"
    assert second.reference is not None
    assert second.reference.calls == (ToolCall("call_1", "a/b/c", {"x": 1}),)


def test_a_right_value_by_itself_is_the_only_one_of_its_argument(tmp_path: Path) -> None:
    call = {"name": "a", "arguments": {"x": "tea", "y": ["1", 1]}}
    [task] = load_tasks(lines(tmp_path, with_sets([call, {"name": "b", "needs": [0]}], [])))
    assert task.reference is not None
    assert task.reference.call_sets == (
        (ExpectedCall("a", {"x": ("tea",), "y": ("1", 1)}), ExpectedCall("b", needs=(0,))),
        (),
    )


@pytest.mark.parametrize("unit", ["NOK", "aed", "kilometer", "mile/hour", "kilos", "percent"])
def test_a_unit_is_pint_s_or_a_currency(tmp_path: Path, unit: str) -> None:
    [task] = load_tasks(lines(tmp_path, with_reference(kind="number", value=1, unit=unit)))
    assert task.reference is not None
    assert task.reference.unit == unit


@pytest.mark.parametrize(
    ("line", "place", "expected"),
    [
        ("{", "line 2: $", "one JSON object"),
        ("[1]", "line 2: $", "an object"),
        ({"id": "x"}, "line 2: $.query", "this field, which is missing"),
        ({"query": ""}, "line 2: $.query", "at least 1 character"),
        ({**GOOD, "refrence": {}}, "line 2: $.refrence", "one of the fields id, query, tools"),
        ({**GOOD, "id": "1"}, "line 2: $.id", "no other line has"),
        ({**GOOD, "tools": "a"}, "line 2: $.tools", "an array"),
        ({**GOOD, "tools": ["a/b/c"]}, "line 2: $.tools[0]", "of the bundled world, not 'a/b/c'"),
        (with_reference(value=2), "line 2: $.reference.kind", "missing"),
        (with_reference(kind="figure", value=2), "line 2: $.reference.kind", "'number'"),
        (
            with_reference(kind="number", answer=2),
            "line 2: $.reference.answer",
            "one of the fields",
        ),
        (
            with_reference(kind="number", value="2 km"),
            "line 2: $.reference.value",
            "without its unit",
        ),
        (with_reference(kind="number", value=True), "line 2: $.reference.value", "a number"),
        (with_reference(kind="date", value="4 July"), "line 2: $.reference.value", "YYYY-MM-DD"),
        (with_reference(kind="number", value=10**400), "line 2: $.reference.value", "1e308"),
        (
            '{"query": "a", "meta": {"n": 1' + "0" * 5000 + "}}",
            "line 2: $",
            "5,001 digits is too long",
        ),
        (with_reference(kind="date", value="2026-02-30"), "line 2: $.reference.value", "calendar"),
        (with_reference(kind="date", value="25:70"), "line 2: $.reference.value", "HH:MM"),
        (
            with_reference(kind="set", value=["2026-02-01", "2026-02-30"]),
            "line 2: $.reference.value[1]",
            "calendar",
        ),
        (
            with_reference(kind="number", value=1, unit="kilometr"),
            "line 2: $.reference.unit",
            "not 'kilometr'",
        ),
        (with_sets([{"name": "a", "needs": [7]}]), f"{SETS}[0][0].needs[0]", "from 0 to 0, not 7"),
        (
            with_sets([{"name": "a", "needs": [1]}, {"name": "b", "needs": [0]}]),
            f"{SETS}[0]",
            "in a circle",
        ),
        (with_sets([{"name": "a", "argument": {}}]), f"{SETS}[0][0].argument", "one of the fields"),
        (with_sets({"name": "a"}), f"{SETS}[0]", "an array"),
        ('{"query": "a", "query": "b"}', "line 2: $", "the key 'query' once"),
        (
            '{"query": "a", "reference": {"kind": "text", "value": "a", "value": "b"}}',
            "line 2: $",
            "the key 'value' once",
        ),
        (with_reference(kind="set", value="a"), "line 2: $.reference.value", "array of strings"),
        (with_reference(kind="set", value=[]), "line 2: $.reference.value", "with one at least"),
        (with_reference(kind="name"), "line 2: $.reference.value", "the name as a string"),
        (
            with_reference(kind="name", value="a", calls=[{"arguments": {}}]),
            "line 2: $.reference.calls[0].name",
            "missing",
        ),
        (
            with_reference(kind="number", value=1, tolerance=-1),
            "line 2: $.reference.tolerance",
            "greater than or equal to 0",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_is_told_by_file_line_field_and_mend(
    tmp_path: Path, line: Any, place: str, expected: str
) -> None:
    file = lines(tmp_path, GOOD, line)
    with pytest.raises(FormatError) as caught:
        load_tasks(file, {"x/y/z"})
    assert caught.value.file == str(file)
    assert caught.value.path == place
    assert expected in caught.value.expected
    assert caught.value.mend
