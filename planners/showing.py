"""Images and other content of a run, shown to the models that take them."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.blocks import MARK_PART, block_names, read_block

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["Showing", "WithBlocks", "as_taken"]

_INPUTS = {"image": "image_inputs", "audio": "audio_inputs", "video": "video_inputs"}
_LEFT_OUT = "[{kind} left out here: {model} takes none.]"
_MISSING = "[{name} is not there any more.]"


class WithBlocks(list["BaseMessage"]):
    """Messages some of which hold content blocks: a model may not take them all."""


class Showing:
    """Puts what is kept beside a run into its messages, each picture where it is first named.

    Parameters
    ----------
    run : Path
        The run's folder.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._kept: dict[str, dict[str, Any]] = {}

    def shown(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """The messages with their pictures; those of results follow the results, as chat APIs ask.

        Messages that name none come back as they are.
        """
        from langchain_core.messages import HumanMessage

        if not any(MARK_PART in str(message.content) for message in messages):
            return list(messages)
        out = WithBlocks()
        seen: set[str] = set()
        waiting: list[Any] = []
        for message in messages:
            if waiting and message.type != "tool":
                out.append(HumanMessage(waiting))
                waiting = []
            blocks = list(self._new(message, seen))
            if message.type == "human" and blocks:
                message = HumanMessage([{"type": "text", "text": message.text}, *blocks])
            elif blocks:
                waiting += blocks
            out.append(message)
        if waiting:
            out.append(HumanMessage(waiting))
        return out

    def _new(self, message: BaseMessage, seen: set[str]) -> Iterable[dict[str, Any]]:
        """The blocks that a message is the first to name, each after its name."""
        if message.type not in ("human", "tool") or not isinstance(message.content, str):
            return
        for name in block_names(message.content):
            if name not in seen:
                seen.add(name)
                yield {"type": "text", "text": f"blocks/{name}:"}
                yield self._block(name)

    def _block(self, name: str) -> dict[str, Any]:
        if name not in self._kept:
            data = read_block(self._run, name)
            self._kept[name] = (
                {"type": "text", "text": _MISSING.format(name=name)}
                if data is None
                else _block_of(name, data)
            )
        return self._kept[name]


def _block_of(name: str, data: bytes) -> dict[str, Any]:
    if name.endswith(".json"):
        found: dict[str, Any] = codec.loads(data)
        return found
    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = mime.partition("/")[0]
    kind = kind if kind in _INPUTS else "file"
    return {"type": kind, "base64": base64.b64encode(data).decode(), "mime_type": mime}


def as_taken(messages: WithBlocks, model: Any, name: str) -> list[BaseMessage]:
    """The messages as a model takes them: in the place of what it does not take stands a note.

    What a model takes is told by its ``takes_images`` (a bool), else by LangChain's profile of it;
    of one that says nothing it is thought that it takes all.
    """
    takes = _takes(model)
    return [_noted(m, takes, name) if isinstance(m.content, list) else m for m in messages]


def _takes(model: Any) -> dict[str, bool]:
    inner: Any = model
    while inner is not None:
        said = getattr(inner, "takes_images", None)
        if isinstance(said, bool):
            return dict.fromkeys((*_INPUTS, "file"), said)
        profile = getattr(inner, "profile", None)
        if isinstance(profile, dict) and "image_inputs" in profile:
            told = {kind: bool(profile.get(key, False)) for kind, key in _INPUTS.items()}
            return {**told, "file": bool(profile.get("pdf_inputs", False))}
        inner = getattr(inner, "bound", None) or getattr(inner, "runnable", None)
    return dict.fromkeys((*_INPUTS, "file"), True)


def _noted(message: BaseMessage, takes: dict[str, bool], name: str) -> BaseMessage:
    blocks: list[Any] = []
    for block in message.content:
        kind = block.get("type", "") if isinstance(block, dict) else ""
        if takes.get(kind, True):
            blocks.append(block)
        else:
            blocks.append({"type": "text", "text": _LEFT_OUT.format(kind=kind, model=name)})
    if all(isinstance(block, dict) and block.get("type") == "text" for block in blocks):
        text = "\n".join(block["text"] for block in blocks)
        return message.model_copy(update={"content": text})
    return message.model_copy(update={"content": blocks})
