"""ToolBench query files become tasks with candidates, and specs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.formats.toolbench_queries import load_queries, parse_queries
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.data.world import tasks as world_tasks
from toolgrove.data.world import write_toolbench_files
from toolgrove.errors import FormatError

API = {
    "category_name": "Data",
    "tool_name": "zip",
    "api_name": "get",
    "api_description": "One code.",
    "required_parameters": [{"name": "code", "type": "STRING", "default": "02139"}],
    "optional_parameters": [],
    "method": "GET",
    "template_response": {"city": "str"},
}
QUERY = {"query": "Where is 02139?", "query_id": 7, "api_list": [API], "relevant APIs": []}


@pytest.mark.parametrize(
    ("name", "tasks", "specs", "group"),
    [
        ("G1_instruction", 163, 820, "G1"),
        ("G1_tool", 158, 500, "G1"),
        ("G2_instruction", 106, 604, "G2"),
        ("original_G1_example", 5, 12, "G1"),
        ("original_G2_example", 3, 7, "G2"),
        ("original_G3_example", 2, 11, "G3"),
    ],
)
def test_every_real_query_file_loads_and_all_its_relevant_apis_are_found(
    shared_data: Path, name: str, tasks: int, specs: int, group: str
) -> None:
    file = shared_data / "toolbench" / "queries" / f"{name}.json"
    found, apis = load_queries(file)
    raw = json.loads(file.read_text())
    assert (len(found), len(apis)) == (tasks, specs)
    assert {task.group for task in found} == {group}
    by_id = {spec.id: spec for spec in apis}
    assert len(by_id) == specs
    for task, query in zip(found, raw, strict=True):
        assert (task.id, task.query) == (str(query["query_id"]), query["query"])
        named = [(by_id[i].tool, by_id[i].name) for i in task.relevant]
        assert sorted(named) == sorted({tuple(pair) for pair in query["relevant APIs"]})
        assert task.tools is not None
        assert len(task.tools) == len(query["api_list"])
        assert task.meta == {}
    for spec in apis:
        jsonschema_rs.Draft202012Validator(dict(spec.parameters))
        assert spec.binding == {}
        assert spec.effect is Effect.READ


def test_an_api_has_one_spec_in_all_real_files(shared_data: Path) -> None:
    met: dict[str, ToolSpec] = {}
    for file in sorted((shared_data / "toolbench" / "queries").glob("*.json")):
        for spec in load_queries(file)[1]:
            assert met.setdefault(spec.id, spec) == spec
    assert len(met) == 1893


def test_apis_of_one_name_stay_apart_by_what_is_said_of_them() -> None:
    other = {**API, "api_description": "All codes."}
    same = {**API, "template_response": {"city": "x"}}
    first = {**QUERY, "api_list": [API, other], "relevant APIs": [["zip", "get"]]}
    second = {**QUERY, "api_list": [other, same]}
    tasks, specs = parse_queries([first, second], "queries.json")
    assert [spec.id for spec in specs] == ["Data/zip/get", "Data/zip/get#2"]
    assert tasks[0].relevant == ("Data/zip/get", "Data/zip/get#2")
    assert tasks[1].tools == ("Data/zip/get#2", "Data/zip/get")


def test_a_relevant_api_that_is_no_candidate_is_kept_aside() -> None:
    query = {**QUERY, "relevant APIs": [["zip", "get"], ["zip", "gone"]]}
    [task], _ = parse_queries([query], "queries.json")
    assert task.relevant == ("Data/zip/get",)
    assert task.meta == {"unresolved": [["zip", "gone"]]}


@pytest.mark.parametrize(
    ("apis", "group"),
    [
        ([API], "G1"),
        ([API, {**API, "tool_name": "map"}], "G2"),
        ([API, {**API, "tool_name": "map", "category_name": "Maps"}], "G3"),
    ],
)
def test_the_group_follows_from_the_candidates_where_the_file_name_has_none(
    apis: list[Any], group: str
) -> None:
    [task], _ = parse_queries([{**QUERY, "api_list": apis}], "queries.json")
    assert task.group == group


def test_a_query_without_id_takes_its_place_in_the_file() -> None:
    bare = {"query": "Where?", "api_list": []}
    tasks, _ = parse_queries([QUERY, bare], "queries.json")
    assert [task.id for task in tasks] == ["7", "1"]


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ({}, "$"),
        ([QUERY, []], "$[1]"),
        ([{**QUERY, "query": ["a"]}], "$[0].query"),
        ([{"query": "Where?"}], "$[0].api_list"),
        ([{**QUERY, "api_list": [{**API, "tool_name": 1}]}], "$[0].api_list[0].tool_name"),
        ([{**QUERY, "relevant APIs": [["zip"]]}], '$[0]["relevant APIs"][0]'),
        ([{**QUERY, "relevant APIs": [["zip", 1]]}], '$[0]["relevant APIs"][0][1]'),
    ],
)
def test_a_bad_query_file_is_one_error_with_its_path(bad: Any, path: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_queries(bad, "queries.json")
    assert (caught.value.file, caught.value.path) == ("queries.json", path)


def test_the_worlds_query_files_give_back_its_tasks_with_their_references(tmp_path: Path) -> None:
    written = [p for p in write_toolbench_files(tmp_path) if p.parent.name == "queries"]
    found = [task for path in written for task in load_queries(path)[0]]
    made = [replace(task, meta={}, relevant=tuple(sorted(task.relevant))) for task in world_tasks()]
    assert len(made) > 200
    assert [replace(task, relevant=tuple(sorted(task.relevant))) for task in found] == made


def test_a_group_that_a_query_names_is_its_group() -> None:
    [task], _ = parse_queries([{**QUERY, "group": "G3"}], "G1_instruction.json")
    assert task.group == "G3"


def test_a_query_may_list_several_right_sets_of_calls_and_values() -> None:
    sets = [[{"name": "far", "arguments": {"unit": ["km", "mi"]}, "optional": ["unit"]}], []]
    reference = {"kind": "text", "value": "ok", "call_sets": sets}
    [task], _ = parse_queries([{**QUERY, "reference": reference}], "queries.json")
    assert task.reference is not None
    expected = ExpectedCall("far", {"unit": ("km", "mi")}, optional=("unit",))
    assert task.reference.call_sets == ((expected,), ())


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        ("Cambridge", "$[0].reference"),
        ({"value": "Cambridge"}, "$[0].reference.kind"),
        ({"kind": "number", "tolerance": "much"}, "$[0].reference.tolerance"),
        ({"kind": "name", "calls": [{"id": "1"}]}, "$[0].reference.calls[0].name"),
        ({"kind": "name", "call_sets": [[{}]]}, "$[0].reference.call_sets[0][0].name"),
    ],
)
def test_a_reference_that_is_none_is_told_with_its_place(reference: Any, path: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_queries([{**QUERY, "reference": reference}], "queries.json")
    assert caught.value.path == path


def test_values_of_an_enum_are_kept_in_the_parameters_type() -> None:
    choices = {"name": "level", "type": "NUMBER", "enum": ["1", "2"]}
    unit = {"name": "unit", "type": "ENUM", "enum": ["km", "mi"]}
    api = {**API, "optional_parameters": [choices, unit]}
    _, [spec] = parse_queries([{**QUERY, "api_list": [api]}], "queries.json")
    properties = spec.parameters["properties"]
    assert properties["level"] == {"type": "number", "enum": [1, 2]}
    assert properties["unit"] == {"type": "string", "enum": ["km", "mi"]}
    assert "enum" not in properties["code"]
