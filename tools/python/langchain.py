"""LangChain tools as ours: a spec from any ``BaseTool``, and calls of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

from toolgrove.data import codec
from toolgrove.data.records import Effect, JsonObject, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import SpecError
from toolgrove.tools.calls.execute import Execute, failure
from toolgrove.tools.python.effect import langchain_effect
from toolgrove.tools.python.function import error_line, json_schema, signature_of
from toolgrove.tools.python.source import from_source

if TYPE_CHECKING:
    from collections.abc import Collection

    from langchain_core.tools import BaseTool

    from toolgrove.tools.registry import Registry

__all__ = ["from_langchain", "langchain_backend"]


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


def langchain_backend(registry: Registry, trusted: Collection[str] = ()) -> Execute:
    """Make calls of LangChain tools, by their async method where they have one.

    Parameters
    ----------
    registry : Registry
        Holds the specs, and the tools that this process added.
    trusted : collection of str
        Sources ``module:object`` from which tools of a catalogue on disk may be imported.
    """

    async def execute(call: ToolCall) -> Observation:
        from langchain_core.tools import ToolException
        from pydantic import ValidationError
        from pydantic.v1 import ValidationError as ValidationErrorV1

        try:
            spec = registry.get(call.name)
            tool = cast("BaseTool", registry.function(spec.id) or from_source(spec, trusted))
        except SpecError as error:
            return failure(Status.NOT_WORKING, str(error), attempts=0)
        # invoked as a model's call, a tool gives a message, whatever its response_format is
        request = {
            "type": "tool_call",
            "id": call.id,
            "name": tool.name,
            "args": {**call.arguments},
        }
        try:
            return _observed(await tool.ainvoke(request))
        except (ValidationError, ValidationErrorV1) as error:
            missing = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
            if missing and not missing & {*spec.parameters["properties"], *call.arguments}:
                text = f"{', '.join(sorted(missing))} of {tool.name} is injected by nobody here."
                return failure(Status.NOT_WORKING, text, attempts=0)
            text = f"The arguments do not fit: {error_line(error)}"
            return failure(Status.INVALID_REQUEST, text, attempts=0)
        except ToolException as error:
            return failure(Status.ERROR_IN_MESSAGE, str(error))
        except TimeoutError as error:
            return failure(Status.TIMEOUT, error_line(error))
        except (ConnectionError, NotImplementedError) as error:
            return failure(Status.NOT_WORKING, error_line(error))
        except (Exception, SystemExit) as error:  # a foreign tool's failure ends no run
            return failure(Status.ERROR_IN_MESSAGE, error_line(error))

    return execute


def _observed(message: Any) -> Observation:
    from langchain_core.messages import ToolMessage

    if not isinstance(message, ToolMessage):  # a tool may answer with an object of LangGraph's
        text = f"The tool gave a {type(message).__name__}, which is no answer."
        return failure(Status.NOT_WORKING, text)
    content = _text(message.content)
    status = Status.ERROR_IN_MESSAGE if message.status == "error" else Status.OK
    return Observation(status, content, len(content))


def _text(content: Any) -> str:
    """A message's content as text; of what is no text, its kind."""
    if isinstance(content, str):
        return content
    parts = []
    for block in content:
        if isinstance(block, str):
            parts.append(block)
        elif block.get("type") == "text":
            parts.append(str(block.get("text", "")))
        elif block.get("type") == "json":
            parts.append(codec.dumps(block.get("json")).decode())
        else:
            parts.append(f"[{block.get('type', 'block')}, not shown]")
    return "\n".join(parts)
