"""One bad file gives one error: the file, where in it, what was expected, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from toolgrove.data.formats.check import (
    Foreign,
    Place,
    checked,
    read_json,
)
from toolgrove.errors import FormatError


class Inner(Foreign):
    name: str


class Shape(Foreign):
    relevant: list[Inner] = Field(alias="relevant APIs")
    count: int = 0
    on: bool = False


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ([], "$", "an object, not an array"),
        ({}, '$["relevant APIs"]', "this field, which is missing"),
        ({"relevant APIs": {}}, '$["relevant APIs"]', "an array, not an object"),
        ({"relevant APIs": [{"name": 1}]}, '$["relevant APIs"][0].name', "a string, not the num"),
        ({"relevant APIs": [{}]}, '$["relevant APIs"][0].name', "which is missing"),
        ({"relevant APIs": [], "count": "3"}, "$.count", "a whole number, not the string '3'"),
        ({"relevant APIs": [], "on": None}, "$.on", "true or false, not null"),
    ],
)
def test_the_first_thing_that_does_not_fit_is_named_by_its_path(
    value: Any, path: str, expected: str
) -> None:
    with pytest.raises(FormatError) as caught:
        checked(Shape, value, "some.json")
    assert caught.value.path == path
    assert expected in caught.value.expected
    assert caught.value.file == "some.json"
    assert caught.value.mend.endswith(".")


def test_keys_that_the_shape_does_not_name_are_let_through() -> None:
    assert checked(Shape, {"relevant APIs": [], "more": 1}, "some.json").count == 0


def test_a_place_far_down_is_named_without_recursion() -> None:
    place = Place(("tree",))
    for _ in range(50_000):
        place = place.down("children", 0)
    with pytest.raises(FormatError) as caught:
        checked(Shape, 1, "deep.json", place)
    assert caught.value.path.count(".children[0]") == 50_000


@pytest.mark.parametrize(
    ("content", "path", "expected"),
    [
        (b'{"a": 1,\n  "b": }', "line 2, column 8", "JSON"),
        (b"", "line 1, column 1", "JSON"),
        (b'{"a": NaN}', "$", "NaN is not JSON"),
        (b'"\xff"', "byte 1", "UTF-8 text"),
    ],
)
def test_what_is_not_json_is_told_where(
    tmp_path: Path, content: bytes, path: str, expected: str
) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_json(file)
    assert caught.value.path == path
    assert expected in caught.value.expected


def test_a_file_that_is_not_there_is_a_format_error_too(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="can be read"):
        read_json(tmp_path / "none.json")


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "bom.json"
    file.write_bytes(b"\xef\xbb\xbf[1]")
    assert read_json(file) == [1]
