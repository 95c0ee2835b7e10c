"""What an HTTP answer means, by its status and, where a source is known for it, by its words."""

from __future__ import annotations

import ast
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from toolgrove.data.records import Status
from toolgrove.tools.http.verdict import status_of, verdict


@pytest.mark.parametrize(
    ("code", "text", "status"),
    [
        (200, "", Status.OK),
        (204, "", Status.OK),
        (302, "", Status.NOT_WORKING),
        (400, "", Status.INVALID_REQUEST),
        (401, "", Status.UNAUTHORIZED),
        (402, "", Status.UNSUBSCRIBED),
        (403, "", Status.UNAUTHORIZED),
        (403, "You are not subscribed to this API.", Status.UNSUBSCRIBED),
        (404, "", Status.ERROR_IN_MESSAGE),
        (405, "", Status.NOT_WORKING),
        (408, "", Status.TIMEOUT),
        (409, "", Status.ERROR_IN_MESSAGE),
        (410, "", Status.NOT_WORKING),
        (414, "", Status.INVALID_REQUEST),
        (422, "", Status.INVALID_REQUEST),
        (429, "", Status.TOO_MANY_REQUESTS),
        (429, "You have exceeded the MONTHLY quota", Status.TOO_MANY_REQUESTS),
        (429, "You have exceeded the rate limit per minute", Status.RATE_LIMITED),
        (500, "", Status.NOT_WORKING),
        (503, "", Status.NOT_WORKING),
        (504, "", Status.TIMEOUT),
        (599, "", Status.NOT_WORKING),
        (999, "", Status.NOT_WORKING),
    ],
)
def test_the_http_status_comes_first(code: int, text: str, status: Status) -> None:
    assert status_of(code, text) is status


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (
            {"message": "You have exceeded the rate limit per second for your plan"},
            Status.RATE_LIMITED,
        ),
        ({"message": "Gateway error"}, Status.NOT_WORKING),
        ({"messages": "Blocked"}, Status.UNAUTHORIZED),
        ({"error": "quota exceeded"}, Status.TOO_MANY_REQUESTS),
        ({"error": {"message": "no such city"}}, Status.ERROR_IN_MESSAGE),
        ({"success": False, "message": "wrong date"}, Status.ERROR_IN_MESSAGE),
        ({"status": "error", "data": None}, Status.ERROR_IN_MESSAGE),
        ({"status": 404, "title": "none"}, Status.ERROR_IN_MESSAGE),
        ({"code": "500", "message": "oops"}, Status.NOT_WORKING),
    ],
)
def test_an_error_under_200_is_told(value: Any, status: Status) -> None:
    assert verdict(value, "", page=False) is status


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        "blocked",
        404,
        {"message": "pong"},
        {"error": None, "result": {"message": "rate limit"}},
        {"error": "partial", "data": [1]},
        {"title": "The blocked road", "description": "Access denied: a novel"},
        {"articles": [{"title": "HTTP 500"}], "status": "error"},
        {"status": "ok", "results": []},
        {"code": 404_000, "type": "postal"},
    ],
)
def test_a_payload_that_holds_the_words_is_not_an_error(value: Any) -> None:
    assert verdict(value, "", page=False) is Status.OK


def test_pages_and_lines_of_text() -> None:
    assert (
        verdict(None, "Attention Required! You have been blocked", page=True) is Status.UNAUTHORIZED
    )
    assert verdict(None, "Welcome", page=True) is Status.ERROR_IN_MESSAGE
    assert verdict(None, "Too many requests, try later", page=False) is Status.TOO_MANY_REQUESTS
    assert verdict(None, "He was blocked by the door.", page=False) is Status.OK
    assert verdict(None, "Blocked " + "and then a long story " * 9, page=False) is Status.OK


def test_real_observations_of_toolbench(shared_data: Path) -> None:
    """Errors that ToolBench took for successes are told, and no film is taken for an error."""
    told: Counter[str] = Counter()
    for said, value in _observations(shared_data / "toolbench/trees"):
        status = verdict(value, "", page=False)
        text = str(value)
        if "'result': [{" in text or "'value': [{" in text:
            assert status is Status.OK, text[:200]
        elif said == 0 and status.failed:
            told[status.value] += 1
    assert told == {
        "not_working": 34,
        "unauthorized": 9,
        "invalid_request": 15,
        "unsubscribed": 2,
        "error_in_message": 2,
    }


def _observations(folder: Path) -> list[tuple[int, Any]]:
    found = []

    def walk(node: dict[str, Any]) -> None:
        if node.get("observation_code") in (0, 11) and node["node_type"] == "Action Input":
            try:
                response = json.loads(node["observation"])["response"]
                found.append((node["observation_code"], ast.literal_eval(response)))
            except (ValueError, SyntaxError, TypeError, KeyError):
                pass  # cut by ToolBench, or no literal
        for child in node["children"]:
            walk(child)

    for file in sorted(folder.glob("*.json")):
        walk(json.loads(file.read_text())["tree"]["tree"])
    return found
