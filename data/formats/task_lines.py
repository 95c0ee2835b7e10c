"""Tasks of one's own: one JSON object a line, with the right answer where it is known.

The format is told in ``docs/your-own-tasks.md``; ``toolgrove world new`` writes it too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from toolgrove.data import codec
from toolgrove.data.formats.check import Foreign, checked, json_path, read_text
from toolgrove.data.records import Reference, Task
from toolgrove.errors import FormatError
from toolgrove.machine.files import write_beside

__all__ = ["load_tasks", "save_tasks"]

_WHEN = re.compile(r"(\d{4}-\d{2}-\d{2})?([ T]?\d{2}:\d{2})?")


class _Call(Foreign):
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class _Reference(Foreign):
    kind: Literal["number", "date", "name", "set", "text", "unsolvable"]
    value: Any = None
    unit: str = ""
    tolerance: float = Field(0.002, ge=0)
    calls: list[_Call] = Field(default_factory=list)
    aliases: list[str] = Field(default_factory=list)
    call_sets: list[Any] = Field(default_factory=list)


class _Line(Foreign):
    id: str | int | None = None
    query: str = Field(min_length=1)
    tools: list[str] | None = None
    group: str = ""
    relevant: list[str] = Field(default_factory=list)
    reference: dict[str, Any] | None = None
    meta: dict[str, Any] = Field(default_factory=dict)


def load_tasks(path: str | Path, known: Collection[str] | None = None) -> list[Task]:
    """The tasks of a file with one JSON object a line.

    A task without an ``id`` is called by its line.

    Parameters
    ----------
    path : str or Path
        The file.
    known : collection of str or None
        Ids of the tools that ``tools`` may name, where they are to be checked.

    Raises
    ------
    FormatError
        For the first line that is no task: it names the file, the line, the field and the mend.
    """
    found: dict[str, Task] = {}
    for number, text in enumerate(read_text(path).split("\n"), 1):
        if not text.strip():
            continue
        task = _task(_Place(str(path), number), text, known)
        if task.id in found:
            raise _Place(str(path), number).error(
                "$.id", "an id that no other line has", f"Name another than {task.id!r}."
            )
        found[task.id] = task
    return list(found.values())


def save_tasks(path: str | Path, tasks: Iterable[Task]) -> None:
    """Write tasks so that :func:`load_tasks` reads them back equal; the same tasks, the same bytes.

    Examples
    --------
    >>> import tempfile
    >>> from toolgrove import Task
    >>> from toolgrove.data import load_tasks, save_tasks
    >>> tasks = [Task("km", "How many km are 26.2 miles?", ("Tools/Units/Convert",))]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_tasks(f"{folder}/tasks.jsonl", tasks)
    ...     load_tasks(f"{folder}/tasks.jsonl") == tasks
    True
    """
    write_beside(path, (codec.dumps(_line(task)) + b"\n" for task in tasks))


def _line(task: Task) -> dict[str, Any]:
    """A task's JSON without the fields that say nothing."""
    line = _lean(codec.to_json(task))
    if task.tools == ():  # which is not to say nothing: then they would be retrieved
        line["tools"] = []
    if task.reference is not None:
        calls = [{"name": call.name, "arguments": call.arguments} for call in task.reference.calls]
        line["reference"] = _lean({**line["reference"], "calls": calls})
    return line


def _lean(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


class _Place:
    """A line of a file, and the errors that name it."""

    def __init__(self, file: str, line: int) -> None:
        self.file, self.line = file, line

    def at(self, path: str) -> str:
        return f"line {self.line}: {path}"

    def error(self, path: str, expected: str, mend: str) -> FormatError:
        return FormatError(self.file, self.at(path), expected, mend)


def _task(place: _Place, text: str, known: Collection[str] | None) -> Task:
    try:
        value = codec.loads(text)
    except ValueError as error:
        raise place.error("$", f"one JSON object ({error})", "Mend the line.") from None
    _names(place, "$", value, _Line)
    line = checked(_Line, value, place.file, place.at("$"))
    for index, tool in enumerate(line.tools or ()):
        if known is not None and tool not in known:
            raise place.error(
                f"$.tools[{index}]",
                f"the id of an API of the bundled world, not {tool!r}",
                "Correct it; or leave tools out and name the --catalog they are retrieved from.",
            )
    return Task(
        id=str(place.line if line.id is None else line.id),
        query=line.query,
        tools=None if line.tools is None else tuple(dict.fromkeys(line.tools)),
        group=line.group,
        relevant=tuple(dict.fromkeys(line.relevant)),
        reference=None if line.reference is None else _reference(place, line.reference),
        meta=line.meta,
    )


def _names(place: _Place, at: str, value: Any, model: type[Foreign]) -> None:
    """Refuse fields that are misspelt: a reference that is overlooked would score nothing."""
    if not isinstance(value, dict):
        raise place.error(at, "an object", "Write one JSON object a line.")
    known = list(model.model_fields)
    for name in value:
        if name not in known:
            raise place.error(
                at + json_path((name,)),
                f"one of the fields {', '.join(known)}",
                "Correct the name; what is your own goes under meta.",
            )


def _reference(place: _Place, raw: dict[str, Any]) -> Reference:
    at = "$.reference"
    _names(place, at, raw, _Reference)
    read = checked(_Reference, raw, place.file, place.at(at))
    wanted = _wanted(read.kind, read.value)
    if wanted:
        raise place.error(f"{at}.value", wanted, "Correct the value, or the kind.")
    calls = [
        {"id": f"call_{number}", "name": call.name, "arguments": call.arguments}
        for number, call in enumerate(read.calls, 1)
    ]
    try:
        return codec.decode(Reference, {**raw, "calls": calls})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise place.error(at + json_path(first["loc"]), first["msg"], "Correct it.") from None


def _wanted(kind: str, value: Any) -> str:
    """What a reference of the kind has for its value, where this is something else."""
    match kind:
        case "number":
            figure = isinstance(value, int | float) and not isinstance(value, bool)
            return "" if figure and math.isfinite(value) else "a number, without its unit"
        case "date":
            day = isinstance(value, str) and value and _WHEN.fullmatch(value)
            return "" if day else "a date as YYYY-MM-DD, or a time as HH:MM"
        case "set":
            items = isinstance(value, list) and value and all(map(_words, value))
            return "" if items else "an array of strings, with one at least"
        case "unsolvable":
            return "" if value is None or _words(value) else "null, or what the request lacks"
        case _:
            return "" if _words(value) else f"the {kind} as a string"


def _words(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
