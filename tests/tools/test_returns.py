"""What an API's response looks like: loosely for real answers, closely for made-up ones."""

from __future__ import annotations

from typing import Any

import pytest

from toolgrove.tools.returns import Returns

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city"],
}
TEMPLATE = {"city": "str", "people": "int", "tags": "list", "extra": "NoneType"}
EXAMPLE = {"city": "Oslo", "people": 709_000, "tags": ["capital"], "extra": None}
EVERY = pytest.mark.parametrize("documented", [SCHEMA, TEMPLATE, EXAMPLE])


@EVERY
@pytest.mark.parametrize(
    "value",
    [
        {"city": "Bergen", "people": 291_000},
        {"city": "Error 404", "people": 0},
        {"found": False},
        {"message": "hello", "city": "Bergen"},
        [],
        [{"message": "rate"}],
    ],
)
def test_a_real_answer_is_not_turned_down_for_words_or_for_other_fields(
    documented: Any, value: Any
) -> None:
    assert not Returns([documented]).turns_down(value)


@EVERY
@pytest.mark.parametrize("value", [{"message": "API doesn't exists"}, "OK", 7, {"detail": "gone"}])
def test_a_mere_report_is_turned_down_where_more_is_documented(documented: Any, value: Any) -> None:
    assert Returns([documented]).turns_down(value)


def test_nothing_is_turned_down_where_nothing_is_documented() -> None:
    report = {"message": "You are not subscribed to this API."}
    for documented in ([], [None], [{}], [report]):
        returns = Returns(documented)
        for value in ({"message": "hi"}, "text", [], None, 1):
            assert not returns.turns_down(value)
            assert returns.problem(value) is None


def test_a_message_is_an_answer_where_a_message_is_documented() -> None:
    returns = Returns([{"message": "str", "city": "str"}])
    assert not returns.turns_down({"message": "Good morning."})


@EVERY
def test_a_made_up_answer_has_to_look_as_documented(documented: Any) -> None:
    returns = Returns([documented])
    assert returns.problem({"city": "Bergen", "people": 291_000}) is None
    for wrong in ({"town": "Bergen"}, {"city": 5}, ["Bergen"], "Bergen", None):
        assert returns.problem(wrong), wrong


def test_a_null_stands_for_any_field_of_an_example() -> None:
    assert Returns([TEMPLATE]).problem({"city": "Bergen", "people": None, "extra": 5}) is None


def test_an_answer_need_fit_only_one_of_several_examples() -> None:
    returns = Returns([{"city": "Oslo"}, [{"city": "Oslo"}]])
    assert returns.problem([{"city": "Bergen"}]) is None
    assert returns.problem([{"town": "Bergen"}]) == "it is of the type array, not object"


def test_a_schema_that_cannot_be_used_tells_nothing() -> None:
    broken = {"type": "object", "properties": {"a": {"$ref": "https://evil.example/s.json"}}}
    assert Returns([broken]).problem({"b": 1}) is None


def test_an_example_with_a_field_called_type_is_no_schema() -> None:
    returns = Returns([{"type": "string", "id": 5}])
    assert returns.problem({"type": "cat", "id": 6}) is None
    assert returns.problem({"id": "six"})
