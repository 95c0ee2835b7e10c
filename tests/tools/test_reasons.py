"""Why an argument does not fit: in our own words, whatever the validator's are."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrove.tools.advice import advice
from toolgrove.tools.schema import Checker

CASES: list[tuple[dict[str, Any], Any, str]] = [
    ({"type": "integer"}, "x", '"x" is not of type "integer"'),
    ({"type": ["null", "integer"]}, "x", '"x" is not of type "integer" or "null"'),
    ({"enum": ["a"]}, "x", '"x" is not one of "a"'),
    ({"enum": ["a", 1]}, "x", '"x" is not one of "a" or 1'),
    ({"enum": list(range(20))}, "x", '"x" is not one of 0, 1, 2, 3, 4, 5, 6, 7, 8 or 11 others'),
    ({"const": 1}, 2, "2 is not 1"),
    ({"minimum": 3}, 1, "1 is less than the minimum of 3"),
    ({"maximum": 3.5}, 5, "5 is greater than the maximum of 3.5"),
    ({"exclusiveMinimum": 3}, 3, "3 is less than or equal to the minimum of 3"),
    ({"exclusiveMaximum": 3}, 3, "3 is greater than or equal to the maximum of 3"),
    ({"multipleOf": 2}, 3, "3 is not a multiple of 2"),
    ({"minLength": 1}, "", '"" is shorter than 1 character'),
    ({"maxLength": 3}, "aaaa", '"aaaa" is longer than 3 characters'),
    ({"pattern": "^a$"}, "b", '"b" does not match "^a$"'),
    ({"minItems": 2}, [1], "[1] has less than 2 items"),
    ({"maxItems": 1}, [1, 2], "[1,2] has more than 1 item"),
    ({"uniqueItems": True}, [1, 1], "[1,1] has non-unique elements"),
    ({"contains": {"type": "integer"}}, ["a"], '["a"] holds nothing of the kind that is asked'),
    ({"minProperties": 1}, {}, "{} has less than 1 field"),
    ({"maxProperties": 0}, {"a": 1}, '{"a":1} has more than 0 fields'),
    ({"not": {"type": "string"}}, "x", '"x" is what is not allowed here: {"type":"string"}'),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x", '"x" fits none, or too many, of the'),
    ({"oneOf": [{"type": "integer"}]}, "x", '"x" fits none, or too many, of the'),
    ({"properties": {"b": False}}, {"b": 1}, "x.b: 1 is not allowed here"),
    ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, '"b" is not expected'),
    ({"unevaluatedProperties": False}, {"b": 1}, '"b" is not expected'),
    ({"propertyNames": {"maxLength": 1}}, {"abc": 1}, '"abc" is longer than 1 character'),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "x.b is required"),
]


@pytest.mark.parametrize(("schema", "value", "said"), CASES)
def test_a_reason_is_in_our_own_words(schema: dict[str, Any], value: Any, said: str) -> None:
    checker = Checker({"type": "object", "properties": {"x": schema}})
    arguments = {"x": value}
    told = advice("f", checker, arguments, checker.problems(arguments))
    assert said in told.splitlines()[1]
