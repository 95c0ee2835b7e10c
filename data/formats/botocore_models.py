"""AWS: every operation of botocore's service models as a ToolSpec.

botocore (Apache-2.0) carries a model of each AWS service: ``data/<service>/<version>/service-2``,
JSON with ``metadata``, ``operations`` and ``shapes``. The newest version of each is read, one
service in memory at a time. Nothing is called, and no credentials are looked for.

The specs can be searched and offered but not called: they have no binding, since signing requests
and AWS's six protocols are botocore's own work. A function that calls botocore can be added as a
Python tool instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from toolgrove.data.formats.shortened import first_paragraph, shortened
from toolgrove.data.records import Effect, JsonObject, ToolSpec
from toolgrove.errors import UsageError

__all__ = ["load_botocore", "parse_service"]

CATEGORY = "AWS"
DESCRIPTION, PARAMETER = 500, 200
"""Characters kept of an operation's and of a parameter's documentation: its first paragraph."""
DEPTH = 3
"""Levels of objects in a schema; what is below is an object or list of anything."""
WIDEST = 100
"""Members of a nested object, and values of an enum; wider ones are left open."""

_READ = re.compile(r"(Batch)?(Describe|Get|Head|List)(?=[A-Z0-9]|$)")
_PLAIN: Mapping[str, JsonObject] = {
    "blob": {"type": "string", "contentEncoding": "base64"},
    "boolean": {"type": "boolean"},
    "double": {"type": "number"},
    "float": {"type": "number"},
    "integer": {"type": "integer"},
    "long": {"type": "integer"},
    "timestamp": {"type": "string", "format": "date-time"},
}


def load_botocore() -> Iterator[ToolSpec]:
    """The operations of every AWS service that the installed botocore knows, streamed.

    Raises
    ------
    UsageError
        botocore is not installed.
    """
    try:
        from botocore.loaders import Loader
    except ImportError:
        raise UsageError(
            "The source botocore reads the models in the package of that name, which is not "
            "installed: pip install botocore"
        ) from None
    known = Loader()
    for service in known.list_available_services("service-2"):
        version = known.determine_latest_version(service, "service-2")
        # a loader keeps what it has read: a new one for each service bounds the memory
        yield from parse_service(service, Loader().load_data(f"{service}/{version}/service-2"))


def parse_service(service: str, model: Mapping[str, Any]) -> Iterator[ToolSpec]:
    """The operations of one service model.

    An operation reads where the model says ``readonly``, where it is a GET or HEAD, or where its
    name begins with Describe, Get, Head or List; every other one counts as a write.

    Parameters
    ----------
    service : str
        botocore's name of the service, which its operations' ids begin with.
    model : mapping
        A parsed ``service-2.json``.
    """
    shapes = model["shapes"]
    tool = model["metadata"]["serviceFullName"]
    about = shortened(first_paragraph(model.get("documentation", "")), DESCRIPTION)
    for name, operation in sorted(model["operations"].items()):
        given = operation.get("input")
        schema: JsonObject = {"type": "object", "properties": {}}
        if given:
            schema = _object(shapes, given["shape"], (), wide=True)
        yield ToolSpec(
            id=f"{CATEGORY}/{service}/{name}",
            category=CATEGORY,
            tool=tool,
            name=name,
            description=shortened(first_paragraph(operation.get("documentation", "")), DESCRIPTION),
            parameters=schema,
            effect=_effect(name, operation),
            source="botocore",
            tool_description=about,
        )


def _effect(name: str, operation: Mapping[str, Any]) -> Effect:
    reads = operation.get("readonly") or operation["http"]["method"] in ("GET", "HEAD")
    return Effect.READ if reads or _READ.match(name) else Effect.WRITE


def _object(
    shapes: Mapping[str, Any], name: str, above: tuple[str, ...], *, wide: bool = False
) -> dict[str, Any]:
    """The schema of a structure; ``above`` are the shapes that it stands in."""
    shape = shapes[name]
    members = shape.get("members", {})
    if name in above or len(above) >= DEPTH or (len(members) > WIDEST and not wide):
        return {"type": "object"}
    below = partial(_schema, shapes, above=(*above, name))
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: below(member) for key, member in members.items()},
    }
    required = [key for key in shape.get("required", ()) if key in members]
    if required:
        schema["required"] = required
    if not shape.get("union"):
        return schema
    return {**schema, "minProperties": 1, "maxProperties": 1}


def _schema(
    shapes: Mapping[str, Any], member: Mapping[str, Any], above: tuple[str, ...]
) -> dict[str, Any]:
    name = member["shape"]
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure":
        schema = {} if shape.get("document") else _object(shapes, name, above)
    elif kind == "list":
        schema = {"type": "array"}
        if name not in above and len(above) < DEPTH:
            schema["items"] = _schema(shapes, shape["member"], (*above, name))
    elif kind == "map":
        schema = {"type": "object"}
        if name not in above and len(above) < DEPTH:
            schema["additionalProperties"] = _schema(shapes, shape["value"], (*above, name))
    elif kind == "string":
        schema = {"type": "string"}
        if len(shape.get("enum", ())) in range(1, WIDEST + 1):
            schema["enum"] = list(shape["enum"])
    else:
        schema = dict(_PLAIN[kind])
    if about := shortened(first_paragraph(member.get("documentation", "")), PARAMETER):
        schema["description"] = about
    return schema
