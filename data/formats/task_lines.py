"""Tasks of one's own: one JSON object a line, with the right answer where it is known.

The format is told in ``docs/your-own-tasks.md``; ``toolgrove world new`` writes it too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from toolgrove.data import codec
from toolgrove.data.formats.check import Foreign, read_text
from toolgrove.data.formats.lines import LinePlace
from toolgrove.data.formats.task_references import read_reference
from toolgrove.data.records import Task
from toolgrove.machine.files import write_beside

__all__ = ["load_tasks", "save_tasks"]


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
        task = _task(LinePlace(str(path), number), text, known)
        if task.id in found:
            raise LinePlace(str(path), number).error(
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


def _task(place: LinePlace, text: str, known: Collection[str] | None) -> Task:
    line = place.read(_Line, place.parsed(text))
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
        reference=None
        if line.reference is None
        else read_reference(place, "$.reference", line.reference),
        meta=line.meta,
    )
