"""A matrix as a YAML file: the options of ``toolgrove eval`` by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import typer

from toolgrove.errors import FormatError

__all__ = ["tasks_or_file"]

_MEND = "Write an option a line, as in 'planner: [react, dag]'; toolgrove eval --help lists them."
_TASKS = "Say which tasks it is of."


def tasks_or_file(context: typer.Context, value: str) -> str:
    """The tasks that the argument names; where it is a matrix file, what the file says counts.

    Whatever stands on the command line besides goes before what the file says.

    Raises
    ------
    FormatError
        Where the file is not of that shape.
    """
    if not value.endswith((".yaml", ".yml")):
        return value
    given = _read(value)
    if "tasks" not in given:
        raise FormatError(value, "$.tasks", "world or a query file", _TASKS)
    tasks = given.pop("tasks")
    if not isinstance(tasks.value, str):
        raise tasks.error("world or a query file", _TASKS)
    known = {one.name: one for one in context.command.params if one.name != "tasks"}
    context.default_map = {
        name: _value(context, known.get(name), found) for name, found in given.items()
    }
    return tasks.value


class _Given(NamedTuple):
    """What a file says of an option, and where."""

    file: str
    line: int
    name: str
    value: Any

    def error(self, expected: str, mend: str) -> FormatError:
        return FormatError(self.file, f"line {self.line}: $.{self.name}", expected, mend)


def _read(file: str) -> dict[str, _Given]:
    """What the file gives, by the options' parameters; what it gives twice is refused."""
    import yaml

    try:
        with open(file, encoding="utf-8") as stream:
            text = stream.read()
        root, found = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except OSError as error:
        why = f"a matrix file that can be read ({error.strerror})"
        raise FormatError(file, "$", why, "Name another file.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # no UTF-8, a day that is none
        said = " ".join(str(error).split())[:200]
        raise FormatError(file, "$", f"YAML ({said})", _MEND) from error
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise FormatError(file, "$", "options by their names", _MEND)
    given: dict[str, _Given] = {}
    for key, _ in root.value:
        one = _Given(file, key.start_mark.line + 1, key.value, found.get(key.value))
        before = given.setdefault(one.name.replace("-", "_"), one)
        if before is not one:
            raise one.error(
                f"an option once, and line {before.line} has it, too",
                "Leave one out; several values are a list, as in 'planner: [react, dag]'.",
            )
    return given


def _value(context: typer.Context, option: Any, given: _Given) -> Any:
    """What an option is given, as a command line would give it."""
    found = given.value
    if option is None:
        raise given.error("an option of toolgrove eval", _MEND)
    values = found if isinstance(found, list) else [found]
    plain = all(isinstance(one, str | int | float) for one in values)  # a bool is an int
    if not (plain and values):
        raise given.error("a value, or a list of them", _MEND)
    several = getattr(option, "multiple", False)
    if isinstance(found, list) and not several:
        raise given.error("one value", "Only what may be repeated takes a list.")
    texts = [one if isinstance(one, bool) else str(one) for one in values]
    value = list(map(str, texts)) if several else texts[0]
    try:
        option.process_value(context, value)  # else typer tells of it without the file and line
    except typer.BadParameter as error:
        expected = f"a value that fits, not {str(found)[:40]!r} ({error.message})"
        raise given.error(expected, "Correct it.") from None
    return value
