"""Validation that is right, gentle, and ends."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.tools.schema import Checker


def of(schema: Any, required: bool = True) -> Checker:
    """A checker of one parameter, x."""
    return Checker(
        {"type": "object", "properties": {"x": schema}, "required": ["x"] if required else []}
    )


@pytest.mark.parametrize(
    ("schema", "given", "becomes"),
    [
        ({"type": "integer"}, "5", 5),
        ({"type": "integer"}, " 5 ", 5),
        ({"type": "integer"}, "5.0", 5),
        ({"type": "number"}, "1e3", 1000),
        ({"type": "number"}, "-0.25", -0.25),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "False", False),
        ({"type": "string"}, 5, "5"),
        ({"type": "string"}, True, "true"),
        ({"type": "string"}, 0.5, "0.5"),
        ({"enum": [1, 2]}, "2", 2),
        ({"enum": ["1", "2"]}, 2, "2"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "5", 5),
        ({"type": "array", "items": {"type": "integer"}}, "[1, 2]", [1, 2]),
        ({"type": "array", "items": {"type": "integer"}}, [1, "2"], [1, 2]),
        ({"type": "object", "properties": {"y": {"type": "number"}}}, {"y": "1"}, {"y": 1}),
    ],
)
def test_harmless_steps_are_taken(schema: Any, given: Any, becomes: Any) -> None:
    coerced = of(schema).coerced({"x": given})
    assert coerced == {"x": becomes}
    assert type(coerced["x"]) is type(becomes)


@pytest.mark.parametrize(
    ("schema", "given"),
    [
        ({"type": "integer"}, "five"),
        ({"type": "integer"}, "5.5"),
        ({"type": "integer"}, "007"),
        ({"type": "integer"}, "NaN"),
        ({"type": "number"}, "Infinity"),
        ({"type": "number"}, "1,5"),
        ({"type": "boolean"}, 1),
        ({"type": "boolean"}, "yes"),
        ({"type": "string"}, ["a"]),
        ({"type": "string"}, None),
        ({"type": "integer", "maximum": 3}, "5"),
        ({"type": "array", "items": {"type": "string"}}, "a"),
    ],
)
def test_other_steps_are_not(schema: Any, given: Any) -> None:
    checker = of(schema)
    coerced = checker.coerced({"x": given})
    assert coerced == {"x": given}
    assert checker.problems(coerced)


def test_what_is_valid_stays_as_it_is() -> None:
    assert of({"type": ["string", "integer"]}).coerced({"x": "5"}) == {"x": "5"}
    assert of({}).coerced({"x": "5"}) == {"x": "5"}


def test_a_null_for_what_is_not_needed_goes() -> None:
    assert of({"type": "string"}, required=False).coerced({"x": None}) == {}
    nullable = {"type": ["string", "null"]}
    both = Checker({"properties": {"x": nullable, "y": {"type": "integer"}}, "required": ["y"]})
    assert both.coerced({"x": None, "y": "1"}) == {"x": None, "y": 1}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
types = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])


@given(st.dictionaries(st.sampled_from("abc"), values, max_size=3), types, types)
def test_coercion_never_spoils_and_settles_at_once(
    arguments: dict[str, Any], a: str, b: str
) -> None:
    checker = Checker({"properties": {"a": {"type": a}, "b": {"type": b}}, "required": ["a"]})
    try:
        before = checker.problems(arguments)
        coerced = checker.coerced(arguments)
    except ValueError:
        return  # not JSON: resolve() tells the model so
    after = checker.problems(coerced)
    assert len(after) <= len(before)
    if not before:
        assert coerced is arguments
    assert checker.coerced(coerced) == coerced


def test_promise_21_a_catastrophic_pattern_ends() -> None:
    checker = of({"type": "string", "pattern": "^(a+)+$"})
    assert checker.problems({"x": "a" * 100_000 + "b"})
    assert not checker.problems({"x": "a" * 1000})


def test_promise_21_references_that_multiply_are_not_followed() -> None:
    levels = 12
    fan: dict[str, Any] = {
        f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 10} for i in range(levels)
    }
    fan[f"d{levels}"] = {"type": "string"}
    checker = Checker(
        {
            "type": "object",
            "properties": {"x": {"$ref": "#/$defs/d0"}, "n": {"type": "integer"}},
            "required": ["n"],
            "$defs": fan,
        }
    )
    assert checker.unchecked.keys() == {"x"}
    assert not checker.problems({"x": "valid", "n": 1})
    assert checker.problems({"x": "valid", "n": "one"})


def test_promise_21_no_reference_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/x.json"
        for reference in (url, "file:///etc/hostname", "#/nowhere"):
            checker = of({"$ref": reference})
            assert checker.unchecked.keys() == {"x"}
            assert not checker.problems({"x": 1})
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "text"},
        {"pattern": "("},
        {"pattern": "(?=look)ahead"},
        {"pattern": "(((a{100}){100}){100}){100}"},
        {"minimum": "3"},
        {"enum": "a,b"},
        7,
    ],
)
def test_a_broken_parameter_is_unchecked_and_the_others_are_not(broken: Any) -> None:
    checker = Checker(
        {"properties": {"x": broken, "n": {"type": "integer"}}, "required": ["x", "n"]}
    )
    assert checker.unchecked.keys() == {"x"}
    assert checker.unchecked["x"]
    assert [p.kind.name for p in checker.problems({"x": object, "n": 1} | {"x": 1})] == []
    assert [p.kind.name for p in checker.problems({"n": 1})] == ["required"]
    assert [p.kind.name for p in checker.problems({"x": 1, "n": []})] == ["type"]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "objekt"},
        {"properties": []},
        {"properties": {"x": {"type": "string"}}, "required": "x"},
        {"properties": {"x": {"type": "string"}}, "$schema": "http://no.such/draft"},
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"properties": {"x": {"$ref": "#"}}},
    ],
)
def test_a_broken_schema_never_crashes(schema: Any) -> None:
    checker = Checker(schema)
    checker.coerced({"x": "1"})
    checker.problems({"x": "1"})


def test_a_schema_as_deep_as_a_tower_never_crashes() -> None:
    tower: dict[str, Any] = {"type": "string"}
    for _ in range(5000):
        tower = {"anyOf": [tower]}
    assert of(tower).unchecked.keys() == {"x"}


@given(st.dictionaries(st.sampled_from(["type", "properties", "required", "pattern"]), values))
def test_any_schema_compiles_or_is_left_unchecked(schema: dict[str, Any]) -> None:
    checker = Checker(schema)
    checker.problems({"a": 1})
