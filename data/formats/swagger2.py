"""Swagger 2.0's operations in the shape of OpenAPI 3, one at a time; references stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgrove.data.formats.openapi_refs import Refs

__all__ = ["operation", "schemes", "servers"]

_FORMATS: dict[str, dict[str, Any]] = {
    "csv": {},
    "ssv": {"style": "spaceDelimited", "explode": False},
    "tsv": {"style": "tabDelimited", "explode": False},
    "pipes": {"style": "pipeDelimited", "explode": False},
    "multi": {"style": "form", "explode": True},
}
_ABOUT = frozenset({"in", "name", "description", "required", "collectionFormat"})
_FLOWS = {"basic": {"type": "http", "scheme": "basic"}}


def servers(root: Mapping[str, Any], scheme_names: Any) -> list[dict[str, str]]:
    """``schemes``, ``host`` and ``basePath`` as one server; https where it is offered."""
    names = scheme_names if isinstance(scheme_names, list) else root.get("schemes")
    names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    host = root.get("host")
    host = host.strip() if isinstance(host, str) else ""
    given, mark, rest = host.partition("://")  # some write a whole address
    if mark:
        host, names = rest, [*names, given.lower()]
    scheme = next((one for one in ("https", "http", *names) if one in names), "https")
    path = str(root.get("basePath") or "").strip()
    _, mark, whole = path.partition("://")
    if mark:  # a whole address, too
        own, _, path = whole.partition("/")
        host = host or own
    host, path = host.strip("/"), "/" + path.lstrip("/")
    return [{"url": f"{scheme}://{host}{path}" if host else path}]


def schemes(root: Mapping[str, Any]) -> dict[str, Any]:
    """``securityDefinitions`` as security schemes."""
    found = root.get("securityDefinitions")
    return {
        name: _FLOWS.get(str(one.get("type")), one)
        for name, one in (found if isinstance(found, Mapping) else {}).items()
        if isinstance(one, Mapping)
    }


def operation(
    root: Mapping[str, Any], refs: Refs, operation: Mapping[str, Any], parameters: list[Any]
) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    """An operation and its resolved parameters as OpenAPI 3 has them.

    Raises
    ------
    Unfit
        Where a parameter or response is no object.
    """
    consumes = _types(operation.get("consumes", root.get("consumes")), "application/json")
    produces = _types(operation.get("produces", root.get("produces")), "application/json")
    outside: list[Mapping[str, Any]] = []
    form: list[Mapping[str, Any]] = []
    body: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.get("in") == "body":
            content = {media: {"schema": parameter.get("schema", {})} for media in consumes}
            body = {**parameter, "content": content}
        elif parameter.get("in") == "formData":
            form.append(parameter)
        else:
            outside.append(_parameter(parameter))
    if form:
        body = _form(form, consumes)
    responses = operation.get("responses")
    found = {
        str(code): _response(refs.object(one, "a response"), produces)
        for code, one in (responses if isinstance(responses, Mapping) else {}).items()
        if str(code).startswith(("2", "3")) or code == "default"
    }
    changed = {**operation, "responses": found}
    if body:
        changed["requestBody"] = body
    changed["servers"] = servers(root, operation.get("schemes"))
    return changed, outside


def _types(value: Any, default: str) -> list[str]:
    found = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
    return found or [default]


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    about = {
        key: parameter[key] for key in ("in", "name", "description", "required") if key in parameter
    }
    schema = {key: value for key, value in parameter.items() if key not in _ABOUT}
    style = _FORMATS.get(str(parameter.get("collectionFormat")), {})
    if parameter.get("in") == "query" and schema.get("type") == "array" and not style:
        style = {"style": "form", "explode": False}
    return {**about, **(style if schema.get("type") == "array" else {}), "schema": schema}


def _form(parameters: list[Mapping[str, Any]], consumes: list[str]) -> dict[str, Any]:
    """Form parameters as a body whose properties they are."""
    files = any(parameter.get("type") == "file" for parameter in parameters)
    forms = ("multipart/form-data",) if files else ("application/x-www-form-urlencoded",)
    named = [media for media in consumes if media in (*forms, "multipart/form-data")]
    properties: dict[str, Any] = {}
    encoding: dict[str, Any] = {}
    for parameter in parameters:
        name = str(parameter.get("name"))
        changed = _parameter({**parameter, "in": "query"})
        properties[name] = {**changed["schema"], "description": parameter.get("description", "")}
        if "style" in changed:
            encoding[name] = {key: changed[key] for key in ("style", "explode")}
    required = [str(one.get("name")) for one in parameters if one.get("required") is True]
    schema = {"type": "object", "properties": properties, "required": required}
    described = {"schema": schema, "encoding": encoding}
    return {"required": bool(required), "content": {(named or list(forms))[0]: described}}


def _response(response: Mapping[str, Any], produces: list[str]) -> dict[str, Any]:
    examples = response.get("examples")
    examples = examples if isinstance(examples, Mapping) else {}
    content = {
        media: {"schema": response.get("schema", {}), "example": examples.get(media)}
        for media in produces
    }
    return {"description": response.get("description", ""), "content": content}
