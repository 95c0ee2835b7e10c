"""The canonical key: one for the same call, however it is written, and another for another."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats.toolbench_names import standard_name
from toolgrove.data.records import Status, ToolSpec
from toolgrove.tools.registry import Registry
from toolgrove.tools.virtual.directory import Directory
from toolgrove.tools.virtual.protocol import (
    ApiName,
    Source,
    VirtualAnswer,
    canonical,
    error_of,
    key_of,
    status_of_error,
)

NAME = ApiName.of("Data", "Zip Codes", "Find")
NAMES = st.text("abcXYZ_- 12", min_size=1, max_size=6)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=5)


def shuffled(value: Any, draw: random.Random) -> Any:
    """The same JSON value with its members in another order and its numbers in another form."""
    if isinstance(value, dict):
        items = [(name, shuffled(part, draw)) for name, part in value.items()]
        draw.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        return [shuffled(part, draw) for part in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value) if draw.random() < 0.5 else value
    return value


@given(ARGUMENTS, st.randoms(use_true_random=False))
def test_order_and_number_forms_make_no_difference(
    arguments: dict[str, Any], draw: random.Random
) -> None:
    again = shuffled(arguments, draw)
    assert key_of(NAME, again) == key_of(NAME, arguments)
    assert key_of(NAME, json.loads(json.dumps(again))) == key_of(NAME, arguments)


@given(ARGUMENTS)
def test_the_canonical_form_is_its_own(arguments: dict[str, Any]) -> None:
    once = canonical(arguments)
    assert canonical(once) == once
    assert key_of(NAME, once) == key_of(NAME, arguments)


@given(ARGUMENTS, ARGUMENTS)
def test_different_arguments_have_different_keys(a: dict[str, Any], b: dict[str, Any]) -> None:
    same = json.dumps(canonical(a), sort_keys=True) == json.dumps(canonical(b), sort_keys=True)
    assert (key_of(NAME, a) == key_of(NAME, b)) is same


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_no_argument_is_lost_when_two_names_are_spelled_alike(arguments: dict[str, Any]) -> None:
    given_ = {name: value for name, value in arguments.items() if value is not None}
    assert len(canonical(arguments)) == len(given_)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"n": 1}, {"n": True}),
        ({"n": 1}, {"n": "1"}),
        ({"n": 0.5}, {"n": 0}),
        ({"code": "02139"}, {"code": "2139"}),
        ({"n": 2**64}, {"n": 2**64 + 1}),
        ({"n": None}, {"n": "null"}),
        ({"a-b": 1, "a_b": 2}, {"a-b": 2, "a_b": 1}),
    ],
)
def test_what_differs_stays_apart(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert key_of(NAME, a) != key_of(NAME, b)


def test_names_are_spelled_in_one_way() -> None:
    written = [
        ApiName.of("Data", "Zip Codes", "Find"),
        ApiName.of("Data", "zip_codes", "find_for_zip_codes"),
        ApiName.of("Data", "zip_codes_for_Data", "FIND"),
    ]
    assert len({key_of(name, {"Zip-Code": 1}) for name in written}) == 1
    assert key_of(NAME, {"Zip-Code": 1}) == key_of(NAME, {standard_name("Zip-Code"): 1})
    assert len({key_of(ApiName(*names), {}) for names in (("a", "b", "c"), ("a", "bc", ""))}) == 2


def test_promise_13_a_clients_key_is_no_part_of_a_call() -> None:
    assert canonical({"toolbench_rapidapi_key": "secret", "q": 1}) == {"q": 1}


def test_numbers_that_json_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        canonical({"n": [float("inf")]})


@pytest.mark.parametrize("status", list(Status))
def test_old_clients_read_each_status_as_toolbench_does_or_as_a_failure(status: Status) -> None:
    answer = VirtualAnswer(status, "text", Source.REAL).wire()
    assert (answer["error"] == "") is (status is Status.OK)
    known = {
        "API not working error...": 6,
        "Unauthorized error...": 7,
        "Unsubscribed error...": 8,
        "Too many requests error...": 9,
        "Rate limit per minute error...": 10,
        "Message error...": 11,
    }  # what StableToolBench's client compares with
    if 6 <= status.code <= 11:
        assert known[answer["error"]] == status.code
        assert status_of_error(error_of(status)).code == status.code


def test_promise_3_parameters_that_toolbench_spells_the_same_are_told_apart() -> None:
    properties = {name: {"type": "integer"} for name in ("id", "is_id", "a-b", "a_b", "Other")}
    schema = {"type": "object", "properties": properties}
    with Registry() as registry:
        registry.add([ToolSpec("Data/Zip/Find", "Data", "Zip Codes", "Find", parameters=schema)])
        entry = Directory(registry).find(NAME)
    assert entry is not None
    calls: list[dict[str, Any]] = [
        *({name: 1} for name in properties),
        {"id": 1, "is_id": 2},
        {"id": 2, "is_id": 1},
        {"a-b": 1, "id": 1},
        {"a_b": 1, "is_id": 1},
        {},
    ]
    keys = [key_of(entry.name, entry.arguments(call)) for call in calls]
    assert len(set(keys)) == len(calls)
    assert key_of(NAME, {"other": 1}) == keys[4], "what is not spelled as another keeps its key"
    assert key_of(entry.name, {"id": None, "a_b": 1}) == keys[3]


def test_one_parameter_is_found_in_every_spelling() -> None:
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
    with Registry() as registry:
        registry.add([ToolSpec("Data/Zip/Find", "Data", "Zip Codes", "Find", parameters=schema)])
        entry = Directory(registry).find(NAME)
    assert entry is not None
    keys = {key_of(entry.name, entry.arguments({name: 1})) for name in ("id", "is_id")}
    assert keys == {key_of(NAME, {"is_id": 1})}
