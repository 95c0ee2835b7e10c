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


LOOK = {"type": "string", "pattern": "^(?=.*[A-Z]).+$", "minLength": 3}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: one,
        lambda one: {"type": "array", "items": one},
        lambda one: {"type": "object", "properties": {"x": one}, "required": ["x"],
                     "additionalProperties": False},
        lambda one: {"anyOf": [one, {"type": "null"}]},
        lambda one: {"allOf": [{"properties": {"x": one}}, {"required": ["x"]}]},
        lambda one: {"$ref": "#/$defs/P"},
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_be_checked_is_unchecked_at_any_depth_and_the_rest_is(
    wrap: Any,
) -> None:
    right = {"type": "array", "items": LOOK}
    checker = Checker(
        {
            "type": "object",
            "properties": {"deep": wrap(LOOK), "n": {"type": "integer"}},
            "required": ["deep", "n"],
            "additionalProperties": False,
            "$defs": {"P": LOOK},
        }
    )
    value: Any = {"x": "abc"} if wrap(right) != right and "x" in str(wrap(LOOK)) else "abc"
    value = ["abc"] if wrap(LOOK).get("type") == "array" else value
    assert not checker.problems({"deep": value, "n": 1})
    assert checker.unchecked.keys() == {"deep"}
    assert checker.problems({"deep": value})
    assert checker.problems({"deep": value, "n": "one"})
    short = {"x": "a"} if isinstance(value, dict) else ["a"] if isinstance(value, list) else "a"
    assert [p.kind.name for p in checker.problems({"deep": short, "n": 1})] in (
        [["minLength"], ["anyOf"]]
    )


def test_what_cannot_be_checked_refuses_nothing_where_it_stands_under_not() -> None:
    checker = of({"not": {"pattern": "(?=a)b", "type": "string"}})
    assert not checker.problems({"x": "text"})
    checker = of(
        {"patternProperties": {"^(?=a)": {"type": "integer"}}, "additionalProperties": False}
    )
    assert not checker.problems({"x": {"a": "text"}})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 5),
        ({"oneOf": [{"type": "string", "format": form} for form in ("date", "date-time")]},
         "2026-01-31"),
        ({"items": {"oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}}, [{"a": 1}]),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}],
          "oneOf": [{"minimum": 1}, {"maximum": 9}]}, 5),
    ],
)  # fmt: skip
def test_what_fits_two_of_one_of_is_taken(schema: Any, value: Any) -> None:
    assert not of(schema).problems({"x": value})


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string", "enum": [1, 2]}, "1", "3"),
        ({"type": "integer", "enum": ["1", "2"]}, 2, 3),
        ({"type": "boolean", "enum": ["true"]}, True, False),
        ({"type": "string", "enum": [True, False]}, "true", "yes"),
        ({"type": "object", "enum": ["a", "b"]}, "a", "c"),
        ({"type": "array", "enum": ["a", "b"], "items": {"type": "string"}}, ["a", "b"], ["c"]),
        ({"type": "array", "enum": ["a", "b"]}, ["a"], ["c"]),
        ({"type": ["array", "null"], "enum": ["a", "b"], "items": {"$ref": "#/$defs/S"}}, ["a"],
         ["c"]),
        ({"type": "string", "const": 5}, "5", "6"),
        ({"items": {"type": "array", "items": {"type": "integer", "enum": ["7"]}}}, [[7]], [[8]]),
    ],
)  # fmt: skip
def test_an_enum_of_another_type_than_the_schema_says_has_values(
    schema: Any, right: Any, wrong: Any
) -> None:
    checker = Checker({"properties": {"x": schema}, "$defs": {"S": {"type": "string"}}})
    assert not checker.unchecked
    assert not checker.problems({"x": right})
    assert checker.problems({"x": wrong})


def test_a_null_that_is_not_allowed_goes_at_any_depth_and_one_that_is_stays() -> None:
    inner = {
        "type": "object",
        "properties": {
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "size": {"type": "integer"},
            "name": {"type": "string"},
        },
        "required": ["name"],
    }
    checker = of({"type": "array", "items": inner})
    given: Any = {"x": [{"note": None, "size": None, "name": "a"}]}
    assert checker.coerced(given) == {"x": [{"note": None, "name": "a"}]}
    assert checker.problems(checker.coerced({"x": [{"name": None}]}))
    checker = of({"anyOf": [inner, {"type": "string"}]})
    given = {"x": {"note": None, "size": None, "name": "a"}}
    assert checker.coerced(given) == {"x": {"note": None, "name": "a"}}


def test_an_integer_given_as_a_float_is_written_as_one() -> None:
    checker = of({"type": "object", "properties": {"n": {"type": ["integer", "null"]},
                                                   "f": {"type": "number"}}})  # fmt: skip
    found = checker.coerced({"x": {"n": 5.0, "f": 5.0}})
    assert [type(found["x"][name]) for name in "nf"] == [int, float]
