"""One call of a chat model at the price of the call.

``BaseChatModel.ainvoke`` makes run ids, tracing metadata and run managers for each call and looks
at every message several times: 0.3 ms and more, growing with the conversation, of which nothing is
left where no callback listens. Then the model is asked by the function that ``ainvoke`` itself
ends in, so that cache, rate limiter and streaming are what they are there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import Runnable

__all__ = ["AskModel", "asking"]

AskModel: TypeAlias = "Callable[[list[BaseMessage]], Awaitable[AIMessage]]"
"""Asks a model for its reply to a conversation."""

_WRAPPED = ("ainvoke", "agenerate", "agenerate_prompt", "_agenerate_with_cache")


def asking(bound: Runnable[Any, AIMessage]) -> AskModel:
    """How to ask a chat model, with or without arguments bound to it.

    Parameters
    ----------
    bound : Runnable
        A chat model, what its ``bind`` or ``bind_tools`` gave, or any Runnable that replies to
        messages. Only for the first two is there a short way, and only while nobody listens:
        with callbacks (the model's own, those of the chain it runs in, tracing, debugging) and for
        models with an ``ainvoke`` of their own it is ``bound.ainvoke``.
    """
    found = _plain(bound)
    if found is None:
        return bound.ainvoke
    model, arguments = found

    async def ask(messages: list[BaseMessage]) -> AIMessage:
        if _heard(model):
            return await bound.ainvoke(messages)
        result = await model._agenerate_with_cache(messages, **arguments)
        return cast("AIMessage", result.generations[0].message)

    return ask


def _plain(bound: Runnable[Any, AIMessage]) -> tuple[BaseChatModel, dict[str, Any]] | None:
    """The model and what is bound to it, unless something else has a part in its calls."""
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables.base import RunnableBinding

    arguments: dict[str, Any] = {}
    model: Any = bound
    if isinstance(bound, RunnableBinding):
        if type(bound).ainvoke is not RunnableBinding.ainvoke or bound.config:
            return None
        if bound.config_factories:
            return None
        model, arguments = bound.bound, dict(bound.kwargs)
    if not isinstance(model, BaseChatModel):
        return None
    for name in _WRAPPED:
        if getattr(type(model), name, None) is not getattr(BaseChatModel, name, name):
            return None
    for traced in ("ls_structured_output_format", "structured_output_format"):
        arguments.pop(traced, None)  # said to tracers, never to the model
    return model, arguments


def _heard(model: BaseChatModel) -> bool:
    """Whether anybody would be told of a call made here and now."""
    from langchain_core.callbacks import AsyncCallbackManager
    from langchain_core.runnables.config import ensure_config

    callbacks = ensure_config().get("callbacks")
    manager = AsyncCallbackManager.configure(callbacks, model.callbacks, model.verbose)
    return bool(manager.handlers)
