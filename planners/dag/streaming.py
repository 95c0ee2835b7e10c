"""A journalled model call whose reply is heard while it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from toolgrove.data import codec
from toolgrove.data.journal import Key
from toolgrove.data.records import Message
from toolgrove.planners.chat import Chat, Reply, to_langchain
from toolgrove.planners.run import Run

__all__ = ["stream"]


async def stream(
    run: Run, node: str, messages: Sequence[Message], hear: Callable[[str], None]
) -> Reply:
    """What the model says to a conversation of its own, with no tools on offer.

    ``hear`` is given each piece of the text as it comes; a reply that the journal holds is heard
    in one piece.
    """
    chat = run.chat.offering(())
    heard = False

    def ask() -> Awaitable[Reply]:
        nonlocal heard
        heard = isinstance(chat, Chat)
        said = [to_langchain(message) for message in messages]
        return chat.stream(said, hear) if isinstance(chat, Chat) else chat.ask(said, "")

    key = Key(node, "model", codec.digest(list(messages)))
    reply = await run._reply(key, ask, chat.calls)
    if not heard:
        hear(reply.message.content)
    return reply
