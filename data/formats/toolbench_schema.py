"""ToolBench's parameter lists as JSON Schema, and back as the functions it shows to models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from toolgrove.data import codec
from toolgrove.data.formats.check import Foreign
from toolgrove.data.records import FINISH, Effect, JsonObject, ToolSpec

__all__ = [
    "Function",
    "Functions",
    "ToolBenchParameter",
    "Unique",
    "effect_of",
    "from_function",
    "offered",
    "parameters_schema",
    "to_function",
]


class ToolBenchParameter(Foreign):
    """One parameter of a ToolBench API."""

    name: str
    type: str | None = None
    description: str | None = None
    default: Any = None
    enum: list[Any] | None = None
    """Not ToolBench's own: the values that a file may add where the type is ENUM or any other."""


_TYPES = {
    "ARRAY": "array",
    "BOOL": "boolean",
    "BOOLEAN": "boolean",
    "FLOAT": "number",
    "INT": "integer",
    "INTEGER": "integer",
    "LIST": "array",
    "MAP": "object",
    "NUMBER": "number",
    "OBJECT": "object",
}
"""Everything else is a string: STRING, ENUM (ToolBench has its values nowhere), DATE, FILE, …"""

_PYTHON: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
}


def parameters_schema(
    required: Sequence[ToolBenchParameter], optional: Sequence[ToolBenchParameter]
) -> JsonObject:
    """JSON Schema (draft 2020-12) of an API's arguments.

    A name given twice keeps its first entry. A default is kept unless it is empty, which is how
    ToolBench writes "none", and takes the parameter's type where its text can be read as that.

    Examples
    --------
    >>> limit = ToolBenchParameter(name="limit", type="NUMBER", description="At most", default="10")
    >>> parameters_schema([limit], [])["properties"]
    {'limit': {'type': 'number', 'description': 'At most', 'default': 10}}
    """
    properties: dict[str, Any] = {}
    for parameter in (*required, *optional):
        properties.setdefault(parameter.name, _property(parameter))
    return {
        "type": "object",
        "properties": properties,
        "required": list(dict.fromkeys(parameter.name for parameter in required)),
        "additionalProperties": False,
    }


def _property(parameter: ToolBenchParameter) -> dict[str, Any]:
    written = (parameter.type or "").strip()
    kind = _TYPES.get(written.upper(), "string")
    schema: dict[str, Any] = {"type": kind}
    description = (parameter.description or "").strip()
    if written.upper().startswith("DATE"):
        schema["format"] = "date"
    elif "(" in written:  # "TIME (24-hour HH:MM)" says what to write
        description = f"{description} [{written}]".strip()
    if description:
        schema["description"] = description
    if str(parameter.default) not in ("", "None"):
        schema["default"] = _typed(kind, parameter.default)
    if parameter.enum:
        schema["enum"] = [_typed(kind, value) for value in parameter.enum]
    return schema


def _typed(kind: str, default: Any) -> Any:
    """A default as its parameter's type where its text says so; ``"007"`` stays a string."""
    if kind == "string" or not isinstance(default, str):
        return default
    text = default.strip()
    try:
        value = codec.loads(text.lower() if kind == "boolean" else text)
    except ValueError:
        return default
    fits = isinstance(value, _PYTHON[kind]) and (kind == "boolean" or not isinstance(value, bool))
    return value if fits else default


def effect_of(method: str | None) -> Effect:
    """GET and HEAD read; every other method, and an unknown one, may write.

    Examples
    --------
    >>> effect_of("get"), effect_of("POST"), effect_of(None)
    (<Effect.READ: 'read'>, <Effect.WRITE: 'write'>, <Effect.WRITE: 'write'>)
    """
    return Effect.READ if (method or "").strip().upper() in ("GET", "HEAD") else Effect.WRITE


class Unique:
    """Gives each id that is wanted again another number; in a time that does not grow with them.

    Examples
    --------
    >>> unique = Unique()
    >>> [unique("Data/t/Search"), unique("Data/t/Search"), unique("Data/t/Search")]
    ['Data/t/Search', 'Data/t/Search#2', 'Data/t/Search#3']
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def __call__(self, spec_id: str) -> str:
        """``spec_id``, or the first of ``spec_id#2``, ``#3``, … that was not given before."""
        found, number = spec_id, self._last.get(spec_id, 1)
        while found in self._last:
            number += 1
            found = f"{spec_id}#{number}"
        self._last[spec_id] = number
        self._last.setdefault(found, 1)
        return found


class Function(Foreign):
    """A function as ToolBench showed it to a model."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


def _unwrapped(functions: Any) -> Any:
    if not isinstance(functions, list):
        return functions
    return [f["function"] if isinstance(f, dict) and "function" in f else f for f in functions]


Functions = Annotated[list[Function], BeforeValidator(_unwrapped)]
"""What was offered; StableToolBench wraps each as OpenAI does, ``{"type": …, "function": {…}}``."""


def offered(functions: Iterable[Function]) -> tuple[ToolSpec, ...]:
    """The tools that a model was offered, Finish left out."""
    return tuple(from_function(function) for function in functions if function.name != FINISH)


def from_function(function: Function) -> ToolSpec:
    """A function as a spec.

    Answers name their APIs by these only, so the name is also the id, and category and URL are
    unknown.

    Examples
    --------
    >>> spec = from_function(Function(name="quote_for_olato_quotes"))
    >>> spec.id, spec.tool
    ('quote_for_olato_quotes', 'olato_quotes')
    """
    name = function.name
    schema = function.parameters or {}
    properties = {
        key: _without_example(value) for key, value in (schema.get("properties") or {}).items()
    }
    return ToolSpec(
        id=name,
        category="",
        tool=name.rsplit("_for_", 1)[-1] if "_for_" in name else "",
        name=name,
        description=function.description or "",
        parameters={
            "type": "object",
            "properties": properties,
            "required": list(schema.get("required") or ()),
        },
        source="toolbench",
    )


def _without_example(schema: Any) -> Any:
    if not isinstance(schema, dict) or "example_value" not in schema:
        return schema
    rest = {key: value for key, value in schema.items() if key != "example_value"}
    return {**rest, "examples": [schema["example_value"]]}


def to_function(spec: ToolSpec, name: str) -> dict[str, Any]:
    """A spec as ToolBench's readers want a function: every property has one type name.

    Examples
    --------
    >>> to_function(from_function(Function(name="quote_for_olato", description="Any.")), "quote")
    {'name': 'quote', 'description': 'Any.', 'parameters': {'type': 'object', 'properties': {}, \
'required': [], 'optional': []}}
    """
    properties = spec.parameters.get("properties", {})
    required = list(spec.parameters.get("required", ()))
    return {
        "name": name,
        "description": spec.description,
        "parameters": {
            "type": "object",
            "properties": {key: _shown(value) for key, value in properties.items()},
            "required": required,
            "optional": _others(properties, required),
        },
    }


def _others(names: Iterable[str], required: Sequence[str]) -> list[str]:
    return [name for name in names if name not in required]


def _shown(schema: Any) -> dict[str, Any]:
    """A property with the keys ToolBench knows."""
    schema = schema if isinstance(schema, dict) else {}
    kind = schema.get("type")
    shown: dict[str, Any] = {
        "type": kind if isinstance(kind, str) else "string",
        "description": schema.get("description", ""),
    }
    values = schema.get("enum")
    if values and all(isinstance(value, str) for value in values):
        shown["enum"] = list(values)
    example = (*schema.get("examples", ()), schema.get("default"))[0]
    if isinstance(example, str | int | float):
        shown["example_value"] = example
    return shown
