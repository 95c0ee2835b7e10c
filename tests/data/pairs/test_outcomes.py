"""A call has failed where it gave no data, and not where an answer holds a word of failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolgrove.data.formats.toolbench_trees import load_answer_tree
from toolgrove.data.pairs.outcomes import failed, gave_something
from toolgrove.data.records import Observation, Status


def seen(response: Any, label: str = "", *, written: bool = True) -> Observation:
    """An answer as ToolBench's files have it: a text as Python or JSON writes it, or JSON."""
    content = json.dumps({"error": label, "response": str(response) if written else response})
    return Observation(Status.ERROR_IN_MESSAGE if label else Status.OK, content)


MESSAGE = "Message error..."
FILMS = {"result": [{"type": "movie", "title": "Fido", "overview": "The terror of 'next door'"}]}


@pytest.mark.parametrize("label", ["", MESSAGE, "Unauthorized error..."])
@pytest.mark.parametrize(
    "answer",
    [
        FILMS,
        json.dumps(FILMS),
        [{"code": "404", "name": "Atlanta"}, {"code": "405", "name": "Oklahoma City"}],
        {"error": "", "temp": 5, "city": "Oslo"},
        {"errors": [], "data": {"km": 5}},
        {"error": "2 of 3 rows are left out", "rows": [{"km": 5}]},
        {"message": "Not found in the cache", "km": 5},
        {"data": {"items": [{"detail": "unknown"}], "error": None}},
        [{"id": 7, "message": "Unable to log in", "by": "Ann"}],
    ],
)
def test_data_is_no_failure_whatever_words_stand_in_it(answer: object, label: str) -> None:
    assert gave_something(seen(answer, label))


@pytest.mark.parametrize("label", ["", MESSAGE])
@pytest.mark.parametrize(
    "answer",
    [
        {"message": "Not Found"},
        {"error": "no such city", "city": "Osl"},
        {"Response": "False", "Error": "Movie not found!"},
        {"status": 400, "message": "No", "errors": [{"error": "INVALID"}], "data": {"cep": 1}},
        {"status": "fail", "data": {"title": "A title is required"}},
        {"success": False, "data": {"hint": "try later", "left": 3}},
        {"errors": [{"message": "no user"}], "data": {"user": None}},
        {"data": {"error": "invalid id"}},
        {"meta": {"code": 401, "error": "no key"}, "data": []},
        [{"errorCode": "X", "message": "invalid session"}],
        "<html><head><title>403 Forbidden</title></head></html>",
        {"fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2"}}},
        "Internal Server Error",
        "502 Bad Gateway",
        "Error: no such city",
    ],
)
def test_an_answer_that_only_reports_a_failure_is_one(answer: object, label: str) -> None:
    assert failed(seen(answer, label))
    if not isinstance(answer, str):
        assert failed(seen(answer, label, written=False)), "as JSON in JSON"


@pytest.mark.parametrize(
    "observation",
    [
        seen("", MESSAGE),
        seen("An error has occurred.", MESSAGE),
        seen({"feed": {"html": {"lang": "en"}, "main": {"id": "af-error-container"}}}, MESSAGE),
        seen(FILMS, "Function executing from my_tools.films.api error...\nno such argument"),
        Observation(Status.ERROR_IN_MESSAGE, "{'result': ['5 km']}"),
        Observation(Status.TIMEOUT, '{"error": "Timeout error...", "response": ""}'),
    ],
)
def test_what_is_no_label_over_data_stays_a_failure(observation: Observation) -> None:
    assert failed(observation)


def test_where_an_answer_is_cut_what_stands_there_is_read() -> None:
    whole = seen(FILMS, MESSAGE)
    for length in (90, 120, len(whole.content) - 3):
        cut = Observation(whole.status, whole.content[:length], truncated=True)
        assert gave_something(cut), cut.content


@pytest.mark.parametrize("text", ["[" * 599, "{'a':" * 119, "{'a' 'b': : ]]", "{]}[", "{'a': \"\\"])
def test_no_answer_is_too_odd_to_be_read(text: str) -> None:
    failed(seen(text, MESSAGE))


def test_the_films_of_the_real_trees_are_found_in_spite_of_their_label(shared_data: Path) -> None:
    tree = load_answer_tree(shared_data / "toolbench/trees/G3_13_ChatGPT_DFS_woFilter_w2.json")
    labelled = {
        one.content: gave_something(one)
        for node in tree
        for one in node.observations
        if one.status is Status.ERROR_IN_MESSAGE
    }
    assert set(labelled.values()) == {True}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"error": 'Error executing: must be str, not "int"', "response": ""}),
        json.dumps({"error": "Function executing...\n" + "trace " * 300, "response": ""})[:1024],
        json.dumps({"error": 'a "quoted" trace', "response": ""})[:20],
        '{"error": "no such city"',
        '{"error": "no such city", "respon',
        '{"error": "the path is C:\\',
    ],
)
def test_an_error_with_quotes_or_without_its_end_is_a_failure(content: str) -> None:
    for text in (content, f"{content}..."):
        assert failed(Observation(Status.OK, text))
        assert not gave_something(Observation(Status.OK, text))


def test_another_answer_that_begins_with_an_error_is_taken_at_its_status() -> None:
    assert gave_something(Observation(Status.OK, '{"error": "", "km": 463}'))
    assert not gave_something(Observation(Status.OK, '{"error": "", "respon'))


EMPTY = [
    {"status": "OK", "totalResults": 0, "articles": []},
    {"meta": {"code": 200}, "page": 1, "took": 12, "results": {"items": []}},
    [{"near": []}],
    "No results found",
    "There are no records for Bergen in 2023.",
    "Sorry, nothing was found.",
]


@pytest.mark.parametrize("answer", EMPTY)
def test_an_answer_that_is_empty_but_for_its_frame_gave_nothing(answer: Any) -> None:
    assert not gave_something(seen(answer))
    assert not failed(seen(answer))
    plain = answer if isinstance(answer, str) else json.dumps(answer)
    assert not gave_something(Observation(Status.OK, plain))


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "OK"},
        {"status": "done", "errors": []},
        {"city": "Oslo", "near": []},
        {"status": "OK", "total": 3, "items": []},
        {"messages": ["hello"], "next": []},
        "No 10 Downing Street has no garden data of the 17th century, but one of the 18th.",
        "None of them is open.",
    ],
)
def test_an_answer_with_anything_beside_its_frame_gave_something(answer: Any) -> None:
    plain = answer if isinstance(answer, str) else json.dumps(answer)
    assert gave_something(Observation(Status.OK, plain))
