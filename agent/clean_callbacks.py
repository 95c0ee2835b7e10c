"""LangChain's callbacks of a run, which models and tools tell themselves, told no secret."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from uuid import UUID

    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.runnables import RunnableConfig

    from toolgrove.data.listening import Scope

__all__ = ["without_secrets"]

_PIECE, _CALLS = "on_llm_new_token", "tool_call_chunks"
_ENDS = ("on_llm_end", "on_llm_error")


def without_secrets(config: RunnableConfig, secrets: Scope) -> RunnableConfig:
    """The config, with handlers that are told everything without secrets."""
    from langchain_core.runnables.config import get_async_callback_manager_for_config

    manager = get_async_callback_manager_for_config(config)
    known: dict[int, BaseCallbackHandler] = {}

    def told(handlers: list[BaseCallbackHandler]) -> list[BaseCallbackHandler]:
        return [known.setdefault(id(one), _clean(one, secrets)) for one in handlers]

    manager.handlers = told(manager.handlers)
    manager.inheritable_handlers = told(manager.inheritable_handlers)
    return {**config, "callbacks": manager}


def _clean(handler: BaseCallbackHandler, secrets: Scope) -> BaseCallbackHandler:
    """A handler in front of another one: of its class, which LangChain asks for, and its state."""
    front: Any = object.__new__(_class_of(cast("Hashable", type(handler))))
    front.__dict__ = handler.__dict__
    front._behind, front._pieces = handler, _Pieces(secrets)
    return front  # type: ignore[no-any-return]  # of a subclass


@cache
def _class_of(kind: Hashable) -> type:
    assert isinstance(kind, type)
    told = {name: _told(name, getattr(kind, name)) for name in dir(kind) if name.startswith("on_")}
    return type(kind.__name__, (kind,), {"__slots__": ("_behind", "_pieces"), **told})


def _told(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        async def told_later(self: Any, *args: Any, **kwargs: Any) -> Any:
            for known, given, named in self._pieces.told(name, args, kwargs):
                await getattr(self._behind, known)(*given, **named)

        return told_later

    def told(self: Any, *args: Any, **kwargs: Any) -> Any:
        for known, given, named in self._pieces.told(name, args, kwargs):
            getattr(self._behind, known)(*given, **named)

    return told


class _Pieces:
    """What a handler is told without secrets, those that come in pieces included.

    The end of a piece is held back while it may be the beginning of one.
    """

    def __init__(self, secrets: Scope) -> None:
        self._secrets = secrets
        self._held: dict[UUID, dict[str, str]] = {}
        self._last: dict[UUID, dict[str, Any]] = {}

    def told(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
        """The calls to make in the place of one."""
        if name == _PIECE and args and isinstance(args[0], str):
            yield (_PIECE, *self._piece(args[0], kwargs))
            return
        if name in _ENDS and (rest := self._rest(kwargs["run_id"])):
            yield (_PIECE, *rest)
        given, named = self._secrets.clean((args, kwargs))
        yield name, given, named

    def _piece(self, token: str, kwargs: dict[str, Any]) -> tuple[tuple[str], dict[str, Any]]:
        run = kwargs["run_id"]
        self._last[run] = kwargs
        text = self._next(run, "text", token)
        message = getattr(kwargs.get("chunk"), "message", None)
        pieces = list(getattr(message, _CALLS, ()))
        calls = [
            {**call, "args": self._next(run, f"call {call.get('index')}", call["args"])}
            if call.get("args")
            else call
            for call in pieces
        ]
        if text == token and calls == pieces:
            return (token,), self._secrets.clean(kwargs)
        return self._made(text, calls, kwargs)

    def _next(self, run: UUID, kind: str, piece: str) -> str:
        held = self._held.setdefault(run, {})
        whole = held.get(kind, "") + piece
        held[kind] = self._secrets.begun(whole)
        return self._secrets.clean(whole.removesuffix(held[kind]))

    def _rest(self, run: UUID) -> tuple[tuple[str], dict[str, Any]] | None:
        """What was held back of a reply that has ended."""
        held = {kind: text for kind, text in self._held.pop(run, {}).items() if text}
        kwargs = self._last.pop(run, {})
        if not held:
            return None
        calls = [
            {**call, "name": None, "id": None, "args": text, "type": "tool_call_chunk"}
            for call in getattr(getattr(kwargs.get("chunk"), "message", None), _CALLS, ())
            if (text := held.get(f"call {call.get('index')}"))
        ]
        return self._made(held.get("text", ""), calls, kwargs)

    def _made(
        self, text: str, calls: list[Any], kwargs: dict[str, Any]
    ) -> tuple[tuple[str], dict[str, Any]]:
        chunk = kwargs.get("chunk")
        message = getattr(chunk, "message", None)
        if chunk is not None and message is not None and isinstance(message.content, str):
            others = {k: v for k, v in message.additional_kwargs.items() if k != "tool_calls"}
            told = {"content": text, _CALLS: calls, "additional_kwargs": others}
            said = message.model_copy(update={**told, "tool_calls": [], "invalid_tool_calls": []})
            info = chunk.generation_info
            kwargs = {**kwargs, "chunk": type(chunk)(message=said, generation_info=info)}
        return (text,), self._secrets.clean(kwargs)
