"""The content of LangChain's messages as a text: pictures and the like are kept beside the run."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from toolgrove.data import codec

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["Keep", "artifact_marks", "content_text", "kept_base64"]

Keep: TypeAlias = Callable[[bytes, str], str]
"""Keeps bytes of a kind (``image/png``), and gives the text that stands for them."""

_SAID = frozenset({"reasoning", "tool_call", "tool_call_chunk", "invalid_tool_call"})
"""Blocks that are no content: a message says them in other fields."""
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_USUAL = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4"}


def content_text(message: BaseMessage, keep: Keep | None) -> str:
    """A message's content: its texts, and in the place of all else the text that stands for it.

    Where nothing is kept, that says what there was.
    """
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part for one in message.content_blocks if (part := _part(dict(one), keep)))


def kept_base64(data: str, mime: str, keep: Keep | None) -> str:
    """What base64 stands for, kept; where it cannot be, that it is not shown."""
    if keep is not None:
        try:
            return keep(base64.b64decode(data, validate=True), mime)
        except (binascii.Error, ValueError):
            pass
    return f"[{mime.partition('/')[0]}, {mime}, not shown]"


def artifact_marks(artifact: Any, keep: Keep | None) -> list[str]:
    """Texts for the pictures and the like in a tool's artifact; what is none of these is left out.

    Taken are bytes, content blocks of LangChain's and of MCP's, and lists of these.
    """
    if isinstance(artifact, list | tuple):
        return [mark for one in artifact for mark in artifact_marks(one, keep)]
    if keep is None:
        return []
    if isinstance(artifact, bytes):
        mime = next((kind for begins, kind in _BEGINNINGS if artifact.startswith(begins)), "")
        return [keep(artifact, mime)] if mime else []
    if not isinstance(artifact, Mapping):
        names = ("type", "data", "mimeType", "mime_type")
        artifact = {name: getattr(artifact, name, None) for name in names}
    kind = str(artifact.get("mime_type") or artifact.get("mimeType") or "")
    kind = kind or _USUAL.get(str(artifact.get("type")), "")
    data = artifact.get("base64") or artifact.get("data")
    if isinstance(data, bytes) and kind:
        return [keep(data, kind)]
    return [kept_base64(data, kind, keep)] if isinstance(data, str) and kind else []


def _part(block: dict[str, Any], keep: Keep | None) -> str:
    kind = str(block.get("type") or "block")
    if kind in _SAID:
        return ""
    if kind in ("text", "text-plain"):
        return str(block.get("text") or "")
    inner = block.get("value")
    if kind == "non_standard" and isinstance(inner, Mapping):
        if inner.get("type") == "json":
            return codec.dumps(inner.get("json")).decode()
        return f"[{inner.get('type', 'block')}, not shown]"
    mime = str(block.get("mime_type") or _USUAL.get(kind, "application/octet-stream"))
    if isinstance(data := block.get("base64"), str):
        return kept_base64(data, mime, keep)
    if keep is None or not (block.get("url") or block.get("file_id")):
        return f"[{kind}, not shown]"
    named = {name: value for name, value in block.items() if name not in ("id", "index")}
    mark = keep(codec.dumps(named), "application/json")  # where it lies elsewhere: how to get it
    return mark.replace("[file:", f"[{kind}:") if kind in _USUAL else mark
