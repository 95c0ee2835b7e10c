"""What an MCP server answers to a call, as an observation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.records import Observation, Status
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.content import Keep, kept_base64
from toolgrove.tools.scope import LENT

if TYPE_CHECKING:
    from mcp import MCPError
    from mcp.types import CallToolResult, ContentBlock

__all__ = ["error_text", "observed"]

_MANY = 1000  # values that are looked for in a text
_LONG = 20_000  # characters of a text that is no mere summary any more


def observed(answer: dict[str, Any]) -> Observation:
    """The observation of a server's answer; what of it nobody can show is named.

    Raises
    ------
    ValueError
        Where there is nothing in it.
    """
    if answer.get("resultType") == "input_required":
        text = "The tool asks a person for more, and nobody is there to answer."
        return failure(Status.NOT_WORKING, text)
    result = _read(answer)
    content = _text(result, LENT.get().keep)
    status = Status.ERROR_IN_MESSAGE if result.is_error else Status.OK
    return Observation(status, content, len(content))


def error_text(error: MCPError) -> str:
    """An error's message, and what the server adds to it."""
    data = error.error.data
    if data is None:
        return error.message
    return f"{error.message} {data if isinstance(data, str) else codec.dumps(data).decode()}"


def _read(answer: dict[str, Any]) -> CallToolResult:
    """An answer whose parts are checked one by one."""
    from mcp.types import CallToolResult

    structured = answer.get("structuredContent", answer.get("toolResult"))  # the latter of 2024
    given = answer.get("content")
    if given is None and structured is None:
        raise ValueError("it has no content")
    blocks = given if isinstance(given, list) else [] if given is None else [given]
    return CallToolResult(
        content=[_block(one) for one in blocks],
        structured_content=structured,
        is_error=answer.get("isError") is True,
    )


def _block(given: Any) -> ContentBlock:
    from mcp.types import ContentBlock, TextContent
    from pydantic import TypeAdapter, ValidationError

    adapter: TypeAdapter[ContentBlock] = TypeAdapter(ContentBlock)
    try:
        return adapter.validate_python(given, by_name=False)
    except ValidationError:
        fields = given if isinstance(given, dict) else {"text": given}
        text = fields.get("text")
        kind = str(fields.get("type") or "a part")[:40]
        shown = text if isinstance(text, str) else f"[{kind}, not shown]"
        return TextContent(type="text", text=shown)


def _text(result: CallToolResult, keep: Keep | None) -> str:
    """What a model can read of an answer; for pictures and sounds stands where they are kept.

    These come first: what is long is cut at its end.
    """
    parts = [
        kept_base64(block.data, block.mime_type, keep)
        for block in result.content
        if block.type == "image" or block.type == "audio"
    ]
    for block in result.content:
        if block.type == "text":
            parts.append(block.text)
        elif block.type == "image" or block.type == "audio":
            continue
        elif block.type == "resource_link":
            parts.append(f"[resource {block.uri}]")
        else:
            inner = getattr(block.resource, "text", None)
            parts.append(f"[resource {block.resource.uri}]" if inner is None else inner)
    text = "\n".join(parts)
    if result.structured_content is None or _says(text, result.structured_content):
        return text
    data = codec.dumps(result.structured_content).decode()
    return f"{text}\n{data}" if text else data


def _says(text: str, data: Any) -> bool:
    """Whether a text says what the data does, and is no mere summary of it."""
    if len(text) > _LONG:
        return True
    values = _values(data)
    if len(values) > _MANY or not text:
        return False
    return all(_is_in(value, text) for value in values)


def _is_in(value: Any, text: str) -> bool:
    if isinstance(value, str):
        return value in text or codec.dumps(value).decode()[1:-1] in text
    if isinstance(value, bool):
        return str(value).lower() in text.lower()
    forms = {re.escape(str(value)), re.escape(f"{value:g}"), re.escape(f"{value:,}")}
    return re.search(rf"(?<![\w.])(?:{'|'.join(sorted(forms))})(?![\w])", text) is not None


def _values(data: Any) -> list[Any]:
    """All that is no list and no object, and is there."""
    found: list[Any] = []
    layer = [data]
    while layer and len(found) <= _MANY:
        one = layer.pop()
        if isinstance(one, dict | list):
            layer += one.values() if isinstance(one, dict) else one
        elif one is not None:
            found.append(one)
    return found
