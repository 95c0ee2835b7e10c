"""OpenAPI and Swagger documents become tools; hostile ones end in an error (promises 20, 21)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.openapi_documents import NEW_32, STYLES_30, SWAGGER_20, YAML_31, text
from toolgrove.data.formats import openapi_refs
from toolgrove.data.formats.openapi import load_openapi, parse_openapi
from toolgrove.data.formats.toolbench_schema import Unique
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import FormatError
from toolgrove.tools.schema import Checker


def specs(document: Any, base: str = "") -> dict[str, ToolSpec]:
    data = document if isinstance(document, bytes) else text(document)
    return {spec.name: spec for spec in load_openapi(data, base=base).specs}


def document(schema: Any, **components: Any) -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "T"},
        "servers": [{"url": "https://t.example"}],
        "paths": {"/x": {"post": {"operationId": "x", "requestBody": body}}},
        "components": {"schemas": components},
    }


def test_places_names_and_servers() -> None:
    spec = specs(STYLES_30)["simple"]
    assert spec.id == "Styles/paths/simple"
    assert spec.effect is Effect.READ
    assert spec.binding["url"] == "https://api.styles.example/v1/simple/{id}/{ids}"
    assert spec.binding["in"]["id"] == "path"
    assert spec.binding["as"]["id_query"] == {"name": "id"}
    assert spec.parameters["required"] == ["id", "ids"]
    assert spec.tool_description == "Values in paths."


def test_promise_20_no_argument_for_credentials_or_framing() -> None:
    offered = specs(STYLES_30)["simple"].parameters["properties"]
    assert not {"Authorization", "Host", "api_key"} & offered.keys()
    binding = specs(STYLES_30)["query"].binding
    assert binding["security"][0][0]["name"] == "api_key"
    assert binding["security"][-1] == []  # without credentials only where there are none


def test_deprecated_is_kept_and_marked() -> None:
    spec = specs(STYLES_30)["query"]
    assert spec.binding["deprecated"] is True
    assert spec.description.startswith("Deprecated.")


def test_bodies_and_schemas_of_3_0() -> None:
    spec = specs(STYLES_30)["json"]
    assert spec.effect is Effect.WRITE
    assert spec.parameters["required"] == ["name"]  # made is read-only
    properties = spec.parameters["properties"]
    assert properties["size"] == {"type": "number", "exclusiveMinimum": 0}
    assert properties["note"] == {"type": ["string", "null"]}
    assert properties["parts"]["items"]["properties"] == {"of": {"type": "object"}}
    assert specs(STYLES_30)["optional"].parameters["required"] == []


def test_yaml_is_read_as_1_2() -> None:
    found = specs(YAML_31)
    assert found["yes"].parameters["properties"]["no"] == {"enum": ["no", "2020-01-01"]}
    assert found["yes"].returns == {"when": "2020-01-01"}
    assert found["either"].parameters["properties"]["limit"]["minimum"] == 1
    assert len(found["either"].parameters["properties"]["body"]["anyOf"]) == 2


def test_3_2_and_what_is_left() -> None:
    loaded = load_openapi(text(NEW_32), base="https://new.example/openapi.json")
    by_name = {spec.name: spec for spec in loaded.specs}
    assert by_name["find"].binding["method"] == "QUERY"
    assert by_name["find"].binding["url"] == "https://new.example/v2/find"
    assert by_name["findByString"].binding["as"]["filter"] == {"style": "form", "explode": True}
    assert [left.where for left in loaded.left] == ["COPY /find"]


def test_swagger_2_0() -> None:
    found = specs(SWAGGER_20)
    assert found["pets"].binding["url"] == "https://old.example/v0/pets/{ids}"
    assert found["pets"].binding["as"]["ssv"] == {"style": "spaceDelimited", "explode": False}
    assert "multi" not in found["pets"].binding["as"]
    assert found["put"].binding["in"] == {"ids": "path", "name": "body", "friend": "body"}
    assert found["form"].binding["body"]["type"] == "multipart/form-data"
    assert found["pets"].binding["security"][0][0]["scheme"] == "basic"


@pytest.mark.parametrize(
    "reference", ["file:///etc/hostname", "http://127.0.0.1:9/x.json", "other.yaml#/a", "#/gone"]
)
def test_promise_21_no_reference_leaves_the_document(reference: str) -> None:
    data = document({"type": "object", "properties": {"a": {"$ref": reference}}})
    data["paths"]["/y"] = {"get": {"operationId": "y"}}
    loaded = parse_openapi(data, "t.json")
    assert [spec.name for spec in loaded.specs] == ["y"]
    [left] = loaded.left
    assert left.where == "POST /x"
    assert reference in left.why


def test_promise_21_a_fan_out_of_references_is_cut() -> None:
    levels = {
        f"L{n}": {"type": "object", "properties": {
            f"p{i}": {"$ref": f"#/components/schemas/L{n + 1}"} for i in range(10)}}
        for n in range(12)
    }  # fmt: skip
    levels["L12"] = {"type": "string"}
    [spec] = parse_openapi(document({"$ref": "#/components/schemas/L0"}, **levels), "t.json").specs
    assert len(json.dumps(dict(spec.parameters))) < 100_000
    assert not Checker(spec.parameters).problems({"p0": {"p1": {"p2": {}}}})


def test_promise_21_many_operations_share_one_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi_refs, "_MOST", 30_000)
    wide = {f"p{i}": {"$ref": "#/components/schemas/W"} for i in range(1400)}
    data = document({"type": "object", "properties": wide}, W={"type": "string"})
    operation = data["paths"]["/x"]
    data["paths"] = {f"/{n}": operation for n in range(50)}
    loaded = parse_openapi(data, "t.json")
    assert 10 < len(loaded.specs) < 30
    assert "multiply without bound" in loaded.left[-1].why


def test_a_cut_only_ever_allows_more() -> None:
    loop = {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "string"}],
            "not": {"$ref": "#/components/schemas/A"}}  # fmt: skip
    [spec] = parse_openapi(document({"$ref": "#/components/schemas/A"}, A=loop), "t.json").specs
    body = spec.parameters["properties"]["body"]
    assert "not" not in body
    assert "oneOf" not in body
    assert not Checker(spec.parameters).problems({"body": "text"})


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in b"bcdefghij"
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (BOMB, "aliases written out"),
        (b"a: &a {<<: [*a, *a]}", "an alias of something that stands before it"),
        (b"a: " + b"[" * 5000, "levels"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "levels"),
        (("a: " + "{ü: [" * 300).encode(), "levels"),
        (b"- " * 500, "levels"),
        (b'{"openapi": ' + b"[" * 200_000, "JSON"),
        (b'{"openapi": ' + b"[{}," * 800_000, "objects and arrays"),
        (b"openapi: !!python/object/apply:os.getcwd []", "version"),
        (b"a: *b", "alias"),
        (b"? [a]\n: b", "keys"),
        (b"a: 1\n---\nb: 2", "one YAML document"),
        (b"\xff", "UTF-8"),
        (b"just text", "OpenAPI"),
        (b'{"swagger": "1.2"}', "version"),
        (b'{"openapi": "3.1.0", "paths": []}', "object"),
        (b'{"openapi": "3.1.0", "paths": {}}', "an operation"),
    ],
)
@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
def test_promise_21_a_hostile_or_wrong_document_is_an_error(
    data: bytes, said: str, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, parser))  # its limits and words differ
    with pytest.raises(FormatError, match=said):
        load_openapi(data)


def test_a_pattern_that_backtracks_runs_in_linear_time() -> None:
    schema = {"type": "string", "pattern": "^(a+)+$"}
    [spec] = parse_openapi(
        document({"type": "object", "properties": {"p": schema}}), "t.json"
    ).specs
    assert Checker(spec.parameters).problems({"p": "a" * 50_000 + "!"})


@pytest.fixture(scope="session")
def real_documents() -> Path:
    """The npm packages, as ``.ci/specs`` unpacks them."""
    folder = os.environ.get("TOOLGROVE_SPECS", "")
    if not Path(folder, "openapi").is_dir():
        pytest.skip("set TOOLGROVE_SPECS to the folder that .ci/specs made")
    return Path(folder)


def test_github_imports_whole(real_documents: Path) -> None:
    loaded = load_openapi(real_documents / "openapi/generated/api.github.com.json")
    assert len(loaded.specs) + len(loaded.left) >= 1000
    assert loaded.left == ()
    assert len({spec.id for spec in loaded.specs}) == len(loaded.specs)


def test_real_documents_import_or_give_one_error(real_documents: Path) -> None:
    files = [
        path
        for path in sorted((real_documents / "oas-examples").rglob("*"))
        if path.suffix in (".json", ".yaml") and path.parent.name in ("json", "yaml")
    ]
    assert len(files) > 60
    taken, told = 0, []
    for path in files:
        try:
            taken += bool(load_openapi(path).specs)
        except FormatError as error:
            told.append(str(error))
    assert all("at $.paths: expected an operation" in error for error in told)
    assert taken > 0.85 * len(files)


@pytest.mark.parametrize(
    ("responses", "answers"),
    [
        ({"200": {"description": "ok"}, "404": {"content": {"text/html": {}}}}, None),
        ({"200": {"content": {"text/html; charset=utf-8": {}}}}, ["page"]),
        ({200: {"content": {"text/html": {}}}, "304": {}}, ["page"]),
        ({"302": {"description": "the file"}}, ["redirect"]),
        ({"200": {"description": "ok"}, "303": {}}, ["redirect"]),
        ({"307": {}}, ["redirect"]),
        ({"200": {"description": "ok"}, "301": {}, "307": {}}, None),
        ({"2XX": {"$ref": "#/nowhere"}}, None),
        ([], None),
    ],
)
def test_what_looks_like_no_answer_and_is_one_by_the_specification(
    responses: Any, answers: Any
) -> None:
    operation = {"operationId": "get", "responses": responses}
    [spec] = parse_openapi(
        {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "1"},
            "servers": [{"url": "https://a.example"}],
            "paths": {"/x": {"get": operation}},
        },
        "x.json",
    ).specs
    assert spec.binding.get("answers") == answers


def test_swagger_2_declares_pages_and_redirects_too() -> None:
    [spec] = parse_openapi(
        {
            "swagger": "2.0",
            "info": {"title": "T", "version": "1"},
            "host": "a.example",
            "produces": ["text/html"],
            "paths": {"/x": {"get": {"responses": {"200": {}, "302": {}}}}},
        },
        "x.json",
    ).specs
    assert spec.binding["answers"] == ["page", "redirect"]


def test_promise_21_operations_of_one_id_are_told_apart_in_a_time_that_they_do_not_multiply() -> (
    None
):
    class Counting(str):
        compared = 0

        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            Counting.compared += 1
            return str.__eq__(self, other)

    unique = Unique()
    same = Counting("T/t/same")
    found = [unique(same) for _ in range(20_000)]
    assert len(set(found)) == 20_000
    assert found[:3] == ["T/t/same", "T/t/same#2", "T/t/same#3"]
    assert Counting.compared < 200_000
