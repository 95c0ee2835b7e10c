"""What is offered to a model passes the strictest provider: one bad tool must not lose the others.

The rules are checked by ``refusals``, on shapes that were reported and on everything that the
tests and the bundled world have; real documents where TOOLGROVE_SPECS is set.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.openapi_documents import NEW_32, STYLES_30, SWAGGER_20, YAML_31, text
from toolgrove.data import world
from toolgrove.data.formats.openapi import load_openapi
from toolgrove.data.formats.sources import SPECS, load_sources
from toolgrove.data.functions import function
from toolgrove.data.records import ToolSpec
from toolgrove.data.strict import refusals
from toolgrove.tools.registry import Registry


def refused(specs: Iterable[ToolSpec]) -> list[str]:
    with Registry() as registry:
        registry.add(specs)
        return refusals([function(spec, registry.alias(spec.id)) for spec in registry])


def shown(parameters: Any) -> Any:
    found = function(ToolSpec("c/t/n", "c", "t", "n", parameters=parameters), "n")
    assert refusals([found]) == []
    json.dumps(found, allow_nan=False)
    return found["parameters"]


LEAF: Any = {"type": "string"}
for level in range(12):
    LEAF = {"type": "object", "properties": {f"l{level}": LEAF}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array"},
        {"type": ["array", "null"]},
        {"type": "array", "items": True},
        {"type": "array", "items": [{"type": "string"}, {"type": "number"}]},
        {"type": "array", "prefixItems": [{"type": "number"}] * 2, "items": False},
        {"type": None},
        {"type": "any"},
        {"type": "strng"},
        {"type": ["string", "nope"]},
        {"type": "string", "enum": []},
        {"type": "string", "pattern": "^(?!a).*$"},
        {"type": "string", "pattern": "(?<=a)b"},
        {"type": "string", "pattern": r"(a)\1"},
        {"type": "string", "pattern": "("},
        {"type": "string", "required": True},
        {"type": "number", "minimum": "3"},
        {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        {"type": "object", "patternProperties": {"^(?=a)": {"type": "array"}}},
        {"type": "object", "properties": {"a b": {"type": "array"}}, "required": ["a b"]},
        {"type": "object", "additionalProperties": {"type": "array"}},
        {"$ref": "https://example.com/s.json"},
        {"$ref": "#/definitions/Nope"},
        {"anyOf": [{"type": "array"}, {"allOf": [{"pattern": "(?i)a"}]}], "not": {"type": "any"}},
        {"anyOf": []},
        {"properties": []},
        True,
        False,
        None,
        7,
        LEAF,
    ],
)
@pytest.mark.parametrize("around", [
    lambda one: one,
    lambda one: {"type": "array", "items": one},
    lambda one: {"type": "object", "properties": {"deep": {"oneOf": [one, {"type": "null"}]}}},
])  # fmt: skip
def test_whatever_a_schema_says_the_strictest_provider_takes_it(schema: Any, around: Any) -> None:
    shown({"type": "object", "properties": {"x": around(schema)}, "required": ["x"]})


@pytest.mark.parametrize(
    ("root", "properties", "required"),
    [
        ({}, [], None),
        ({"type": "object", "required": None}, [], []),
        ({"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
         ["a", "b"], None),
        ({"oneOf": [{"properties": {"a": {}, "c": {}}, "required": ["a", "c"]},
                    {"properties": {"b": {}, "c": {}}, "required": ["b", "c"]}]},
         ["b", "c", "a"], ["c"]),
        ({"allOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"properties": {"a": {}},
                                                            "required": ["a"]}}}, ["a"], ["a"]),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a": {}}}}}, ["a"], None),
        ({"type": "array", "items": {"type": "string"}}, [], None),
        ({"enum": [{}], "not": {"required": ["z"]}, "if": {}, "then": {}}, [], None),
        ({"type": "object", "properties": {"me": {"$ref": "#"}}}, ["me"], None),
    ],
)  # fmt: skip
def test_the_root_is_an_object_without_branches(
    root: Any, properties: list[str], required: list[str] | None
) -> None:
    found = shown(root)
    assert found["type"] == "object"
    assert list(found["properties"]) == properties
    assert found.get("required") == required


def test_a_tuples_items_are_any_of_its_members() -> None:
    pair = {"type": "array", "items": [{"type": "string"}, {"type": "number"}]}
    found = shown({"type": "object", "properties": {"t": pair, "p": {"type": "array",
        "prefixItems": [{"type": "number"}] * 2, "maxItems": 2}}})["properties"]  # fmt: skip
    assert found["t"]["items"] == {"anyOf": [{"type": "string"}, {"type": "number"}]}
    assert found["p"]["items"] == {"type": "number"}


def test_a_rule_that_cannot_be_said_is_told() -> None:
    secret = {"type": "string", "pattern": "^(?=.*[A-Z]).+$", "description": "The password."}
    found = shown({"type": "object", "properties": {"p": secret}})["properties"]["p"]
    assert found == {"type": "string", "description": "The password. Has to match ^(?=.*[A-Z]).+$"}


def test_names_that_some_api_refuses_are_offered_as_others() -> None:
    names = ["$filter", "filter[x]", "a b", "a_b", "日本", "x" * 80]
    found = shown({"type": "object", "properties": {name: {"type": "string"} for name in names},
                   "required": ["a b", "日本"]})  # fmt: skip
    assert list(found["properties"]) == ["filter", "filter_x", "a_b_2", "a_b", "field", "x" * 56]
    assert found["required"] == ["a_b_2", "field"]
    assert found["properties"]["field"]["description"] == "(日本)"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ({"name": "a b", "parameters": {"type": "object"}}, "its name"),
        ({"name": "f", "parameters": {"type": "string"}}, "no object"),
        ({"name": "f", "parameters": {"type": "object", "anyOf": [{}]}}, "anyOf at the root"),
        ({"name": "f", "parameters": {"type": "object", "properties": {"a b": {}}}}, "name"),
        ({"name": "f", "parameters": {"type": "object", "properties": {"a": True}}}, "no schema"),
        ({"name": "f", "parameters": {"type": "object", "properties": {"a": {"anyOf": [
            {"type": "array"}]}}}}, "anyOf.0: an array without items"),
    ],
)  # fmt: skip
def test_what_a_provider_would_refuse_is_found(function: Any, said: str) -> None:
    assert any(said in one for one in refusals([function]))


@pytest.mark.parametrize("document", [STYLES_30, SWAGGER_20, NEW_32, YAML_31])
def test_documents_of_every_version_are_offered_as_the_strictest_takes_them(document: Any) -> None:
    data = document if isinstance(document, bytes) else text(document)
    assert refused(load_openapi(data, base="https://x.example").specs) == []


def test_the_bundled_world_is_offered_as_the_strictest_provider_takes_it() -> None:
    assert refused(world.specs()) == []


def test_real_documents_are_offered_as_the_strictest_provider_takes_them() -> None:
    folder = os.environ.get("TOOLGROVE_SPECS", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set TOOLGROVE_SPECS to the folder that .ci/specs made")
    for loaded in load_sources([folder], SPECS, skip_bad=True):
        assert refused(loaded.specs) == [], loaded.path


KEYWORDS = ("type", "items", "properties", "required", "anyOf", "allOf", "oneOf", "not", "enum",
            "pattern", "minimum", "$ref", "additionalProperties", "prefixItems", "const", "if",
            "description", "patternProperties", "$defs", "uniqueItems", "nullable")  # fmt: skip
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(
    ["array", "object", "any", "string", "(?=a)", "#/$defs/a", "#", "a b", "日本"]
)  # fmt: skip
schemas = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYWORDS, "a", "b c"]), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(KEYWORDS), schemas, max_size=6))
@example({"items": None, "type": [[]], "enum": None})
def test_any_schema_becomes_one_that_the_strictest_provider_takes(schema: Any) -> None:
    shown(schema)
