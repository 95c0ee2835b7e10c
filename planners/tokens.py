"""The pieces of a reply, told as the model writes them to those who want them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from toolgrove.data.events import ModelToken
from toolgrove.data.listening import Scope

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["Pieces", "hearing"]


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
                self._held[kind] = self._scope.secret_begun(whole)
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


def hearing(scope: Scope) -> RunnableConfig:
    """A config with which a chat model is asked in pieces, where it can stream.

    LangChain asks a model so as soon as one of its handlers listens to pieces, and gives the same
    reply; handlers that listen already go on doing so.
    """
    from langchain_core.callbacks import AsyncCallbackHandler
    from langchain_core.runnables.config import ensure_config, merge_configs

    class Handler(AsyncCallbackHandler):
        run_inline = True  # in the order in which they come

        def __init__(self) -> None:
            self.pieces = Pieces(scope)

        async def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:
            message = getattr(chunk, "message", None)
            calls = getattr(message, "tool_call_chunks", ())
            written = "".join(str(one.get("args") or "") for one in calls)
            await self.pieces.add(token if isinstance(token, str) else "", written)

        async def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
            await self.pieces.end()

        async def on_llm_error(self, *args: Any, **kwargs: Any) -> None:
            self.pieces = Pieces(scope)

        # by these two LangChain knows who listens to pieces
        def tap_output_iter(self, run_id: Any, output: Any) -> Any:
            return output

        def tap_output_aiter(self, run_id: Any, output: Any) -> Any:
            return output

    return merge_configs(ensure_config(), {"callbacks": [Handler()]})
