"""The LangChain side of an agent: what a Runnable does, over the calls that answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from functools import reduce
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableConfig

from toolgrove.agent.outcome import Outcome
from toolgrove.agent.watching import streamed
from toolgrove.data.events import Event
from toolgrove.data.scrubbing import scrubbed_value
from toolgrove.machine.threads import iterated
from toolgrove.tools.secrets import SecretStore

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from toolgrove.agent.inputs import Request

__all__ = ["RunnableAgent"]


class RunnableAgent(Runnable["Request", Outcome]):
    """What every agent does as a Runnable; a subclass answers, and has its secrets."""

    secrets: SecretStore

    @property
    def InputType(self) -> type[str]:  # noqa: N802 - as LangChain names it
        """What a tool made of the agent takes (``as_tool``): the request in words."""
        return str

    @property
    def OutputType(self) -> type[Outcome]:  # noqa: N802 - as LangChain names it
        return Outcome

    def as_tool(
        self,
        args_schema: Any = None,
        *,
        name: str | None = None,
        description: str | None = None,
        arg_types: dict[str, type] | None = None,
    ) -> BaseTool:
        """A LangChain tool whose calls are runs of this agent: it takes a request and answers it.

        Parameters
        ----------
        args_schema, arg_types
            Where it takes something else, as LangChain has it: the arguments are the request.
        name, description : str or None
            What another model is told of it.
        """
        if args_schema is not None or arg_types is not None:
            return super().as_tool(
                args_schema, name=name, description=description, arg_types=arg_types
            )
        from langchain_core.tools import StructuredTool

        def answer(request: str, config: RunnableConfig) -> str:
            return self.invoke(request, config)

        async def answer_later(request: str, config: RunnableConfig) -> str:
            return await self.ainvoke(request, config)

        return StructuredTool.from_function(
            answer,
            coroutine=answer_later,
            name=name or "agent",
            description=description or "Answers a request in words by calling tools.",
        )

    def stream(  # type: ignore[override]  # what happens, where others give pieces of the output
        self, input: Request, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Event]:
        """Answer a request, and give what happens meanwhile; see :meth:`astream`."""
        return iterated(lambda: self.astream(input, config, **kwargs))

    def astream(  # type: ignore[override]  # as stream
        self, input: Request, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncGenerator[Event, None]:
        """Answer a request, and give what happens meanwhile (:mod:`toolgrove.data.events`).

        The last event of a run is its ``RunEnded`` with the outcome; what a run raises is raised
        after it. Who stops iterating stops the run; if it is kept, it can be gone on with. A call
        is not made before its ``ToolStarted`` was taken and the next event was asked for.
        """
        return streamed(lambda: self.ainvoke(input, config, **kwargs))

    async def astream_events(self, *args: Any, **kwargs: Any) -> Any:
        """LangChain's events of a run: the agent's, and those of what it asks and calls."""
        secrets = self.secrets.also(kwargs.get("secrets") or {})
        async with aclosing(_Whole(self).astream_events(*args, **kwargs)) as events:
            async for event in events:  # LangChain adds the input as it was given
                yield scrubbed_value(event, secrets.scrub) if secrets.known else event

    def transform(
        self, input: Iterator[Request], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Outcome]:
        """In a chain that is streamed: the outcome, once all of the input is there."""
        whole = list(input)
        if whole:
            yield self.invoke(reduce(_joined, whole), config, **kwargs)

    async def atransform(
        self, input: AsyncIterator[Request], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Outcome]:
        """In a chain that is streamed: the outcome, once all of the input is there."""
        whole = [chunk async for chunk in input]
        if whole:
            yield await self.ainvoke(reduce(_joined, whole), config, **kwargs)


class _Whole(Runnable["Request", Outcome]):
    """An agent whose stream has one piece, the outcome."""

    def __init__(self, agent: RunnableAgent) -> None:
        self._agent = agent

    def invoke(
        self, input: Request, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Outcome:
        return self._agent.invoke(input, config, **kwargs)

    async def ainvoke(
        self, input: Request, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Outcome:
        return await self._agent.ainvoke(input, config, **kwargs)


def _joined(whole: Any, chunk: Any) -> Any:
    """Pieces of an input as one; of those that are no pieces, the last."""
    try:
        return whole + chunk
    except TypeError:
        return chunk
