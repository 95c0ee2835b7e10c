"""The pieces of a reply, told as the model writes them to those who want them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.events import ModelToken
from toolgrove.data.listening import Scope

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import RunnableConfig

__all__ = ["Hearing", "Pieces", "wants_pieces"]


class Pieces:
    """Tells the pieces of one reply.

    A secret may come in two pieces, in neither of which anybody would know it. So the end of a
    text is held back for as long as it may be the beginning of one.

    Parameters
    ----------
    scope : Scope or None
        Who is told; nobody where it is None or wants no pieces.
    """

    def __init__(self, scope: Scope | None) -> None:
        self._scope = scope if scope is not None and scope.tokens else None
        self._held = {"text": "", "call": ""}

    async def add(self, text: str = "", call: str = "") -> None:
        """Tell a further piece: of what is said, and of a call's arguments."""
        if self._scope is None:
            return
        for kind, piece in (("text", text), ("call", call)):
            if piece:
                whole = self._held[kind] + piece
                self._held[kind] = self._scope.begun(whole)
                await self._tell(kind, whole.removesuffix(self._held[kind]))

    async def end(self) -> None:
        """Tell what was held back."""
        for kind, rest in self._held.items():
            self._held[kind] = ""
            await self._tell(kind, rest)

    async def _tell(self, kind: str, text: str) -> None:
        if self._scope is not None and text:
            more = {"text": text} if kind == "text" else {"call": text}
            await self._scope.tell(partial(_piece, **more))


def _piece(*, text: str = "", call: str = "", **place: Any) -> ModelToken:
    return ModelToken(text=text, call=call, **place)


class Hearing:
    """Hears a reply in pieces, where the model can stream.

    LangChain asks a model in pieces as soon as one of its handlers listens to them; handlers that
    listen already go on doing so. Arguments that were cut short it completes by guessing: here
    they are none, as in a reply that comes whole.

    Parameters
    ----------
    scope : Scope
        Who is told.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._pieces = Pieces(scope)
        self._written: dict[object, list[str]] = {}

    def config(self) -> RunnableConfig:
        """What the model is asked with."""
        from langchain_core.callbacks import AsyncCallbackHandler
        from langchain_core.runnables.config import ensure_config, merge_configs

        hearing = self

        class Handler(AsyncCallbackHandler):
            run_inline = True  # in the order in which they come

            async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
                hearing.begin()

            async def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
                await hearing.hear(token, kwargs.get("chunk"))

            async def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
                await hearing.end()

            # by these two LangChain knows who listens to pieces
            def tap_output_iter(self, run_id: Any, output: Any) -> Any:
                return output

            def tap_output_aiter(self, run_id: Any, output: Any) -> Any:
                return output

        return merge_configs(ensure_config(), {"callbacks": [Handler()]})

    def begin(self) -> None:
        """A reply begins, maybe again."""
        self._pieces = Pieces(self._scope)
        self._written = {}

    async def hear(self, token: Any, chunk: Any) -> None:
        """A piece has come."""
        written = ""
        for call in getattr(getattr(chunk, "message", None), "tool_call_chunks", ()):
            index = call.get("index")
            place = len(self._written) if index is None else index
            name, args = str(call.get("name") or ""), str(call.get("args") or "")
            known = self._written.setdefault(place, ["", ""])
            known[0], known[1] = known[0] + name, known[1] + args
            written += args
        await self._pieces.add(token if isinstance(token, str) else "", written)

    async def end(self) -> None:
        """The reply is at its end."""
        await self._pieces.end()

    def strict(self, reply: AIMessage) -> AIMessage:
        """The reply, with calls whose arguments are JSON as they were written."""
        from langchain_core.messages.tool import invalid_tool_call, tool_call

        if len(self._written) != len(reply.tool_calls) + len(reply.invalid_tool_calls):
            return reply
        calls, invalid = [], []
        for place, (name, args) in enumerate(self._written.values()):
            try:
                given = codec.loads(args) if args else {}
                if not isinstance(given, dict):
                    raise ValueError("no object")
                calls.append(tool_call(name=name, args=given, id=str(place)))
            except ValueError as error:
                invalid.append(
                    invalid_tool_call(name=name, args=args, id=str(place), error=str(error))
                )
        return reply.model_copy(update={"tool_calls": calls, "invalid_tool_calls": invalid})


def wants_pieces(config: RunnableConfig) -> bool:
    """Whether a callback of LangChain's listens to pieces of replies."""
    given: Any = config.get("callbacks")
    handlers = getattr(given, "handlers", given) or ()
    return any(hasattr(handler, "tap_output_aiter") for handler in handlers)
