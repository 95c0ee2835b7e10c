"""Tools as the function objects that chat models are offered."""

from __future__ import annotations

from typing import Any

from toolgrove.data.records import FINISH, JsonObject, ToolSpec

__all__ = ["FINISH_FUNCTION", "function"]

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


def function(spec: ToolSpec, name: str) -> dict[str, Any]:
    """A tool under the name a model is to call it by.

    Examples
    --------
    >>> function(ToolSpec("W/clock/now", "W", "clock", "now", "The time."), "now")
    {'name': 'now', 'description': 'The time.', 'parameters': {'type': 'object', 'properties': {}}}
    """
    return {
        "name": name,
        "description": spec.description or spec.tool_description or spec.name,
        "parameters": dict(spec.parameters),
    }
