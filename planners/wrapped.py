"""Chat models in wrappers of LangChain's: ``with_retry``, ``with_fallbacks``, ``bind``.

The wrappers hand ``bind_tools`` on to the model inside and give back what that gives: the model
with its tools, and without the wrapper. So tools are bound inside, and the wrapper stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable

    ChatModel: TypeAlias = Runnable[LanguageModelInput, AIMessage]
    """A ``BaseChatModel``, or one in wrappers of LangChain's."""

__all__ = ["inside", "with_tools"]


def inside(
    model: ChatModel,
    change: Callable[[Any], ChatModel],
    bound: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
) -> ChatModel:
    """A model whose wrappers stay while each chat model in them is changed.

    Parameters
    ----------
    model : ChatModel
    change : callable
        Gives another model for each that is in no wrapper.
    bound : callable
        Gives what a wrapper hands on for what was bound to it.
    """
    from langchain_core.runnables import RunnableWithFallbacks
    from langchain_core.runnables.base import RunnableBindingBase

    if isinstance(model, RunnableBindingBase):
        inner = inside(model.bound, change, bound)
        return model.model_copy(update={"bound": inner, "kwargs": bound(model.kwargs)})
    if isinstance(model, RunnableWithFallbacks):
        first = inside(model.runnable, change, bound)
        others = [inside(other, change, bound) for other in model.fallbacks]
        return model.model_copy(update={"runnable": first, "fallbacks": others})
    return change(model)


def with_tools(model: ChatModel, tools: list[dict[str, Any]]) -> ChatModel:
    """A model that is offered these tools, and none that was bound to it before.

    Raises
    ------
    NotImplementedError
        Where a model inside cannot be offered tools.
    """

    def offered(one: Any) -> ChatModel:
        if not hasattr(one, "bind_tools"):
            raise NotImplementedError
        with_them: ChatModel = one.bind_tools(tools)
        return with_them

    return inside(model, offered, _without_tools)


def _without_tools(bound: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was bound but for tools and their choice, which would win over those further in."""
    if bound.keys().isdisjoint({"functions", "tools"}):
        return bound
    theirs = {"functions", "function_call", "tools", "tool_choice"}
    return {name: value for name, value in bound.items() if name not in theirs}
