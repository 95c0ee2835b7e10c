"""Tools as the function objects that chat models are offered, in a run as in training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgrove.data.argument_names import argument_names, renamed
from toolgrove.data.records import (
    BEGIN_SUBTASK,
    END_SUBTASK,
    FINISH,
    RUN_PYTHON,
    SEARCH_TOOLS,
    JsonObject,
    ToolSpec,
)
from toolgrove.data.schemas import said
from toolgrove.data.strict import strict

__all__ = ["CONTROL_FUNCTIONS", "FINISH_FUNCTION", "function", "narrowed", "shown_parameters"]

FINISH_FUNCTION: JsonObject = {
    "name": FINISH,
    "description": (
        "End this path: give the final answer to the request, or give up and restart where the "
        "tools cannot lead to one from here."
    ),
    "parameters": {
        "type": "object",
        "properties": {
            "return_type": {"type": "string", "enum": ["give_answer", "give_up_and_restart"]},
            "final_answer": {
                "type": "string",
                "description": "The whole answer for the user; needed with give_answer.",
            },
        },
        "required": ["return_type"],
    },
}
"""The tool that ends a path, as in ToolBench."""


def _control(name: str, description: str, parameter: str, told: str) -> JsonObject:
    wanted = {parameter: {"type": "string", "description": told}}
    return {
        "name": name,
        "description": description,
        "parameters": {"type": "object", "properties": wanted, "required": [parameter]},
    }


CONTROL_FUNCTIONS: Mapping[str, JsonObject] = {
    SEARCH_TOOLS: _control(
        SEARCH_TOOLS,
        "Look for more tools where none of those on offer can do what is needed next. "
        "What is found can be called from then on.",
        "query",
        "What the missing tool should do, in a few words.",
    ),
    RUN_PYTHON: _control(
        RUN_PYTHON,
        "Run Python code. It can compute, and call the other tools by their names, as in "
        "name(argument=value), without await: a call returns its result (of JSON the value) and "
        "raises RuntimeError where it fails. You see what it prints and what its last line is "
        "worth. It has no files, network or packages, and forgets its variables.",
        "code",
        "Lines of Python.",
    ),
    BEGIN_SUBTASK: _control(
        BEGIN_SUBTASK,
        "Begin a part of the task that takes several calls. Once it is ended, only its conclusion "
        "is kept in sight, so that a long task stays easy to survey. Parts may hold parts.",
        "goal",
        "What this part is to find out or get done.",
    ),
    END_SUBTASK: _control(
        END_SUBTASK,
        "End the part of the task that was begun last.",
        "conclusion",
        "Everything from this part that is needed later: figures, names, ids, what failed.",
    ),
}
"""By name, the tools that steer a run, where it offers them; each takes one text."""


_DESCRIPTION = 300
_PARAMETER = 150


def function(spec: ToolSpec, name: str) -> dict[str, Any]:
    """A tool under the name a model is to call it by.

    Long descriptions are cut, at 300 characters for a tool and 150 for a parameter. Of the schema
    stays what the strictest of the model APIs takes (:mod:`toolgrove.data.strict`).

    Examples
    --------
    >>> function(ToolSpec("W/clock/now", "W", "clock", "now", "The time."), "now")
    {'name': 'now', 'description': 'The time.', 'parameters': {'type': 'object', 'properties': {}}}
    """
    return {
        "name": name,
        "description": _description(spec),
        "parameters": narrowed(shown_parameters(spec)[0]),
    }


def narrowed(parameters: JsonObject) -> dict[str, Any]:
    """Parameters as every model API takes them, with their descriptions cut."""
    found: dict[str, Any] = _trimmed(strict(parameters), _PARAMETER)
    return found


def shown_parameters(spec: ToolSpec) -> tuple[JsonObject, Mapping[str, str]]:
    """A tool's parameters under the names that a model sees, whole, and those names by their own.

    Examples
    --------
    >>> spec = ToolSpec("t", "c", "t", "n", parameters={"properties": {"a b": {"type": "int"}}})
    >>> shown_parameters(spec)
    ({'properties': {'a_b': {'type': 'integer'}}}, {'a b': 'a_b'})
    """
    plain = said(spec.parameters)
    names = argument_names(plain)
    return renamed(plain, names), names


def _description(spec: ToolSpec) -> str:
    text = " ".join((spec.description or spec.tool_description or spec.name).split())
    return _cut(text, _DESCRIPTION)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head, _, _ = text[: limit - 1].rpartition(" ")
    return (head or text[: limit - 1]) + "…"


_VALUES = frozenset({"const", "default", "enum", "example", "examples"})


def _trimmed(schema: Any, limit: int) -> Any:
    """A copy of a schema with its descriptions cut; a parameter may be called description."""
    if isinstance(schema, Mapping):
        return {
            key: _cut(" ".join(value.split()), limit)
            if key == "description" and isinstance(value, str)
            else value
            if key in _VALUES
            else _trimmed(value, limit)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_trimmed(part, limit) for part in schema]
    return schema
