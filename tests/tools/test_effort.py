"""Checks of arguments end in bounded time, however a schema branches and nests (promises 17, 21).

What is bounded is counted, in steps: no clock is asked.
"""

from __future__ import annotations

from typing import Any

import pytest

from toolgrove.data import codec
from toolgrove.data.records import Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.effort import effort, refers_to_itself
from toolgrove.tools.offer import Offer
from toolgrove.tools.schema import Checker

N = {"$ref": "#/$defs/n"}


def nested(depth: int, inner: Any = 1, key: str = "") -> Any:
    for _ in range(depth):
        inner = {key: inner} if key else [inner]
    return inner


def branching(member: Any, times: int = 3) -> dict[str, Any]:
    node = {"anyOf": [member] * times}
    return {"type": "object", "properties": {"x": N}, "$defs": {"n": node}}


ARRAYS = branching({"type": "array", "items": N})
SCHEMAS = {
    "arrays": (ARRAYS, ""),
    "objects": (branching({"type": "object", "properties": {"a": N}}), "a"),
    "others": (branching({"type": "object", "additionalProperties": N}), "a"),
    "patterns": (branching({"type": "object", "patternProperties": {"a": N}}), "a"),
    "all": (
        {
            "type": "object",
            "properties": {"x": N},
            "$defs": {"n": {"type": "array", "allOf": [{"items": N}] * 3, "minItems": 1}},
        },
        "",
    ),
    "at the root": (
        {"type": "object", "anyOf": [{"properties": {"x": {"$ref": "#"}}}] * 3},
        "x",
    ),
    "its own branches": (
        {"type": "object", "anyOf": [{"additionalProperties": {"$ref": "#"}}] * 4},
        "x",
    ),
}


@pytest.mark.parametrize("depth", [3, 10, 40, 90])
@pytest.mark.parametrize("kind", SCHEMAS)
def test_promise_17_a_schema_that_branches_into_itself_is_checked_in_bounded_time(
    kind: str, depth: int
) -> None:
    schema, key = SCHEMAS[kind]
    offer = Offer([ToolSpec("C/t/a", "C", "t", "a", parameters=schema)], {"a": "C/t/a"})
    found = offer.resolve(ToolCall("c", "a", {"x": nested(depth, key=key)}))
    assert isinstance(found, ToolCall | Observation)


def test_what_is_cheap_to_check_is_checked_though_the_schema_refers_to_itself() -> None:
    tree = {"type": "object", "properties": {"of": {"type": "array", "items": N}}}
    tree |= {"required": ["name"]}
    schema = {"type": "object", "properties": {"x": N}, "$defs": {"n": tree}}
    checker = Checker(schema)
    good = {"name": "a", "of": [{"name": "b", "of": []}]}
    assert checker.problems({"x": good}) == []
    [problem] = checker.problems({"x": {"name": "a", "of": [{"of": []}]}})
    assert problem.instance_path == ["x", "of", 0]


def test_of_what_is_too_much_to_explain_it_is_said_that_it_is_wrong() -> None:
    [problem] = Checker(ARRAYS).problems({"x": nested(7)})
    assert (problem.instance_path, problem.kind.name) == (["x"], "falseSchema")


def test_what_is_too_much_to_check_is_left_unchecked_and_the_rest_is_checked() -> None:
    properties = {"x": N, "n": {"type": "integer"}}
    checker = Checker({**ARRAYS, "properties": properties, "required": ["n"]})
    assert checker.problems({"x": nested(60), "n": 1}) == []
    [problem] = checker.problems({"x": nested(60), "n": "one"})
    assert problem.instance_path == ["n"]
    [problem] = checker.problems({"x": nested(60)})
    assert problem.kind.name == "required"


def test_counting_takes_each_part_of_a_value_once() -> None:
    assert effort(nested(90), N, ARRAYS, 10**60) > 3**80
    assert effort(1, {"$ref": "#"}, {"$ref": "#"}, 100) < 5
    assert not refers_to_itself(
        {"$defs": {"a": {"type": "string"}}, "items": {"$ref": "#/$defs/a"}}
    )


@pytest.mark.parametrize("depth", [101, 500, 5000])
def test_promise_21_arguments_that_nest_too_deep_are_told(depth: int) -> None:
    spec = ToolSpec("C/t/a", "C", "t", "a", parameters={"properties": {"x": {}}})
    found = Offer([spec], {"a": "C/t/a"}).resolve(ToolCall("c", "a", {"x": nested(depth)}))
    assert isinstance(found, Observation)
    assert found.status is Status.INVALID_REQUEST
    assert "more than 100 deep" in found.content


def test_json_that_nests_too_deep_is_no_json() -> None:
    with pytest.raises(ValueError, match="deep"):
        codec.loads("[" * 100_000)
