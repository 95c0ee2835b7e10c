"""What openapi-core, an implementation that is not ours, says of the requests that we build."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hypothesis import strategies as st
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest
from werkzeug.datastructures import Headers, ImmutableMultiDict

from toolgrove.data.records import JsonObject, ToolSpec
from toolgrove.tools.http.address import origin_of
from toolgrove.tools.http.endpoint import check_endpoint
from toolgrove.tools.http.request import Request, build_request
from toolgrove.tools.secrets import authorize

_LETTERS = st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["C"])
_KNOWN = {"date": "2026-05-01", "date-time": "2026-05-01T10:00:00Z", "uri": "https://a.example/"}
_KNOWN |= {"uuid": "123e4567-e89b-12d3-a456-426614174000", "email": "a@b.example"}


def arguments_of(spec: ToolSpec) -> st.SearchStrategy[dict[str, Any]]:
    """Random arguments in the words of a spec's schema; not all of them need fit it."""
    return values(spec.parameters)


def values(schema: Any, depth: int = 4) -> st.SearchStrategy[Any]:
    """Values in the words of a schema: hypothesis-jsonschema does not run on today's Hypothesis."""
    schema = schema if isinstance(schema, dict) else {}
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    branches = schema.get("oneOf") or schema.get("anyOf")
    if branches:
        rest = {key: part for key, part in schema.items() if key not in ("oneOf", "anyOf")}
        return st.sampled_from(branches).flatmap(lambda one: values({**rest, **one}, depth))
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kinds, list):
        return st.one_of([values({**schema, "type": kind}, depth) for kind in kinds])
    return _VALUES[kinds](schema, depth)


def _string(schema: Any, depth: int) -> st.SearchStrategy[str]:
    if schema.get("format") in _KNOWN:
        return st.just(_KNOWN[schema["format"]])
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    least = schema.get("minLength", 0)
    return st.text(
        _LETTERS, min_size=least, max_size=max(least, min(schema.get("maxLength", 9), 9))
    )


def _number(schema: Any, depth: int) -> st.SearchStrategy[Any]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1000))
    high = schema.get("maximum", schema.get("exclusiveMaximum", max(low, 0) + 1000))
    step = schema.get("multipleOf", 1)
    whole = st.integers(int(low // step) + 1, max(int(high // step), int(low // step) + 1))
    if schema["type"] == "integer" or "multipleOf" in schema:
        return whole.map(lambda number: number * step)
    return st.floats(low, high, allow_nan=False, exclude_min=True)


def _list(schema: Any, depth: int) -> st.SearchStrategy[list[Any]]:
    least = schema.get("minItems", 0)
    items = values(schema.get("items", {}), depth - 1) if depth else st.just("x")
    return st.lists(items, min_size=least, max_size=max(least, 3), unique_by=repr)


def _object(schema: Any, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    parts = {name: values(part, depth - 1) for name, part in schema.get("properties", {}).items()}
    needed = set(schema.get("required", ()))
    if not depth:
        parts = {name: part for name, part in parts.items() if name in needed}
    return st.fixed_dictionaries(
        {name: part for name, part in parts.items() if name in needed},
        optional={name: part for name, part in parts.items() if name not in needed},
    )


_VALUES: dict[str, Any] = {
    "array": _list,
    "boolean": lambda schema, depth: st.booleans(),
    "integer": _number,
    "null": lambda schema, depth: st.none(),
    "number": _number,
    "object": _object,
    "string": _string,
}


def request_of(spec: ToolSpec, arguments: JsonObject) -> Request:
    """The whole request of a call, made-up credentials included."""
    request = build_request(spec.binding, arguments)
    check_endpoint(spec.binding, request.url)
    where = origin_of(request.url)
    return authorize(
        request, spec.binding.get("security"), where, lambda name, origin: "user:secret-12345"
    )


def as_core(request: Request) -> MockRequest:
    """The request as openapi-core reads one."""
    parts = urlsplit(request.url)
    headers = dict(request.headers)
    cookies = [pair.split("=", 1) for pair in headers.pop("Cookie", "").split("; ") if pair]
    found = MockRequest(
        f"{parts.scheme}://{parts.netloc}",
        request.method.lower(),
        unquote(parts.path),
        headers=headers,
        data=request.content,
        content_type=headers.get("Content-Type", "application/json"),
    )
    found.parameters.query = ImmutableMultiDict(parse_qsl(parts.query, keep_blank_values=True))
    found.parameters.header = Headers(headers)
    found.parameters.cookie = ImmutableMultiDict([(k, unquote(v)) for k, v in cookies])
    return found


def validator(document: Any) -> OpenAPI:
    return OpenAPI.from_dict(document)
