"""Tool collections with one JSON object a line, as retrieval sets are often normalised to.

Tools: ``{"id", "category", "tool", "name", "description", "parameters": [{"name", "type",
"description", "required"}]}``. Queries: ``{"query", "relevant": [id]}``, and where known ``qid``
and ``split``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from toolgrove.data import codec
from toolgrove.data.formats.check import Foreign, checked, read_text
from toolgrove.data.records import Effect, Task, ToolSpec
from toolgrove.errors import FormatError

__all__ = ["load_query_lines", "load_tool_lines"]

F = TypeVar("F", bound=Foreign)

_TYPES = {
    "array": "array",
    "bool": "boolean",
    "boolean": "boolean",
    "dict": "object",
    "float": "number",
    "int": "integer",
    "integer": "integer",
    "list": "array",
    "number": "number",
    "object": "object",
}


class _Parameter(Foreign):
    name: str
    type: str = "str"
    description: str = ""
    required: bool = False


class _Tool(Foreign):
    id: str
    category: str = ""
    tool: str = ""
    name: str
    description: str = ""
    parameters: list[_Parameter]


class _Query(Foreign):
    qid: str | int = ""
    query: str
    split: str = ""
    relevant: list[str]


def load_tool_lines(path: str | Path) -> list[ToolSpec]:
    """The tools of a normalised collection.

    Such collections say nothing of side effects, so every tool counts as one that may write.

    Raises
    ------
    FormatError
        For the first line that is not a tool; its number is the error's path.
    """
    return [
        ToolSpec(
            id=tool.id,
            category=tool.category,
            tool=tool.tool,
            name=tool.name,
            description=tool.description,
            parameters={
                "type": "object",
                "properties": {
                    p.name: {"type": _TYPES.get(p.type, "string"), "description": p.description}
                    for p in tool.parameters
                },
                "required": [p.name for p in tool.parameters if p.required],
                "additionalProperties": False,
            },
            effect=Effect.WRITE,
            source="lines",
        )
        for tool in _lines(path, _Tool)
    ]


def load_query_lines(path: str | Path) -> list[Task]:
    """The labelled queries of a normalised collection; ``meta["split"]`` says which split.

    A query without a ``qid`` is called by its place, from 1.

    Raises
    ------
    FormatError
        For the first line that is not a query.
    """
    return [
        Task(
            str(number if q.qid == "" else q.qid),
            q.query,
            relevant=tuple(dict.fromkeys(q.relevant)),
            meta={"split": q.split} if q.split else {},
        )
        for number, q in enumerate(_lines(path, _Query), 1)
    ]


def _lines(path: str | Path, model: type[F]) -> Iterator[F]:
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = codec.loads(line)
        except ValueError as error:
            raise FormatError(
                str(path), f"line {number}", f"one JSON object ({error})", "Mend the line."
            ) from None
        yield checked(model, value, str(path), f"line {number}: $")
