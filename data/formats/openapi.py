"""OpenAPI 3.0, 3.1, 3.2 and Swagger 2.0 documents, JSON or YAML: every operation as a tool.

See https://spec.openapis.org/oas/. References are followed one operation at a time and never out
of the document; what cannot become a tool is left, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolgrove.data.formats import swagger2
from toolgrove.data.formats.check import SKIP
from toolgrove.data.formats.openapi_parameters import WireArguments, is_json
from toolgrove.data.formats.openapi_refs import Refs, Unfit
from toolgrove.data.formats.openapi_schema import Expander
from toolgrove.data.formats.openapi_servers import (
    api_keys,
    resolved_schemes,
    security,
    server_url,
    with_headers,
)
from toolgrove.data.formats.openapi_text import cut, parse_text, read_bytes, small
from toolgrove.data.formats.toolbench_schema import Unique
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import FormatError

__all__ = ["ApiDocument", "Left", "is_openapi", "load_openapi", "parse_openapi"]

_METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "query")
_NOT_MADE = ("trace",)
_PARAMETERS = 300
_READS = frozenset({"get", "head", "options"})
_VERSION = re.compile(r"2\.0|3\.[012](?:\.\d+)?(?:-.*)?")


@dataclass(frozen=True, slots=True)
class Left:
    """An operation that is not taken: ``GET /path``, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class ApiDocument:
    """What a document gave: the tools, and the operations that were left."""

    specs: tuple[ToolSpec, ...] = ()
    left: tuple[Left, ...] = ()


def is_openapi(data: Any) -> bool:
    """Whether parsed JSON or YAML says that it is an OpenAPI or Swagger document.

    Examples
    --------
    >>> is_openapi({"openapi": "3.1.0"}), is_openapi({"tool_name": "Quotes"})
    (True, False)
    """
    return isinstance(data, Mapping) and ("openapi" in data or "swagger" in data)


def load_openapi(source: str | Path | bytes, *, base: str = "", file: str = "") -> ApiDocument:
    """Every operation of a document.

    Parameters
    ----------
    source : path or bytes
        A file, or the text of one.
    base : str
        Where the document was found; server addresses that are relative are resolved against it.
        One that ends in a slash is the server itself where the document names none.
    file : str
        The document's name in errors, where ``source`` is bytes.

    Returns
    -------
    ApiDocument
        Specs with ids ``title/tag/operationId``; a binding holds the server's address, and a
        credential's name where one is wanted (:mod:`toolgrove.tools.secrets`).

    Raises
    ------
    FormatError
        Where it is no such document, too large or nested too deep, or none of its operations can
        be taken.
    """
    name = file or ("the document" if isinstance(source, bytes) else str(source))
    data = source if isinstance(source, bytes) else read_bytes(source)
    return parse_openapi(parse_text(data, name), name, base=base)


def parse_openapi(data: Any, file: str, *, base: str = "") -> ApiDocument:
    """As :func:`load_openapi`, for a document that is parsed already.

    Examples
    --------
    >>> document = {"openapi": "3.1.0", "info": {"title": "Clock", "version": "1"},
    ...     "servers": [{"url": "https://clock.example"}], "paths": {"/{zone}": {"get": {
    ...         "operationId": "now", "summary": "What time it is."}}}}
    >>> [spec] = parse_openapi(document, "clock.json").specs
    >>> spec.id, spec.binding["url"], spec.parameters["required"]
    ('Clock/Clock/now', 'https://clock.example/{zone}', ['zone'])
    """
    importer = _Importer(_checked(data, file), base)
    specs: dict[str, ToolSpec] = {}
    unique = Unique()
    left: list[Left] = []
    for where, result in importer.operations():
        if isinstance(result, str):
            left.append(Left(where, result))
        else:
            spec_id = unique(result["id"])
            specs[spec_id] = ToolSpec(**{**result, "id": spec_id})
    if not specs:
        first = f"{left[0].where}: {left[0].why}" if left else "there is none"
        raise FormatError(
            file, "$.paths", f"an operation that can be called ({first})", f"Mend it, {SKIP}."
        )
    return ApiDocument(tuple(specs.values()), tuple(left))


def _checked(data: Any, file: str) -> Mapping[str, Any]:
    if not is_openapi(data):
        raise FormatError(
            file, "$", "an OpenAPI document (openapi or swagger)", f"Name another, {SKIP}."
        )
    key = "openapi" if "openapi" in data else "swagger"
    if not _VERSION.fullmatch(str(data[key])):
        shown = str(data[key])[:20]
        expected = f"a version 2.0, 3.0, 3.1 or 3.2, not {shown!r}"
        raise FormatError(file, f"$.{key}", expected, f"Convert the document, {SKIP}.")
    if not isinstance(data.get("paths", {}), Mapping):
        raise FormatError(file, "$.paths", "an object", f"Correct the value, {SKIP}.")
    return data  # type: ignore[no-any-return]  # is_openapi is no type guard, to be usable on Any


class _Importer:
    """Turns one document's operations into fields of specs."""

    def __init__(self, root: Mapping[str, Any], base: str) -> None:
        self._root, self._base = root, base
        self._refs = Refs(root)
        self._swagger = "openapi" not in root
        old = self._swagger or str(root.get("openapi")).startswith("3.0")
        self._given = Expander(self._refs, old)
        self._returned = Expander(self._refs, old, skip="writeOnly", nodes=60, levels=4, text=0)
        components = root.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
        self._schemes = resolved_schemes(
            self._refs, swagger2.schemes(root) if self._swagger else schemes
        )
        self._keys = api_keys(self._schemes)
        info = root.get("info")
        info = info if isinstance(info, Mapping) else {}
        self._title = cut(str(info.get("title") or ""), 100) or "API"
        self._about = cut(str(info.get("description") or info.get("summary") or ""), 500)
        tags = root.get("tags")
        self._tags = {
            tag.get("name"): cut(str(tag.get("description") or ""), 500)
            for tag in (tags if isinstance(tags, list) else [])
            if isinstance(tag, Mapping)
        }

    def operations(self) -> Iterator[tuple[str, dict[str, Any] | str]]:
        """Each operation's method and path, with a spec's fields or why there are none."""
        if "webhooks" in self._root:
            yield "webhooks", "these are calls that the API makes, not its clients"
        for path, item in self._root.get("paths", {}).items():
            if not str(path).startswith("/"):
                continue  # an extension: x-…
            try:
                found = self._refs.object(item, "the path")
            except Unfit as error:
                yield str(path)[:200], str(error)
                continue
            for method, operation in _operations(found):
                where = f"{method.upper()[:20]} {str(path)[:200]}"
                try:
                    if method not in _METHODS:
                        raise Unfit("requests of this method are not made")
                    operation = self._refs.object(operation, "the operation")
                    yield where, self._fields(str(path), found, method, operation)
                except Unfit as error:
                    yield where, str(error)

    def _fields(
        self, path: str, item: Mapping[str, Any], method: str, operation: Mapping[str, Any]
    ) -> dict[str, Any]:
        parameters = self._parameters(item, operation)
        if self._swagger:
            operation, parameters = swagger2.operation(
                self._root, self._refs, operation, parameters
            )
        arguments = WireArguments(self._refs, self._given, self._keys)
        path = arguments.add_all(parameters, path)
        if "requestBody" in operation:
            body = self._refs.object(operation["requestBody"], "the body")
            arguments.add_body(body)
        levels = (operation, item, self._root)
        servers = next((one["servers"] for one in levels if one.get("servers")), None)
        wanted = operation.get("security", self._root.get("security"))
        binding = {
            "kind": "http",
            "method": method.upper(),
            "url": server_url(servers, self._base) + path,
            **arguments.binding(),
        }
        credentials = security(wanted, self._schemes, self._title)
        if credentials := with_headers(credentials, arguments.secret_headers, self._title):
            binding["security"] = credentials
        if answers := self._answers(operation.get("responses")):
            binding["answers"] = answers
        if operation.get("deprecated") is True:
            binding["deprecated"] = True
        tags = operation.get("tags")
        tag = str(tags[0]) if isinstance(tags, list) and tags else ""
        tool = cut(tag, 100) or self._title
        name = cut(str(operation.get("operationId") or f"{method.upper()} {path}"), 200)
        return {
            "id": f"{self._title}/{tool}/{name}",
            "category": self._title,
            "tool": tool,
            "name": name,
            "description": _description(item, operation),
            "parameters": arguments.schema(),
            "returns": self._returns(operation),
            "effect": Effect.READ if method in _READS else Effect.WRITE,
            "source": "openapi",
            "binding": binding,
            "tool_description": self._tags.get(tag) or self._about,
        }

    def _parameters(
        self, item: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        """The path's parameters and the operation's, which come instead of those of one name."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for level in (item, operation):
            listed = level.get("parameters")
            if isinstance(listed, list) and len(listed) > _PARAMETERS:
                raise Unfit(f"it has more than {_PARAMETERS} parameters")
            for one in listed if isinstance(listed, list) else []:
                parameter = self._refs.object(one, "a parameter")
                found[str(parameter.get("in")), str(parameter.get("name"))] = parameter
        return list(found.values())

    def _answers(self, responses: Any) -> list[str]:
        """What an answer of success may be that looks like none: a page, or a redirect."""
        found = responses if isinstance(responses, Mapping) else {}
        by_code = {str(code): response for code, response in found.items()}
        good = [response for code, response in by_code.items() if code[:1] == "2"]
        moved = {code for code in by_code if code[:1] == "3"} - {"304"}
        answers = ["redirect"] if moved & {"302", "303"} or (moved and not good) else []
        for response in good:
            try:
                content = self._refs.object(response, "the response").get("content")
            except Unfit:
                continue  # what it answers is not needed to call it
            media = map(str.lower, map(str, content if isinstance(content, Mapping) else ()))
            if any(one.startswith(("text/html", "application/xhtml")) for one in media):
                return ["page", *answers]
        return answers

    def _returns(self, operation: Mapping[str, Any]) -> Any:
        """The answer of success: a compact schema, or an example where that says more."""
        responses = operation.get("responses")
        if not isinstance(responses, Mapping):
            return None
        good = sorted(str(code) for code in responses if str(code).startswith("2"))
        try:
            response = self._refs.object(responses[good[0]] if good else {}, "the response")
            content = response.get("content")
            for media, described in (content if isinstance(content, Mapping) else {}).items():
                if not is_json(str(media).partition(";")[0].strip().lower()):
                    continue
                described = self._refs.object(described, "the response")
                schema = self._returned.schema(described.get("schema", {}))
                example = described.get("example")
                bare = not isinstance(schema, Mapping) or schema.keys() <= {"type"}
                if bare and isinstance(example, Mapping) and example and small(example):
                    return example
                return schema if isinstance(schema, Mapping) and schema else None
        except (Unfit, KeyError):
            return None  # what it answers is not needed to call it
        return None


def _operations(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A path's operations; OpenAPI 3.2 has ``query`` and, for other methods, a map of their own."""
    for method in (*_METHODS, *_NOT_MADE):
        if method in item:
            yield method, item[method]
    others = item.get("additionalOperations")
    for method, operation in (others if isinstance(others, Mapping) else {}).items():
        yield str(method), operation


def _description(item: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    summary = cut(str(operation.get("summary") or item.get("summary") or ""), 200)
    text = cut(str(operation.get("description") or item.get("description") or ""), 1000)
    if summary and not text.lower().startswith(summary.rstrip(".").lower()):
        text = f"{summary.rstrip('.')}. {text}".strip()
    return f"Deprecated. {text}".strip() if operation.get("deprecated") is True else text
