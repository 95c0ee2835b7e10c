"""LangChain's callbacks of a run, which models and tools tell themselves, told no secret."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.runnables import RunnableConfig

__all__ = ["without_secrets"]

T = TypeVar("T")


class Clean(Protocol):
    """Takes secrets out of a value."""

    def __call__(self, value: T, /) -> T: ...


def without_secrets(config: RunnableConfig, clean: Clean) -> RunnableConfig:
    """The config, with handlers that are told everything without secrets."""
    from langchain_core.runnables.config import get_async_callback_manager_for_config

    manager = get_async_callback_manager_for_config(config)
    known: dict[int, BaseCallbackHandler] = {}

    def told(handlers: list[BaseCallbackHandler]) -> list[BaseCallbackHandler]:
        return [known.setdefault(id(one), _clean(one, clean)) for one in handlers]

    manager.handlers = told(manager.handlers)
    manager.inheritable_handlers = told(manager.inheritable_handlers)
    return {**config, "callbacks": manager}


def _clean(handler: BaseCallbackHandler, clean: Clean) -> BaseCallbackHandler:
    """A handler in front of another one: of its class, which LangChain asks for, and its state."""
    front: Any = object.__new__(_class_of(cast("Hashable", type(handler))))
    front.__dict__ = handler.__dict__
    front._behind, front._clean = handler, clean
    return front  # type: ignore[no-any-return]  # of a subclass


@cache
def _class_of(kind: Hashable) -> type:
    assert isinstance(kind, type)
    told = {name: _told(name, getattr(kind, name)) for name in dir(kind) if name.startswith("on_")}
    return type(kind.__name__, (kind,), {"__slots__": ("_behind", "_clean"), **told})


def _told(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        async def told_later(self: Any, *args: Any, **kwargs: Any) -> Any:
            given, named = self._clean((args, kwargs))
            return await getattr(self._behind, name)(*given, **named)

        return told_later

    def told(self: Any, *args: Any, **kwargs: Any) -> Any:
        given, named = self._clean((args, kwargs))
        return getattr(self._behind, name)(*given, **named)

    return told
