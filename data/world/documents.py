"""The catalogue in the two languages of hubs: ToolBench tool files and OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from toolgrove.data.formats.toolbench_tools import parse_tool
from toolgrove.data.records import JsonObject, ToolSpec
from toolgrove.data.world.apis import TOOLS, endpoints
from toolgrove.data.world.declare import Endpoint, Tool, slug
from toolgrove.data.world.recorded import recorded_tools

__all__ = ["HOST", "computed_tools", "openapi", "query_api", "specs", "toolbench_tools"]

HOST = "world.toolgrove.example"
"""The name that the world's specs carry; ``hosts`` of the executor maps it to a running server."""

_TYPES = {"boolean": "BOOLEAN", "integer": "INTEGER", "number": "NUMBER", "string": "STRING"}


@cache
def specs() -> list[ToolSpec]:
    """The world's APIs as an import of its ToolBench tool files gives them."""
    return [
        spec
        for path, tool in toolbench_tools().items()
        for spec in parse_tool(tool, path.split("/")[-2], path)
    ]


def toolbench_tools() -> dict[str, JsonObject]:
    """ToolBench tool files by their path, ``tools/<Category>/<tool>.json``."""
    return recorded_tools() or computed_tools()


def computed_tools() -> dict[str, JsonObject]:
    """The tool files from the declarations; their examples are computed, which loads the facts."""
    return {_path(tool): _tool_file(tool) for tool in TOOLS}


def _path(tool: Tool) -> str:
    return f"tools/{tool.category}/{slug(tool.name).replace('-', '_')}.json"


def _tool_file(tool: Tool) -> JsonObject:
    return {
        "tool_name": tool.name,
        "tool_description": tool.description,
        "title": tool.name,
        "name": tool.name,
        "standardized_name": slug(tool.name).replace("-", "_"),
        "host": HOST,
        "home_url": f"https://{HOST}/{slug(tool.name)}",
        "pricing": "FREE",
        "api_list": [_api(endpoint) for endpoint in tool.endpoints],
    }


def _api(endpoint: Endpoint) -> JsonObject:
    required, optional = _parameters(endpoint)
    return {
        "name": endpoint.name,
        "url": f"https://{HOST}{endpoint.url_path}",
        "description": endpoint.description,
        "method": endpoint.method,
        "required_parameters": required,
        "optional_parameters": optional,
        "test_endpoint": endpoint.documented(),
    }


def query_api(endpoint: Endpoint) -> JsonObject:
    """An API as ToolBench's query files describe it."""
    required, optional = _parameters(endpoint)
    return {
        "category_name": endpoint.tool.category,
        "tool_name": endpoint.tool.name,
        "api_name": endpoint.name,
        "api_description": endpoint.description,
        "required_parameters": required,
        "optional_parameters": optional,
        "method": endpoint.method,
    }


def _parameters(endpoint: Endpoint) -> tuple[list[JsonObject], list[JsonObject]]:
    """Required and optional parameters as ToolBench writes them.

    Its only way to give a required parameter an example is ``default``; an optional one's is the
    real default, where there is one.
    """
    required: list[JsonObject] = []
    optional: list[JsonObject] = []
    for name, schema in endpoint.properties.items():
        needed = name in endpoint.required
        default = endpoint.example[name] if needed else schema.get("default", "")
        shown = {
            "name": name,
            "type": _type(schema),
            "description": schema.get("description", ""),
            "default": default,
        }
        (required if needed else optional).append(shown)
    return required, optional


def _type(schema: JsonObject) -> str:
    if schema.get("format") == "date":
        return "DATE (YYYY-MM-DD)"
    return _TYPES[schema["type"]]


def openapi(version: str) -> JsonObject:
    """The OpenAPI 3.1 document that the server serves."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints().values():
        paths.setdefault(endpoint.url_path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Toolgrove's bundled world",
            "version": version,
            "description": "Real facts from Python packages, with the trouble of real hubs.",
        },
        "servers": [{"url": f"https://{HOST}"}],
        "tags": [{"name": tool.name, "description": tool.description} for tool in TOOLS],
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR}},
    }


_ERROR: JsonObject = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
}


def _operation(endpoint: Endpoint) -> JsonObject:
    success = "200" if endpoint.method == "GET" else "201"
    body: dict[str, Any] = {"schema": {"type": "object"}}
    if example := endpoint.documented():
        body["example"] = example
    errors = {400: "An argument is missing or does not fit.", 404: "There is no such thing."}
    if endpoint.trouble is not None:
        errors[endpoint.trouble.status] = endpoint.trouble.about
    operation: dict[str, Any] = {
        "operationId": f"{slug(endpoint.tool.name)}-{slug(endpoint.name)}".replace("-", "_"),
        "tags": [endpoint.tool.name],
        "summary": endpoint.name,
        "description": endpoint.description,
        "parameters": [_openapi_parameter(endpoint, name) for name in _outside_body(endpoint)],
        "responses": {
            success: {"description": "The answer.", "content": {"application/json": body}},
            **{str(status): _error(about) for status, about in sorted(errors.items())},
        },
    }
    if endpoint.trouble is not None and endpoint.trouble.status == 410:
        operation["deprecated"] = True
    if endpoint.method == "POST":
        operation["requestBody"] = _request_body(endpoint)
    return operation


def _outside_body(endpoint: Endpoint) -> Sequence[str]:
    return [name for name in endpoint.properties if endpoint.place(name) != "body"]


def _openapi_parameter(endpoint: Endpoint, name: str) -> Mapping[str, Any]:
    schema = endpoint.properties[name]
    parameter: dict[str, Any] = {
        "name": name,
        "in": endpoint.place(name),
        "required": name in endpoint.required,
        "description": schema.get("description", ""),
        "schema": {key: value for key, value in schema.items() if key != "description"},
    }
    if name in endpoint.example:
        parameter["example"] = endpoint.example[name]
    return parameter


def _request_body(endpoint: Endpoint) -> JsonObject:
    schema = {
        "type": "object",
        "properties": dict(endpoint.properties),
        "required": list(endpoint.required),
    }
    content = {"application/json": {"schema": schema, "example": dict(endpoint.example)}}
    return {"required": True, "content": content}


def _error(about: str) -> JsonObject:
    schema = {"schema": {"$ref": "#/components/schemas/Error"}}
    return {"description": about, "content": {"application/json": schema}}
