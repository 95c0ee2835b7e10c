"""Google's methods become specs that our own request builder can send."""

from __future__ import annotations

import importlib.util
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from toolgrove.data.formats import google_discovery
from toolgrove.data.formats.google_discovery import load_google, newest, parse_discovery
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import UsageError
from toolgrove.tools.http.endpoint import check_endpoint
from toolgrove.tools.http.request import Refused, build_request


def document(method: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    """A document of this shape with one method."""
    base = {"id": "parcels.towns.send", "httpMethod": "POST", "path": "v1/send"}
    return {
        "name": "parcels",
        "version": "v1",
        "title": "Parcels API",
        "description": "Sends parcels.",
        "rootUrl": "https://parcels.example/",
        "servicePath": "p/",
        "resources": {"towns": {"methods": {"send": base | method}}},
        "schemas": schemas,
    }


def only(data: dict[str, Any]) -> ToolSpec:
    (spec,) = parse_discovery(data)
    return spec


METHOD = {
    "description": "Sends a parcel.",
    "path": "v1/{+name}:send",
    "flatPath": "v1/towns/{townsId}/parcels/{parcelsId}:send",
    "parameters": {
        "name": {"location": "path", "type": "string", "required": True, "description": "Which."},
        "label": {"location": "query", "type": "string", "repeated": True, "description": "All."},
        "class": {"location": "query", "type": "string", "enum": ["first", "second"]},
    },
    "request": {"$ref": "Parcel"},
    "scopes": ["https://parcels.example/auth"],
}
PARCEL = {
    "id": "Parcel",
    "type": "object",
    "properties": {
        "grams": {"type": "string", "format": "int64", "description": "Its weight."},
        "sentAt": {"type": "string", "readOnly": True},
        "class": {"type": "integer"},
        "inside": {"type": "array", "items": {"$ref": "Parcel"}},
        "tags": {"type": "object", "additionalProperties": {"type": "any"}},
    },
}


def test_a_method_becomes_a_spec() -> None:
    whole = {"type": "string", "description": "A segment of: Which."}
    assert only(document(METHOD, Parcel=PARCEL)) == ToolSpec(
        id="Google/parcels.v1/towns.send",
        category="Google",
        tool="Parcels API",
        name="towns.send",
        description="Sends a parcel.",
        parameters={
            "type": "object",
            "properties": {
                "townsId": whole,
                "parcelsId": whole,
                "label": {"type": "array", "items": {"type": "string"}, "description": "All."},
                "class": {"type": "string", "enum": ["first", "second"]},
                "grams": {"type": "string", "description": "Its weight."},
                "inside": {"type": "array", "items": {"type": "object"}},
                "tags": {"type": "object", "additionalProperties": {}},
            },
            "required": ["townsId", "parcelsId"],
        },
        effect=Effect.WRITE,
        source="google-discovery",
        binding={
            "kind": "http",
            "method": "POST",
            "url": "https://parcels.example/p/v1/towns/{townsId}/parcels/{parcelsId}:send",
            "in": {
                "townsId": "path",
                "parcelsId": "path",
                "label": "query",
                "class": "query",
                "grams": "body",
                "inside": "body",
                "tags": "body",
            },
            "security": [[{"secret": "google", "type": "oauth2"}]],
        },
        tool_description="Sends parcels.",
    )


def test_the_request_is_the_one_that_the_document_describes() -> None:
    spec = only(document(METHOD, Parcel=PARCEL))
    arguments = {"townsId": "oslo", "parcelsId": "7", "label": ["a", "b"], "grams": "12"}
    request = build_request(spec.binding, arguments)
    assert request.method == "POST"
    assert request.url == ("https://parcels.example/p/v1/towns/oslo/parcels/7:send?label=a&label=b")
    assert request.content == b'{"grams":"12"}'


@pytest.mark.parametrize(
    ("method", "given", "url"),
    [
        ({"path": "v1/{+name}:send"}, {"name": "towns/oslo/parcels/7"},
         "https://parcels.example/p/v1/towns/oslo/parcels/7:send"),
        ({"path": "v1/{+name}", "flatPath": "v1/towns/{townsId}/notes/{notesId}",
          "parameters": {"name": {"location": "path", "type": "string",
                                  "pattern": "^towns/[^/]+/notes/.*$"}}},
         {"townsId": "oslo", "notesId": "a/b c"},
         "https://parcels.example/p/v1/towns/oslo/notes/a/b%20c"),
    ],
)  # fmt: skip
def test_a_name_that_is_a_path_of_its_own_may_hold_slashes(
    method: Any, given: Any, url: str
) -> None:
    spec = only(document(method))
    request = build_request(spec.binding, given)
    assert request.url == url
    check_endpoint(spec.binding, url)
    for bad in ("..", "a/../b", "a//b", "/a", "a/", "a?b", "a#b", "a/%2e%2e/b", "a\\b", "a\nb"):
        name = list(given)[-1]
        with pytest.raises(Refused):
            build_request(spec.binding, {**given, name: bad})
    with pytest.raises(Refused):
        check_endpoint(spec.binding, "https://parcels.example/p/v2/towns/oslo")


def test_a_null_is_sent_where_anything_may_be() -> None:
    value = {"type": "object", "properties": {"value": {"type": "any"}, "n": {"type": "integer"}}}
    spec = only(document({"request": {"$ref": "Value"}}, Value=value))
    assert build_request(spec.binding, {"value": None, "n": None}).content == b'{"value":null}'


def test_a_slash_that_is_missing_makes_no_other_host() -> None:
    data = {**document({}), "rootUrl": "https://parcels.example", "servicePath": "p"}
    assert only(data).binding["url"] == "https://parcels.example/p/v1/send"


def test_a_get_reads_and_needs_what_the_document_requires() -> None:
    parameters = {
        "zone": {"location": "path", "type": "string", "required": True},
        "at": {"location": "query", "type": "string", "required": True},
    }
    spec = only(document({"httpMethod": "GET", "path": "v1/{zone}", "parameters": parameters}))
    assert spec.effect is Effect.READ
    assert spec.parameters["required"] == ["zone", "at"]
    assert "security" not in spec.binding


def test_the_newest_stable_version_of_each_api_is_read() -> None:
    names = [
        "admin.directory_v1.json",
        "admin.reports_v1.json",
        "ads.v9.json",
        "ads.v10.json",
        "ads.v11alpha.json",
        "lab.v1alpha1.json",
        "lab.v1beta1.json",
        "web.v1.json",
        "web.v1.1.json",
        "index.json",
    ]
    assert [path.name for path in newest(map(Path, names))] == [
        "admin.directory_v1.json",
        "admin.reports_v1.json",
        "ads.v10.json",
        "lab.v1beta1.json",
        "web.v1.1.json",
    ]


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_discovery, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install google-api-python-client"):
        next(load_google())


@pytest.mark.skipif(
    importlib.util.find_spec("googleapiclient") is None,
    reason="google-api-python-client is not installed",
)
def test_the_real_documents_stream_and_can_be_sent() -> None:
    specs = list(islice(load_google(), 3000))
    assert len({spec.id for spec in specs}) == 3000
    for spec in specs:
        jsonschema_rs.Draft202012Validator(spec.parameters)
        required = dict.fromkeys(spec.parameters.get("required", ()), "x")
        request = build_request(spec.binding, required)
        assert request.url.startswith("https://")
        assert "{" not in request.url
