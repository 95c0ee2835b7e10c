"""An operation's parameters and body as one tool's arguments, and where each of them goes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolgrove.data.formats.headers import is_ours, may_be_argument
from toolgrove.data.formats.openapi_refs import Refs, Unfit
from toolgrove.data.formats.openapi_schema import Expander
from toolgrove.data.formats.openapi_text import cut

__all__ = ["WireArguments", "is_json"]

_PLACES = ("path", "query", "querystring", "header", "cookie")
_STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form", "cookie"),
}
"""Each place's styles, its default first."""

_DELIMITED = ("spaceDelimited", "pipeDelimited", "tabDelimited")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_WHOLE = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "patternProperties", "propertyNames", "enum", "const"}
    | {"minProperties", "maxProperties", "dependentRequired", "dependentSchemas"}
    | {"unevaluatedProperties"}
)
_CREDENTIALS = ("authorization", "cookie")
_SAID = frozenset({"type", "enum", "const", "anyOf", "allOf"})
_SCALARS = frozenset({"boolean", "integer", "number", "string", "null"})


@dataclass(slots=True)
class WireArguments:
    """What a model may give, and the binding's half that says where it goes.

    Parameters
    ----------
    refs, expander
        Of the document.
    credentials : collection of (str, str)
        Place and name of every API key of the document: no argument may set one.
    """

    refs: Refs
    expander: Expander
    credentials: Collection[tuple[str, str]] = ()
    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    manners: dict[str, dict[str, Any]] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    secret_headers: dict[str, bool] = field(default_factory=dict)
    """Header parameters that hold credentials, and whether they are required."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of all arguments."""
        return {
            "type": "object",
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": False,
        }

    def binding(self) -> dict[str, Any]:
        """``in``, and ``as`` and ``body`` where something differs from the plain way."""
        found: dict[str, Any] = {"in": self.places}
        if self.manners:
            found["as"] = self.manners
        if self.body:
            found["body"] = self.body
        return found

    def add_all(self, parameters: list[Mapping[str, Any]], path: str) -> str:
        """Add resolved parameters; returns the path with its placeholders renamed to match.

        Raises
        ------
        Unfit
            Where one of them cannot be sent.
        """
        found = {(str(p.get("in")), str(p.get("name") or "")): p for p in parameters}
        path, greedy = _plain_path(path, {name for place, name in found if place == "path"})
        in_path = list(dict.fromkeys(re.findall(r"\{([^{}]+)\}", path)))
        for name in greedy:
            found["path", name] = {**found["path", name], "allowReserved": True}
        for name in in_path:  # a document may forget to declare one
            found.setdefault(("path", name), {"in": "path", "name": name})
        for place, name in found:
            if place not in _PLACES or not name:
                raise Unfit(f"it has a parameter in {place[:40]!r}, a place that is not known")
        renamed: dict[str, str] = {}
        for place in _PLACES:
            for (where, name), parameter in found.items():
                if where != place or (place == "path" and name not in in_path):
                    continue
                if self._may_be_given(place, name, parameter.get("required") is True):
                    argument = self._add(place, name, parameter)
                    if place == "path":
                        renamed[name] = argument
        return re.sub(r"\{([^{}]+)\}", lambda match: f"{{{renamed[match[1]]}}}", path)

    def _may_be_given(self, place: str, name: str, required: bool) -> bool:
        if (place, name.lower() if place == "header" else name) in self.credentials:
            return False
        if place != "header" or may_be_argument(name):
            return True
        if name.lower() in _CREDENTIALS:
            self.secret_headers[name] = required
        elif required and not is_ours(name):
            raise Unfit(f"it needs the header {name[:40]!r}, which no call may set")
        return False

    def _add(self, place: str, name: str, parameter: Mapping[str, Any]) -> str:
        content = parameter.get("content")
        if isinstance(content, Mapping) and content:
            media, described = next(iter(content.items()))
            source = self.refs.object(described, "a parameter's content").get("schema", {})
            schema = self.expander.schema(source)
            manner = _content(place, name, str(media).partition(";")[0].strip().lower(), schema)
        else:
            schema = self.expander.schema(parameter.get("schema", {"type": "string"}))
            manner = _manner(place, name, parameter, schema)
        schema = dict(schema) if isinstance(schema, Mapping) else {}
        described = cut(str(parameter.get("description") or ""), 300)
        if parameter.get("deprecated") is True:
            described = f"Deprecated. {described}".strip()
        if described:
            schema["description"] = described
        required = place == "path" or parameter.get("required") is True
        return self._place(
            "query" if place == "querystring" else place, name, schema, required, manner
        )

    def _place(
        self, place: str, name: str, schema: Any, required: bool, manner: dict[str, Any]
    ) -> str:
        """Give a parameter an argument's name of its own, of letters that all model APIs take."""
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:60].strip("_") or place
        argument, number = plain, 1
        while argument in self.properties:
            argument = f"{plain[:48]}_{place}" + (f"_{number}" if number > 1 else "")
            number += 1
        if argument != name:
            manner = {"name": name, **manner}
        self.properties[argument] = schema
        self.places[argument] = place
        if required:
            self.required.append(argument)
        if manner:
            self.manners[argument] = manner
        return argument

    def add_body(self, body: Mapping[str, Any]) -> None:
        """Add a request body: its properties one by one where that says all, else as a whole.

        Raises
        ------
        Unfit
            Where it has no media type that can be written.
        """
        content = body.get("content")
        if not isinstance(content, Mapping) or not content:
            return
        named, media = _media_type([str(key) for key in content])
        described = self.refs.object(content[named], "the body")
        source = described.get("schema", described.get("itemSchema", {}))
        form = media in _FORMS
        if not form and not is_json(media):
            source = {"type": "string", "description": f"The body: {media} as text."}
        schema = self.expander.schema(source)
        required = body.get("required") is True
        if media != "application/json":
            self.body["type"] = media
        if not required:
            self.body["optional"] = True
        if form and (manners := self._encoding(described, schema, media)):
            self.body["encoding"] = manners
        if isinstance(schema, Mapping) and _is_flat(schema, required):
            needed = schema.get("required", [])
            for name, part in schema["properties"].items():
                # to say null is another thing than to say nothing
                null = {"null": True} if _takes_null(part) else {}
                self._place("body", name, part, name in needed, null)
            return
        whole = dict(schema) if isinstance(schema, Mapping) else {}
        if text := cut(str(body.get("description") or ""), 300):
            whole["description"] = text
        null = {"null": True} if whole.keys() & _SAID and _takes_null(whole) else {}
        self.body["argument"] = self._place("body", "body", whole, required, null)

    def _encoding(
        self, described: Mapping[str, Any], schema: Any, media: str
    ) -> dict[str, dict[str, Any]]:
        """How the fields of a form are written, those that are not plain."""
        declared = described.get("encoding")
        declared = declared if isinstance(declared, Mapping) else {}
        parts = schema.get("properties") if isinstance(schema, Mapping) else None
        found: dict[str, dict[str, Any]] = {}
        for name, part in (parts if isinstance(parts, Mapping) else {}).items():
            encoding = self.refs.object(declared.get(name, {}), "an encoding")
            manner: dict[str, Any] = {}
            if encoding.keys() & {"style", "explode", "allowReserved"}:
                manner = _manner("query", name, encoding, part, form=True)
            kind = str(encoding.get("contentType", "")).split(",")[0].strip().lower()
            if _MEDIA_TYPE.fullmatch(kind) and (media == _FORMS[1] or is_json(kind)):
                manner = {"content": kind}
            elif media == _FORMS[1] and isinstance(part, Mapping) and _is_file(part):
                manner = {"content": "application/octet-stream"}
            if manner:
                found[name] = manner
        return found


def _plain_path(path: str, declared: Collection[str]) -> tuple[str, list[str]]:
    """A path with plain placeholders, and which of them were written as paths of their own.

    ``{+name}`` is RFC 6570's, ``{name+}`` and ``{name*}`` are what gateways write for the same.
    """
    greedy: list[str] = []

    def plain(found: re.Match[str]) -> str:
        name = found[1].strip("+*")
        if found[1] in declared or name == found[1] or name not in declared:
            return found[0]
        greedy.append(name)
        return f"{{{name}}}"

    return re.sub(r"\{([^{}]+)\}", plain, path), greedy


def is_json(media: str) -> bool:
    """Whether a media type is JSON."""
    return media == "application/json" or media.endswith("+json")


def _is_file(schema: Mapping[str, Any]) -> bool:
    items = schema.get("items")
    if isinstance(items, Mapping) and _is_file(items):
        return True
    return schema.get("format") == "binary" or "contentMediaType" in schema


def _media_type(offered: list[str]) -> tuple[str, str]:
    """The body's media type to use: as the document writes it, and as it is sent."""
    plain = {name: name.partition(";")[0].strip().lower() for name in offered}
    ranges = {"*/*": "application/json", "application/*": "application/json"}
    plain = {name: ranges.get(media, media) for name, media in plain.items()}
    plain = {name: media for name, media in plain.items() if _MEDIA_TYPE.fullmatch(media)}
    if not plain:
        raise Unfit(f"its body is {', '.join(offered)[:100]}, which cannot be written")

    def rank(name: str) -> int:
        media = plain[name]
        order = (media == "application/json", is_json(media), media in _FORMS)
        return order.index(True) if True in order else 3 if media.startswith("text/") else 4

    name = min(plain, key=rank)
    return name, plain[name]


def _is_flat(schema: Mapping[str, Any], required: bool) -> bool:
    properties = schema.get("properties")
    return (
        isinstance(properties, Mapping)
        and bool(properties)
        and schema.get("type", "object") == "object"
        and schema.get("additionalProperties", False) is False
        and not _WHOLE & schema.keys()
        and (required or not schema.get("required"))
        and set(schema.get("required", [])) <= properties.keys()
    )


def _kinds(schema: Any) -> set[str]:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return {kind} if isinstance(kind, str) else set(kind or ["any"])


def _takes_null(schema: Any) -> bool:
    """Whether null is a value of a schema."""
    if not isinstance(schema, Mapping):
        return schema is not False
    values = [schema["const"]] if "const" in schema else schema.get("enum", [None])
    either, all_of = schema.get("anyOf"), schema.get("allOf", ())
    return (
        None in values
        and bool({"any", "null"} & _kinds(schema))
        and (either is None or any(map(_takes_null, either)))
        and all(map(_takes_null, all_of))
    )


def _content(place: str, name: str, media: str, schema: Any) -> dict[str, Any]:
    if place == "querystring":
        if media == _FORMS[0]:
            return {"style": "form", "explode": True}
        if is_json(media):
            return {"style": "querystring"}
        raise Unfit(f"its query string is {media[:40]!r}, which cannot be written")
    if not is_json(media) and not _kinds(schema) <= _SCALARS:
        raise Unfit(f"its parameter {name[:40]!r} is {media[:40]!r}, which cannot be written")
    return {"content": "application/json"} if is_json(media) else {}


def _manner(
    place: str, name: str, parameter: Mapping[str, Any], schema: Any, *, form: bool = False
) -> dict[str, Any]:
    """The style of a parameter, where it is not what goes without saying."""
    if place == "querystring":
        raise Unfit(f"its query string {name[:40]!r} has no content")
    styles = _STYLES[place]
    style = parameter.get("style", styles[0])
    if style not in (*styles, *_DELIMITED):
        raise Unfit(f"its parameter {name[:40]!r} has the style {str(style)[:40]!r} in {place}")
    explode = parameter.get("explode")
    if not isinstance(explode, bool):
        explode = style in ("form", "cookie")
    manner: dict[str, Any] = {}
    kinds = _kinds(schema)
    plain = style == styles[0] and (
        kinds <= _SCALARS or (kinds <= {*_SCALARS, "array"} and explode == (style == "form"))
    )
    if not plain or form:
        manner = {"style": style, "explode": explode}
    if parameter.get("allowReserved") is True and place in ("query", "path"):
        manner["reserved" if place == "query" else "slashes"] = True
    return manner
