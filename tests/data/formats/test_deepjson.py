"""JSON of any depth is read and written without recursion, and as the usual parsers do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats import deepjson

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_the_slow_way_gives_what_the_fast_way_gives(value: Any) -> None:
    text = json.dumps(value)
    assert deepjson.loads(text) == value
    assert deepjson.loads_iteratively(text) == value
    assert json.loads("".join(deepjson.pieces(value))) == value


@given(st.text(alphabet='{}[]",:0123456789truefalsn \\', max_size=30))
def test_the_slow_way_refuses_what_is_not_json(text: str) -> None:
    try:
        value = json.loads(text)
    except ValueError:
        with pytest.raises(json.JSONDecodeError):
            deepjson.loads_iteratively(text)
    else:
        assert deepjson.loads_iteratively(text) == value


def test_a_hundred_thousand_levels_are_read_and_written_again() -> None:
    text = '{"a":[' * 50_000 + '"é"' + "]}" * 50_000
    assert deepjson.dumps(deepjson.loads(text)).decode() == text


@pytest.mark.parametrize("tail", ["", "x", "]" * 5_001, "]" * 4_999])
def test_deep_text_that_is_not_json_is_a_value_error(tail: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        deepjson.loads("[" * 5_000 + tail)
