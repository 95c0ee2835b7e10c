"""ToolBench tool files become specs that can be called."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats.toolbench_schema import (
    ToolBenchParameter,
    parameters_schema,
    to_function,
)
from toolgrove.data.formats.toolbench_tools import load_tool_file, parse_tool
from toolgrove.data.records import Effect
from toolgrove.errors import FormatError

API = {
    "name": "Get",
    "url": "https://zip.example/codes/{code}",
    "description": " One code. ",
    "method": "GET",
    "required_parameters": [
        {"name": "code", "type": "STRING", "description": "Postal code", "default": "02139"}
    ],
    "optional_parameters": [{"name": "lang", "type": "string", "description": "", "default": ""}],
    "schema": {"city": "str"},
}
TOOL = {"tool_name": "Zip Codes", "tool_description": "Codes.", "api_list": [API]}


def tool(**changes: Any) -> dict[str, Any]:
    return {**TOOL, "api_list": [{**API, **changes}]}


def test_the_real_tool_file_loads_with_its_example_responses(shared_data: Path) -> None:
    specs = load_tool_file(shared_data / "toolbench/toolenv/tools/Social/olato_quotes.json")
    assert [spec.id for spec in specs] == [
        "Social/Olato Quotes/Love Quote",
        "Social/Olato Quotes/Success Quote",
        "Social/Olato Quotes/Motivation Quote",
    ]
    love, success, _ = specs
    assert success.returns == {"quote": "str"}
    assert love.returns is not None
    assert set(love.returns) == {"quote"}
    assert love.effect is Effect.READ
    assert love.binding == {
        "kind": "http",
        "method": "GET",
        "url": "https://olato-quotes.p.rapidapi.com/love",
        "in": {"quotes": "query"},
    }
    assert love.parameters["properties"]["quotes"]["default"] == "random quotes"
    assert love.tool_description.startswith("Olato Quote APIs")


@pytest.mark.parametrize(
    ("method", "effect", "code", "other"),
    [
        ("GET", Effect.READ, "path", "query"),
        ("head", Effect.READ, "path", "query"),
        ("DELETE", Effect.WRITE, "path", "query"),
        ("POST", Effect.WRITE, "path", "body"),
        ("PUT", Effect.WRITE, "path", "body"),
    ],
)
def test_the_method_decides_the_effect_and_where_arguments_go(
    method: str, effect: Effect, code: str, other: str
) -> None:
    [spec] = parse_tool(tool(method=method), "Data", "zip.json")
    assert spec.effect is effect
    assert spec.binding["in"] == {"code": code, "lang": other}
    assert spec.binding["method"] == method.upper()


@pytest.mark.parametrize(
    ("written", "default", "schema"),
    [
        ("STRING", "02139", {"type": "string", "default": "02139"}),
        ("string", "", {"type": "string"}),
        (None, None, {"type": "string"}),
        ("NUMBER", "10", {"type": "number", "default": 10}),
        ("number", "2.5", {"type": "number", "default": 2.5}),
        ("NUMBER", "007", {"type": "number", "default": "007"}),
        ("NUMBER", "many", {"type": "number", "default": "many"}),
        ("NUMBER", 0, {"type": "number", "default": 0}),
        ("BOOLEAN", "True", {"type": "boolean", "default": True}),
        ("boolean", False, {"type": "boolean", "default": False}),
        ("BOOLEAN", "1", {"type": "boolean", "default": "1"}),
        ("ENUM", "High", {"type": "string", "default": "High"}),
        ("ARRAY", '["a", "b"]', {"type": "array", "default": ["a", "b"]}),
        ("LIST", "", {"type": "array"}),
        ("OBJECT", "cities", {"type": "object", "default": "cities"}),
        ("MAP", '{"a": 1}', {"type": "object", "default": {"a": 1}}),
        ("DATE (YYYY-MM-DD)", "", {"type": "string", "format": "date"}),
        (
            "TIME (24-hour HH:MM)",
            "",
            {"type": "string", "description": "[TIME (24-hour HH:MM)]"},
        ),
        ("FILE", "", {"type": "string"}),
    ],
)
def test_types_become_json_schema_and_defaults_keep_their_value(
    written: str | None, default: Any, schema: dict[str, Any]
) -> None:
    parameter = ToolBenchParameter(name="p", type=written, default=default)
    assert parameters_schema([parameter], [])["properties"] == {"p": schema}


def test_a_parameter_given_twice_is_one_and_required_if_any_says_so() -> None:
    first, second = (
        ToolBenchParameter(name="id", type="NUMBER"),
        ToolBenchParameter(name="id", type="STRING"),
    )
    schema = parameters_schema([first, first], [second])
    assert schema["properties"] == {"id": {"type": "number"}}
    assert schema["required"] == ["id"]


@given(
    st.lists(
        st.builds(
            ToolBenchParameter,
            name=st.text(),
            type=st.none() | st.text() | st.sampled_from(["NUMBER", "ARRAY", "BOOLEAN", "OBJECT"]),
            description=st.none() | st.text(),
            default=st.none() | st.text() | st.integers() | st.booleans(),
        )
    )
)
def test_every_parameter_list_becomes_a_valid_schema(parameters: list[ToolBenchParameter]) -> None:
    schema = parameters_schema(parameters[::2], parameters[1::2])
    jsonschema_rs.Draft202012Validator(schema)
    assert set(schema["properties"]) == {p.name for p in parameters}
    assert set(schema["required"]) == {p.name for p in parameters[::2]}


def test_apis_of_one_name_stay_apart_and_keep_their_ids() -> None:
    twice = {**TOOL, "api_list": [API, {**API, "method": "POST"}, {**API, "name": "Other"}]}
    ids = [spec.id for spec in parse_tool(twice, "Data", "zip.json")]
    assert ids == ["Data/Zip Codes/Get", "Data/Zip Codes/Get#2", "Data/Zip Codes/Other"]
    assert [spec.id for spec in parse_tool(copy.deepcopy(twice), "Data", "zip.json")] == ids


def test_a_url_without_host_takes_the_tools_and_one_without_both_binds_nothing() -> None:
    bare = tool(url="/codes")
    [spec] = parse_tool({**bare, "host": "zip.example"}, "Data", "zip.json")
    assert spec.binding["url"] == "https://zip.example/codes"
    [spec] = parse_tool(bare, "Data", "zip.json")
    assert spec.binding == {}
    [spec] = parse_tool(tool(url=None), "Data", "zip.json")
    assert spec.binding == {}


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ([], "$"),
        ({**TOOL, "tool_name": None}, "$.tool_name"),
        ({"tool_name": "Zip"}, "$.api_list"),
        ({**TOOL, "api_list": {}}, "$.api_list"),
        ({**TOOL, "api_list": [API, 3]}, "$.api_list[1]"),
        (tool(name=None), "$.api_list[0].name"),
        (tool(method=1), "$.api_list[0].method"),
        (tool(required_parameters=None), "$.api_list[0].required_parameters"),
        (
            tool(optional_parameters=[{"type": "STRING"}]),
            "$.api_list[0].optional_parameters[0].name",
        ),
    ],
)
def test_a_bad_tool_file_is_one_error_with_its_path(tmp_path: Path, bad: Any, path: str) -> None:
    file = tmp_path / "tools" / "Data" / "zip.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(bad))
    with pytest.raises(FormatError) as caught:
        load_tool_file(file)
    assert (caught.value.file, caught.value.path) == (str(file), path)


def test_bad_example_responses_are_the_error_of_their_own_file(tmp_path: Path) -> None:
    for folder, content in (("tools", TOOL), ("response_examples", {"api_list": [{}]})):
        (tmp_path / folder / "Data").mkdir(parents=True)
        (tmp_path / folder / "Data" / "zip.json").write_text(json.dumps(content))
    with pytest.raises(FormatError) as caught:
        load_tool_file(tmp_path / "tools" / "Data" / "zip.json")
    assert caught.value.file.endswith("response_examples/Data/zip.json")
    assert caught.value.path == "$.api_list[0].name"


def test_a_function_for_toolbenchs_readers_has_one_type_name_a_property() -> None:
    [spec] = parse_tool(tool(), "Data", "zip.json")
    shown = to_function(spec, "get_for_zip_codes")
    assert shown["name"] == "get_for_zip_codes"
    assert shown["parameters"]["properties"]["code"] == {
        "type": "string",
        "description": "Postal code",
        "example_value": "02139",
    }
    assert shown["parameters"]["required"] == ["code"]
    assert shown["parameters"]["optional"] == ["lang"]
