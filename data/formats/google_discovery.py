"""Google: every method of the discovery documents that google-api-python-client bundles.

The package (Apache-2.0) carries one document of each version of each API
(https://developers.google.com/discovery/v1/reference/apis): ``resources`` that hold ``methods``,
and ``schemas``, close to JSON Schema. Of each API the newest stable version is read, or its newest
one where none is stable; one document is in memory at a time, and nothing is called.

A method's binding is plain HTTP with an OAuth 2 token, the secret ``google``. Uploads and
downloads of media have no binding of their own: only their JSON side can be called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from toolgrove.data.formats.check import read_json
from toolgrove.data.formats.shortened import shortened
from toolgrove.data.records import Effect, JsonObject, ToolSpec
from toolgrove.errors import UsageError

__all__ = ["load_google", "parse_discovery"]

CATEGORY = "Google"
DESCRIPTION, PARAMETER = 500, 200
"""Characters kept of a method's and of a parameter's description."""
DEPTH = 3
"""Levels of objects in a schema; what is below is an object or list of anything."""
WIDEST = 100
"""Properties of a nested object, and values of an enum; wider ones are left open."""

_VERSION = re.compile(r"(?:(?P<part>.*)_)?v(?P<number>[\d.]+)(?P<rest>.*)")
_RESERVED = re.compile(r"\{\+?([^{}*]+)\*?\}")  # {+name} and {name*}: RFC 6570
_SLASHES = re.compile(r"\{\+([^{}*]+)\*?\}")  # whose value is a path of its own
_ENDLESS = re.compile(r"\.[*+]\)?\$?$")


def load_google() -> Iterator[ToolSpec]:
    """The methods of every Google API that the installed package has documents of, streamed.

    Raises
    ------
    UsageError
        google-api-python-client is not installed.
    """
    found = find_spec("googleapiclient")
    if found is None:
        raise UsageError(
            "The source google-discovery reads the documents in google-api-python-client, which "
            "is not installed: pip install google-api-python-client"
        )
    for folder in found.submodule_search_locations or ():
        for path in newest(Path(folder, "discovery_cache", "documents").glob("*.json")):
            yield from parse_discovery(read_json(path))


def newest(paths: Iterator[Path]) -> list[Path]:
    """One document an API, by their names ``<api>.<version>.json``.

    Examples
    --------
    >>> names = "a.v1.json", "a.v2beta1.json", "b.v1alpha.json", "b.v1beta.json", "index.json"
    >>> [path.name for path in newest(Path(name) for name in names)]
    ['a.v1.json', 'b.v1beta.json']
    """
    best: dict[str, tuple[tuple[bool, list[int], str], Path]] = {}
    for path in sorted(paths):
        api, _, version = path.stem.partition(".")
        match = _VERSION.fullmatch(version)
        if match is None:  # the list of documents, or no document of an API
            continue
        numbers = [int(number) for number in match["number"].split(".") if number]
        rank = (not match["rest"], numbers, match["rest"])
        name = f"{api}.{match['part'] or ''}"
        if name not in best or rank > best[name][0]:
            best[name] = (rank, path)
    return [path for _, path in best.values()]


def parse_discovery(document: Mapping[str, Any]) -> Iterator[ToolSpec]:
    """The methods of one discovery document; a GET reads, every other method counts as a write.

    Parameters
    ----------
    document : mapping
        A parsed discovery document.
    """
    api = f"{document['name']}.{document['version']}"
    for method in _methods(document):
        name = method["id"].removeprefix(f"{document['name']}.")
        parameters, places, manners = _parameters(method, document.get("schemas", {}))
        yield ToolSpec(
            id=f"{CATEGORY}/{api}/{name}",
            category=CATEGORY,
            tool=document.get("title", api),
            name=name,
            description=shortened(method.get("description", ""), DESCRIPTION),
            parameters=parameters,
            effect=Effect.READ if method["httpMethod"] == "GET" else Effect.WRITE,
            source="google-discovery",
            binding=_binding(document, method, places, manners),
            tool_description=shortened(document.get("description", ""), DESCRIPTION),
        )


def _methods(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from resource.get("methods", {}).values()
    for below in resource.get("resources", {}).values():
        yield from _methods(below)


def _template(method: Mapping[str, Any]) -> str:
    return str(method.get("flatPath") or method["path"])


def _path(method: Mapping[str, Any]) -> str:
    """The path with one placeholder a segment: ``{projectsId}`` instead of a whole ``{+name}``."""
    return _RESERVED.sub(r"{\1}", _template(method))


def _slashes(method: Mapping[str, Any], in_path: list[str], whole: list[Any]) -> dict[str, Any]:
    """The manner of placeholders that may be several segments.

    They are the ``{+name}`` that no flat path writes out, and the last one of a flat path whose
    name the document lets go on without end.
    """
    names = _SLASHES.findall(_template(method))
    if whole and in_path and _ENDLESS.search(str(whole[-1].get("pattern", ""))):
        names.append(in_path[-1])
    return {name: {"slashes": True} for name in names}


def _joined(root: str, *parts: str) -> str:
    """One address, with one slash between its parts: a missing one would make another host."""
    return "/".join([root.rstrip("/"), *(part.strip("/") for part in parts if part.strip("/"))])


def _binding(
    document: Mapping[str, Any],
    method: Mapping[str, Any],
    places: Mapping[str, str],
    manners: JsonObject,
) -> JsonObject:
    binding = {
        "kind": "http",
        "method": method["httpMethod"],
        "url": _joined(document["rootUrl"], document.get("servicePath", ""), _path(method)),
        "in": places,
    }
    if manners:
        binding["as"] = manners
    if method.get("scopes"):
        binding["security"] = [[{"secret": "google", "type": "oauth2"}]]
    return binding


def _parameters(
    method: Mapping[str, Any], schemas: Mapping[str, Any]
) -> tuple[JsonObject, dict[str, str], JsonObject]:
    """The schema of a method's arguments, the place of each, and the manner of some.

    A property of the body that is named as a path or query parameter gives way to it.
    """
    in_path = _RESERVED.findall(_path(method))
    declared = method.get("parameters", {})
    whole = [p for key, p in declared.items() if p["location"] == "path" and key not in in_path]
    part = {"type": "string", "required": True}
    if whole:
        part["description"] = f"A segment of: {whole[0].get('description', '')}"
    given = {key: declared.get(key, part) for key in in_path}
    given |= {key: p for key, p in declared.items() if p["location"] == "query"}
    places = {key: "path" if key in in_path else "query" for key in given}
    properties = {key: _argument(parameter) for key, parameter in given.items()}
    required = [key for key, p in given.items() if key in in_path or p.get("required")]
    request = method.get("request", {}).get("$ref")
    if request in schemas:
        body = _schema(schemas, {"$ref": request}).get("properties", {})
        properties |= {key: value for key, value in body.items() if key not in given}
        places |= dict.fromkeys(body.keys() - given.keys(), "body")
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    manners = _slashes(method, in_path, whole)
    # what may be anything may be null, which is another thing than to say nothing
    anything = [key for key, place in places.items() if place == "body" and not (
        properties[key].keys() & {"type", "enum"})]  # fmt: skip
    manners |= {key: {"null": True} for key in anything}
    return schema, places, manners


def _argument(parameter: Mapping[str, Any]) -> JsonObject:
    schema = _schema({}, parameter, depth=DEPTH)
    if not parameter.get("repeated"):
        return schema
    about = schema.pop("description", None)
    many = {"type": "array", "items": schema}
    return many if about is None else {**many, "description": about}


def _schema(
    schemas: Mapping[str, Any],
    source: Mapping[str, Any],
    above: tuple[str, ...] = (),
    depth: int = 0,
) -> dict[str, Any]:
    """JSON Schema of a discovery schema; ``above`` are the named ones that it stands in.

    Formats, patterns and bounds are Google's own and left out, and so is what a server only sends.
    """
    about = shortened(source.get("description", ""), PARAMETER) if depth else ""
    name = source.get("$ref")
    if name is not None:
        source = schemas[name] if name in schemas and name not in above else {"type": "object"}
        above = (*above, name)
    below = partial(_schema, schemas, above=above, depth=depth + 1)
    schema: dict[str, Any] = {}
    if source.get("type", "any") != "any":
        schema["type"] = source["type"]
    if depth < DEPTH:
        sent = {k: p for k, p in source.get("properties", {}).items() if not p.get("readOnly")}
        if sent and (depth == 0 or len(sent) <= WIDEST):
            schema["properties"] = {key: below(one) for key, one in sent.items()}
        for key in ("items", "additionalProperties"):
            if isinstance(source.get(key), Mapping):
                schema[key] = below(source[key])
    if len(source.get("enum", ())) in range(1, WIDEST + 1):
        schema["enum"] = list(source["enum"])
    if about:
        schema["description"] = about
    return schema
