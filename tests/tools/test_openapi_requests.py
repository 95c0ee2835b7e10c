"""For random arguments the request that we build is one that the document describes."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from support.openapi_documents import NEW_32, STYLES_30, SWAGGER_20, YAML_31, text
from support.openapi_requests import arguments_of, as_core, request_of, validator
from toolgrove.data import world
from toolgrove.data.formats.openapi import load_openapi
from toolgrove.data.formats.openapi_text import parse_text
from toolgrove.data.records import Observation, Status, ToolCall, ToolSpec
from toolgrove.data.world.apis import endpoints
from toolgrove.tools.http.backend import HttpBackend
from toolgrove.tools.http.endpoint import check_endpoint
from toolgrove.tools.http.request import Refused, build_request
from toolgrove.tools.schema import Checker

DOCUMENTS = {"3.0": STYLES_30, "3.1": parse_text(YAML_31, "norway.yaml")}
SPECS = {
    f"{version} {spec.name}": (spec, version)
    for version, document in DOCUMENTS.items()
    for spec in load_openapi(text(document)).specs
}


@pytest.mark.parametrize("name", SPECS)
def test_random_arguments_make_requests_that_openapi_core_accepts(name: str) -> None:
    spec, version = SPECS[name]
    core = validator(DOCUMENTS[version])
    checker, accepted = Checker(spec.parameters), 0

    @settings(
        max_examples=25,
        phases=[Phase.generate],  # each example costs openapi-core a while
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(arguments_of(spec))
    def check(arguments: dict[str, Any]) -> None:
        nonlocal accepted
        if not checker.problems(arguments):
            accepted += sent(arguments)

    def sent(arguments: dict[str, Any]) -> bool:
        try:
            request = request_of(spec, arguments)
        except Refused:
            return False
        if request.content != b"":  # openapi-core takes an empty text for no body
            core.validate_request(as_core(request))
        return True

    check()
    assert accepted >= 5


def test_each_style_on_the_wire() -> None:
    by_name = {spec.name: spec for spec in load_openapi(text(SWAGGER_20)).specs}
    words = ["a b", "c,d"]
    given = dict.fromkeys(("csv", "ssv", "tsv", "pipes", "multi"), words)
    request = build_request(by_name["pets"].binding, {"ids": [1, 2], **given})
    assert request.url == (
        "https://old.example/v0/pets/1%7C2?csv=a%20b,c%2Cd&ssv=a%20b%20c%2Cd&tsv=a%20b%09c%2Cd"
        "&pipes=a%20b%7Cc%2Cd&multi=a%20b&multi=c%2Cd"
    )


def test_forms_and_cookies_on_the_wire() -> None:
    old = {spec.name: spec for spec in load_openapi(text(SWAGGER_20)).specs}
    request = build_request(old["form"].binding, {"photo": "x", "n": 1})
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="photo"; filename="file"\r\nContent-Type: application/octet-stream' in (
        request.content or b""
    )
    again = build_request(old["form"].binding, {"photo": "x", "n": 1})
    assert again == request  # a recording can be replayed
    base = "https://new.example"
    new = {spec.name: spec for spec in load_openapi(text(NEW_32), base=base).specs}
    request = build_request(
        new["findByString"].binding, {"filter": {"a": "1&b=2"}, "tracking": [1, 2]}
    )
    assert request.url == "https://new.example/v2/find?a=1%26b%3D2"
    assert request.headers == {"Cookie": "tracking=1; tracking=2"}


HOSTILE = ["..", ".", "", "a/b", "\\", "%2e%2e", "%252e", "..;x"]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("style", ["simple", "label", "matrix"])
def test_promise_19_no_style_lets_a_value_change_the_path(value: str, style: str) -> None:
    binding = {
        "url": "https://api.example/v1/{who}/notes",
        "in": {"who": "path"},
        "as": {"who": {"style": style, "explode": True}},
    }
    for given_value in (value, [value], {value: value}):
        try:
            request = build_request(binding, {"who": given_value})
        except Refused:
            continue
        check_endpoint(binding, request.url)
        segments = [unquote(part) for part in urlsplit(request.url).path.split("/")]
        assert len(segments) == 4
        assert segments[2] not in (".", "..", "")
        assert not {"/", "\\"} & set(segments[2])


def test_promise_20_an_exploded_object_names_no_other_parameter() -> None:
    binding = {
        "url": "https://api.example/x?fixed=1",
        "in": {"filter": "query", "page": "query"},
        "as": {"filter": {"style": "form", "explode": True}, "page": {"name": "p"}},
        "security": [[{"secret": "k", "type": "apiKey", "in": "query", "name": "key"}]],
    }
    for name in ("fixed", "p", "key"):
        with pytest.raises(Refused, match="another parameter"):
            build_request(binding, {"filter": {name: "x"}})
    assert build_request(binding, {"filter": {"a": "x"}}).url.endswith("?fixed=1&a=x")


def test_promise_20_a_header_of_a_document_never_takes_over() -> None:
    for name in ("Host", "X-HTTP-Method-Override", "Transfer-Encoding", "Cookie"):
        with pytest.raises(Refused, match="header"):
            build_request(
                {
                    "url": "https://api.example/x",
                    "in": {"h": "header"},
                    "as": {"h": {"name": name}},
                },
                {"h": "x"},
            )


async def test_the_world_by_its_openapi_document_is_the_world_by_its_tool_files() -> None:
    found = {_endpoint(spec): spec for spec in load_openapi(text(world.openapi("1"))).specs}
    known = {_endpoint(spec): spec for spec in world.specs()}
    assert found.keys() == known.keys()
    calls = [
        (endpoint, endpoint.example)
        for endpoint in endpoints().values()
        if endpoint.trouble is None and endpoint.tool.name in ("Airport Finder", "Notes Book")
    ]
    answered = 0
    assert {endpoint.method for endpoint, _ in calls} == {"GET", "POST"}
    for endpoint, arguments in calls:
        key = (endpoint.method, f"https://{world.HOST}{endpoint.url_path}")
        one, other = found[key], known[key]
        assert (one.effect, one.binding["in"]) == (other.effect, other.binding["in"])
        first, second = await _answer(one, arguments), await _answer(other, arguments)
        assert (first.status, first.content) == (second.status, second.content)
        answered += first.status is Status.OK
    assert answered > 5


def _endpoint(spec: ToolSpec) -> tuple[str, str]:
    return spec.binding["method"], spec.binding["url"]


async def _answer(spec: ToolSpec, arguments: Any) -> Observation:
    """How the spec's call ends in a world of its own."""
    assert not Checker(spec.parameters).problems(dict(arguments))
    with world.running() as url:
        backend = HttpBackend({spec.id: spec}.__getitem__, hosts={world.HOST: url})
        observation = await backend(ToolCall("c", spec.id, arguments))
        await backend.close()
    return observation
