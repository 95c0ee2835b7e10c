"""One call of a chat model at the price of the call.

``BaseChatModel.ainvoke`` makes run ids, tracing metadata and run managers for each call and looks
at every message several times: 0.3 ms and more, growing with the conversation, of which nothing is
left where no callback listens. Then the model is asked by the function that ``ainvoke`` itself
ends in, so that cache, rate limiter and streaming are what they are there; where it has none of
these, by its own ``_agenerate``, which that function would inspect anew at each call.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.outputs import ChatResult
    from langchain_core.runnables import Runnable, RunnableConfig

__all__ = ["AskModel", "asking", "heard_here"]

AskModel: TypeAlias = "Callable[[list[BaseMessage]], Awaitable[AIMessage]]"
"""Asks a model for its reply to a conversation."""

_OLD_TRACING = ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER")
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
    heard, aided = _heard(), _aided()
    own = {"stop": None, **arguments}
    if "run_manager" in inspect.signature(model._agenerate).parameters:
        own["run_manager"] = None

    async def ask(messages: list[BaseMessage]) -> AIMessage:
        if heard(model):
            return await bound.ainvoke(messages)
        if aided(model, arguments):
            result = await model._agenerate_with_cache(messages, **arguments)
            return cast("AIMessage", result.generations[0].message)
        return _told(await model._agenerate(messages, **own))

    return ask


def heard_here(config: RunnableConfig | None = None) -> bool:
    """Whether any callback would be told of what happens here and now, under a config or none."""
    return bool(config and config.get("callbacks")) or _heard()(None)


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
    if "run_manager" in arguments:
        return None
    for name in _WRAPPED:
        if getattr(type(model), name, None) is not getattr(BaseChatModel, name, name):
            return None
    for traced in ("ls_structured_output_format", "structured_output_format"):
        arguments.pop(traced, None)  # said to tracers, never to the model
    return model, arguments


@cache
def _heard() -> Callable[[BaseChatModel | None], bool]:
    """What says whether anybody would be told of a call made here and now, of a model or not.

    LangChain finds that out by making a manager of callbacks for each call. What it looks at is
    looked at here first: where all of it is unset, nobody listens.
    """
    from langchain_core.callbacks import AsyncCallbackManager
    from langchain_core.globals import get_debug
    from langchain_core.runnables.config import ensure_config, var_child_runnable_config

    def told(model: BaseChatModel | None) -> bool:
        callbacks = ensure_config().get("callbacks")
        own, verbose = (model.callbacks, model.verbose) if model is not None else (None, False)
        manager = AsyncCallbackManager.configure(callbacks, own, verbose)
        return bool(manager.handlers)

    try:
        from langchain_core.tracers.context import _configure_hooks, _tracing_v2_is_enabled
    except ImportError:  # another LangChain, which keeps them elsewhere
        return told

    def heard(model: BaseChatModel | None) -> bool:
        config = var_child_runnable_config.get()
        if (
            (model is not None and (model.callbacks or model.verbose))
            or (config and config.get("callbacks"))
            or get_debug()
            or _tracing_v2_is_enabled()
            or any(name in os.environ for name in _OLD_TRACING)
        ):
            return told(model)
        for variable, _, _, environment in _configure_hooks:
            if variable.get() is not None or (environment and environment in os.environ):
                return told(model)
        return False

    return heard


@cache
def _aided() -> Callable[[BaseChatModel, dict[str, Any]], bool]:
    """What says whether a cache, a limiter or a stream has a part in a model's calls."""
    from langchain_core.globals import get_llm_cache

    def aided(model: BaseChatModel, arguments: dict[str, Any]) -> bool:
        return bool(
            model.cache is not None
            or get_llm_cache() is not None
            or model.rate_limiter
            or getattr(model, "output_version", None) is not None
            or model._should_stream(async_api=True, run_manager=None, **arguments)
        )

    return aided


def _told(result: ChatResult) -> AIMessage:
    """The reply, with what the model said beside it, as ``_agenerate_with_cache`` gives it."""
    first = result.generations[0]
    message = cast("AIMessage", first.message)
    if first.generation_info or result.llm_output:  # which is true of a provider's replies
        message.response_metadata = {
            **(result.llm_output or {}),
            **(first.generation_info or {}),
            **message.response_metadata,
        }
    return message
