"""ToolBench's spelling of names, against what its own code gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats.toolbench_names import (
    standard_api,
    standard_category,
    standard_name,
    standard_tool,
)


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("Get 7-Day Forecast!", "get_7_day_forecast"),
        ("__Hidden__", "hidden"),
        ("天气 now", "天气_now"),
        ("a^b", "a^b"),
        ("Ünïcode", "n_code"),
        ("100% free", "get_100_free"),
        ("class", "is_class"),
        ("ID", "is_id"),
        ("!!!", ""),
    ],
)
def test_names_are_spelled_as_toolbench_spells_them(written: str, standard: str) -> None:
    assert standard_name(written) == standard


def test_categories_keep_their_case() -> None:
    assert standard_category("Health and Fitness") == "Health_and_Fitness"
    assert standard_category("Video, Images") == "Video_Images"


def test_the_suffixes_of_clients_are_undone() -> None:
    assert standard_tool("newapi_for_media", "Media") == "newapi_for_media"
    assert standard_tool("newapi_for_media_for_Media", "Media") == "newapi_for_media"
    assert standard_api("url_for_newapi_for_media", "newapi_for_media") == "url"


@given(st.text())
def test_a_standard_name_is_its_own_standard(text: str) -> None:
    for standard in (standard_name, standard_tool):
        assert standard(standard(text)) == standard(text)
