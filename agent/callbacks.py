"""LangChain's callbacks, fed from the events of a run: one tree, with the agent as its root.

Models and LangChain's own tools tell their callbacks themselves; they find the run's in the config
that is in force while they are asked. The rest is told here: the run, its other tools, and what
it retrieves.
"""

from __future__ import annotations

from contextvars import Token
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.events import (
    Event,
    RetrievalEnded,
    RetrievalStarted,
    RunEnded,
    RunStarted,
    ToolEnded,
    ToolStarted,
)

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["CallbackTree"]


class CallbackTree:
    """Tells the callbacks of a config what happens in one run.

    Parameters
    ----------
    run : str
        Id of the run; those of agents that it calls have trees of their own below it.
    config : RunnableConfig
        What the run is invoked with: callbacks, tags, metadata.
    name : str
        What the run is called.
    virtual : bool
        Whether no tool of LangChain's is called, whatever kind a tool is.
    """

    def __init__(self, run: str, config: RunnableConfig, name: str, virtual: bool) -> None:
        self.inner = config
        self._run, self._name, self._virtual = run, name, virtual
        self._going: dict[str, Any] = {}
        self._before: dict[str, Token[Any]] = {}

    async def __call__(self, event: Event) -> None:
        if event.run != self._run:
            return
        match event:
            case RunStarted():
                await self._begin(event)
            case RunEnded():
                await self._end(event, event.error, event.outcome)
            case ToolStarted() if self._tells(event):
                await self._call(event)
            case ToolEnded() if event.id in self._going:
                await self._end(event, event.error, _message(event))
            case RetrievalStarted():
                named = {"name": "tools"}
                root = self._manager()
                going = await root.on_retriever_start(named, event.query, name="tools")
                self._going[event.id] = going
            case RetrievalEnded():
                await self._end(event, event.error, _documents(event))

    async def _begin(self, event: RunStarted) -> None:
        from langchain_core.runnables.config import (
            get_async_callback_manager_for_config,
            patch_config,
        )

        manager = get_async_callback_manager_for_config(self.inner)
        asked = {"input": event.task.query}
        run_id = self.inner.get("run_id")
        going = await manager.on_chain_start(None, asked, name=self._name, run_id=run_id)
        self._going[event.id] = going
        self.inner = patch_config(self.inner, callbacks=going.get_child())

    def _manager(self) -> Any:
        """Whatever is told to it is a child of the run."""
        from langchain_core.runnables.config import get_async_callback_manager_for_config

        return get_async_callback_manager_for_config(self.inner)

    def _tells(self, event: ToolStarted) -> bool:
        """Whether a call is told here, and not by LangChain itself."""
        kind = "" if event.spec is None else event.spec.binding.get("kind")
        return self._virtual or kind != "langchain"

    async def _call(self, event: ToolStarted) -> None:
        from langchain_core.runnables.config import patch_config, var_child_runnable_config

        arguments = dict(event.call.arguments)
        going = await self._manager().on_tool_start(
            {"name": event.name},
            codec.dumps(arguments).decode(),
            name=event.name,
            inputs=arguments,
            tool_call_id=event.call.id,
        )
        self._going[event.id] = going
        within = patch_config(self.inner, callbacks=going.get_child())
        self._before[event.id] = var_child_runnable_config.set(within)

    async def _end(self, event: Event, error: str, gave: Any) -> None:
        from langchain_core.runnables.config import var_child_runnable_config

        if event.id in self._before:
            var_child_runnable_config.reset(self._before.pop(event.id))
        going = self._going.pop(event.id, None)
        if going is None:
            return
        if error:
            tell = {
                RunEnded: "on_chain_error",
                ToolEnded: "on_tool_error",
                RetrievalEnded: "on_retriever_error",
            }
            await getattr(going, tell[type(event)])(RuntimeError(error))
        elif isinstance(event, RunEnded):
            await going.on_chain_end(gave)
        elif isinstance(event, ToolEnded):
            await going.on_tool_end(gave, name=event.name)
        else:
            await going.on_retriever_end(gave)


def _message(event: ToolEnded) -> Any:
    from langchain_core.messages import ToolMessage

    seen = event.observation
    if seen is None:
        return None
    return ToolMessage(
        seen.content,
        tool_call_id=event.call.id,
        name=event.name,
        status="error" if seen.status.failed else "success",
    )


def _documents(event: RetrievalEnded) -> list[Any]:
    from langchain_core.documents import Document

    return [
        Document(spec.description, id=spec.id, metadata={"id": spec.id, "name": spec.name})
        for spec in event.tools
    ]
