"""LangChain tools as ours: a spec from any ``BaseTool``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolgrove.data.records import Effect, JsonObject, ToolSpec
from toolgrove.errors import SpecError
from toolgrove.tools.python.function import error_line, json_schema

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["from_langchain"]


def from_langchain(tool: BaseTool, *, effect: Effect | None = None) -> ToolSpec:
    """Describe a LangChain tool.

    Parameters
    ----------
    tool : BaseTool
        With a pydantic model or a JSON Schema of its arguments; those that LangChain injects
        itself are no parameters.
    effect : Effect, optional
        Whether a call may change something. Otherwise what ``tool.metadata["effect"]`` says, and
        a tool that says nothing counts as one that writes.

    Raises
    ------
    SpecError
        Where its arguments cannot be said in JSON Schema.

    Examples
    --------
    >>> from langchain_core.tools import tool
    >>> @tool
    ... def double(x: int) -> int:
    ...     '''Double a number.'''
    ...     return 2 * x
    >>> spec = from_langchain(double)
    >>> spec.id, spec.effect.value, spec.parameters["properties"]
    ('langchain/double', 'write', {'x': {'type': 'integer'}})
    """
    if effect is None:
        effect = Effect((tool.metadata or {}).get("effect", Effect.WRITE))
    return ToolSpec(
        id=f"langchain/{tool.name}",
        category="langchain",
        tool="langchain",
        name=tool.name,
        description=tool.description,
        parameters=_parameters(tool),
        effect=effect,
        source="langchain",
        binding={"kind": "langchain"},
    )


def _parameters(tool: BaseTool) -> JsonObject:
    from pydantic import BaseModel

    try:
        model: Any = tool.tool_call_schema
        if isinstance(model, dict):
            schema = model
        elif issubclass(model, BaseModel):
            schema = json_schema(model, "validation")
        else:  # a model of pydantic 1
            schema = model.schema()
    except Exception as error:  # a foreign class: making its schema may raise anything
        raise SpecError(
            f"{tool.name}: its arguments cannot be described ({error_line(error)}). "
            "Give the tool an args_schema."
        ) from error
    plain = {key: part for key, part in schema.items() if key not in ("title", "description")}
    return {"type": "object", "properties": {}, **plain}
