"""Our tools as LangChain's: ``BaseTool`` objects that any LangChain agent can bind and call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, ToolException
from pydantic import BaseModel, ConfigDict, PrivateAttr

from toolgrove.data.functions import function
from toolgrove.data.records import JsonObject, Observation, ToolCall
from toolgrove.machine.threads import wait
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.offer import Offer
from toolgrove.tools.registry import Registry

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from toolgrove.agent.catalog import Catalog

__all__ = ["ToolgroveTool", "to_langchain"]


class ToolgroveTool(BaseTool):
    """One of our tools; made by :func:`to_langchain`.

    Arguments are checked by our validator, and what is wrong comes back as the tool's message,
    with status ``error``, so that a model can mend its call. Its ``artifact`` is the
    :class:`~toolgrove.data.records.Observation`. Parameters may have any name, also those that
    LangChain otherwise keeps for itself (``config``, ``run_manager``, ``callbacks``, ``self``).
    """

    spec_id: str
    """The tool's id in its registry."""

    _offer: Offer = PrivateAttr()
    _execute: Any = PrivateAttr()

    def _to_args_and_kwargs(
        self, tool_input: str | dict[str, Any], tool_call_id: str | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        # by position, and not by name as LangChain would: no parameter's name is special then
        return (tool_input, tool_call_id or "call"), {}

    def _run(self, given: str | JsonObject, call_id: str, /) -> tuple[str, Observation]:
        return wait(self._arun(given, call_id))

    async def _arun(self, given: str | JsonObject, call_id: str, /) -> tuple[str, Observation]:
        call = ToolCall(call_id, self.name, {} if isinstance(given, str) else dict(given))
        if isinstance(given, str):
            call = ToolCall(call_id, self.name, malformed=given)
        resolved = self._offer.resolve(call)
        if isinstance(resolved, ToolCall):
            resolved = await self._execute(resolved)
        if resolved.status.failed:
            raise ToolException(resolved.content)
        return resolved.content, resolved

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        """A model that takes any arguments: their schema is ``args_schema``, checked by us."""
        return _Anything


class _Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


def to_langchain(
    source: Registry | Catalog,
    ids: Sequence[str] | None = None,
    *,
    execute: Execute | None = None,
    calls: CallSettings = CallSettings(),
) -> list[ToolgroveTool]:
    """Turn tools of a registry or catalogue into LangChain tools.

    Parameters
    ----------
    source : Registry or Catalog
    ids : sequence of str, optional
        Which tools; all otherwise.
    execute : Execute, optional
        An open stack (:func:`toolgrove.tools.calls.stack.build_stack`), whose connections and
        sessions are then shared by all calls; use the tools' async methods in its event loop.
        Otherwise each call opens a stack of its own, in any event loop or none.
    calls : CallSettings
        How such a stack makes calls: ``hosts``, ``trusted``, ``policy``, ``timeout`` and so on.

    Raises
    ------
    CatalogError
        Where there is no such tool.

    Examples
    --------
    >>> from toolgrove import tool
    >>> @tool(effect="read")
    ... def double(x: int) -> int:
    ...     '''Double a number.'''
    ...     return 2 * x
    >>> registry = Registry()
    >>> spec = registry.add_function(double)
    >>> [made] = to_langchain(registry)
    >>> made.invoke({"x": 21})
    '42'
    """
    registry = source if isinstance(source, Registry) else source.registry

    async def alone(call: ToolCall) -> Observation:
        async with build_stack(registry, calls) as stack:
            return await stack(call)

    wanted = [spec.id for spec in registry] if ids is None else list(ids)
    return [_tool(registry, spec_id, execute or alone) for spec_id in wanted]


def _tool(registry: Registry, spec_id: str, execute: Execute) -> ToolgroveTool:
    spec = registry.get(spec_id)
    shown = function(spec, registry.alias(spec_id))
    tool = ToolgroveTool(
        name=shown["name"],
        description=shown["description"],
        args_schema=shown["parameters"],
        metadata={"effect": spec.effect.value},
        spec_id=spec_id,
        handle_tool_error=True,
        response_format="content_and_artifact",
    )
    tool._offer, tool._execute = registry.offer([spec_id]), execute
    return tool
