"""Calls of LangChain tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from toolgrove.data.records import Observation, Status, ToolCall
from toolgrove.errors import SpecError
from toolgrove.tools.calls.execute import Execute, failure
from toolgrove.tools.content import artifact_marks, content_text
from toolgrove.tools.python.function import error_line
from toolgrove.tools.python.injected import injected_arguments, lent_config
from toolgrove.tools.python.source import from_source
from toolgrove.tools.scope import LENT

if TYPE_CHECKING:
    from collections.abc import Collection

    from langchain_core.tools import BaseTool

    from toolgrove.tools.registry import Registry

__all__ = ["langchain_backend"]


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
            tool = cast("BaseTool", registry.functions.get(spec.id) or from_source(spec, trusted))
        except SpecError as error:
            return failure(Status.NOT_WORKING, str(error), attempts=0)
        # invoked as a model's call, a tool gives a message, whatever its response_format is
        request = {
            "type": "tool_call",
            "id": call.id,
            "name": tool.name,
            "args": {**call.arguments, **injected_arguments(tool)},
        }
        try:
            return _observed(await tool.ainvoke(request, lent_config()))
        except (ValidationError, ValidationErrorV1) as error:
            missing = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
            unfilled = missing - {*spec.parameters["properties"], *call.arguments}
            if unfilled:  # whose values are nobody's to see
                names = ", ".join(sorted(unfilled))
                text = f"{names} of {tool.name} is injected by nobody here: give it with "
                text += "invoke(…, context=…)."
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
    keep = LENT.get().keep
    marks = artifact_marks(message.artifact, keep)
    content = "\n".join([*marks, *filter(None, [content_text(message, keep)])])
    status = Status.ERROR_IN_MESSAGE if message.status == "error" else Status.OK
    return Observation(status, content, len(content))
