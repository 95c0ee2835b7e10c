"""Folders of StableToolBench's cached answers and ToolBench's response examples, taken safely."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats.toolbench_tools import load_tool_file
from toolgrove.data.records import ToolSpec
from toolgrove.errors import FormatError, UsageError
from toolgrove.tools.registry import Registry
from toolgrove.tools.virtual.cache import AnswerCache
from toolgrove.tools.virtual.directory import Directory
from toolgrove.tools.virtual.protocol import ApiName, Source
from toolgrove.tools.virtual.seed import literal_arguments, seed

SPEC = ToolSpec(
    "Data/Zip Codes/Find",
    "Data",
    "Zip Codes",
    "Find",
    parameters={
        "type": "object",
        "properties": {"zipCode": {"type": "string"}, "limit": {"type": "integer"}},
    },
)
NAME = ApiName.of("Data", "Zip Codes", "Find")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnswerCache]:
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        yield cache


@pytest.fixture
def directory() -> Iterator[Directory]:
    with Registry() as registry:
        registry.add([SPEC])
        yield Directory(registry)


def write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))


def test_stabletoolbenchs_cache_is_taken_and_found_by_the_canonical_key(
    tmp_path: Path, cache: AnswerCache, directory: Directory
) -> None:
    folder = tmp_path / "tool_response_cache"
    good = {"error": "", "response": "{'city': 'Cambridge'}"}
    answers = {
        "{'zipcode': '02139', 'limit': '5'}": good,
        "{}": {"error": "", "response": {"message": "You are not subscribed to this API."}},
        "{'zipcode': '1'}": {"error": "Unauthorized error...", "response": "no"},
        "{'zipcode': '2'}": {"error": "", "response": ""},
        "{'zipcode': __import__('os').getpid()}": good,
        "[1]": good,
    }
    write(folder / "Data" / "zip_codes_for_Data" / "find.json", answers)
    write(folder / "Other" / "gone_for_Other" / "get_it.json", {"{'a': 1}": good})
    seeded = seed(cache, folder, directory)
    assert (seeded.answers, seeded.shapes) == (2, 0)
    assert seeded.left == {"failures": 3, "unreadable arguments": 2}
    entry = directory.find(NAME)
    assert entry is not None
    kept = cache.get(NAME, entry.arguments({"limit": 5, "zipCode": "02139"}))
    assert kept is not None
    assert (kept.source, kept.response) == (Source.IMPORTED, "{'city': 'Cambridge'}")
    assert cache.get(ApiName.of("Other", "gone", "get it"), {"a": 1.0}) is not None


def test_toolbenchs_response_examples_say_what_responses_look_like(
    shared_data: Path, cache: AnswerCache, directory: Directory
) -> None:
    toolenv = shared_data / "toolbench" / "toolenv"
    seeded = seed(cache, toolenv / "response_examples", directory)
    assert (seeded.answers, seeded.shapes) == (0, 2)
    for spec in load_tool_file(toolenv / "tools" / "Social" / "olato_quotes.json"):
        shape = cache.shape(ApiName.of(spec.category, spec.tool, spec.name))
        assert shape == ({"quote": "str"} if spec.name != "Love Quote" else None)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_pythons_text_of_arguments_is_read_back(arguments: dict[str, Any]) -> None:
    text = str(arguments)
    if "inf" not in text:
        assert literal_arguments(text) == arguments


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "5",
        "{1: 2}",
        "{'a': {1, 2}}",
        "{'a': b'x'}",
        "{'a': 1j}",
        "{'a': ...}",
        "{'a': 1e999}",
        "{'a': open('/etc/passwd')}",
        "{'a': (lambda: 1)()}",
        "{'a': 1 if 1 else 2}",
        "{'a': " + "[" * 4000 + "]" * 4000 + "}",
        "{'a': " + "-" * 9900 + "1}",
        "{'a': '" + "x" * 10_000 + "'}",
        "\0",
    ],
)
def test_what_is_no_text_of_arguments_is_refused_in_bounded_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|longer|nul|malformed"):
        literal_arguments(text)


def test_a_folder_without_answers_or_with_foreign_files_is_told(
    tmp_path: Path, cache: AnswerCache, directory: Directory
) -> None:
    with pytest.raises(UsageError, match=r"no \.json files"):
        seed(cache, tmp_path / "nowhere", directory)
    write(tmp_path / "c" / "t" / "a.json", [1])
    with pytest.raises(FormatError, match=r"a\.json"):
        seed(cache, tmp_path, directory)
