"""From a document and a model's call to the request: the right call can be made, and is."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats.openapi import parse_openapi
from toolgrove.data.records import Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.http.endpoint import check_endpoint
from toolgrove.tools.http.network import Network
from toolgrove.tools.http.request import Refused, Request, build_request
from toolgrove.tools.registry import Registry
from toolgrove.tools.secrets import SecretStore, authorize


def document(operation: Any, path: str = "/x", method: str = "post", **top: Any) -> Any:
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "https://a.example"}],
        "paths": {path: {method: {"operationId": "op", **operation}}},
        **top,
    }


def only(data: Any) -> ToolSpec:
    [spec] = parse_openapi(data, "t.json").specs
    return spec


def body(schema: Any, media: str = "application/json", **more: Any) -> Any:
    return {"requestBody": {"required": True, "content": {media: {"schema": schema, **more}}}}


def called(spec: ToolSpec, arguments: Any) -> Request | str:
    with Registry() as registry:
        registry.add([spec])
        call = ToolCall("c", registry.alias(spec.id), arguments)
        resolved = registry.offer([spec.id]).resolve(call)
    if isinstance(resolved, Observation):
        return resolved.content
    request = build_request(spec.binding, resolved.arguments)
    check_endpoint(spec.binding, request.url)
    return request


def sent(spec: ToolSpec, arguments: Any) -> Request:
    request = called(spec, arguments)
    assert isinstance(request, Request), request
    return request


USER = {
    "type": "object",
    "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string"}},
}
STATE: Any = {"type": "string", "readOnly": True}


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [USER, {"required": ["id", "name"]}]},
        {"allOf": [{"$ref": "#/components/schemas/User"}], "required": ["id", "name"]},
        {"allOf": [{"allOf": [{"$ref": "#/components/schemas/User"}]}, {"required": ["id"]}]},
        {**USER, "required": ["id"], "anyOf": [{"required": ["id"]}, {"required": ["name", "id"]}]},
        {"properties": {"id": {"$ref": "#/components/schemas/Id", "readOnly": True},
                        "name": {}}, "required": ["id"]},
        {"properties": {"id": {"allOf": [{"$ref": "#/components/schemas/State"}]},
                        "name": {}}, "required": ["id"]},
        {"allOf": [{"properties": {"id": {"type": "integer"}, "name": {}}, "required": ["id"]},
                   {"properties": {"id": {"readOnly": True}}}]},
    ],
)  # fmt: skip
def test_what_is_read_only_is_not_required_whoever_requires_it(schema: Any) -> None:
    parts = {"User": USER, "Id": {"type": "integer"}, "State": STATE}
    spec = only(document(body(schema), components={"schemas": parts}))
    arguments = {"name": "x"}
    wrapped = {"body": arguments} if "body" in spec.parameters["properties"] else arguments
    assert sent(spec, wrapped).content == b'{"name":"x"}'


def test_what_is_write_only_is_not_required_of_an_answer() -> None:
    account = {"allOf": [{"properties": {"key": {"type": "string", "writeOnly": True}, "n": {}}},
                         {"required": ["key", "n"]}]}  # fmt: skip
    answer = {"200": {"description": "", "content": {"application/json": {"schema": account}}}}
    spec = only(document({"responses": answer}))
    assert spec.returns == {"allOf": [{"properties": {"n": {}}}, {"required": ["n"]}]}


CAT = {"type": "object", "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}},
       "required": ["kind"]}  # fmt: skip
DOG = {"type": "object", "properties": {"kind": {"$ref": "#/components/schemas/Kind"},
                                        "lives": {"type": "string"}}}  # fmt: skip
KIND = {"type": "string", "enum": ["cat", "dog", "puppy"]}
PETS = {"Cat": CAT, "Dog": DOG, "Kind": KIND}
BOTH = [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
def test_a_discriminator_chooses_the_branch(word: str) -> None:
    mapping = {"cat": "#/components/schemas/Cat", "dog": "Dog", "puppy": "Dog"}
    pet = {word: BOTH, "discriminator": {"propertyName": "kind", "mapping": mapping}}
    spec = only(document(body(pet), components={"schemas": PETS}))
    for right in ({"kind": "cat", "lives": 9}, {"kind": "puppy", "lives": "nine"}):
        sent(spec, {"body": right})
    assert "do not fit" in str(called(spec, {"body": {"kind": "dog", "lives": 9}}))
    cat, dog = spec.parameters["properties"]["body"]["anyOf"]
    assert cat["properties"]["kind"] == {"type": "string", "enum": ["cat"]}
    assert dog["properties"]["kind"]["enum"] == ["dog", "puppy"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"oneOf": [CAT, {**CAT, "properties": {"bark": {}}}],
          "discriminator": {"propertyName": "kind"}}, {"kind": "cat", "lives": 9}),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 5),
        ({"oneOf": [{"type": "string", "format": "date"}, {"type": "string"}]}, "2026-01-31"),
        ({"anyOf": [{"type": "integer"}], "oneOf": [{"minimum": 0}, {"maximum": 9}]}, 5),
    ],
)  # fmt: skip
def test_a_value_that_fits_two_branches_is_taken(schema: Any, value: Any) -> None:
    sent(only(document(body(schema))), {"body": value})


def test_choices_of_another_type_than_the_schema_says_can_be_given() -> None:
    parameters = [
        {"name": "ids", "in": "query", "schema": {"type": "array", "enum": ["a", "b"],
                                                  "items": {"type": "string"}}},
        {"name": "n", "in": "query", "schema": {"type": "integer", "enum": ["1", "2"]}},
        {"name": "v", "in": "query", "schema": {"type": "string", "enum": [1.5, True]}},
    ]  # fmt: skip
    spec = only(document({"parameters": parameters}, method="get"))
    request = sent(spec, {"ids": ["b"], "n": 2, "v": "1.5"})
    assert request.url == "https://a.example/x?ids=b&n=2&v=1.5"
    assert "do not fit" in str(called(spec, {"ids": ["c"]}))
    parameters = [{"name": "s", "in": "query", "type": "array", "enum": ["a"], "items": {
        "type": "string"}}]  # fmt: skip
    old = {"swagger": "2.0", "info": {"title": "O", "version": "1"}, "host": "a.example",
           "paths": {"/x": {"get": {"parameters": parameters}}}}  # fmt: skip
    assert sent(only(old), {"s": ["a"]}).url == "https://a.example/x?s=a"


@pytest.mark.parametrize(
    ("schema", "version"),
    [
        ({"type": ["string", "null"]}, "3.1.0"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "3.1.0"),
        ({"oneOf": [{"$ref": "#/components/schemas/S"}, {"type": "null"}]}, "3.1.0"),
        ({"enum": ["a", None]}, "3.1.0"),
        ({}, "3.1.0"),
        ({"type": "string", "nullable": True}, "3.0.3"),
        ({"type": "string", "nullable": True, "enum": ["a"]}, "3.0.3"),
        ({"allOf": [{"$ref": "#/components/schemas/S"}], "nullable": True}, "3.0.3"),
        ({"$ref": "#/components/schemas/S", "nullable": True}, "3.0.3"),
        ({"$ref": "#/components/schemas/N"}, "3.0.3"),
    ],
)
def test_an_explicit_null_is_sent_where_it_is_allowed(schema: Any, version: str) -> None:
    parts = {"S": {"type": "string"}, "N": {"type": "string", "nullable": True}}
    whole = {"type": "object", "properties": {"note": schema, "n": {"type": "integer"}}}
    data = document(body(whole), method="patch", components={"schemas": parts})
    spec = only({**data, "openapi": version})
    assert sent(spec, {"note": None}).content == b'{"note":null}'
    assert sent(spec, {"note": None, "n": None}).content == b'{"note":null}'
    assert sent(spec, {}).content == b"{}"
    rows = only({**document(body({"type": "array", "items": whole}),
                            components={"schemas": parts}), "openapi": version})  # fmt: skip
    given = {"body": [{"note": None, "n": None}]}
    assert sent(rows, given).content == b'[{"note":null}]'


def test_a_null_that_is_not_allowed_is_left_out() -> None:
    parameters = [{"name": "q", "in": "query", "schema": {"type": ["string", "null"]}}]
    whole = {"type": "object", "properties": {"a": {"type": "string"}}}
    spec = only(document({"parameters": parameters, **body(whole)}))
    request = sent(spec, {"q": None, "a": None})
    assert (request.url, request.content) == ("https://a.example/x", b"{}")


@pytest.mark.parametrize(
    ("top", "url"),
    [
        ({"host": "api.example.com", "basePath": "v1"}, "https://api.example.com/v1/a"),
        ({"host": "api.example.com", "basePath": "/v1/"}, "https://api.example.com/v1/a"),
        ({"host": "api.example.com", "basePath": "//v1"}, "https://api.example.com/v1/a"),
        ({"host": "https://api.example.com"}, "https://api.example.com/a"),
        ({"host": "http://api.example.com/", "basePath": "v1"}, "http://api.example.com/v1/a"),
        ({"host": "//api.example.com"}, "https://api.example.com/a"),
        ({"host": "api.example.com", "schemes": ["ws", "http"]}, "http://api.example.com/a"),
        ({"basePath": "https://api.example.com/v1"}, "https://api.example.com/v1/a"),
        ({"host": "api.example.com", "basePath": "https://other.example/v1"},
         "https://api.example.com/v1/a"),
    ],
)  # fmt: skip
def test_swaggers_host_is_the_host_however_its_base_path_is_written(top: Any, url: str) -> None:
    data = {"swagger": "2.0", "info": {"title": "S", "version": "1"}, "paths": {"/a": {"get": {}}}}
    assert only({**data, **top}).binding["url"] == url


@pytest.mark.parametrize(
    ("template", "value", "url"),
    [
        ("https://api.example.com{base}", "v1", "https://api.example.com/v1/x"),
        ("https://api.example.com{base}/", "/v1", "https://api.example.com/v1/x"),
        ("https://api.example.com{base}", ":8443", "https://api.example.com:8443/x"),
        ("https://api.{base}", "example.com", "https://api.example.com/x"),
        ("https://api{base}.example.com", "2", "https://api2.example.com/x"),
        ("{base}", "https://api.example.com", "https://api.example.com/x"),
    ],
)
def test_a_servers_variable_for_a_path_is_no_part_of_the_host(
    template: str, value: str, url: str
) -> None:
    server = {"url": template, "variables": {"base": {"default": value}}}
    assert only({**document({}), "servers": [server]}).binding["url"] == url


def test_an_integer_given_as_a_float_goes_out_as_an_integer() -> None:
    number = {"schema": {"type": "integer"}}
    parameters = [
        {"name": "id", "in": "path", "required": True, **number},
        {"name": "q", "in": "query", **number},
        {"name": "many", "in": "query", "schema": {"type": "array", "items": {"type": "number"}}},
        {"name": "X-N", "in": "header", **number},
    ]
    whole = {"type": "object", "properties": {"n": {"type": "integer"}}}
    spec = only(document({"parameters": parameters, **body(whole)}, path="/i/{id}"))
    request = sent(spec, {"id": 5.0, "q": 6.0, "many": [7.0, 0.5], "X-N": 8.0, "n": 9.0})
    assert request.url == "https://a.example/i/5?q=6&many=7&many=0.5"
    assert (request.headers["X-N"], request.content) == ("8", b'{"n":9}')


def test_a_deep_object_counts_the_places_of_its_lists() -> None:
    deep = {"style": "deepObject", "explode": True}
    names = {"type": "array", "items": {"type": "string"}}
    spec = only(document({"parameters": [{"name": "expand", "in": "query", **deep,
                                          "schema": names}]}, method="get"))  # fmt: skip
    url = sent(spec, {"expand": ["customer", "a b"]}).url
    assert url == "https://a.example/x?expand%5B0%5D=customer&expand%5B1%5D=a%20b"
    rows = {"type": "array", "items": {"type": "object", "properties": {
        "price": {"type": "string"}, "taxes": names}}}  # fmt: skip
    form = body({"type": "object", "properties": {"line_items": rows}},
                "application/x-www-form-urlencoded", encoding={"line_items": deep})  # fmt: skip
    given = {"line_items": [{"price": "p1", "taxes": ["t1", "t2"]}, {"price": "p2"}]}
    assert sent(only(document(form)), given).content == (
        b"line_items%5B0%5D%5Bprice%5D=p1&line_items%5B0%5D%5Btaxes%5D%5B0%5D=t1"
        b"&line_items%5B0%5D%5Btaxes%5D%5B1%5D=t2&line_items%5B1%5D%5Bprice%5D=p2"
    )


FILE = {"name": "path", "in": "path", "required": True, "schema": {"type": "string"}}
BAD_PATHS = [
    "..",
    ".",
    "../a",
    "a/../b",
    "a/..",
    "//host",
    "/a",
    "a/",
    "a//b",
    "a?b",
    "a#b",
    "a\\b",
]
BAD_PATHS += [
    "a/%2e%2e/b",
    "%2E%2E/a",
    "a/%252e%252e/b",
    "..%2Fa",
    "a/..;x/b",
    "a/b\r\nc",
    "a/%00b",
]
BAD_PATHS += ["%2f%2fhost", "a%3Fb/c", "a%5C..%5Cb/c", "", "a/\x7f"]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/files/{path}", {"allowReserved": True}),
        ("/files/{+path}", {}),
        ("/files/{path+}", {}),
        ("/files/{path*}", {}),
    ],
)
def test_promise_19_a_path_that_may_hold_slashes_stays_below_its_place(
    path: str, more: Any
) -> None:
    spec = only(document({"parameters": [{**FILE, **more}]}, path=path, method="get"))
    assert list(spec.parameters["properties"]) == ["path"]
    for value in ("src/a b/ü.py", "src%2Fa b%2Fü.py"):
        assert sent(spec, {"path": value}).url == "https://a.example/files/src/a%20b/%C3%BC.py"
    assert sent(spec, {"path": "a:b@c,d/e"}).url == "https://a.example/files/a:b@c,d/e"
    for bad in BAD_PATHS:
        with pytest.raises(Refused):
            called(spec, {"path": bad})


@given(st.text(max_size=20) | st.text("./\\%2eEfF?#;ab@:", max_size=12))
def test_promise_19_no_path_value_leads_elsewhere(value: str) -> None:
    spec = only(document({"parameters": [{**FILE, "allowReserved": True}]}, path="/files/{path}/x",
                         method="get"))  # fmt: skip
    try:
        url = build_request(spec.binding, {"path": value}).url
    except Refused:
        return
    check_endpoint(spec.binding, url)
    plain = unquote(urlsplit(url).path)
    assert urlsplit(url).netloc == "a.example"
    assert posixpath.normpath(plain) == plain
    assert plain.startswith("/files/")
    assert plain.endswith("/x")


def test_a_path_value_with_a_slash_is_refused_unless_a_user_says_otherwise() -> None:
    spec = only(document({"parameters": [FILE]}, path="/files/{path}", method="get"))
    with pytest.raises(Refused, match="without /"):
        build_request(spec.binding, {"path": "a/b"})
    for value in ("group/project", "group%2Fproject"):
        request = build_request(spec.binding, {"path": value}, slashes=True)
        assert request.url == "https://a.example/files/group%2Fproject"
        check_endpoint(spec.binding, request.url)
    for bad in BAD_PATHS:
        with pytest.raises(Refused):
            build_request(spec.binding, {"path": bad}, slashes=True)


async def test_a_users_rule_lets_some_tools_path_values_hold_slashes(faults: Any) -> None:
    faults.answer("/files/a%2Fb", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    one = faults.spec("/files/{path}", places={"path": "path"})
    other = replace(one, id="Other/a/b")
    with Registry() as registry:
        registry.add([one, other])
        network = Network(path_slashes=(f"{one.id[:3]}*",))
        calls = CallSettings(hosts=faults.hosts, network=network)
        async with build_stack(registry, calls) as execute:
            taken = await execute(ToolCall("c", one.id, {"path": "a/b"}))
            refused = await execute(ToolCall("c", other.id, {"path": "a/b"}))
    assert taken.content == "ok"
    assert refused.status is Status.INVALID_REQUEST


def header(name: str, required: bool = True) -> Any:
    schema = {"type": "string"}
    return {"parameters": [{"name": name, "in": "header", "required": required, "schema": schema}]}


OWN = {"secret": "T Authorization", "type": "apiKey", "in": "header", "name": "Authorization"}
BEARER = {"secret": "T b", "type": "http", "scheme": "bearer"}
KEY = {"secret": "T k", "type": "apiKey", "in": "header", "name": "X-Key"}
SCHEMES = {"b": {"type": "http", "scheme": "bearer"},
           "k": {"type": "apiKey", "in": "header", "name": "X-Key"}}  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "required", "security"),
    [
        ([], True, [[OWN]]),
        ([], False, [[OWN], []]),
        ([{"b": []}], True, [[BEARER]]),
        ([{"k": []}], True, [[KEY, OWN]]),
        ([{"b": []}, {}], True, [[BEARER], [OWN]]),
        ([{"k": []}], False, [[KEY]]),
    ],
)
def test_an_authorization_header_without_a_scheme_is_a_secret_of_its_own(
    wanted: Any, required: bool, security: Any
) -> None:
    data = document({**header("Authorization", required), "security": wanted},
                    components={"securitySchemes": SCHEMES})  # fmt: skip
    spec = only(data)
    assert spec.binding["security"] == security
    assert spec.parameters["properties"] == {}
    old = {"name": "authorization", "in": "header", "required": True, "type": "string"}
    swagger = {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "host": "a.example",
               "paths": {"/x": {"get": {"parameters": [old]}}}}  # fmt: skip
    assert only(swagger).binding["security"] == [
        [{**OWN, "secret": "T authorization", "name": "authorization"}]
    ]


def test_the_secret_of_a_header_is_its_whole_value_and_is_scrubbed() -> None:
    spec = only(document(header("Authorization")))
    store = SecretStore({"TOOLGROVE_SECRET_T_AUTHORIZATION": "Token abcdefgh-12345",
                         "TOOLGROVE_ORIGIN_T_AUTHORIZATION": "https://a.example"})  # fmt: skip
    request = build_request(spec.binding, {})
    ready = authorize(request, spec.binding["security"], "https://a.example:443", store.get)
    assert ready.headers["Authorization"] == "Token abcdefgh-12345"
    assert store.scrub("it was abcdefgh-12345") == "it was [secret T_AUTHORIZATION]"


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Forwarded-Host", "Proxy-Auth"])
def test_an_operation_that_needs_a_header_no_call_may_set_is_left_with_the_reason(
    name: str,
) -> None:
    data = document(header(name))
    data["paths"]["/y"] = {"get": {"operationId": "y", **header(name, required=False)}}
    found = parse_openapi(data, "t.json")
    assert [spec.name for spec in found.specs] == ["y"]
    assert name in found.left[0].why


@pytest.mark.parametrize("name", ["Content-Type", "accept", "Host", "Content-Length"])
def test_a_header_that_every_request_has_is_not_missing(name: str) -> None:
    assert only(document(header(name))).parameters["properties"] == {}
