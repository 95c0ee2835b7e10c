"""LangChain tools as ours: a spec from any ``BaseTool``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from toolgrove.data.records import Effect, JsonObject, ToolSpec
from toolgrove.errors import SpecError
from toolgrove.tools.python.effect import langchain_effect
from toolgrove.tools.python.function import error_line, json_schema, signature_of

if TYPE_CHECKING:
    from collections.abc import Collection

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
        Whether a call may change something. Otherwise what ``tool.metadata["effect"]`` says, or
        the function that it runs (:func:`toolgrove.tools.python.effect.tool`); a tool that says
        nothing writes.

    Raises
    ------
    SpecError
        Where its arguments cannot be said in JSON Schema, or its effect is unknown.

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
    return ToolSpec(
        id=f"langchain/{tool.name}",
        category="langchain",
        tool="langchain",
        name=tool.name,
        description=tool.description,
        parameters=_parameters(tool),
        effect=langchain_effect(tool) if effect is None else effect,
        source="langchain",
        binding={"kind": "langchain"},
    )


def _parameters(tool: BaseTool) -> JsonObject:
    from langchain_core.tools import Tool
    from pydantic import BaseModel

    if isinstance(tool, Tool) and not tool.args_schema:  # as LangChain itself offers such a tool
        single = {"__arg1": {"type": "string"}}
        return {"type": "object", "properties": single, "required": ["__arg1"]}
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
    whole = {"type": "object", "properties": {}, **plain}
    return whole if tool.args_schema else _without(whole, _filled_in(tool))


def _without(schema: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """A schema without some of its properties."""
    kept = {name: part for name, part in schema["properties"].items() if name not in names}
    needed = [name for name in schema.get("required", ()) if name not in names]
    rest = {key: part for key, part in schema.items() if key != "required"}
    return {**rest, "properties": kept, **({"required": needed} if needed else {})}


def _filled_in(tool: BaseTool) -> set[str]:
    """Parameters of ``_run`` that no model gives: what LangChain fills in, ``*args``, ``**kwargs``.

    LangChain makes a schema of the method where a tool has none, and leaves these in it.
    """
    from langchain_core.runnables import RunnableConfig

    parameters = signature_of(tool._run).parameters.values()
    return {
        one.name
        for one in parameters
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        or RunnableConfig in (one.annotation, *get_args(one.annotation))
    }
